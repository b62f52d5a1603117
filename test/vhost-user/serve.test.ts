import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FrontEnd, packed, socketPath } from "./front-end.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARD = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));
const FEATURES = { hasIndirect: true, hasEventIndex: true };

describe.skipIf(process.platform !== "linux")("scmi serve --vhost-user", () => {
  test.each([
    ["on the main thread", false],
    ["with --low-latency", true],
  ])(
    "%s serves a guest, traces it, says who was sent away, and ends on SIGINT with the counters",
    async (_, isSoon) => {
      const path = socketPath();
      const trace = `${path}.ndjson`;
      const flags = ["--vhost-user", path, "--agent", "2", "--profile", "3.0", "--trace", trace, "--json"];
      const child = spawn(process.execPath, [PROGRAM, "serve", BOARD, ...flags, ...(isSoon ? ["--low-latency"] : [])]);
      const ended = new Promise((resolve) => child.once("close", resolve));
      let [stdout, stderr] = ["", ""];
      const hasComplained = new Promise<void>((resolve) => {
        child.stderr.setEncoding("utf8").on("data", (text) => {
          stderr += text;
          resolve();
        });
      });
      await new Promise<void>((resolve) => {
        child.stdout.setEncoding("utf8").on("data", (text) => {
          stdout += text;
          resolve();
        });
      });
      const liar = new FrontEnd(path);
      liar.send(40);
      await hasComplained;
      liar.close();
      const front = new FrontEnd(path);
      await front.negotiate(FEATURES);
      front.shareMemory();
      const { queue, addresses, buffers } = front.driver(0, FEATURES);
      front.startQueue(0, addresses);
      front.write(buffers, packed(0x00a84000)); // token 42, PROTOCOL_VERSION: the example of 00-transport §11.1
      queue.add([{ address: buffers, byteLength: 4 }], [{ address: buffers + 0x100, byteLength: 16 }]);
      queue.publish();
      front.kick(0);
      await front.interrupted(0);
      expect(queue.take()?.writtenBytes).toBe(12);
      expect([...front.read(buffers + 0x100, 12)]).toEqual([...packed(0x00a84000, 0, 0x20000)]);
      child.kill("SIGINT");
      expect(await ended).toBe(0);
      front.close();
      const [hello, bye] = stdout.trim().split("\n");
      expect(JSON.parse(hello ?? "")).toMatchObject({
        ...{ event: "listening", vhostUser: path, lowLatency: isSoon },
        agent: { id: 2, name: "MANAGEMENT" },
      });
      expect(JSON.parse(bye ?? "")).toMatchObject({
        event: "stopped",
        guests: { frontEnds: 2, refused: 1, closed: 1, received: 1, responses: 1 },
      });
      expect(stderr).toMatch(/a front end was sent away: .*request 40/);
      expect(stderr).toMatch(/\.ndjson: \d events/);
      const events = readFileSync(trace, "utf8").trim().split("\n");
      expect(events.filter((line) => /"token":42/.test(line)).length).toBeGreaterThan(1);
      rmSync(trace);
      expect(existsSync(path)).toBe(false);
    },
  );
});
