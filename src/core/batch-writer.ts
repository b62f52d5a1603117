import * as layout from "../../assembly/layout.ts";
import { ChannelError } from "../errors.ts";
import type { Core } from "./core.ts";
import { commandWord } from "./faults.ts";

/** Command words of the hot commands; docs/abi.md section 6. */
const BATCHED = {
  performanceLimitsSet: /* @__PURE__ */ commandWord(0x13, 0x5),
  performanceLimitsGet: /* @__PURE__ */ commandWord(0x13, 0x6),
  performanceLevelSet: /* @__PURE__ */ commandWord(0x13, 0x7),
  performanceLevelGet: /* @__PURE__ */ commandWord(0x13, 0x8),
  clockRateSet: /* @__PURE__ */ commandWord(0x14, 0x5),
  clockRateGet: /* @__PURE__ */ commandWord(0x14, 0x6),
  powerStateSet: /* @__PURE__ */ commandWord(0x11, 0x4),
  powerStateGet: /* @__PURE__ */ commandWord(0x11, 0x5),
  voltageLevelSet: /* @__PURE__ */ commandWord(0x17, 0x7),
  voltageLevelGet: /* @__PURE__ */ commandWord(0x17, 0x8),
  sensorReadingGet: /* @__PURE__ */ commandWord(0x15, 0x6),
  powercapCapGet: /* @__PURE__ */ commandWord(0x18, 0x4),
  powercapMeasurementsGet: /* @__PURE__ */ commandWord(0x18, 0x9),
} as const;

const U32 = 0x1_0000_0000;
const U32_MAX = 0xffffffff;

/** The submission half of a batch: a method for each hot command, and {@link command} for all others. Every command takes a tag,
 *  any u32, that comes back with its completion; 0 by default. Words are u32, signed ones as they are.
 *  @throws ChannelError "busy", each method that adds a command, when there is no {@link room} */
export class BatchWriter {
  /** Commands that the rings hold at once, completions that nobody has read yet included. */
  readonly capacity: number;
  readonly #core: Core;
  readonly #submissions: number;
  readonly #completions: number;
  readonly #entries: number;
  readonly #stride: number;
  readonly #payloadBytes: number;
  #words: Int32Array;

  /** @throws TypeError for a core that was created without room for batches */
  constructor(core: Core) {
    const at = core.base + layout.CORE_SUBMISSIONS;
    this.#core = core;
    this.capacity = core.memory.u32(at + layout.RING_CAPACITY);
    if (this.capacity === 0) throw new TypeError('"core" expected one with batchEntries above 0, got one without');
    this.#submissions = at >>> 2;
    this.#completions = (core.base + layout.CORE_COMPLETIONS) >>> 2;
    this.#entries = (core.base + core.memory.u32(at + layout.RING_OFFSET)) >>> 2;
    this.#stride = core.memory.u32(at + layout.RING_STRIDE) >>> 2;
    this.#payloadBytes = core.memory.u32(core.base + layout.CORE_BATCH_PAYLOAD);
    this.#words = core.memory.words;
  }

  /** Commands that may still be added. Each has its place among the completions already, so that none is ever lost. */
  get room(): number {
    return this.capacity - this.pending - this.readyCount();
  }

  /** Commands that have not completed yet. */
  get pending(): number {
    const words = this.words();
    return ((words[this.#submissions + RING_TAIL] ?? 0) - (words[this.#submissions + RING_HEAD] ?? 0)) | 0;
  }

  /** Channel of the oldest pending command: the one that {@link BatchHost.serve} is for; -1 when none is pending. */
  get waitingChannel(): number {
    if (this.pending === 0) return -1;
    const words = this.words();
    return words[this.#entryAt(words[this.#submissions + RING_HEAD] ?? 0) + CHANNEL] ?? 0;
  }

  /** `PROTOCOL_VERSION` → version. */
  getVersion(channel: number, protocolId: number, tag = 0): void {
    this.#begin(channel, commandWord(protocolId, 0), 0, tag);
    this.#end();
  }

  /** `PERFORMANCE_LIMITS_SET`; the maximum comes first, as on the wire. */
  setLimits(channel: number, domain: number, max: number, min: number, tag = 0): void {
    this.#add(channel, BATCHED.performanceLimitsSet, 3, domain, max, min, 0, tag);
  }

  /** `PERFORMANCE_LIMITS_GET` → maximum, minimum. */
  getLimits(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.performanceLimitsGet, 1, domain, 0, 0, 0, tag);
  }

  /** `PERFORMANCE_LEVEL_SET`. */
  setLevel(channel: number, domain: number, level: number, tag = 0): void {
    this.#add(channel, BATCHED.performanceLevelSet, 2, domain, level, 0, 0, tag);
  }

  /** `PERFORMANCE_LEVEL_GET` → level. */
  getLevel(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.performanceLevelGet, 1, domain, 0, 0, 0, tag);
  }

  /** `CLOCK_RATE_SET`, synchronous.
   *  @param rateHz integer below 2^53
   *  @param flags 4 = round up, 8 = round to the closest; down by default */
  setRate(channel: number, clock: number, rateHz: number, flags = 0, tag = 0): void {
    if (!Number.isSafeInteger(rateHz) || rateHz < 0) {
      throw new RangeError(`"rateHz" expected integer 0 … 2^53 - 1, got ${rateHz}`);
    }
    this.#add(channel, BATCHED.clockRateSet, 4, flags, clock, rateHz % U32, Math.floor(rateHz / U32), tag);
  }

  /** `CLOCK_RATE_GET` → rate in Hz, two words. */
  getRate(channel: number, clock: number, tag = 0): void {
    this.#add(channel, BATCHED.clockRateGet, 1, clock, 0, 0, 0, tag);
  }

  /** `POWER_STATE_SET`, synchronous. */
  setPowerState(channel: number, domain: number, state: number, tag = 0): void {
    this.#add(channel, BATCHED.powerStateSet, 3, 0, domain, state, 0, tag);
  }

  /** `POWER_STATE_GET` → state. */
  getPowerState(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.powerStateGet, 1, domain, 0, 0, 0, tag);
  }

  /** `VOLTAGE_LEVEL_SET`, synchronous. */
  setVoltage(channel: number, domain: number, levelUv: number, tag = 0): void {
    this.#add(channel, BATCHED.voltageLevelSet, 3, domain, 0, levelUv, 0, tag);
  }

  /** `VOLTAGE_LEVEL_GET` → level in µV, signed. */
  getVoltage(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.voltageLevelGet, 1, domain, 0, 0, 0, tag);
  }

  /** `SENSOR_READING_GET`, synchronous → reading, two words; from version 3.0 on a timestamp, two words. */
  getReading(channel: number, sensor: number, tag = 0): void {
    this.#add(channel, BATCHED.sensorReadingGet, 2, sensor, 0, 0, 0, tag);
  }

  /** `POWERCAP_CAP_GET` → cap. */
  getCap(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.powercapCapGet, 1, domain, 0, 0, 0, tag);
  }

  /** `POWERCAP_MEASUREMENTS_GET` → power, averaging interval in µs. */
  getPower(channel: number, domain: number, tag = 0): void {
    this.#add(channel, BATCHED.powercapMeasurementsGet, 1, domain, 0, 0, 0, tag);
  }

  /** Any command; one that the core does not answer stops the batch until the host does.
   *  @param command `commandWord(protocol, message)`, without `COMMAND.ASYNC`: delayed responses are not for batches
   *  @param payload copied
   *  @throws RangeError for more payload than an entry carries (the core's `batchPayload`) */
  command(channel: number, command: number, payload: Uint8Array, tag = 0): void {
    const at = this.#begin(channel, command, payload.byteLength, tag);
    this.#core.memory.bytes.set(payload, at << 2);
    this.#end();
  }

  /** The core's memory. Asking a memory for its buffer costs more than an exchange, but growth leaves an old view without words
   *  (or, of shared memory, as it was). */
  protected words(): Int32Array {
    if (this.#words.length === 0) this.#words = this.#core.memory.words;
    return this.#words;
  }

  /** Completions that nobody has read yet. */
  protected readyCount(): number {
    const words = this.words();
    return ((words[this.#completions + RING_TAIL] ?? 0) - (words[this.#completions + RING_HEAD] ?? 0)) | 0;
  }

  /** Takes the oldest pending command out; its tag. */
  protected takePending(): number {
    const words = this.words();
    const head = words[this.#submissions + RING_HEAD] ?? 0;
    words[this.#submissions + RING_HEAD] = head + 1;
    return words[this.#entryAt(head) + TAG] ?? 0;
  }

  #add(channel: number, command: number, count: number, a: number, b: number, c: number, d: number, tag: number): void {
    // Words are not stored to be judged: what is no u32 would be another command than the one that was meant
    if (!isWord(a) || !isWord(b) || !isWord(c) || !isWord(d)) throw notWords([a, b, c, d]);
    const at = this.#begin(channel, command, count * 4, tag);
    const words = this.words();
    words[at] = a;
    if (count > 1) words[at + 1] = b;
    if (count > 2) words[at + 2] = c;
    if (count > 3) words[at + 3] = d;
    this.#end();
  }

  /** Word index of the payload of the entry that is being written. */
  #begin(channel: number, command: number, byteLength: number, tag: number): number {
    if (byteLength > this.#payloadBytes) {
      throw new RangeError(`"payload" expected at most ${this.#payloadBytes} bytes (batchPayload), got ${byteLength}`);
    }
    if (!isWord(channel) || !isWord(tag)) throw notWords([channel, tag]);
    const words = this.words();
    const tail = words[this.#submissions + RING_TAIL] ?? 0;
    if (((tail - (words[this.#submissions + RING_HEAD] ?? 0)) | 0) + this.readyCount() >= this.capacity) {
      throw new ChannelError("batch", "busy", `no room for more than ${this.capacity} commands`);
    }
    const at = this.#entryAt(tail);
    words[at + CHANNEL] = channel;
    words[at + COMMAND] = command;
    words[at + LENGTH] = byteLength;
    words[at + TAG] = tag;
    return at + PAYLOAD;
  }

  #end(): void {
    const words = this.words();
    words[this.#submissions + RING_TAIL] = (words[this.#submissions + RING_TAIL] ?? 0) + 1;
  }

  #entryAt(position: number): number {
    return this.#entries + (position & (this.capacity - 1)) * this.#stride;
  }
}

function isWord(value: number): boolean {
  return value >>> 0 === value || (value | 0) === value;
}

function notWords(values: readonly number[]): RangeError {
  const wrong = values.find((value) => !isWord(value));
  return new RangeError(`batch: expected words, integer ${-U32 / 2} … ${U32_MAX}, got ${wrong}`);
}

// In words
const RING_HEAD = layout.RING_HEAD >> 2;
const RING_TAIL = layout.RING_TAIL >> 2;
const CHANNEL = layout.SUBMISSION_CHANNEL >> 2;
const COMMAND = layout.SUBMISSION_COMMAND >> 2;
const LENGTH = layout.SUBMISSION_LENGTH >> 2;
const TAG = layout.SUBMISSION_TAG >> 2;
const PAYLOAD = layout.SUBMISSION_PAYLOAD >> 2;
