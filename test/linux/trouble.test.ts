import { describe, expect, type TestContext, test } from "vitest";
import { cells } from "../../src/cli/dt-sketch.ts";
import { realClock } from "../../src/core/real-clock.ts";
import type { MessageSink } from "../../src/platform/index.ts";
import { boardFile } from "../platform/kit.ts";
import { Detour, type Which } from "./detour.ts";
import { Guest } from "./guest.ts";
import { device, guestTree, thermalZone } from "./guest-tree.ts";
import { hasLinux } from "./kernels.ts";
import { RemoteAgent } from "./remote.ts";
import { complaints } from "./report.ts";
import { expectSameCounts } from "./same-counts.ts";

const board = boardFile("example");
const SENSOR_READING_GET: Which = ({ type, protocolId, messageId }) =>
  type === 0 && protocolId === 0x15 && messageId === 0x6;
const CLOCK_RATE_SET: Which = ({ type, protocolId, messageId }) =>
  type === 0 && protocolId === 0x14 && messageId === 0x5;
const CLOCK_RATE_SET_COMPLETE: Which = ({ type, protocolId, messageId }) =>
  type === 2 && protocolId === 0x14 && messageId === 0x5;

/** Short enough to wait for, and long enough that nothing else is late on a busy machine. Where nothing is to be late, the time-out is that
 *  of virtio, 60 s. */
const SHORT_MS = 2000;
const CPU_PLL = 1;
const GADGET_HZ = 800_000_000;
const DRIVER = "/sys/bus/platform/drivers/reg-userspace-consumer";
const [CPU_THERMAL, VDD_SENSOR] = [0, 1];

/** A device whose clock has a rate to be set whenever its driver is bound. */
const consumers = [
  thermalZone(0, { hot: 80_000, critical: 110_000 }), // read when somebody asks only
  device("gadget", [cells("assigned-clocks", { ref: "scmi_clk" }, CPU_PLL), cells("assigned-clock-rates", GADGET_HZ)]),
];
const tree = guestTree(board, { consumers });
const impatientTree = guestTree(board, { consumers, timeoutMs: SHORT_MS });
const REBIND = `echo disabled > /sys/devices/platform/gadget/state; echo gadget > ${DRIVER}/unbind; echo gadget > ${DRIVER}/bind`;
const DELAYED_RESPONSES = "cat /sys/kernel/debug/scmi/0/transport/counters/delayed_response_ok";
/** So that Linux has to set a rate again: it sets nothing that is as it read it last. */
async function disturbRate(guest: Guest): Promise<void> {
  guest.platform.clock.setRate(CPU_PLL, 1_000_000_000);
  await guest.run("cat /sys/kernel/debug/clk/clk_summary");
}

/** A reading by the shell itself: `cat` tries again, by another system call, what has failed. */
const READ_VDD = "read v < $(grep -lx vdd-cpu /sys/class/hwmon/hwmon*/*_label | sed s/label/input/) && echo $v";
const vddOf = (guest: Guest) => Number(guest.platform.sensor.reading(VDD_SENSOR)); // mV, Linux' unit

interface Source {
  readonly file: string;
  readonly value: number;
}

/** Files each of which is one command of one protocol when it is read, with what the platform holds. Linux reads these at the same time;
 *  the sensors of one hwmon device, for one, it does not. */
async function eightSources(guest: Guest): Promise<readonly Source[]> {
  const { sensor, voltage, powercap } = guest.platform;
  sensor.setReading(CPU_THERMAL, 51_000);
  const find = (pattern: string, name: string) => guest.run(`grep -lx ${name} ${pattern}`);
  const vdd = (await find("/sys/class/hwmon/hwmon*/*_label", "vdd-cpu")).replace("label", "input");
  const sources = [
    { file: vdd, value: vddOf(guest) },
    { file: "/sys/class/thermal/thermal_zone0/temp", value: Number(sensor.reading(CPU_THERMAL)) },
  ];
  for (const id of [0, 1, 2]) {
    const name = await find("/sys/class/regulator/regulator*/name", board.voltage?.domains[id]?.name ?? "");
    sources.push({ file: name.replace(/name$/, "microvolts"), value: voltage.level(id) });
    const zone = await find("/sys/class/powercap/arm-scmi*/name", board.powercap?.domains[id]?.name ?? "");
    const limit = zone.replace(/name$/, "constraint_0_power_limit_uw");
    sources.push({ file: limit, value: powercap.cap(id) * 1000 });
  }
  return sources;
}

/** A line that reads all at once, each of them some times, and prints what it did not expect. */
function readAll(sources: readonly Source[], times: number, wait = "wait"): string {
  const loops = sources.map(
    ({ file, value }) =>
      `(n=0; while [ $n -lt ${times} ]; do read v < ${file}; [ "$v" = ${value} ] || echo "${file}: $v"; n=$((n+1)); done) &`,
  );
  return `${loops.join(" ")} ${wait}`;
}

/** Older kernels do not read the time-out from the tree. */
async function needTimeout(context: TestContext, guest: Guest): Promise<void> {
  const timeoutMs = await guest.run("cat /sys/kernel/debug/scmi/0/transport/max_rx_timeout_ms");
  if (timeoutMs !== `${SHORT_MS}`) context.skip(`this kernel waits ${timeoutMs} ms, whatever its tree says`);
}

describe.skipIf(!hasLinux)("a guest gets on with a platform (skipped without SCMI_LINUX_DIR)", () => {
  test("that takes 3 ms for each answer, from the first one on", async (context) => {
    const through = (sink: MessageSink): MessageSink => ({
      send: (message) => void realClock.after(3, () => sink.send(message)),
    });
    await using guest = await Guest.startFor(context, { board, tree, through });
    expect(guest.platform.clock.rate(CPU_PLL)).toBe(GADGET_HZ);
    expect(Number(await guest.run(READ_VDD))).toBe(vddOf(guest));
    await expectSameCounts(guest);
  });

  test("that answers eight readers in the wrong order, each time", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree, through: detour.through });
    const sources = await eightSources(guest);
    // Each of them waits for its answer, so there are eight under way whenever the last of them is here
    detour.reverse(sources.length, ({ type }) => type === 0);
    const before = guest.server.counters.received;
    const times = 100;
    expect(await guest.run(readAll(sources, times))).toBe("");
    expect(guest.server.counters.received - before).toBe(sources.length * times);
    detour.pass();
    await expectSameCounts(guest);
  });

  test("that eight readers ask 5,120 times as fast as they can", async (context) => {
    await using guest = await Guest.startFor(context, { board, tree });
    const sources = await eightSources(guest);
    expect(await guest.run(readAll(sources, 640))).toBe("");
    expect(guest.server.counters.received).toBeGreaterThan(8 * 640);
    await expectSameCounts(guest);
  });

  test("that keeps one answer back while others pass", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree, through: detour.through });
    const [, ...others] = await eightSources(guest);
    const isKept = detour.keepNext(SENSOR_READING_GET);
    await guest.run(`(${READ_VDD}) > /dev/slow & true`);
    await isKept;
    // Not the other sensors: Linux reads those of one device one after the other
    const free = others.filter(({ file }) => !/hwmon|thermal/.test(file));
    expect(await guest.run(readAll(free, 5, "wait %2 %3 %4 %5 %6 %7"))).toBe("");
    expect(await guest.run("cat /dev/slow")).toBe("");
    detour.release();
    expect(Number(await guest.run("wait; cat /dev/slow"))).toBe(vddOf(guest));
    await expectSameCounts(guest);
  });

  test("whose answer comes after the time-out: it is reported, and the next one is taken", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree: impatientTree, through: detour.through });
    await needTimeout(context, guest);
    await guest.run("echo 1 > /sys/kernel/debug/scmi/0/raw/reset");
    void detour.keepNext(SENSOR_READING_GET);
    await expect(guest.run(READ_VDD)).rejects.toThrow("exit 1");
    expect(await guest.counters()).toMatchObject({ xfers_response_timeout: 1, xfers_inflight: 0 });
    const [late] = detour.kept;
    detour.release();
    expect(Number(await guest.run(READ_VDD))).toBe(vddOf(guest));

    const theirs = await guest.counters();
    const { received, responses, delayedResponses } = guest.server.counters;
    expect(responses).toBe(received);
    const { sent_ok, response_ok = 0, err_msg_unexpected = 0, err_msg_invalid = 0 } = theirs;
    expect([sent_ok, response_ok + err_msg_unexpected + err_msg_invalid]).toEqual([received, responses]);
    expect(err_msg_unexpected).toBeGreaterThanOrEqual(1); // this one, and responses that their delayed responses overtook
    expect(err_msg_unexpected + err_msg_invalid).toBeLessThanOrEqual(1 + delayedResponses);
    // Linux keeps what it did not expect, for raw mode: here it is, byte by byte
    const errors = "/sys/kernel/debug/scmi/0/raw/errors";
    const bytes = await guest.run(`dd bs=256 count=1 if=${errors} 2>/dev/null | od -An -v -t x1`);
    expect(bytes.replaceAll(/\s/g, "")).toBe(Buffer.from(late ?? []).toString("hex"));
    expect(complaints(await guest.run("dmesg")).join("\n")).toMatch(/timed out in resp[\s\S]*is not expected/);
  });

  test("that never answers a command: it is given up, and the next ones are answered", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree: impatientTree, through: detour.through });
    await needTimeout(context, guest);
    void detour.keepNext(SENSOR_READING_GET);
    await expect(guest.run(READ_VDD)).rejects.toThrow("exit 1");
    detour.lose();
    for (let i = 0; i < 20; i++) {
      expect(Number(await guest.run(READ_VDD))).toBe(vddOf(guest));
    }
    const { received, responses } = guest.server.counters;
    expect(await guest.counters()).toMatchObject({ sent_ok: received, xfers_response_timeout: 1, xfers_inflight: 0 });
    expect(responses).toBe(received - 1);
  });

  test("whose delayed response comes before its response", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree, through: detour.through });
    await disturbRate(guest);
    const { delayed_response_ok = 0 } = await guest.counters();
    const isKept = detour.keepNext(CLOCK_RATE_SET);
    await guest.run(`(${REBIND}) & true`);
    await isKept;
    // Linux needs no response any more then, and goes on to set the rate once again
    await guest.poll(DELAYED_RESPONSES, `^(${delayed_response_ok + 1}|${delayed_response_ok + 2})$`);
    detour.release();
    await guest.run("wait");
    expect(guest.platform.clock.rate(CPU_PLL)).toBe(GADGET_HZ);
    expect(await guest.run("dmesg")).toMatch(/Received valid OoO Delayed Response/);
    await expectSameCounts(guest);
  });

  test("whose delayed response comes after the time-out", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree, through: detour.through });
    await disturbRate(guest);
    void detour.keepNext(CLOCK_RATE_SET_COMPLETE);
    await guest.run(REBIND);
    const { delayed_response_ok } = await guest.counters();
    expect(delayed_response_ok).toBe(guest.server.counters.delayedResponses);
    expect(await guest.run("dmesg")).toMatch(/timed out in delayed resp\(caller: scmi_clock_rate_set/);
    expect(guest.platform.clock.rate(CPU_PLL)).toBe(GADGET_HZ); // it only was not told in time
    detour.release();
    await disturbRate(guest);
    await guest.run(REBIND);
    expect(guest.platform.clock.rate(CPU_PLL)).toBe(GADGET_HZ);

    const theirs = await guest.counters();
    const { received, responses, delayedResponses } = guest.server.counters;
    const { response_ok = 0, err_msg_unexpected = 0, err_msg_invalid = 0 } = theirs;
    expect(theirs).toMatchObject({ sent_ok: received, delayed_response_ok: delayedResponses - 1, xfers_inflight: 0 });
    expect(response_ok + err_msg_unexpected + err_msg_invalid).toBe(responses + 1); // the late one
    expect(await guest.run("dmesg")).toMatch(/Message for \d+ type 2 is not expected/);
  });

  test("that was another guest's before, which started anew", async (context) => {
    await using guest = await Guest.startFor(context, { board, tree });
    const [GPU, ON, OFF] = [2, 0, 0x40000000];
    // What raw mode asks for is the guest's wish, too, and no driver takes it back: POWER_STATE_SET
    await guest.run(
      `printf '\\004\\104\\374\\017\\0\\0\\0\\0\\002\\0\\0\\0\\0\\0\\0\\0' > /sys/kernel/debug/scmi/0/raw/message`,
    );
    await guest.run(READ_VDD); // an answer behind that one's
    expect(guest.platform.power.state(GPU)).toBe(ON);
    const before = guest.server.counters;

    guest.console.send("reboot -f");
    await guest.console.reach("=== ready");
    // This kernel keeps the socket that it had before: that one only ends with it
    const { frontEnds, refused, received, responses } = guest.server.counters;
    expect([frontEnds, refused, received]).toEqual([2, 0, responses]);
    expect(guest.platform.power.state(GPU)).toBe(OFF);
    expect(Number(await guest.run(READ_VDD))).toBe(vddOf(guest));
    const { sent_ok } = await guest.counters();
    expect(sent_ok).toBe(guest.server.counters.received - before.received);
  });

  test("so does an agent inside, over raw mode: it gives up one command, and the next ones are answered", async (context) => {
    const detour = new Detour();
    await using guest = await Guest.startFor(context, { board, tree, through: detour.through, runs: "node" });
    const agent = await RemoteAgent.open(guest);
    const read = (options = {}) => agent.call("Sensor", "read", VDD_SENSOR, options);
    const expected = { raw: vddOf(guest) };
    expect(await read()).toMatchObject(expected);

    void detour.keepNext(SENSOR_READING_GET);
    const late = { errorName: "DeadlineError" };
    await expect(read({ timeoutMs: 200 })).rejects.toMatchObject(late); // nothing comes before it is let go
    expect(await read()).toMatchObject(expected);
    detour.release();
    // By the same queue as the late one, behind it
    expect(await read()).toMatchObject(expected);
    const { sent, responses, anomalies, ...counters } = await agent.call("own", "counters");
    expect(counters).toMatchObject({ timeouts: 1, late: 1, unexpected: 0, malformed: 0 });
    expect(responses + 1).toBe(sent);
    expect(anomalies).toEqual([{ kind: "late", messageId: 0x6, type: 0 }]);
    expect(await agent.call("own", "close")).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    await agent.end();
    const { response_ok = 0, err_msg_unexpected = 0, err_msg_invalid = 0 } = await guest.counters();
    // To the kernel, which waits for a minute, it was not late
    expect(response_ok + err_msg_unexpected + err_msg_invalid).toBe(guest.server.counters.responses);
  });
});
