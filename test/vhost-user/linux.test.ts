import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Board } from "../../src/board/index.ts";
import { Core } from "../../src/core/core.ts";
import { realClock } from "../../src/core/real-clock.ts";
import { Platform } from "../../src/platform/index.ts";
import type { Release } from "../../src/protocols/index.ts";
import { VhostUserServer } from "../../src/vhost-user/index.ts";
import { boardFile } from "../platform/kit.ts";
import { socketPath } from "./front-end.ts";

/** Kernels for User Mode Linux, a guest's tree and its initramfs; scripts and texts in docs/linux-guest.md. */
const DIRECTORY = process.env.SCMI_LINUX_DIR;
const KERNELS = ["6.12", "7.2"] as const;
const PROFILES = ["2.0", "3.0", "3.1", "3.2"] as const;
const isHere = DIRECTORY !== undefined && existsSync(join(DIRECTORY, "initramfs-x86.cpio.gz"));
const OFF = 0x40000000;

/** Drivers that have a device, by what each release has. */
const DRIVERS: Readonly<Record<(typeof PROFILES)[number], readonly string[]>> = (() => {
  const two = ["scmi-clocks", "scmi-hwmon", "scmi-perf-domain", "scmi-power-domain", "scmi-reset", "scmi-system-power"];
  const three = [...two, "scmi-regulator", "scmi-sensor-iiodev"];
  const capped = [...three, "scmi-powercap"];
  return { "2.0": two, "3.0": three, "3.1": capped, "3.2": capped };
})();

/** What Linux says about what it cannot do, or does not: no fault of ours. */
const KNOWN: readonly RegExp[] = [
  /Abstract power scale not supported\. Skip fan/, // a powercap domain without a unit
  /SCMI protocol 2[34] not implemented/, // voltage and powercap, which the tree has and SCMI 2.0 not
  /multiplier for domain \d rounded/,
  // 7.2 enables sensors of version 1.0, too, by a command that came with 2.0
  /scmi-hwmon .*Error enabling sensor .*err=-2/,
];

interface Guest {
  readonly text: string;
  readonly server: VhostUserServer;
  /** Lines of a section of the guest's report. */
  section(name: string): readonly string[];
}

let platform: Platform;
let board: Board;
let server: VhostUserServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  platform?.close();
});

/** Starts a guest, and waits for its end.
 *  @param script what it runs in place of the shared report */
async function boot(kernel: string, profile: Release, script?: string): Promise<Guest> {
  board = boardFile("example");
  const core = Core.createSync({
    capacity: Platform.capacityFor(board, { profile, sharesMemory: false, connections: 4 }),
  });
  platform = Platform.open(core, board, { profile, sharesMemory: false, clock: realClock });
  const path = socketPath();
  const listening = await VhostUserServer.listen((sink) => platform.connectMessages(1, sink), path);
  server = listening;
  const from = (name: string) => join(DIRECTORY ?? "", name);
  const shared = from("initramfs-x86.cpio.gz");
  const initrd = script === undefined ? shared : `${path}.cpio`;
  if (script !== undefined) writeFileSync(initrd, Buffer.concat([archive("script", script), readFileSync(shared)]));
  const args = [
    ...["mem=128M", `initrd=${initrd}`, `dtb=${from("uml-scmi.dtb")}`],
    ...[
      "con=null",
      "ssl=null",
      "con0=fd:0,fd:1",
      `rdinit=/${script === undefined ? "init" : "script"}`,
      "panic=-1",
      `virtio_uml.device=${path}:32`,
    ],
  ];
  const text = await new Promise<string>((resolve, reject) => {
    const guest = spawn(from(`linux-uml-${kernel}`), args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stop = () => {
      if (guest.pid !== undefined && guest.exitCode === null) process.kill(-guest.pid, "SIGKILL");
    };
    const deadline = AbortSignal.timeout(50_000);
    deadline.addEventListener("abort", stop);
    const chunks: string[] = [];
    guest.stdout.on("data", (chunk) => chunks.push(String(chunk)));
    guest.stderr.on("data", (chunk) => chunks.push(String(chunk)));
    guest.on("error", reject);
    guest.on("close", () => {
      stop();
      if (script !== undefined) rmSync(initrd);
      resolve(chunks.join("").replaceAll("\r", ""));
    });
  });
  const section = (name: string) => {
    const start = text.indexOf(`=== ${name}\n`);
    if (start < 0) return [];
    const rest = text.slice(start + name.length + 5);
    const end = rest.indexOf("\n=== ");
    return rest.slice(0, end < 0 ? undefined : end).split("\n");
  };
  return { text, server: listening, section };
}

/** One file in an archive that a kernel unpacks before others: "newc", as in its documentation of initramfs. */
function archive(name: string, text: string): Buffer {
  const entry = (path: string, mode: number, body: string) => {
    const fields = [0, mode, 0, 0, 1, 0, Buffer.byteLength(body), 0, 0, 0, 0, path.length + 1, 0];
    const head = `070701${fields.map((it) => it.toString(16).padStart(8, "0")).join("")}${path}\0`;
    const padded = (it: string) => it.padEnd(Math.ceil(it.length / 4) * 4, "\0");
    return padded(head) + padded(body);
  };
  const bytes = Buffer.from(entry(name, 0o100755, text) + entry("TRAILER!!!", 0, ""), "latin1");
  return Buffer.concat([bytes, Buffer.alloc(512 - (bytes.byteLength % 512))]);
}

const READERS = 8;
const READINGS = 640;
const READER_SCRIPT = `#!/bin/sh
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc p /proc; mount -t sysfs s /sys; mount -t debugfs d /sys/kernel/debug
r=0; while [ $r -lt ${READERS} ]; do
  ( n=0; while [ $n -lt ${READINGS} ]; do read x < /sys/class/hwmon/hwmon0/temp1_input || echo "no reading"; n=$((n+1)); done ) &
  r=$((r+1)); done
wait
echo "=== counters"; cd /sys/kernel/debug/scmi/0/transport/counters; for f in *; do echo "$f=$(cat $f 2>/dev/null)"; done
echo "=== DONE"; cd /; poweroff -f
`;

/** What the kernel says of SCMI that is no good news, and not known. */
function complaints(text: string): readonly string[] {
  const report = text.indexOf("=== kernel");
  const console = report < 0 ? text : text.slice(0, report);
  const isOfScmi = /scmi|ioremap|WARNING/i;
  const isBad = /error|fail|warn|invalid|unexpected|timed out|not implemented|rounded|Skip|BUG/i;
  return console
    .split("\n")
    .filter((line) => isOfScmi.test(line) && isBad.test(line))
    .filter((line) => !KNOWN.some((known) => known.test(line)));
}

/** 6.12 cannot run programs on processors with more registers than it has room for: then only its own console can be judged. */
function canRunPrograms(text: string): boolean {
  return !/ptrace set fp regs failed/.test(text);
}

describe.skipIf(!isHere)("an unmodified Linux (skipped without SCMI_LINUX_DIR)", () => {
  beforeAll(() => {
    if (!isHere) console.info("SCMI_LINUX_DIR names no directory with kernels: no guest is started");
  });

  for (const kernel of KERNELS) {
    test.each(PROFILES)(
      `${kernel} finds on SCMI %s what the platform holds, and nothing to complain of`,
      async (profile) => {
        const { text, server: served, section } = await boot(kernel, profile);
        expect(complaints(text)).toEqual([]);
        expect(text).toMatch(/SCMI Protocol v2\.[01] 'scmi-wasm:example' Firmware version 0x10000/);
        expect(text).toMatch(/scmi-perf-domain .*Initialized \d performance domains/);
        expect(served.counters).toMatchObject({ refused: 0, refusedChains: 0, malformed: 0, overlong: 0, dropped: 0 });
        expect(served.counters.received).toBe(served.counters.responses);
        if (!canRunPrograms(text)) return;

        const drivers = section("scmi bus").flatMap((line) => /-> (\S+)/.exec(line)?.[1] ?? []);
        expect(drivers.sort()).toEqual([...DRIVERS[profile]].sort());

        // Names have 15 characters before SCMI 3.1
        const named = (name: string) => (profile === "2.0" || profile === "3.0" ? name.slice(0, 15) : name);
        const hwmon = section("hwmon").flatMap((line) => / label=(.+)$/.exec(line)?.[1] ?? []);
        const kinds = [0x2, 0x5, 0x6, 0x7, 0x8]; // °C, V, A, W, J: what hwmon has a place for
        let constant = 0;
        const shown = (board.sensor?.sensors ?? []).filter(({ sensorType }) => kinds.includes(sensorType));
        expect(hwmon.sort()).toEqual(shown.map(({ name }) => named(name)).sort());
        for (const [id, { name, sensorType, exponent, signal }] of (board.sensor?.sensors ?? []).entries()) {
          if (!kinds.includes(sensorType) || signal.kind !== "constant") continue;
          const toHwmon = sensorType === 0x7 || sensorType === 0x8 ? 6 : 3; // µW and µJ, m°C, mV and mA
          const value = Number(platform.sensor.reading(id)) * 10 ** (exponent + toHwmon);
          expect(section("hwmon").join("\n")).toContain(`_input=${Math.trunc(value)} label=${named(name)}`);
          constant++;
        }
        expect(constant).toBeGreaterThan(0);
        // Sensors of version 1.0 cannot be enabled, and 7.2 gives those no thermal zone; the signal stays between 40 and 60 °C
        if (profile !== "2.0") expect(section("thermal").join("\n")).toMatch(/soc-thermal [45]\d{4}\b/);

        const clocks = section("clk_summary").flatMap((line) => {
          const words = line.trim().split(/\s+/);
          return words[4] !== undefined && /^\d+$/.test(words[4]) ? [[words[0], Number(words[4])]] : [];
        });
        const held = board.clock?.clocks.map(({ name }, id) => [named(name), platform.clock.rate(id)]) ?? [];
        expect(clocks.length).toBeGreaterThan(3);
        expect(held).toEqual(expect.arrayContaining(clocks));

        const domains = section("genpd").flatMap((line) => {
          const found = /^(\S+)\s+(on|off)/.exec(line);
          return found ? [[found[1], found[2] === "on"]] : [];
        });
        const powered =
          board.power?.domains.map(({ name }, id) => [named(name), platform.power.state(id) !== OFF]) ?? [];
        const names = powered.map(([name]) => name);
        expect(domains.filter(([name]) => names.includes(name as string)).length).toBe(powered.length);

        if (DRIVERS[profile].includes("scmi-regulator")) {
          expect(section("regulator").join("\n")).toContain(`vdd_gpu state=enabled uV=${platform.voltage.level(0)}`);
        }
        if (DRIVERS[profile].includes("scmi-powercap")) {
          const caps = section("powercap").join("\n");
          for (const [id, { name, unit }] of (board.powercap?.domains ?? []).entries()) {
            if (unit === "abstract") continue;
            const toUw = unit === "milliwatt" ? 1000 : 1;
            expect(caps).toContain(` ${name} cap=${(id === 0 ? 40_000 : platform.powercap.cap(id)) * toUw} power=`);
          }
          expect(caps).toContain("after set: 9000000");
        }

        const counters = new Map(section("counters").map((line) => line.split("=") as [string, string]));
        const zero = ["err_msg_unexpected", "err_msg_invalid", "err_msg_nomem", "sent_fail", "xfers_response_timeout"];
        for (const name of zero) expect([name, counters.get(name)]).toEqual([name, "0"]);
        expect(counters.get("sent_ok")).toBe(counters.get("response_ok"));
        expect(section("DONE")).toBeDefined();
      },
    );
  }

  test("reads a sensor from eight places at once, 5,120 times, and both sides have counted the same", async () => {
    const { text, server: served, section } = await boot("7.2", "3.2", READER_SCRIPT);
    if (!canRunPrograms(text)) return;
    expect(text).not.toContain("no reading");
    const counters = new Map(section("counters").map((line) => line.split("=") as [string, string]));
    const { received, responses, malformed, overlong } = served.counters;
    expect(received).toBeGreaterThan(READERS * READINGS);
    expect([counters.get("sent_ok"), counters.get("response_ok")]).toEqual([`${received}`, `${responses}`]);
    const zero = ["err_msg_unexpected", "err_msg_invalid", "sent_fail", "xfers_response_timeout", "xfers_inflight"];
    expect(zero.map((name) => counters.get(name))).toEqual(zero.map(() => "0"));
    expect([malformed, overlong]).toEqual([0, 0]);
  });
});
