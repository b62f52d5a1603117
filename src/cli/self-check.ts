import { Core, commandWord, type PlatformDescription, STATUS, XFER } from "../index.ts";
import { describePlatform } from "../platform/index.ts";

/** What a self-check is asked to do. */
export interface SelfCheckOptions {
  /** How long to measure, in seconds; 0 checks without measuring. */
  readonly seconds: number;
  /** Stops the measurement; what is there by then is reported. */
  readonly signal: AbortSignal;
}

/** One thing that was checked. */
export interface CheckResult {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly ok: boolean;
  /** What was expected and what came, for a failed check. */
  readonly detail?: string;
}

/** One thing that was measured. */
export interface Measurement {
  readonly name: string;
  /** Median of the samples. */
  readonly value: number;
  readonly unit: string;
  /** 99th percentile of the samples, in the same unit. */
  readonly p99: number;
  /** Samples of {@link BATCH} operations each. */
  readonly samples: number;
}

/** What a self-check found. */
export interface SelfCheckReport {
  readonly checks: readonly CheckResult[];
  readonly measurements: readonly Measurement[];
}

const BASE = 0x10;
const PERFORMANCE = 0x13;
const CLOCK = 0x14;
const LEVEL_SET = commandWord(PERFORMANCE, 0x7);
const LEVEL_GET = commandWord(PERFORMANCE, 0x8);
const DISCOVER_VENDOR = commandWord(BASE, 0x3);
const RATE_SET = commandWord(CLOCK, 0x5);
const RATE_GET = commandWord(CLOCK, 0x6);

const LEVELS = [600, 1400, 2000];
const DENIED_DOMAIN = 1;
const VENDOR = /* @__PURE__ */ new TextEncoder().encode("scmi-wasm".padEnd(16, "\0"));

const PLATFORM: PlatformDescription = {
  agents: 1,
  protocols: [
    { id: BASE, version: 0x20001, messages: [{ id: 0x3, requestBytes: 0, reply: VENDOR }] },
    {
      id: PERFORMANCE,
      version: 0x40000,
      performanceDomains: [
        { levels: LEVELS, level: 600, min: 600, max: 1400 },
        { levels: LEVELS, level: 600, min: 600, max: 2000, readOnlyAgents: [1] },
      ],
    },
    {
      id: CLOCK,
      version: 0x30000,
      clocks: [{ rates: { lowest: 1_000_000n, highest: 9_000_000_000n, step: 1_000_000n }, rate: 1_000_000n }],
    },
  ],
};

/** Operations a sample: one alone is far below the resolution of the clock. */
const BATCH = 4096;

/** An agent with one serial channel on a small platform, all in one core. */
class Machine {
  readonly core = Core.createSync();
  readonly channel: number;
  readonly instance: number;
  readonly xfer: number;
  readonly payload: number;

  constructor() {
    const { core } = this;
    const description = describePlatform(core, PLATFORM);
    this.instance = core.openInstance({ description, state: core.openState(description) });
    this.channel = core.openChannel(this.instance);
    this.xfer = core.acquire(this.instance);
    this.payload = core.payloadAt(this.xfer);
  }

  /** One exchange; the words of its answer, status first. */
  call(command: number, ...parameters: number[]): number[] {
    const { core, xfer, payload } = this;
    for (const [i, word] of parameters.entries()) core.memory.setU32(payload + 4 * i, word);
    const state = core.exchange(this.channel, xfer, command, 4 * parameters.length, 0);
    if (state !== XFER.DONE) throw new Error(`expected an answer, got an xfer in state ${state}`);
    return Array.from({ length: core.byteLengthOf(xfer) / 4 }, (_, i) => core.memory.i32(payload + 4 * i));
  }
}

/** Checks the installed core and measures it for a while. */
export async function runSelfCheck({ seconds, signal }: SelfCheckOptions): Promise<SelfCheckReport> {
  return { checks: check(), measurements: seconds > 0 ? await measure(seconds, signal) : [] };
}

function check(): CheckResult[] {
  const checks: [name: string, run: () => void][] = [
    ["the core is there, with the ABI that this package speaks", () => new Machine()],
    ["a level that was set is read back", () => expectSetLevel()],
    ["a level above the limit is OUT_OF_RANGE, and changes nothing", () => expectOutOfRange()],
    [
      "a domain that is read-only for the agent is DENIED",
      () => expectStatus(STATUS.DENIED, LEVEL_SET, DENIED_DOMAIN, 600),
    ],
    ["a domain that does not exist is NOT_FOUND", () => expectStatus(STATUS.NOT_FOUND, LEVEL_GET, 7)],
    ["a protocol that does not exist is NOT_SUPPORTED", () => expectStatus(STATUS.NOT_SUPPORTED, commandWord(0x7f, 0))],
    ["a message that does not exist is NOT_FOUND", () => expectStatus(STATUS.NOT_FOUND, commandWord(CLOCK, 0x3f))],
    ["parameters of the wrong size are a PROTOCOL_ERROR", () => expectStatus(STATUS.PROTOCOL_ERROR, LEVEL_SET, 0)],
    ["a clock rate of 64 bits is rounded as asked", () => expectRounding()],
    ["constant answers arrive whole", () => expectVendor()],
    ["a command in the area is framed as the specification draws it", () => expectFraming()],
    ["a time-out frees the caller and keeps the token until the late answer", () => expectQuarantine()],
    ["a snapshot brings the machine back", () => expectSnapshot()],
    ["nothing leaks", () => expectNoLeaks()],
  ];
  return checks.map(([name, run]) => {
    try {
      run();
      return { name, ok: true };
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  });
}

function expectStatus(status: number, command: number, ...parameters: number[]): void {
  expectWords(new Machine().call(command, ...parameters), [status]);
}

function expectSetLevel(): void {
  const machine = new Machine();
  expectWords(machine.call(LEVEL_SET, 0, 1400), [STATUS.SUCCESS]);
  expectWords(machine.call(LEVEL_GET, 0), [STATUS.SUCCESS, 1400]);
}

function expectOutOfRange(): void {
  const machine = new Machine();
  expectWords(machine.call(LEVEL_SET, 0, 2000), [STATUS.OUT_OF_RANGE]);
  expectWords(machine.call(LEVEL_GET, 0), [STATUS.SUCCESS, 600]);
}

function expectRounding(): void {
  const machine = new Machine();
  const roundUp = 1 << 2;
  // 8,000,000,001 Hz is 1 Hz above a multiple of the step
  expectWords(machine.call(RATE_SET, roundUp, 0, 0xdcd65001, 0x1), [STATUS.SUCCESS]);
  const [status, low, high] = machine.call(RATE_GET, 0);
  const rate = (BigInt(high ?? 0) << 32n) | BigInt((low ?? 0) >>> 0);
  if (status !== 0 || rate !== 8_001_000_000n)
    throw new Error(`expected 8001000000 Hz, got ${rate} (status ${status})`);
}

function expectVendor(): void {
  const [status, ...words] = new Machine().call(DISCOVER_VENDOR);
  const bytes = new Uint8Array(Int32Array.from(words).buffer);
  if (status !== 0 || bytes.join() !== VENDOR.join()) throw new Error(`expected ${VENDOR}, got ${status}: ${bytes}`);
}

function expectFraming(): void {
  const { core, channel, xfer, payload } = new Machine();
  core.memory.setU32(payload, 0);
  core.memory.setU32(payload + 4, 600);
  core.post(channel, xfer, LEVEL_SET, 8, 0);
  const area = core.areaAt(channel);
  // reserved, status, reserved, reserved, flags, length, header of token 0, domain, level
  const expected = [0, 0, 0, 0, 0, 12, LEVEL_SET, 0, 600];
  expectWords(
    expected.map((_, i) => core.memory.i32(area + 4 * i)),
    expected,
  );
}

function expectQuarantine(): void {
  const { core, channel, xfer } = new Machine();
  core.post(channel, xfer, LEVEL_GET, 4, 0);
  const state = core.poll(xfer, 30_000_000);
  if (state !== XFER.TIMED_OUT) throw new Error(`expected the xfer to time out, got state ${state}`);
  if (core.leaks().tokens !== 1) throw new Error(`expected 1 token in quarantine, got ${core.leaks().tokens}`);
  core.serve(channel, 40_000_000);
  core.settle(channel, 40_000_000);
  const { late } = core.counters(channel);
  if (late !== 1 || core.leaks().tokens !== 0) throw new Error(`expected 1 late answer, got ${late}`);
}

function expectSnapshot(): void {
  const machine = new Machine();
  const snapshot = machine.core.snapshot();
  machine.call(LEVEL_SET, 0, 1400);
  machine.core.restore(snapshot);
  expectWords(machine.call(LEVEL_GET, 0), [STATUS.SUCCESS, 600]);
}

function expectNoLeaks(): void {
  const machine = new Machine();
  for (let i = 0; i < 3000; i++) machine.call(LEVEL_SET, i % 3, 600);
  machine.core.release(machine.xfer);
  const leaks = Object.entries(machine.core.leaks()).filter(([, count]) => count > 0);
  if (leaks.length > 0) throw new Error(`expected everything back, got ${leaks.map((leak) => leak.join(": "))}`);
}

function expectWords(got: readonly number[], expected: readonly number[]): void {
  if (got.join() !== expected.join()) throw new Error(`expected ${expected.join(" ")}, got ${got.join(" ")}`);
}

/** Interleaves the cases, so that what else the machine does meets them alike. */
async function measure(seconds: number, signal: AbortSignal): Promise<Measurement[]> {
  const machine = new Machine();
  const other = new Machine(); // A second core alive, as in real programs: V8 inlines less then
  const cases = [
    { name: "PERFORMANCE_LEVEL_SET, one call", command: LEVEL_SET, byteLength: 8, samples: [] as number[] },
    { name: "PERFORMANCE_LEVEL_GET, one call", command: LEVEL_GET, byteLength: 4, samples: [] as number[] },
    { name: "BASE_DISCOVER_VENDOR, one call", command: DISCOVER_VENDOR, byteLength: 0, samples: [] as number[] },
  ];
  for (const { command, byteLength } of cases) sample(other, command, byteLength);
  for (const { command, byteLength } of cases) sample(machine, command, byteLength);
  const end = performance.now() + seconds * 1000;
  do {
    for (const { command, byteLength, samples } of cases) samples.push(sample(machine, command, byteLength));
    // Lets SIGINT be heard
    await new Promise<void>((resolve) => void setImmediate(resolve));
  } while (performance.now() < end && !signal.aborted);
  return cases.map(({ name, samples }) => {
    samples.sort((a, b) => a - b);
    const at = (part: number): number => samples[Math.floor(part * (samples.length - 1))] ?? 0;
    return { name, value: at(0.5), unit: "ns an exchange", p99: at(0.99), samples: samples.length };
  });
}

/** Nanoseconds an exchange, over {@link BATCH} of them with their parameters written and their statuses read. */
function sample({ core, channel, xfer, payload }: Machine, command: number, byteLength: number): number {
  const { words } = core.memory;
  const at = payload >>> 2;
  let failed = 0;
  const start = performance.now();
  for (let i = 0; i < BATCH; i++) {
    words[at] = 0;
    words[at + 1] = LEVELS[i & 1] ?? 0;
    core.exchange(channel, xfer, command, byteLength, 0);
    failed |= words[at] ?? -1;
  }
  const elapsed = performance.now() - start;
  if (failed !== 0) throw new Error(`expected every exchange to succeed, got status bits ${failed}`);
  return (elapsed * 1e6) / BATCH;
}
