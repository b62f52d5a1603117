import { readFileSync } from "node:fs";
import * as layout from "../../assembly/layout.ts";
import type { CoreExports } from "../../src/core/exports.ts";

/** Every export of docs/abi.md section 2, to compare with what a binary exports. */
export const EXPORT_NAMES = [
  "abiVersion",
  "coreBytes",
  "create",
  "attach",
  "reserve",
  "openState",
  "openInstance",
  "openChannel",
  "openFastChannel",
  "fork",
  "restore",
  "acquire",
  "release",
  "post",
  "settle",
  "poll",
  "drain",
  "deliver",
  "abort",
  "setDeadline",
  "tick",
  "resetChannel",
  "writeFastChannel",
  "readFastChannel",
  "serve",
  "serveStaged",
  "stage",
  "publish",
  "sendP2a",
  "exchange",
  "run",
  "ring",
  "awaitCommand",
  "awaitAnswer",
] as const satisfies readonly (keyof CoreExports)[];

const ALL_BUILDS = ["release", "debug", "threads"] as const;
export type Build = (typeof ALL_BUILDS)[number];

/** The builds that tests run over: all, or those that SCMI_BUILDS names (comma separated), as the mutants do. */
export const BUILDS: readonly Build[] = ALL_BUILDS.filter(
  (build) => process.env.SCMI_BUILDS?.split(",").includes(build) ?? true,
);

/** Addresses below the first core belong to the host: the configuration, then scratch for messages in MSG form. */
export const CONFIG_AT = 64;
export const SCRATCH_AT = 192;
export const SCRATCH_BYTES = 832;
export const FIRST_CORE_AT = 1024;

const PAGE_BYTES = 65536;

/** The configuration of `create` by name; what is left out is 0, except that a core carries 32 payload bytes. */
export interface Config {
  readonly instances?: number;
  readonly channels?: number;
  readonly xfers?: number;
  readonly states?: number;
  readonly stateBytes?: number;
  readonly areas?: number;
  readonly areaBytes?: number;
  readonly tokenSpaces?: number;
  readonly maxPayload?: number;
  readonly claims?: number;
  readonly fastChannels?: number;
  readonly batchEntries?: number;
  readonly batchPayload?: number;
  readonly p2aEntries?: number;
  readonly eventEntries?: number;
  readonly traceEntries?: number;
  readonly tracePayload?: number;
  readonly regionBytes?: number;
  readonly flags?: number;
}

const CONFIG_WORDS: readonly (readonly [keyof Config, number])[] = [
  ["instances", layout.CONFIG_INSTANCES],
  ["channels", layout.CONFIG_CHANNELS],
  ["xfers", layout.CONFIG_XFERS],
  ["states", layout.CONFIG_STATES],
  ["stateBytes", layout.CONFIG_STATE_BYTES],
  ["areas", layout.CONFIG_AREAS],
  ["areaBytes", layout.CONFIG_AREA_BYTES],
  ["tokenSpaces", layout.CONFIG_TOKEN_SPACES],
  ["maxPayload", layout.CONFIG_MAX_PAYLOAD],
  ["claims", layout.CONFIG_CLAIMS],
  ["fastChannels", layout.CONFIG_FASTCHANNELS],
  ["batchEntries", layout.CONFIG_BATCH_ENTRIES],
  ["batchPayload", layout.CONFIG_BATCH_PAYLOAD],
  ["p2aEntries", layout.CONFIG_P2A_ENTRIES],
  ["eventEntries", layout.CONFIG_EVENT_ENTRIES],
  ["traceEntries", layout.CONFIG_TRACE_ENTRIES],
  ["tracePayload", layout.CONFIG_TRACE_PAYLOAD],
  ["regionBytes", layout.CONFIG_REGION_BYTES],
  ["flags", layout.CONFIG_FLAGS],
];

/** Offsets of counters; those that every exchange advances stand in the channel record, the others in its cold one. */
const HOT_COUNTERS = { sent: layout.CHANNEL_SENT, responses: layout.CHANNEL_RESPONSES } as const;
const COLD_COUNTERS = {
  delayed: layout.COUNTER_DELAYED,
  notifications: layout.COUNTER_NOTIFICATIONS,
  timeouts: layout.COUNTER_TIMEOUTS,
  unexpected: layout.COUNTER_UNEXPECTED,
  malformed: layout.COUNTER_MALFORMED,
  dropped: layout.COUNTER_DROPPED,
  recycled: layout.COUNTER_RECYCLED,
  late: layout.COUNTER_LATE,
  aborted: layout.COUNTER_ABORTED,
  errors: layout.COUNTER_ERRORS,
  spurious: layout.COUNTER_SPURIOUS,
  badCommands: layout.COUNTER_BAD_COMMANDS,
  p2aBusy: layout.COUNTER_P2A_BUSY,
} as const;
export type CounterName = keyof typeof HOT_COUNTERS | keyof typeof COLD_COUNTERS;
export const COUNTER_NAMES = [...Object.keys(HOT_COUNTERS), ...Object.keys(COLD_COUNTERS)] as CounterName[];

/** Where a counter stands, from the offsets of the two records of its channel. */
export function counterOffset(name: CounterName, channelRecord: number, counterRecord: number): number {
  return name === "sent" || name === "responses"
    ? channelRecord + HOT_COUNTERS[name]
    : counterRecord + COLD_COUNTERS[name];
}

/** Where the binaries lie; SCMI_BUILD_DIR (with a trailing slash) points the whole suite at others, such as mutants. */
const BUILD_FOLDER = process.env.SCMI_BUILD_DIR
  ? new URL(process.env.SCMI_BUILD_DIR, "file:///")
  : new URL("../../build/", import.meta.url);

const modules = new Map<Build, { module: WebAssembly.Module; bytes: Uint8Array<ArrayBuffer> }>();

function compiled(build: Build) {
  let entry = modules.get(build);
  if (!entry) {
    const bytes = new Uint8Array(readFileSync(new URL(`${build}.wasm`, BUILD_FOLDER)));
    entry = { module: new WebAssembly.Module(bytes), bytes };
    modules.set(build, entry);
  }
  return entry;
}

export function compiledModule(build: Build): WebAssembly.Module {
  return compiled(build).module;
}

/** The limits of the memory import: `WebAssembly.Module.imports` names it without them, so the section is read here. */
export function importedMemoryLimits(bytes: Uint8Array): { initial: number; maximum: number } {
  const IMPORT_SECTION = 2;
  const MEMORY_IMPORT = 2;
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const section = leb();
    const end = leb() + at;
    if (section !== IMPORT_SECTION) {
      at = end;
      continue;
    }
    const count = leb();
    for (let name = 0; name < 2; name++) {
      const length = leb(); // first, for the sum below must not see `at` from before the length was read
      at += length;
    }
    if (count !== 1 || leb() !== MEMORY_IMPORT) throw new Error("importedMemoryLimits: expected one import, a memory");
    const hasMaximum = (leb() & 1) !== 0;
    const initial = leb();
    return { initial, maximum: hasMaximum ? leb() : 32767 };
  }
  return { initial: 1, maximum: 32767 };
}

/** One wasm instance with its memory. */
export interface Host {
  readonly build: Build;
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
}

/** A fresh wasm instance of a build; `memory` joins another one's shared memory (threads only). */
export function instantiate(build: Build, memory?: WebAssembly.Memory): Host {
  const { module, bytes } = compiled(build);
  if (build === "threads") {
    const limits = importedMemoryLimits(bytes);
    const shared = memory ?? new WebAssembly.Memory({ ...limits, shared: true });
    const instance = new WebAssembly.Instance(module, { env: { memory: shared } });
    return { build, exports: instance.exports as unknown as CoreExports, memory: shared };
  }
  const imports =
    build === "debug"
      ? {
          env: {
            abort(_message: number, _file: number, line: number, column: number) {
              throw new Error(`core aborted at ${line}:${column}`);
            },
          },
        }
      : {};
  const instance = new WebAssembly.Instance(module, imports);
  return {
    build,
    exports: instance.exports as unknown as CoreExports,
    memory: instance.exports.memory as WebAssembly.Memory,
  };
}

const hosts = new Map<Build, Host>();

/** One host per build for a whole test file: shared memories reserve their maximum of address space. */
export function sharedHost(build: Build): Host {
  let host = hosts.get(build);
  if (!host) {
    host = instantiate(build);
    hosts.set(build, host);
  }
  return host;
}

/** Writes a configuration where `create` and `coreBytes` read it. */
export function writeConfig(host: Host, config: Config, at: number = CONFIG_AT): void {
  const words = new Uint32Array(host.memory.buffer);
  words.fill(0, at >> 2, (at + layout.CONFIG_BYTES) >> 2);
  words[(at + layout.CONFIG_MAX_PAYLOAD) >> 2] = 32;
  for (const [name, offset] of CONFIG_WORDS) {
    const value = config[name];
    if (value !== undefined) words[(at + offset) >> 2] = value;
  }
}

export interface CreateOptions {
  /** Default: the file's one host of that build. */
  readonly host?: Host;
  readonly base?: number;
}

/** Creates a core. The memory it will take is filled with a pattern first, so that a byte that `create` forgot shows. */
export function createCore(build: Build, config: Config, options: CreateOptions = {}): TestCore {
  const host = options.host ?? sharedHost(build);
  const base = options.base ?? FIRST_CORE_AT;
  writeConfig(host, config);
  const bytes = host.exports.coreBytes(CONFIG_AT);
  if (bytes < 0) throw new Error(`coreBytes: ${faultName(bytes)}`);
  const dirty = new Uint8Array(host.memory.buffer);
  dirty.fill(0xa5, base, Math.min(base + bytes, dirty.length));
  const result = host.exports.create(base, CONFIG_AT);
  if (result !== base) throw new Error(`create: expected ${base}, got ${faultName(result)}`);
  return new TestCore(host, base);
}

const FAULT_NAMES = new Map<number, string>(
  Object.entries(layout)
    .filter(([name]) => name.startsWith("FAULT_"))
    .map(([name, value]) => [value as number, name]),
);

/** `FAULT_BUSY (-4)` for a fault, the number for anything else. */
export function faultName(result: number): string {
  const name = FAULT_NAMES.get(result);
  return name ? `${name} (${result})` : String(result);
}

export interface Table {
  readonly offset: number;
  readonly stride: number;
  readonly capacity: number;
  readonly count: number;
}

export interface Ring {
  readonly offset: number;
  readonly stride: number;
  readonly capacity: number;
  readonly head: number;
  readonly tail: number;
}

/** A core seen by its documented records. Offsets are relative to the core, as in the records themselves. */
export class TestCore {
  readonly host: Host;
  readonly exports: CoreExports;
  base: number;
  #words = new Uint32Array();
  #bytes = new Uint8Array();
  #data = new DataView(new ArrayBuffer(0));
  #buffer: ArrayBufferLike | undefined;

  constructor(host: Host, base: number) {
    this.host = host;
    this.exports = host.exports;
    this.base = base;
  }

  get build(): Build {
    return this.host.build;
  }

  /** Views are borrowed: the next call that grows the memory detaches them. */
  get words(): Uint32Array {
    this.#renew();
    return this.#words;
  }

  get bytes(): Uint8Array {
    this.#renew();
    return this.#bytes;
  }

  get data(): DataView {
    this.#renew();
    return this.#data;
  }

  #renew(): void {
    const buffer = this.host.memory.buffer;
    if (this.#buffer === buffer) return;
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#data = new DataView(buffer);
  }

  u32(offset: number): number {
    return this.data.getUint32(this.base + offset, true);
  }

  setU32(offset: number, value: number): void {
    this.data.setUint32(this.base + offset, value, true);
  }

  f64(offset: number): number {
    return this.data.getFloat64(this.base + offset, true);
  }

  setF64(offset: number, value: number): void {
    this.data.setFloat64(this.base + offset, value, true);
  }

  read(offset: number, byteLength: number): number[] {
    return Array.from(this.bytes.subarray(this.base + offset, this.base + offset + byteLength));
  }

  write(offset: number, bytes: ArrayLike<number>): void {
    this.bytes.set(bytes, this.base + offset);
  }

  get totalBytes(): number {
    return this.u32(layout.CORE_TOTAL_BYTES);
  }

  table(at: number): Table {
    return {
      offset: this.u32(at + layout.TABLE_OFFSET),
      stride: this.u32(at + layout.TABLE_STRIDE),
      capacity: this.u32(at + layout.TABLE_CAPACITY),
      count: this.u32(at + layout.TABLE_COUNT),
    };
  }

  ring(at: number): Ring {
    return {
      offset: this.u32(at + layout.RING_OFFSET),
      stride: this.u32(at + layout.RING_STRIDE),
      capacity: this.u32(at + layout.RING_CAPACITY),
      head: this.u32(at + layout.RING_HEAD),
      tail: this.u32(at + layout.RING_TAIL),
    };
  }

  #record(tableAt: number, index: number): number {
    const table = this.table(tableAt);
    if (index < 0 || index >= table.capacity) throw new Error(`record ${index} of ${table.capacity}`);
    return table.offset + index * table.stride;
  }

  instance(index: number): number {
    return this.#record(layout.CORE_INSTANCES, index);
  }

  channel(index: number): number {
    return this.#record(layout.CORE_CHANNELS, index);
  }

  counters(index: number): number {
    return this.#record(layout.CORE_COUNTERS, index);
  }

  xfer(index: number): number {
    return this.#record(layout.CORE_XFERS, index);
  }

  claim(index: number): number {
    return this.#record(layout.CORE_CLAIMS, index);
  }

  /** The instance of a channel. Its record has the instance's offset, not its index. */
  channelInstance(channel: number): number {
    return this.#indexOf(layout.CORE_INSTANCES, this.u32(this.channel(channel) + layout.CHANNEL_INSTANCE));
  }

  /** The channel that an xfer was last posted on, by offset as well. */
  xferChannel(xfer: number): number {
    return this.#indexOf(layout.CORE_CHANNELS, this.u32(this.xfer(xfer) + layout.XFER_CHANNEL));
  }

  #indexOf(tableAt: number, offset: number): number {
    const table = this.table(tableAt);
    return (offset - table.offset) / table.stride;
  }

  counter(channel: number, name: CounterName): number {
    return this.u32(counterOffset(name, this.channel(channel), this.counters(channel)));
  }

  /** All counters of a channel that are not 0: short enough to compare with a literal. */
  counted(channel: number): Partial<Record<CounterName, number>> {
    const counts: Partial<Record<CounterName, number>> = {};
    for (const name of COUNTER_NAMES) {
      const value = this.counter(channel, name);
      if (value !== 0) counts[name] = value;
    }
    return counts;
  }

  xferState(index: number): number {
    return this.u32(this.xfer(index) + layout.XFER_STATE);
  }

  xferFault(index: number): number {
    return this.u32(this.xfer(index) + layout.XFER_FAULT) | 0;
  }

  xferHeader(index: number): number {
    return this.u32(this.xfer(index) + layout.XFER_HEADER);
  }

  xferToken(index: number): number {
    return (this.xferHeader(index) & layout.HEADER_TOKEN_MASK) >>> layout.HEADER_TOKEN_SHIFT;
  }

  xferPayload(index: number): number[] {
    const at = this.xfer(index);
    return this.read(at + layout.XFER_PAYLOAD, this.u32(at + layout.XFER_LENGTH));
  }

  setXferPayload(index: number, payload: ArrayLike<number>): void {
    this.write(this.xfer(index) + layout.XFER_PAYLOAD, payload);
  }

  /** The offset of a channel's area; 0 = none. */
  area(channel: number): number {
    return this.u32(this.channel(channel) + layout.CHANNEL_AREA);
  }

  tokenNext(instance: number): number {
    return this.u32(this.instance(instance) + layout.INSTANCE_TOKEN_NEXT);
  }

  setTokenNext(instance: number, token: number): void {
    this.setU32(this.instance(instance) + layout.INSTANCE_TOKEN_NEXT, token);
  }

  live(instance: number): number {
    return this.u32(this.instance(instance) + layout.INSTANCE_LIVE);
  }

  quarantined(instance: number): number {
    return this.u32(this.instance(instance) + layout.INSTANCE_QUARANTINED);
  }

  /** A message in MSG form at an address outside the core, for `deliver` and `serveStaged`; returns the address. */
  scratch(header: number, payload: ArrayLike<number>): number {
    if (4 + payload.length > SCRATCH_BYTES) throw new Error(`scratch holds ${SCRATCH_BYTES} bytes`);
    this.data.setUint32(SCRATCH_AT, header, true);
    this.bytes.set(payload, SCRATCH_AT + 4);
    return SCRATCH_AT;
  }

  /** Delivers a message whose length is what it is. */
  deliver(channel: number, header: number, payload: ArrayLike<number>, now: number): number {
    return this.exports.deliver(this.base, channel, this.scratch(header, payload), 4 + payload.length, now);
  }

  /** Takes bytes from the region; throws when there is no room. */
  reserve(byteLength: number): number {
    return checked("reserve", this.exports.reserve(this.base, byteLength));
  }

  /** A copy of the whole core: a snapshot. */
  snapshot(): Uint8Array {
    return this.bytes.slice(this.base, this.base + this.totalBytes);
  }
}

/** Throws on a fault, with its name. */
export function checked(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: ${faultName(result)}`);
  return result;
}

/** Grows a memory so that `end` bytes are there. */
export function ensureMemory(host: Host, end: number): void {
  const missing = end - host.memory.buffer.byteLength;
  if (missing > 0) host.memory.grow(Math.ceil(missing / PAGE_BYTES));
}

export function composeHeader(token: number, protocol: number, message: number, type = 0): number {
  return (
    ((token << layout.HEADER_TOKEN_SHIFT) |
      (protocol << layout.HEADER_PROTOCOL_SHIFT) |
      (type << layout.HEADER_TYPE_SHIFT) |
      message) >>>
    0
  );
}

/** The `command` word of `post`: protocol and message, options beside it. */
export function command(protocol: number, message: number, options = 0): number {
  return ((protocol << layout.HEADER_PROTOCOL_SHIFT) | message | options) >>> 0;
}

/** Little-endian words as bytes. */
export function words(...values: number[]): number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}
