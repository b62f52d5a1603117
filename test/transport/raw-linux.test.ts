import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sketchOf } from "../../src/cli/dt.ts";
import { treeOf } from "../../src/cli/dt-sketch.ts";
import { writeDeviceTree } from "../../src/devicetree/index.ts";
import { boardFile } from "../platform/kit.ts";

/** A folder with kernels for User Mode Linux. */
const kernels = process.env.SCMI_LINUX_DIR ?? "";
const pathTo = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** None without the back end that serves them. */
const canServe = existsSync(kernels) && existsSync(pathTo("dist/src/vhost-user/index.js"));
const names = canServe ? readdirSync(kernels).filter((name) => /^linux-uml-\d/.test(name)) : [];
const program = pathTo("dist/cli/scmi.js");
const BOARD = pathTo("examples/boards/example.yaml");
const MESSAGES = 10_000;
/** Commands of the guest with a delayed response. */
const ASYNCHRONOUS = 4;
const CLOCK_RATE_SET = 0x5;
const DELAYED = 2;

const folder = mkdtempSync(join(tmpdir(), "scmi-raw-linux-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function run(
  command: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.on("close", () => {
      children.delete(child);
      resolve(text);
    });
  });
  return { child, ended };
}

/** What the guest's root runs: the root file system is ours, for reading only. */
function initFor(commands: readonly string[]): string {
  const path = join(folder, "init");
  const lines = [
    "#!/bin/sh",
    "export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root",
    "mount -t proc p /proc; mount -t sysfs s /sys; mount -t debugfs d /sys/kernel/debug",
    ...commands,
    "poweroff -f",
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The tree that `scmi dt` prints, for the guest. */
function treeFile(): string {
  const path = join(folder, "guest.dtb");
  const places = { transport: "virtio", shmem: 0, smcId: 0, channelId: 0 } as const;
  writeFileSync(path, writeDeviceTree(treeOf(sketchOf(boardFile("example"), places), "guest.dtb")));
  return path;
}

/** A platform for the guest, which listens at a second socket for us; then the guest, until it has powered off. */
async function boot(kernel: string, commands: readonly string[]) {
  const [guest, own] = [join(folder, "guest.sock"), join(folder, "own.sock")];
  const server = run(process.execPath, [program, "serve", BOARD, "--vhost-user", guest, "--socket", own]);
  await Promise.race([new Promise((resolve) => server.child.stdout?.once("data", resolve)), server.ended]);
  const machine = run(join(kernels, kernel), [
    ...["mem=512M", "rootfstype=hostfs", "rootflags=/", "root=/dev/root", "ro", `dtb=${treeFile()}`],
    ...["con=null", "ssl=null", "con0=fd:0,fd:1", "panic=-1", `init=${initFor(commands)}`],
    `virtio_uml.device=${guest}:32`,
  ]);
  const console = await machine.ended;
  const direct = await run(process.execPath, [program, "info", "--connect", `unix:${own}`, "--json"]).ended;
  server.child.kill("SIGTERM");
  await server.ended;
  return { console, direct };
}

// biome-ignore lint/suspicious/noExplicitAny: documents as a program reads them
type Json = any;

function lineOf(console: string, mark: string): Json {
  const line = console.split(/\r?\n/).find((it) => it.startsWith(mark));
  if (line === undefined) throw new TypeError(`expected a line ${mark}… of the guest, got ${console.slice(-2000)}`);
  return JSON.parse(line.slice(mark.length));
}

// SCMI_LINUX_DIR names none: no kernel to ask
describe.skipIf(names.length === 0)("an agent inside of a guest, over the raw mode of its kernel", () => {
  describe.each(names.length === 0 ? ["none"] : names)("%s", (kernel) => {
    let console = "";
    let direct = "";
    beforeAll(async () => {
      ({ console, direct } = await boot(kernel, [
        `SCMI_MESSAGES=${MESSAGES} ${process.execPath} ${pathTo("test/transport/raw-linux-guest.mjs")}`,
        `SCMI_POLLED=1 SCMI_MESSAGES=200 ${process.execPath} ${pathTo("test/transport/raw-linux-guest.mjs")}`,
        `echo "INFO $(${process.execPath} ${program} info --connect raw:0 --json | tr -d '\\n')"`,
        'for d in /sys/bus/scmi_protocol/devices/*; do [ -e $d/driver ] && echo "BOUND $(cat $d/modalias)"; done',
        "dmesg | grep -iE 'scmi.*(warn|error|timed|fail|unexpected)' | sed 's/^/TROUBLE /'",
      ]));
    }, 120_000);
    /** The processors of some machines have larger registers than this kernel's user space can be given. */
    const cannotRun = () => console.includes("ptrace set fp regs failed");

    test("does 10,000 messages, and the kernel counts the same as we do", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      const { counters, anomalies, kernel: theirs, leaks } = lineOf(console, "RESULT ");
      // A delayed response may overtake its response, which then finds that its caller has gone
      expect(
        anomalies.filter(({ kind, messageId }: Json) => !(kind === "late" && messageId === CLOCK_RATE_SET)),
      ).toEqual([]);
      expect(counters.sent).toBeGreaterThan(MESSAGES);
      expect(counters).toMatchObject({ timeouts: 0, unexpected: 0, malformed: 0 });
      expect(counters.responses + counters.late).toBe(counters.sent);
      expect(theirs).toMatchObject({
        delayed_response_ok: counters.delayedResponses,
        notification_ok: counters.notifications,
        ...{ err_msg_nomem: 0, sent_fail: 0, xfers_response_timeout: 0, xfers_inflight: 0 },
      });
      // A response that was overtaken finds its xfer given back, and is unexpected, or still waiting to be, and is invalid
      expect(theirs.err_msg_unexpected + theirs.err_msg_invalid).toBeLessThanOrEqual(ASYNCHRONOUS);
      expect(theirs.response_ok).toBeGreaterThanOrEqual(counters.responses); // and those of the kernel's own drivers
      expect(leaks).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    });

    test("gets delayed responses, whenever they come, and notifications", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      const { delayed, told, counters } = lineOf(console, "RESULT ");
      expect(delayed).toMatchObject({ slow: 800_000_000, overtaking: 24_000_000 });
      expect(delayed.reading).toBeGreaterThanOrEqual(35);
      expect(told).toEqual([900_000_000, 1_000_000_000]);
      expect(counters.delayedResponses).toBe(ASYNCHRONOUS);
    });

    test("lets the kernel poll, where it has the files for that", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      if (!console.includes("POLLED ")) {
        expect(console).toContain("message_poll, which needs Linux 6.16 or newer");
        return;
      }
      const { counters, kernel: theirs, anomalies } = lineOf(console, "POLLED ");
      // Linux 7.2 reports a delayed response twice that came before the response was polled for, and the response never
      const isOvertaken = ({ kind, messageId }: Json) => kind === "late" && messageId === CLOCK_RATE_SET;
      expect(anomalies.filter((it: Json) => it.messageType !== DELAYED && !isOvertaken(it))).toEqual([]);
      expect(counters).toMatchObject({ timeouts: 0, unexpected: 0 });
      expect(counters.sent).toBeGreaterThan(200);
      expect(counters.sent - counters.responses).toBeLessThanOrEqual(ASYNCHRONOUS);
      expect(theirs.response_polled_ok).toBeGreaterThanOrEqual(counters.sent - ASYNCHRONOUS);
    });

    test("finds the same as an agent that asks the platform directly", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      expect(still(lineOf(console, "INFO "))).toEqual(still(JSON.parse(direct)));
    });

    test("shares the platform with a driver for each protocol of the tree", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      const bound = console.split(/\r?\n/).filter((it) => it.startsWith("BOUND"));
      const protocols = new Set(bound.map((it) => Number.parseInt(/:([0-9a-f]{2}):/i.exec(it)?.[1] ?? "", 16)));
      expect([...protocols].sort((a, b) => a - b)).toEqual([0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19]);
    });

    test("gives the kernel nothing to complain of", (context) => {
      if (cannotRun()) context.skip("this kernel runs no programs on this machine");
      expect(console.split(/\r?\n/).filter((it) => it.startsWith("TROUBLE"))).toEqual([]);
    });
  });
});

/** Without what changes by itself. */
function still(info: Json): Json {
  const isMoving = (key: string) => key === "source" || key === "readings" || key === "measurements";
  return JSON.parse(JSON.stringify(info, (key, value) => (isMoving(key) ? undefined : value)));
}
