import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { join, ScriptedPlatform, words } from "../../src/compliance/script.ts";
import { Core } from "../../src/core/core.ts";
import { realClock } from "../../src/core/real-clock.ts";
import { StreamServer } from "../../src/firmware/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { nodeStream } from "../../src/transport/stream.ts";
import { boardFile } from "../platform/kit.ts";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARD = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));

let folder = "";
const servers: Server[] = [];
const children = new Set<ChildProcess>();
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), "scmi-info-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs without blocking this process, which may be the other end. */
function info(...args: readonly string[]) {
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [program, "info", ...args]);
    children.add(child);
    const out = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      out.stderr += text;
    });
    child.on("close", (status) => resolve({ status, ...out }));
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a document as a program reads it
async function document(...args: readonly string[]): Promise<any> {
  const { status, stdout, stderr } = await info(...args, "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function listen(name: string, server: StreamServer): Promise<string> {
  const path = joinPath(folder, name);
  const listener = createServer((socket) => server.serve(nodeStream(socket)));
  servers.push(listener);
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return path;
}

/** Firmware with a clock that may not be read, a clock without attributes, and a protocol of its own. */
function stubborn(): ScriptedPlatform {
  const name = new Uint8Array(16);
  name.set(new TextEncoder().encode("ref"));
  return new ScriptedPlatform()
    .on(0x10, 0x1, () => words(0, 2))
    .on(0x10, 0x6, ({ payload }) => (payload[0] === 0 ? words(0, 2, 0x8014) : words(0, 0)))
    .on(0x80, 0x0, () => words(0, 0x10002))
    .on(0x80, 0x1, () => words(0, 7))
    .on(0x14, 0x1, () => words(0, 2))
    .on(0x14, 0x3, ({ payload }) => (payload[0] === 0 ? join(words(0, 1), name) : words(-7)))
    .on(0x14, 0x4, () => words(0, 1, 24_000_000, 0))
    .on(0x14, 0x6, () => words(-3));
}

describe("scmi info", () => {
  test("tells what the board file says, with what is the case now", async () => {
    const { source, base, protocols } = await document(BOARD);
    const board = boardFile("example");
    expect(source).toBe(BOARD);
    expect(base).toMatchObject({ version: "2.1", vendor: "scmi-wasm", subVendor: "example", agentId: 1 });
    expect(base.agents.map(({ name }: { name: string }) => name)).toEqual(["platform", "OSPM", "MANAGEMENT", "GUEST"]);
    const named = (id: number) => {
      const { resources } = protocols.find((it: { id: number }) => it.id === id);
      return resources.map((it: { name: string }) => it.name);
    };
    expect(protocols.map(({ id }: { id: number }) => id)).toEqual([
      0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
    ]);
    expect(named(0x14)).toEqual(board.clock?.clocks.map(({ name }) => name));
    expect(named(0x15)).toEqual(board.sensor?.sensors.map(({ name }) => name));
    expect(named(0x17)).toEqual(board.voltage?.domains.map(({ name }) => name));
    const clocks = protocols.find((it: { id: number }) => it.id === 0x14);
    expect(clocks).toMatchObject({ name: "clock", version: "3.0", refusals: [] });
    expect(clocks.resources[1]).toMatchObject({
      ...{ kind: "clock", id: 1, name: "cpu-pll", enableDelayUs: 250, parents: [0] },
      rates: { kind: "range", lowestHz: 600_000_000, highestHz: 2_800_000_000, stepHz: 25_000_000 },
      state: { rateHz: 1_000_000_000, isEnabled: true, parent: 0 },
    });
    expect(clocks.resources[1].clockId).toBeUndefined();
  });

  test.each(["1.0", "3.0"])("asks a platform of release %s for nothing that it does not know", async (release) => {
    const { protocols } = await document(BOARD, "--profile", release);
    const refusals = protocols.flatMap(({ refusals: its }: { refusals: { what: string }[] }) =>
      its.map(({ what }) => what),
    );
    expect(refusals.filter((it: string) => it !== "system 0: systemState")).toEqual([]);
  });

  test("prints a tree", async () => {
    const { stdout, status } = await info(BOARD, "--agent", "GUEST");
    expect(status).toBe(0);
    const lines = stdout.split("\n");
    expect(lines[2]).toBe("agents: 0 platform, 1 OSPM, 2 MANAGEMENT, 3 GUEST (this one)");
    expect(lines.find((line) => line.includes("(0x14)"))).toMatch(/^├─ Clock management \(0x14\) 3.0, [56] clocks$/);
    expect(lines.find((line) => line.includes(" osc "))).toMatch(/^│ {2}├─ 0 {2}osc +24 MHz, on$/);
    expect(lines.find((line) => line.includes("vdd_cpu"))).toMatch(/ 0\.9 V, on, 0\.8 V to 1 V$/);
    expect(lines.at(-2)).toMatch(/^ {3}└─ /);
    const indexed = lines.find((line) => line.includes("graphics-processor-shader-cores"));
    expect(indexed).toMatch(/ level 290, of 100 290 412, limits 100 to 412, read-only$/);
  });

  test("tells the same over a socket", async () => {
    const board = boardFile("example");
    const core = Core.createSync({ capacity: Platform.capacityFor(board, { profile: "3.2" }) });
    const platform = Platform.open(core, board, { profile: "3.2", clock: realClock });
    const path = await listen("example.sock", new StreamServer(platform));
    const near = await document(BOARD);
    const far = await document("--connect", `unix:${path}`);
    platform.close();
    expect(far.source).toBe(`unix:${path}`);
    // What changes by itself, and what only lies in memory that both share
    const still = (it: object) =>
      JSON.parse(
        JSON.stringify(it, (key, value) => (/^(readings|measurements|fastChannels|source)$/.test(key) ? 0 : value)),
      );
    expect(still(far)).toEqual(still(near));
  });

  test("lists what firmware refuses, and goes on; of a protocol without a table it tells what all have", async () => {
    const platform = stubborn();
    const path = await listen(
      "stubborn.sock",
      new StreamServer({ board: { agents: [1] }, connectMessages: (_, sink) => platform.connect(sink) }),
    );
    const { protocols } = await document("--connect", `unix:${path}`);
    expect(protocols).toMatchObject([
      {
        ...{ id: 0x14, name: "clock", version: "1.0" },
        resources: [{ id: 0, name: "ref", state: { isEnabled: true } }],
        refusals: [
          {
            what: "clock 0: rateHz",
            error: { name: "StatusError", message: "CLOCK_RATE_GET: platform returned DENIED (-3)" },
          },
          { what: "clock 1", error: { name: "StatusError" } },
        ],
      },
      { id: 0x80, name: "0x80", version: "1.2", attributes: { attributes: 7 }, resources: [], refusals: [] },
    ]);
  });

  test("asks a protocol that is silent once, and no more", async () => {
    const platform = stubborn().on(0x14, 0x3, () => undefined);
    const path = await listen(
      "silent.sock",
      new StreamServer({ board: { agents: [1] }, connectMessages: (_, sink) => platform.connect(sink) }),
    );
    const { protocols } = await document("--connect", `unix:${path}`, "--timeout", "100");
    expect(protocols[0].refusals).toMatchObject([{ what: "clock 0", error: { name: "DeadlineError" } }]);
    expect(protocols[1]).toMatchObject({ version: "1.2" });
    expect(platform.received.filter(({ fields }) => fields.protocolId === 0x14 && fields.messageId === 3)).toHaveLength(
      1,
    );
  });

  test.each([
    [[], /expected BOARD or --connect/],
    [[BOARD, "--connect", "unix:/x"], /expected BOARD or --connect, got both/],
    [["--connect", "unix:/x", "--profile", "2.0"], /--profile: expected a board/],
    [["--connect", "unix:/x", "--agent", "2"], /--agent: expected a board/],
  ])("wrong usage %# says what was expected, with exit code 2", async (args, message) => {
    const { status, stderr } = await info(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
