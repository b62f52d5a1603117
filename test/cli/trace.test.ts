import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARD = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));

let folder = "";
let server: ChildProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scmi-trace-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  server?.kill("SIGKILL");
});

function scmi(...args: string[]) {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

/** Serves with `--trace`, sends one `scmi call`, and ends the server. */
async function traced(file: string) {
  const path = join(folder, file);
  const socket = join(folder, `${file}.sock`);
  const child = spawn(process.execPath, [program, "serve", BOARD, "--socket", socket, "--trace", path]);
  server = child;
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  expect(scmi("call", "--connect", `unix:${socket}`, "clock", "rate-get", "1").status).toBe(0);
  child.kill("SIGINT");
  expect(await closed).toBe(0);
  return { path, stderr };
}

describe("--trace of scmi serve", () => {
  test("writes ftrace text that scmi decode reads", async () => {
    const { path, stderr } = await traced("out.ftrace");
    const { status, stdout } = scmi("decode", path, "--json");
    expect(status).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((it) => JSON.parse(it));
    const rates = lines.filter(({ message, kind }) => message === "CLOCK_RATE_GET" && kind !== "summary");
    expect(rates).toMatchObject([
      { kind: "command", fields: { clockId: 1 } },
      { kind: "response", status: 0, fields: { rateHz: expect.any(Number) }, findings: [] },
    ]);
    expect(stderr).toBe(`scmi: ${path}: ${lines.length - 1} events\n`);
  });

  test("writes what scmi decode --json would say", async () => {
    const { path } = await traced("out.ndjson");
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((it) => JSON.parse(it));
    expect(lines.at(-1)).toMatchObject({ kind: "summary", messages: lines.length - 1 });
    expect(lines.some(({ message, kind }) => message === "CLOCK_RATE_GET" && kind === "response")).toBe(true);
  });

  test.each(["pcapng", "perfetto"])("writes a .%s file", async (extension) => {
    const { path } = await traced(`out.${extension}`);
    const magic = extension === "pcapng" ? "0a0d0d0a" : "0a"; // Trace.packet, length-delimited
    expect(readFileSync(path).toString("hex").startsWith(magic)).toBe(true);
  });

  test("refuses an extension that is no format, and a file that it cannot write", () => {
    const serve = (path: string) => scmi("serve", BOARD, "--socket", join(folder, "x.sock"), "--trace", path);
    const unknown = serve(join(folder, "out.trace"));
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toMatch(/expected a file name with one of the extensions \.ftrace, .*\.pcapng/);
    const nowhere = serve(join(folder, "no", "such", "out.txt"));
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain("cannot be written");
  });
});
