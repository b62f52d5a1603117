/// <reference lib="esnext.disposable" preserve="true" />
import * as layout from "../../assembly/layout.ts";
import { ChannelError, MessageError } from "../errors.ts";
import { type CoreCapacity, DEFAULT_CAPACITY, writeConfig } from "./capacity.ts";
import { checked, faultError, trapError } from "./engine.ts";
import { type CoreExports, EXPORT_NAMES } from "./exports.ts";
import { FAULT } from "./faults.ts";
import { CoreMemory } from "./memory.ts";
import { compile, compileSync, instantiate, type ModuleSource } from "./module.ts";
import type { ChannelCounters, ChannelOptions, CoreLeaks, FastChannelOptions, InstanceOptions } from "./options.ts";

/** Where a core's code and memory come from. */
export interface CoreOptions {
  /** Default: the embedded release build. */
  readonly module?: ModuleSource;
  /** Shared memory for the threads build; other builds bring their own. */
  readonly memory?: WebAssembly.Memory;
  /** Default: room for a few instances; name what differs. */
  readonly capacity?: Partial<CoreCapacity>;
}

/** {@link CoreOptions} for callers that cannot wait. */
export interface CoreSyncOptions extends CoreOptions {
  readonly module?: Exclude<ModuleSource, URL>;
}

/** Where the first core stands; below it is room for its configuration. */
const BASE = 1024;
const CONFIG_AT = 64;
const PAGE_BYTES = 65536;
const NO_AREA = -1;

/** One machine in linear memory: SCMI instances with their channels, xfers and platform states. Passed in by whoever
 *  owns it, shared by many agents and platforms. Methods take and return indices (instances, channels, xfers, claims,
 *  FastChannels), offsets from `base` (areas, states, descriptions) and times in nanoseconds; docs/abi.md has the
 *  rules. Every method throws what its fault means (docs/errors.md): RangeError and TypeError for the caller's
 *  mistakes, ChannelError, DeadlineError and MessageError for what happens on the wire, InternalError for a trap. */
export class Core {
  /** Address of the core in its memory. */
  readonly base: number;
  readonly #module: WebAssembly.Module;
  #memory: CoreMemory | undefined;
  #exports: Omit<CoreExports, "memory">;

  private constructor(module: WebAssembly.Module, exports: CoreExports, base: number) {
    this.#module = module;
    this.#exports = exports;
    this.base = base;
    this.#memory = new CoreMemory(exports.memory);
  }

  /** Creates a core. The embedded module is compiled once and cached.
   *  @throws UnsupportedError for a module that is no core of this ABI version
   *  @throws RangeError for a capacity out of range, or more than the memory can grow to */
  static async open(options: CoreOptions = {}): Promise<Core> {
    return Core.#create(await compile(options.module), options);
  }

  /** {@link open} for callers that cannot wait; not on a browser's main thread. */
  static createSync(options: CoreSyncOptions = {}): Core {
    return Core.#create(compileSync(options.module), options);
  }

  /** Joins a core that another worker created in shared memory; needs the threads build.
   *  @param base address of that core
   *  @throws RangeError when there is no core of this ABI version */
  static async attach(options: CoreOptions & { readonly memory: WebAssembly.Memory }, base = BASE): Promise<Core> {
    const module = await compile(options.module);
    const exports = instantiate(module, options.memory);
    return new Core(module, exports, checked(exports.attach(base), "attach"));
  }

  static #create(module: WebAssembly.Module, { memory, capacity }: CoreOptions): Core {
    const exports = instantiate(module, memory);
    if (memory !== undefined && exports.attach(BASE) === BASE) {
      throw new RangeError('"memory" expected one without a core, got one with a core; join it with Core.attach');
    }
    writeConfig(exports.memory, CONFIG_AT, { ...DEFAULT_CAPACITY, ...capacity });
    return new Core(module, exports, checked(exports.create(BASE, CONFIG_AT), "create"));
  }

  /** Views on the memory that the core stands in. */
  get memory(): CoreMemory {
    return this.#memory ?? refuse();
  }

  /** The compiled module, to be sent to another worker. */
  get module(): WebAssembly.Module {
    return this.#module;
  }

  /** Bytes of the core from {@link base}. */
  get totalBytes(): number {
    return this.memory.u32(this.base + layout.CORE_TOTAL_BYTES);
  }

  /** Takes bytes from the region, on a cache line of their own; their offset. */
  reserve(byteLength: number): number {
    return checked(this.#exports.reserve(this.base, byteLength), "reserve");
  }

  /** A new SoC of a kind; its offset. */
  openState(description: number): number {
    return checked(this.#exports.openState(this.base, description), "openState");
  }

  /** An agent–platform pair; its index. */
  openInstance(options: InstanceOptions = {}): number {
    const { description = 0, state = 0, agentId = 1, xfers = 8, fullTokens = false } = options;
    const tokens = fullTokens ? layout.TOKENS_FULL : layout.TOKENS_SMALL;
    const index = this.#exports.openInstance(this.base, description, state, agentId, xfers, tokens);
    return checked(index, "openInstance");
  }

  /** A channel of an instance; its index. */
  openChannel(instance: number, options: ChannelOptions = {}): number {
    const { p2a = false, framing = "smt", hold = false, areaBytes = 128, maxMessage = 0xffff } = options;
    const kind =
      (p2a ? layout.KIND_P2A : 0) |
      (framing === "msg" ? layout.KIND_MSG : 0) |
      (hold ? layout.KIND_HOLD : 0) |
      (options.isForeign ? layout.KIND_FOREIGN : 0);
    const area = areaBytes === 0 ? NO_AREA : (options.area ?? 0);
    const result = this.#exports.openChannel(this.base, instance, kind, area, areaBytes, maxMessage);
    if (result === FAULT.LENGTH) {
      const least = framing === "smt" ? layout.SMT_MINIMUM_BYTES : layout.MSG_PAYLOAD + layout.STATUS_BYTES;
      throw new RangeError(`"areaBytes" expected at least ${least} for ${framing} framing, got ${areaBytes}`);
    }
    const channel = checked(result, "openChannel");
    if (options.timeoutMs !== undefined) {
      this.memory.setF64(this.channelAt(channel) + layout.CHANNEL_TIMEOUT, options.timeoutMs * 1e6);
    }
    if (options.delayedTimeoutMs !== undefined) {
      this.memory.setF64(this.#countersAt(channel) + layout.COUNTERS_DELAYED_TIMEOUT, options.delayedTimeoutMs * 1e6);
    }
    return channel;
  }

  /** A FastChannel of a channel's instance; its index. */
  openFastChannel(channel: number, options: FastChannelOptions): number {
    const { cell, cellBytes, doorbell, rateLimitUs = 0 } = options;
    const width = doorbell ? Math.log2(doorbell.widthBits) - 3 : 0;
    const attributes = doorbell ? layout.FASTCHANNEL_HAS_DOORBELL | (width << layout.FASTCHANNEL_WIDTH_SHIFT) : 0;
    const register = doorbell?.register ?? 0;
    const result = this.#exports.openFastChannel(this.base, channel, cell, cellBytes, register, attributes);
    const index = checked(result, "openFastChannel");
    const at = this.#rowAt(layout.CORE_FASTCHANNELS, index);
    const { data } = this.memory;
    data.setBigUint64(at + layout.FASTCHANNEL_SET, doorbell?.set ?? 0n, true);
    data.setBigUint64(at + layout.FASTCHANNEL_PRESERVE, doorbell?.preserve ?? 0n, true);
    data.setUint32(at + layout.FASTCHANNEL_RATE_LIMIT, rateLimitUs, true);
    const { protocolId, messageId, domainId } = options.subject ?? { protocolId: 0, messageId: 0, domainId: 0 };
    const subject = (protocolId << 24) | (messageId << 16) | (domainId & 0xffff);
    data.setUint32(at + layout.FASTCHANNEL_SUBJECT, subject, true);
    return index;
  }

  /** Takes a free xfer of an instance; the caller owns it until {@link release}. */
  acquire(instance: number): number {
    return checked(this.#exports.acquire(this.base, instance), "acquire");
  }

  /** Gives an xfer back that is not in flight. */
  release(xfer: number): void {
    checked(this.#exports.release(this.base, xfer), "release");
  }

  /** Address of an xfer's payload: parameters before a command, status and return values after its answer. */
  payloadAt(xfer: number): number {
    return this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_PAYLOAD;
  }

  /** Address of an xfer's MSG message: header, then payload; 4 + {@link byteLengthOf} bytes. */
  messageAt(xfer: number): number {
    return this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_HEADER;
  }

  /** Payload bytes of an xfer's command once posted, of its answer once done. */
  byteLengthOf(xfer: number): number {
    return this.memory.u32(this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_LENGTH);
  }

  /** State of an xfer: one of XFER. */
  stateOf(xfer: number): number {
    return this.memory.u32(this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_STATE);
  }

  /** Why an xfer's command failed: 0, or one of FAULT. */
  faultOf(xfer: number): number {
    return this.memory.i32(this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_FAULT);
  }

  /** Header of an xfer's last command. */
  headerOf(xfer: number): number {
    return this.memory.u32(this.#rowAt(layout.CORE_XFERS, xfer) + layout.XFER_HEADER);
  }

  /** Posts the command whose parameters are in the xfer. `command` = `commandWord(protocol, message)`, with options.
   *  @param subject what errors call it: the spec name of the command, where it is known */
  post(channel: number, xfer: number, command: number, byteLength: number, now: number, subject = "post"): void {
    checked(this.#exports.post(this.base, channel, xfer, command, byteLength, now), subject);
  }

  /** Looks for the answer in an A2P area: the xfer that made progress, or -1. */
  settle(channel: number, now: number): number {
    return orNone(this.#exports.settle(this.base, channel, now), "settle");
  }

  /** Settles the xfer's channel and checks its deadline; the xfer's state. */
  poll(xfer: number, now: number): number {
    return checked(this.#exports.poll(this.base, xfer, now), "poll");
  }

  /** Takes the message out of a P2A area; what was there, and whether its sender wants an acknowledge interrupt. */
  drain(channel: number, now: number): { readonly message: boolean; readonly acknowledge: boolean } {
    const found = checked(this.#exports.drain(this.base, channel, now), "drain");
    return { message: (found & 1) !== 0, acknowledge: (found & 2) !== 0 };
  }

  /** Takes in a message in MSG form at an address: the xfer that made progress, or -1. */
  deliver(channel: number, at: number, byteLength: number, now: number): number {
    return orNone(this.#exports.deliver(this.base, channel, at, byteLength, now), "deliver");
  }

  /** Gives up an xfer in flight; its token stays in quarantine until its answer comes. */
  abort(xfer: number): void {
    checked(this.#exports.abort(this.base, xfer), "abort");
  }

  /** Moves the deadline of an xfer in flight. */
  setDeadline(xfer: number, at: number): void {
    checked(this.#exports.setDeadline(this.base, xfer, at), "setDeadline");
  }

  /** Retires one expired xfer and returns it, or -1; call again until -1. */
  tick(now: number): number {
    return orNone(this.#exports.tick(this.base, now), "tick");
  }

  /** Fails all xfers in flight on a channel after a reset of its transport; how many. */
  resetChannel(channel: number): number {
    return checked(this.#exports.resetChannel(this.base, channel), "resetChannel");
  }

  /** Takes a command back that was posted in an area but never reached the platform: it ends with FAULT.CHANNEL_ERROR (SMT) or
   *  FAULT.MALFORMED (MSG), and its token is free. The xfer, or -1 when none is in flight there. */
  recall(channel: number, now: number): number {
    const isPosted = this.memory.i32(this.channelAt(channel) + layout.CHANNEL_POSTED) !== -1;
    if (isPosted) this.freeArea(channel);
    return this.settle(channel, now);
  }

  /** Makes the area of a channel its caller's again, with ERROR where the framing has that, unless it is already. */
  freeArea(channel: number): void {
    const at = this.channelAt(channel);
    const area = this.areaAt(channel);
    if (area === 0) return;
    if ((this.memory.u32(at + layout.CHANNEL_KIND) & layout.KIND_MSG) !== 0) {
      this.memory.setU32(at + layout.CHANNEL_MESSAGE_BYTES, 0);
    } else if ((this.memory.u32(area + layout.SMT_STATUS) & layout.SMT_STATUS_FREE) === 0) {
      this.memory.setU32(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE | layout.SMT_STATUS_ERROR);
    }
  }

  /** Writes one or two words into a FastChannel and rings its doorbell. */
  writeFastChannel(fastChannel: number, first: number, second: number, now: number): void {
    let result: number;
    try {
      result = this.#exports.writeFastChannel(this.base, fastChannel, first, second, now);
    } catch (cause) {
      throw trapError(cause, "writeFastChannel");
    }
    checked(result, "writeFastChannel");
  }

  /** Reads the words of a FastChannel's cell; the second is 0 for a cell of 4 bytes.
   *  @param into overwritten and returned */
  readFastChannel(fastChannel: number, now: number, into: [number, number] = [0, 0]): readonly [number, number] {
    return this.readFastChannelAt(fastChannel, this.fastChannelValueAt(fastChannel), now, into);
  }

  /** @internal Where {@link readFastChannel} finds the words, for as long as the core lives. */
  fastChannelValueAt(fastChannel: number): number {
    return this.#rowAt(layout.CORE_FASTCHANNELS, fastChannel) + layout.FASTCHANNEL_VALUE;
  }

  /** @internal {@link readFastChannel} for those who read often. */
  readFastChannelAt(fastChannel: number, at: number, now: number, into: [number, number]): readonly [number, number] {
    let result: number;
    try {
      result = this.#exports.readFastChannel(this.base, fastChannel, now);
    } catch (cause) {
      throw trapError(cause, "readFastChannel");
    }
    checked(result, "readFastChannel");
    const { words } = this.memory;
    into[0] = (words[at >>> 2] ?? 0) >>> 0;
    into[1] = (words[(at >>> 2) + 1] ?? 0) >>> 0;
    return into;
  }

  /** Serves the command posted in an A2P area: 0 = answered, above 0 = the claim that the host has to answer or
   *  publish, -1 = nothing was posted. */
  serve(channel: number, now: number): number {
    return orNone(this.#exports.serve(this.base, channel, now), "serve");
  }

  /** Serves a command in MSG form at an address. After 0 the answer stands at {@link stagedAnswer}. */
  serveStaged(channel: number, at: number, byteLength: number, now: number): number {
    if (byteLength < layout.HEADER_BYTES) {
      const expected = `at least ${layout.HEADER_BYTES} bytes`;
      throw new MessageError("command", { field: "header", offset: 0, expected, got: `${byteLength}` });
    }
    let claim: number;
    try {
      claim = this.#exports.serveStaged(this.base, channel, at, byteLength, now);
    } catch (cause) {
      throw trapError(cause, "serveStaged");
    }
    return checked(claim, "serveStaged");
  }

  /** The answer of a claim in MSG form, header first: claim 0 after {@link serveStaged} returned 0, else one that is
   *  staged. Borrowed until the next call of the platform half. */
  stagedAnswer(claim = 0): Uint8Array {
    const at = this.replyAt(claim) - layout.HEADER_BYTES;
    const byteLength = this.memory.u32(this.claimAt(claim) + layout.CLAIM_REPLY_BYTES);
    return this.memory.bytes.subarray(at, at + layout.HEADER_BYTES + byteLength);
  }

  /** Address of a claim's record; CLAIM_* of docs/memory-map.md. */
  claimAt(claim: number): number {
    return this.#rowAt(layout.CORE_CLAIMS, claim);
  }

  /** Address where the host writes a claim's answer, status first. */
  replyAt(claim: number): number {
    return this.claimAt(claim) + this.memory.u32(this.base + layout.CORE_CLAIM_REPLY);
  }

  /** Takes the first `byteLength` bytes at {@link replyAt} for the claim's answer. */
  stage(claim: number, byteLength: number): void {
    if (byteLength < layout.STATUS_BYTES) {
      throw new RangeError(`"byteLength" expected at least ${layout.STATUS_BYTES}, a status, got ${byteLength}`);
    }
    checked(this.#exports.stage(this.base, claim, byteLength), "stage");
  }

  /** Sends a staged answer and frees its claim. */
  publish(claim: number, now: number): void {
    checked(this.#exports.publish(this.base, claim, now), "publish");
  }

  /** Writes a notification or delayed response into a P2A area. `payload` is an address. */
  sendP2a(channel: number, header: number, payload: number, byteLength: number, now: number): void {
    checked(this.#exports.sendP2a(this.base, channel, header, payload, byteLength, now), "sendP2a");
  }

  /** A whole exchange in one call; the xfer's state. Makes no garbage.
   *  @param subject as for {@link post} */
  exchange(
    channel: number,
    xfer: number,
    command: number,
    byteLength: number,
    now: number,
    subject = "exchange",
  ): number {
    let state: number;
    try {
      state = this.#exports.exchange(this.base, channel, xfer, command, byteLength, now);
    } catch (cause) {
      throw trapError(cause, "exchange");
    }
    if (state < 0) throw faultError(state, subject);
    return state;
  }

  /** What {@link exchange} calls with {@link base} in front, for callers that it is too far to ask for each time. A negative result is a
   *  fault, a trap a `WebAssembly.RuntimeError`. Not to be called any more once the core is observed: a disposed one is. */
  get exchangeExport(): CoreExports["exchange"] {
    return this.#exports.exchange;
  }

  /** Runs up to `budget` submissions; how many completed. {@link runStop} says why it stopped. */
  run(budget: number, now: number): number {
    try {
      return this.#exports.run(this.base, budget, now);
    } catch (cause) {
      throw trapError(cause, "run");
    }
  }

  /** Why the last {@link run} stopped: 0 = nothing left, or FAULT.HOST_NEEDED, EVENTS_FULL or COMPLETIONS_FULL. */
  get runStop(): number {
    return this.memory.i32(this.base + layout.CORE_RUN_STOP);
  }

  /** Advances a doorbell and wakes who sleeps on it. */
  ring(channel: number, side: "platform" | "agent"): void {
    const which = side === "platform" ? layout.RING_PLATFORM : layout.RING_AGENT;
    checked(this.#exports.ring(this.base, channel, which), "ring");
  }

  /**
   * True when a command is posted. The threads build looks `spins` times and then sleeps up to `timeoutMs`. How many: docs/abi.md, *Both halves*.
   */
  awaitCommand(channel: number, spins = 0, timeoutMs = 0): boolean {
    return checked(this.#exports.awaitCommand(this.base, channel, spins, timeoutMs * 1e6), "awaitCommand") === 1;
  }

  /** True when an answer is there; like {@link awaitCommand}. */
  awaitAnswer(channel: number, spins = 0, timeoutMs = 0): boolean {
    return checked(this.#exports.awaitAnswer(this.base, channel, spins, timeoutMs * 1e6), "awaitAnswer") === 1;
  }

  /** Turns the trace ring and the event ring on or off. */
  observe({ trace = false, events = false }: { readonly trace?: boolean; readonly events?: boolean }): void {
    const bits = (trace ? layout.OBSERVE_TRACE : 0) | (events ? layout.OBSERVE_EVENTS : 0);
    this.memory.setU32(this.base + layout.CORE_OBSERVE, bits);
  }

  /** Address of a channel's record; CHANNEL_* of docs/memory-map.md. */
  channelAt(channel: number): number {
    return this.#rowAt(layout.CORE_CHANNELS, channel);
  }

  /** Address of a channel's area; 0 when it has none. */
  areaAt(channel: number): number {
    const offset = this.memory.u32(this.channelAt(channel) + layout.CHANNEL_AREA);
    return offset === 0 ? 0 : this.base + offset;
  }

  /** The bytes of a channel's area; none when it has no area. Borrowed, as all views are. */
  areaOf(channel: number): Uint8Array {
    const at = this.areaAt(channel);
    const byteLength = this.memory.u32(this.channelAt(channel) + layout.CHANNEL_AREA_BYTES);
    return this.memory.bytes.subarray(at, at + (at === 0 ? 0 : byteLength));
  }

  /** The row of an SCMI instance that a channel belongs to, and how its messages are framed. */
  placeOf(channel: number): { readonly instance: number; readonly framing: "smt" | "msg"; readonly timeoutMs: number } {
    const { memory, base } = this;
    const at = this.channelAt(channel);
    return {
      instance: memory.u32(base + memory.u32(at + layout.CHANNEL_INSTANCE) + layout.INSTANCE_INDEX),
      framing: (memory.u32(at + layout.CHANNEL_KIND) & layout.KIND_MSG) === 0 ? "smt" : "msg",
      timeoutMs: memory.f64(at + layout.CHANNEL_TIMEOUT) / 1e6,
    };
  }

  /** What a FastChannel replaces, as {@link openFastChannel} was told. */
  subjectOf(fastChannel: number): {
    readonly protocolId: number;
    readonly messageId: number;
    readonly domainId: number;
  } {
    const word = this.memory.u32(this.#rowAt(layout.CORE_FASTCHANNELS, fastChannel) + layout.FASTCHANNEL_SUBJECT);
    return { protocolId: word >>> 24, messageId: (word >>> 16) & 0xff, domainId: word & 0xffff };
  }

  /** The largest payload of a channel in bytes. */
  maxPayloadOf(channel: number): number {
    return this.memory.u32(this.channelAt(channel) + layout.CHANNEL_MAX_PAYLOAD);
  }

  /** What a channel has counted so far. */
  counters(channel: number): ChannelCounters {
    const hot = this.channelAt(channel);
    const cold = this.#countersAt(channel);
    const { memory } = this;
    return {
      sent: memory.u32(hot + layout.CHANNEL_SENT),
      responses: memory.u32(hot + layout.CHANNEL_RESPONSES),
      delayedResponses: memory.u32(cold + layout.COUNTER_DELAYED),
      notifications: memory.u32(cold + layout.COUNTER_NOTIFICATIONS),
      timeouts: memory.u32(cold + layout.COUNTER_TIMEOUTS),
      unexpected: memory.u32(cold + layout.COUNTER_UNEXPECTED),
      malformed: memory.u32(cold + layout.COUNTER_MALFORMED),
      dropped: memory.u32(cold + layout.COUNTER_DROPPED),
      recycled: memory.u32(cold + layout.COUNTER_RECYCLED),
      late: memory.u32(cold + layout.COUNTER_LATE),
      aborted: memory.u32(cold + layout.COUNTER_ABORTED),
      errors: memory.u32(cold + layout.COUNTER_ERRORS),
      spurious: memory.u32(cold + layout.COUNTER_SPURIOUS),
      badCommands: memory.u32(cold + layout.COUNTER_BAD_COMMANDS),
      p2aBusy: memory.u32(cold + layout.COUNTER_P2A_BUSY),
    };
  }

  /** What is taken and not given back. */
  leaks(): CoreLeaks {
    let xfers = 0;
    let tokens = 0;
    let claims = 0;
    for (let i = 0; i < this.#count(layout.CORE_XFERS); i++) if (this.stateOf(i) !== layout.XFER_IDLE) xfers++;
    for (let i = 0; i < this.#count(layout.CORE_INSTANCES); i++) {
      const at = this.#rowAt(layout.CORE_INSTANCES, i);
      tokens += this.memory.u32(at + layout.INSTANCE_LIVE) + this.memory.u32(at + layout.INSTANCE_QUARANTINED);
    }
    for (let i = 1; i < this.#count(layout.CORE_CLAIMS); i++) {
      if (this.memory.u32(this.claimAt(i) + layout.CLAIM_STATE) !== layout.CLAIM_FREE) claims++;
    }
    return { xfers, tokens, claims };
  }

  /** A copy of the whole machine; areas that lie outside the core are not part of it. */
  snapshot(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.totalBytes);
    copy.set(this.memory.bytes.subarray(this.base, this.base + copy.byteLength));
    return copy;
  }

  /** Puts the machine back into the state of a snapshot of this core or of a fork of it.
   *  @throws RangeError for anything else */
  restore(snapshot: Uint8Array): void {
    const head = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
    const isCore =
      snapshot.byteLength === this.totalBytes &&
      head.getUint32(layout.CORE_MAGIC_WORD, true) === layout.CORE_MAGIC &&
      head.getUint32(layout.CORE_ABI_VERSION, true) === layout.ABI_VERSION &&
      head.getUint32(layout.CORE_TOTAL_BYTES, true) === this.totalBytes;
    if (!isCore) throw new RangeError('"snapshot" expected one of this core or of a fork of it');
    this.memory.bytes.set(snapshot, this.base);
  }

  /** A second machine in the same memory, in the same state; both go their own ways from here. */
  fork(): Core {
    const { byteLength } = this.memory.memory.buffer;
    // At the end of the memory: wherever other cores are, they are below
    const base = Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
    const exports = { ...this.#exports, memory: this.memory.memory };
    return new Core(this.#module, exports, checked(this.#exports.fork(this.base, base), "fork"));
  }

  /** Lets the memory go. Later calls throw `ChannelError` with reason "closed". */
  dispose(): void {
    if (this.#memory?.isShared === false) this.observe({ trace: true }); // so that nobody goes on with what he kept
    this.#exports = DISPOSED;
    this.#memory = undefined;
  }

  /** {@link dispose}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #rowAt(table: number, index: number): number {
    const { memory, base } = this;
    const at = base + table;
    return base + memory.u32(at + layout.TABLE_OFFSET) + index * memory.u32(at + layout.TABLE_STRIDE);
  }

  #countersAt(channel: number): number {
    return this.#rowAt(layout.CORE_COUNTERS, channel);
  }

  #count(table: number): number {
    return this.memory.u32(this.base + table + layout.TABLE_COUNT);
  }
}

/** Passes an index on, and -1 for "nothing"; throws what another fault means. */
function orNone(result: number, subject: string): number {
  return result === FAULT.NOTHING ? -1 : checked(result, subject);
}

function refuse(): never {
  throw new ChannelError("core", "closed");
}

const DISPOSED = /* @__PURE__ */ Object.fromEntries(EXPORT_NAMES.map((name) => [name, refuse])) as Record<
  (typeof EXPORT_NAMES)[number],
  () => never
>;
