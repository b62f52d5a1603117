import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARD = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));

let folder = "";
const children = new Set<ChildProcess>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scmi-serve-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

function scmi(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Runs without blocking this process, which may be the other end. */
function run(
  ...args: string[]
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args]);
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

/** A server that listens, its first line, and how it ends. */
async function serve(...args: string[]) {
  const child = spawn(process.execPath, [program, "serve", BOARD, ...args]);
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      if (text.includes("\n")) resolve();
    });
    child.on("close", () => resolve());
  });
  return { child, hello: stdout, ended };
}

/** Sends bytes to a socket and resolves with what came back until it was told to end. */
function talk(path: string, digits: string, answerBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let heard = "";
    socket.setEncoding("hex").on("data", (text) => {
      heard += text;
      if (heard.length >= 2 * answerBytes) socket.end();
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
    socket.write(Buffer.from(digits, "hex"));
  });
}

describe("scmi serve", () => {
  test("serves bytes, two clients and an agent, and ends on SIGINT with its counters, the socket gone", async () => {
    const socket = join(folder, "a.sock");
    const { child, hello, ended } = await serve("--socket", socket, "--profile", "2.0", "--json");
    expect(JSON.parse(hello)).toEqual({
      ...{ event: "listening", socket, board: BOARD, profile: "2.0" },
      agent: { id: 1, name: "OSPM" },
    });
    // spec/10-base.md: PROTOCOL_VERSION of SCMI 2.0, and agent 99
    const version = "0c000000004000000000000000000200";
    const both = await Promise.all([
      talk(socket, "0400000000400000", 16),
      talk(socket, "04000000004000000800000007402400 63000000".replace(" ", ""), 28),
    ]);
    expect(both).toEqual([version, `${version}0800000007402400fcffffff`]);
    expect(await talk(socket, "ffffffff", 1)).toBe(""); // garbage, cut
    const call = await run("call", "--connect", `unix:${socket}`, "clock", "rate-get", "2", "--json");
    expect({ ...call, stdout: JSON.parse(call.stdout) }).toMatchObject({
      ...{ status: 0, stderr: "" },
      stdout: {
        ...{ protocol: { id: 0x14, name: "clock", version: "1.0" }, command: { id: 6, name: "CLOCK_RATE_GET" } },
        ...{ request: { clockId: 2 }, requestHex: "02000000", status: { code: 0, name: "SUCCESS" } },
        ...{ response: { rateHz: 200e6 }, responseHex: "0000000000c2eb0b00000000" },
      },
    });
    child.kill("SIGINT");
    const { status, stdout, stderr } = await ended;
    expect(status).toBe(0);
    expect(stderr).toMatch(/client 3 was cut: it sent a length that no message has/);
    const lines = stdout.trim().split("\n");
    expect(lines.length).toBe(2);
    expect(JSON.parse(lines[1] as string)).toMatchObject({
      event: "stopped",
      counters: { clients: 4, ended: 3, garbage: 1 },
    });
    expect(existsSync(socket)).toBe(false);
  });

  test("prints its counters for people on SIGTERM, and does not wait for clients that stay", async () => {
    const socket = join(folder, "b.sock");
    const { child, hello, ended } = await serve("--socket", socket, "--agent", "guest");
    expect(hello).toBe(`listening on ${socket}: ${BOARD}, SCMI 3.2, clients are agent 3 (GUEST)\n`);
    const client = connect(socket);
    const closed = new Promise((resolve) => client.on("close", resolve));
    await new Promise((resolve) => client.on("data", resolve).write(Buffer.from("0400000000400000", "hex")));
    child.kill("SIGTERM");
    const { status, stdout } = await ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/clients +1 \(1 closed\)\nreceived +1 messages, 8 bytes\nsent +1 responses/);
    await closed;
  });

  test("replaces a socket that nobody listens on, but no live one and no other file", async () => {
    const stale = join(folder, "stale.sock");
    const first = await serve("--socket", stale);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(stale)).toBe(true);
    const second = await serve("--socket", stale);
    expect(second.hello).toMatch(/^listening/);
    const third = await run("serve", BOARD, "--socket", stale);
    expect(third).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/another process listens on/) });
    second.child.kill("SIGINT");
    expect((await second.ended).status).toBe(0);
    const file = join(folder, "notes.txt");
    writeFileSync(file, "mine");
    const fourth = scmi("serve", BOARD, "--socket", file);
    expect(fourth).toMatchObject({ status: 1, stderr: expect.stringMatching(/got another kind of file/) });
    expect(existsSync(file)).toBe(true);
  });

  test.each([
    [["serve", BOARD], 2, /expected --socket, --listen or --vhost-user/],
    [["serve", BOARD, "--socket", "x", "--listen", "localhost:0"], 2, /expected --socket or --listen, got both/],
    [
      ["serve", BOARD, "--listen", "0.0.0.0:0"],
      2,
      /--listen 0\.0\.0\.0: expected an address that only this machine reaches .* --allow-remote/,
    ],
    [["serve", BOARD, "--low-latency"], 2, /expected --socket, --listen or --vhost-user/],
    [["serve", BOARD, "--low-latency", "--socket", "x"], 2, /--low-latency: expected --vhost-user alone/],
    [["serve", BOARD, "--low-latency", "--socket", "x", "--vhost-user", "y"], 2, /expected --vhost-user alone/],
    [
      ["serve", BOARD, "--vhost-user", "x", "--low-latency", "--trace", "no/such/x.ndjson"],
      2,
      /no\/such\/x\.ndjson: cannot be written/,
    ],
    [["serve", BOARD, "--vhost-user", "x", "--trace", "x.doc"], 2, /--trace x\.doc: expected a file name with one of/],
    [["serve", BOARD, "--listen", "localhost:port"], 2, /--listen localhost:port: expected HOST:PORT/],
    [["serve", BOARD, "--socket", "x", "--profile", "9.9"], 2, /expected one of 1\.0, 2\.0, 3\.0, 3\.1, 3\.2/],
    [["serve", BOARD, "--socket", "x", "--agent", "5"], 2, /expected an agent of .*\(1 OSPM, 2 MANAGEMENT, 3 GUEST\)/],
    [["serve", "no-such.yaml", "--socket", "x"], 1, /no-such\.yaml: \/: expected a board: .*, got no such file/],
    ...["--socket", "--vhost-user"].flatMap((option): [string[], number, RegExp][] => [
      [
        ["serve", BOARD, option, "/no/such/x"],
        1,
        /^scmi: \/no\/such\/x: .*ENOENT: the folder \/no\/such does not exist; make/,
      ],
      [["serve", BOARD, option, `${BOARD}/x`], 1, /yaml\/x: .*ENOTDIR: the folder .*yaml is no folder; choose/],
      [
        ["serve", BOARD, option, `/tmp/${"x".repeat(103)}`],
        2,
        /expected a path of 1 to 10[37] bytes, .*got 108: "\/tmp\/x/,
      ],
      [["serve", BOARD, option, ""], 2, /expected a path of 1 to 10[37] bytes, .*got 0/],
    ]),
  ])("%j exits with %i and says why on stderr only", (args, status, message) => {
    expect(scmi(...args)).toEqual({ status, stdout: "", stderr: expect.stringMatching(message) });
  });

  test("says where a board file is no YAML", () => {
    const file = join(folder, "bad.yaml");
    writeFileSync(file, "vendor: [1,\nagents: }");
    expect(scmi("call", file, "base", "0")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/bad\.yaml: line 2, column/),
    });
  });
});

describe("scmi call", () => {
  test("prints the values of an answer with their units", () => {
    expect(scmi("call", BOARD, "clock", "rate-get", "2")).toEqual({
      ...{ status: 0, stderr: "" },
      stdout: "CLOCK_RATE_GET 0x6 (clock 3.0 0x14): SUCCESS (0)\n  rateHz  200000000 Hz\n",
    });
  });

  test("waits for the delayed response of an asynchronous command", () => {
    const { status, stdout } = scmi(
      "call",
      BOARD,
      "clock",
      "rate-set",
      "clockId=1",
      "rateHz=700000000",
      "flags.async=1",
      "--json",
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ delayedResponse: "CLOCK_RATE_SET_COMPLETE", response: { clockId: 1, rateHz: 700e6 } },
    });
  });

  test("shows a status by name and number, with an exit code of its own", () => {
    const refused = scmi("call", BOARD, "perf", "level-set", "0", "600", "--agent", "GUEST");
    expect(refused).toMatchObject({
      status: 3,
      stdout: "PERFORMANCE_LEVEL_SET 0x7 (performance 4.0 0x13): DENIED (-3)\n",
    });
    const { status, stdout } = scmi("call", BOARD, "0x7f", "1", "--json");
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ protocol: { id: 0x7f }, status: { code: -1, name: "NOT_SUPPORTED" } });
  });

  test("sends raw payloads, and reads their answers where a table knows them", () => {
    expect(scmi("call", BOARD, "0x10", "7", "--raw", "ff ff ff ff").stdout).toMatch(/agentId +1\n +name +"OSPM"/);
    expect(scmi("call", BOARD, "clock", "rate-get", "--raw", "0200").status).toBe(3);
  });

  test("lets the platform refuse what is newer than it, and says so", () => {
    const { status, stderr } = scmi("call", BOARD, "clock", "name-get", "2", "--profile", "2.0");
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: "note: the platform speaks clock 1.0, CLOCK_NAME_GET is newer\n",
    });
  });

  test("lists protocols, commands and fields", () => {
    expect(scmi("call", "--list").stdout).toMatch(/^0x10 +base +2\.1 +Base\n/);
    expect(scmi("call", "--list", "clock", "--profile", "2.0").stdout).not.toMatch(/NAME_GET/);
    expect(scmi("call", "--list", "clock", "rate-set").stdout).toMatch(
      /flags\.async +bit 0, optional\n[\s\S]*rateHz +u64, in Hz/,
    );
    const [data] = JSON.parse(scmi("call", "--list", "clock", "rate-get", "--json").stdout);
    expect(data).toMatchObject({
      ...{ id: 0x14, version: "3.0" },
      commands: [{ name: "CLOCK_RATE_GET", response: [{ path: "rateHz", type: "u64", unit: "Hz" }] }],
    });
  });

  test.each([
    [["call"], /expected BOARD or --connect ADDRESS/],
    [["call", BOARD], /expected PROTOCOL and COMMAND; scmi call --list shows them/],
    [["call", BOARD, "clock"], /expected a COMMAND of clock/],
    [["call", BOARD, "clock", "rate-gte", "1"], /did you mean CLOCK_RATE_GET\?/],
    [["call", BOARD, "clock", "rate-get"], /expected clockId\nfields of CLOCK_RATE_GET/],
    [["call", BOARD, "clock", "rate-get", "-1"], /clockId" expected integer 0 to 4294967295, got -1/],
    [["call", BOARD, "voltage", "config-set", "0", "16"], /config" expected integer 0 to 15, got 16/],
    [["call", BOARD, "clock", "rate-get", "1", "--raw", "00"], /--raw: expected no ARGS besides, got "1"/],
    [["call", BOARD, "clock", "rate-get", "--raw", "0"], /--raw: expected two hexadecimal digits for each byte/],
    [["call", BOARD, "0x80", "1", "5"], /no table here for message 1 of protocol 0x80: expected --raw HEX/],
    [["call", "--connect", "tcp:1", "base", "0"], /--connect tcp:1: expected tcp:HOST:PORT/],
    [["call", "--connect", "tty:1", "base", "0"], /--connect tty:1: expected unix:PATH, tcp:HOST:PORT or raw:INSTANCE/],
    [["call", BOARD, "--instance", "/firmware/scmi", "base", "0"], /--instance: expected a device tree blob, got/],
    [["call", "--connect", "raw:x", "base", "0"], /--connect raw:x: expected unix:PATH, tcp:HOST:PORT or raw:INSTANCE/],
    [["call", "--connect", "unix:x", "base", "0", "--profile", "2.0"], /--profile: expected a board/],
    [["call", BOARD, "base", "0", "--timeout", "soon"], /expected milliseconds/],
  ])("%j is wrong usage, and says how", (args, message) => {
    expect(scmi(...args)).toEqual({ status: 2, stdout: "", stderr: expect.stringMatching(message) });
  });

  test("has examples in its help that are no wrong usage", () => {
    const { stdout: help } = scmi("call", "--help");
    const lines = help.split("\n").filter((line) => /^ {2}scmi call (--list|board|examples)/.test(line));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      // Ours has no instances to choose from
      const ours = line.replace(/board\.dtb --instance \S+|examples\S+/, BOARD);
      const { status, stderr } = scmi(...ours.trim().split(" ").slice(1));
      expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: "" });
    }
  });

  test("says when nobody is there, when nobody answers, and when the other end goes", async () => {
    expect(scmi("call", "--connect", `unix:${folder}/none`, "base", "0")).toMatchObject({
      ...{ status: 1, stdout: "", stderr: expect.stringMatching(/cannot connect: there is no such socket/) },
    });
    const path = join(folder, "silent.sock");
    let isSilent = true;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.resume();
      if (!isSilent) socket.end();
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const silent = await run("call", "--connect", `unix:${path}`, "base", "0", "--timeout", "50");
    expect(silent).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/expected a response within 50 ms, got none/),
    });
    isSilent = false;
    const gone = await run("call", "--connect", `unix:${path}`, "base", "0");
    expect(gone).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/closed/) });
    await new Promise((resolve) => server.close(resolve));
  });

  test("says what is missing for raw mode", () => {
    const { status, stderr } = scmi("call", "--connect", `raw:0@${folder}/debug`, "base", "0");
    expect(status).toBe(1);
    expect(stderr).toContain(`expected debugfs at ${folder}/debug: mount -t debugfs none ${folder}/debug`);
  });

  test("stops on SIGINT with 130", async () => {
    const path = join(folder, "waiting.sock");
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => child.kill("SIGINT"));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const child = spawn(process.execPath, [
      program,
      "call",
      "--connect",
      `unix:${path}`,
      "base",
      "0",
      "--timeout",
      "60000",
    ]);
    children.add(child);
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect(status).toBe(130);
    await new Promise((resolve) => server.close(resolve));
  });
});
