// A simulated platform behind a Unix socket, and an agent that talks to it. Each half may be a process of its own.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, Core, realClock } from "scmi-wasm";
import { parseBoard } from "scmi-wasm/board";
import { nodeStream, StreamServer } from "scmi-wasm/firmware";
import { Platform } from "scmi-wasm/platform";
import { Clock } from "scmi-wasm/protocols";
import { stream } from "scmi-wasm/transport/stream";

const folder = mkdtempSync(join(tmpdir(), "scmi-"));
const path = join(folder, "scmi.sock");

// The server: a board, a platform that looks like SCMI 2.0 firmware, and a socket.
const board = parseBoard(
  {
    vendor: "ACME",
    agents: [{ name: "OSPM" }],
    clock: { clocks: [{ name: "uart0", rates: [24_000_000, 48_000_000], rate: 24_000_000 }] },
  },
  { file: "server.mjs" },
);
const capacity = Platform.capacityFor(board, { profile: "2.0", connections: 16 });
const platform = Platform.open(await Core.open({ capacity }), board, { profile: "2.0", clock: realClock });
const server = new StreamServer(platform); // clients are agent 1
const listener = createServer((socket) => void server.serve(nodeStream(socket))).listen(path);
await once(listener, "listening");

// The agent.
const agent = await Agent.open(
  await Core.open(),
  stream(async () => nodeStream(connect(path))),
);
const clock = await agent.protocol(Clock);
await clock.setRate(0, 48_000_000);
console.log(agent.platform.vendor, await clock.getRate(0), `Hz, ${server.counters.responses} answers`);

await agent.close();
listener.close();
platform.close();
rmSync(folder, { recursive: true });
