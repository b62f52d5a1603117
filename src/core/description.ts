import * as layout from "../../assembly/layout.ts";

/** What one kind of platform offers, as the core's tables need it: plain data, shared by all SoCs of the kind. */
export interface PlatformDescription {
  /** Agents that the platform knows, 1 or more; their ids are 1 … agents. */
  readonly agents: number;
  /** At most 32. */
  readonly protocols: readonly ProtocolDescription[];
}

/** One protocol of a platform. `PROTOCOL_VERSION` is always answered in the core. */
export interface ProtocolDescription {
  /** 0 … 255. */
  readonly id: number;
  /** Major in bits 31:16, minor in bits 15:0. */
  readonly version: number;
  /** Agents (ids) that may not use the protocol at all; none by default. */
  readonly deniedAgents?: readonly number[];
  /** Further messages: answered by the host, or with constant return values. */
  readonly messages?: readonly MessageDescription[];
  /** Makes `PERFORMANCE_LEVEL_SET` and `PERFORMANCE_LEVEL_GET` hot. */
  readonly performanceDomains?: readonly PerformanceDomainDescription[];
  /** Makes `CLOCK_RATE_SET` and `CLOCK_RATE_GET` hot. */
  readonly clocks?: readonly ClockDescription[];
  /** Domains of any other protocol: permissions and state, for commands that the host answers. */
  readonly domains?: readonly DomainDescription[];
}

/** A message that is not hot. */
export interface MessageDescription {
  /** Message id, 0 … 255. */
  readonly id: number;
  /** Exact parameter bytes, for a constant reply; any by default. */
  readonly requestBytes?: number;
  /** Return values after SUCCESS; without it the host answers. */
  readonly reply?: Uint8Array;
}

/** What an agent may do with a resource; all agents may do everything by default. */
export interface PermissionDescription {
  /** Agents (ids) to whom the resource is denied. */
  readonly deniedAgents?: readonly number[];
  /** Agents (ids) that may read but not set it. */
  readonly readOnlyAgents?: readonly number[];
}

/** A domain of which the core knows only who may use it. */
export interface DomainDescription extends PermissionDescription {
  /** Up to 4 words, u32 or i32, that its state starts with; 0 by default. docs/memory-map.md says what they mean. */
  readonly state?: readonly number[];
}

/** A performance domain. Levels are what LEVEL_SET takes: values, or indices in indexing mode. */
export interface PerformanceDomainDescription extends PermissionDescription {
  /** Ascending; empty = any level within the limits. */
  readonly levels: readonly number[];
  /** Level at start. */
  readonly level: number;
  /** Limits in force at start. */
  readonly max: number;
  readonly min: number;
}

/** A clock; rates in Hz. */
export interface ClockDescription extends PermissionDescription {
  /** Ascending list, or a range of lowest, highest and step. */
  readonly rates: readonly bigint[] | { readonly lowest: bigint; readonly highest: bigint; readonly step: bigint };
  /** Rate at start. */
  readonly rate: bigint;
  /** Pending asynchronous changes allowed; 0 (the default) = asynchronous requests are NOT_SUPPORTED. */
  readonly asyncDepth?: number;
}

const I32_MIN = -0x80000000;
const U32_MAX = 0xffffffff;
const U64_MAX = 0xffffffffffffffffn;

const MESSAGE_PROTOCOL_VERSION = 0x0;
const PERFORMANCE_LEVEL_SET = 0x7;
const PERFORMANCE_LEVEL_GET = 0x8;
const CLOCK_RATE_SET = 0x5;
const CLOCK_RATE_GET = 0x6;

/** Lays a description out as the core reads it; docs/memory-map.md, Description.
 *  @throws RangeError for ids and counts out of range */
export function encodeDescription(platform: PlatformDescription): Uint8Array<ArrayBuffer> {
  const { agents, protocols } = platform;
  expectInteger("agents", agents, 1, 255);
  expectInteger("protocols", protocols.length, 0, layout.DESCRIPTION_MAX_PROTOCOLS);
  const out = new Writer();
  const state = new Writer();
  out.reserve(layout.DESCRIPTION_PROTOCOL_TABLE + protocols.length * layout.PROTOCOL_BYTES);
  const masks = state.reserve(agents * 4);
  protocols.forEach((protocol, index) => {
    expectInteger("protocol id", protocol.id, 0, 255);
    if (out.u8(layout.DESCRIPTION_MAP + protocol.id) !== 0) {
      throw new RangeError(`"protocols" expected ids that differ, got ${protocol.id} twice`);
    }
    out.setU8(layout.DESCRIPTION_MAP + protocol.id, index + 1);
    const at = layout.DESCRIPTION_PROTOCOL_TABLE + index * layout.PROTOCOL_BYTES;
    expectAgents("deniedAgents", protocol.deniedAgents, agents);
    writeProtocol(out, state, at, protocol, agents);
    for (let agent = 1; agent <= agents; agent++) {
      const mask = masks + (agent - 1) * 4;
      if (!protocol.deniedAgents?.includes(agent)) state.setU32(mask, state.u32(mask) | (1 << index));
    }
  });
  const image = state.bytes();
  const imageAt = out.append(image);
  out.setU32(layout.DESCRIPTION_STATE_BYTES, image.byteLength);
  out.setU32(layout.DESCRIPTION_INITIAL_STATE, imageAt);
  out.setU32(layout.DESCRIPTION_AGENTS, agents);
  out.setU32(layout.DESCRIPTION_PROTOCOLS, protocols.length);
  out.setU32(layout.DESCRIPTION_PROTOCOL_MASKS, masks);
  const bytes = out.bytes();
  new DataView(bytes.buffer).setUint32(layout.DESCRIPTION_TOTAL_BYTES, bytes.byteLength, true);
  return bytes;
}

function writeProtocol(out: Writer, state: Writer, at: number, protocol: ProtocolDescription, agents: number): void {
  const { performanceDomains = [], clocks = [], domains: others = [], messages = [] } = protocol;
  const kinds: readonly (readonly PermissionDescription[])[] = [performanceDomains, clocks, others];
  if (kinds.filter(({ length }) => length > 0).length > 1) {
    throw new RangeError(`protocol ${protocol.id} expected domains of one kind, got several`);
  }
  const domains = kinds.flat();
  const stateAt = state.reserve(domains.length * layout.DOMAIN_STATE_BYTES);
  const permissionsAt = state.reserve(domains.length * agents);
  domains.forEach((domain, index) => {
    expectAgents("deniedAgents", domain.deniedAgents, agents);
    expectAgents("readOnlyAgents", domain.readOnlyAgents, agents);
    for (let agent = 1; agent <= agents; agent++) {
      state.setU8(permissionsAt + (agent - 1) * domains.length + index, permissionOf(domain, agent));
    }
  });
  others.forEach(({ state: words = [] }, index) => {
    expectInteger("words of state", words.length, 0, layout.DOMAIN_STATE_BYTES / 4);
    for (const [i, word] of words.entries()) {
      expectInteger("state", word, I32_MIN, U32_MAX);
      state.setU32(stateAt + index * layout.DOMAIN_STATE_BYTES + i * 4, word);
    }
  });
  const domainsAt = out.reserve(domains.length * layout.DOMAIN_BYTES);
  performanceDomains.forEach((domain, index) => {
    for (const level of [...domain.levels, domain.level, domain.max, domain.min]) {
      expectInteger("level", level, 0, U32_MAX);
    }
    const row = domainsAt + index * layout.DOMAIN_BYTES;
    const levelsAt = out.reserve(domain.levels.length * 4);
    for (const [i, level] of domain.levels.entries()) out.setU32(levelsAt + i * 4, level);
    out.setU32(row + layout.PERFORMANCE_LEVEL_COUNT, domain.levels.length);
    out.setU32(row + layout.PERFORMANCE_LEVELS, levelsAt);
    const current = stateAt + index * layout.DOMAIN_STATE_BYTES;
    state.setU32(current + layout.PERFORMANCE_STATE_LEVEL, domain.level);
    state.setU32(current + layout.PERFORMANCE_STATE_MAX, domain.max);
    state.setU32(current + layout.PERFORMANCE_STATE_MIN, domain.min);
  });
  clocks.forEach((clock, index) => {
    const row = domainsAt + index * layout.DOMAIN_BYTES;
    const { rates } = clock;
    const isRange = "lowest" in rates;
    const listed = isRange ? [rates.lowest, rates.highest, rates.step] : rates;
    for (const rate of [...listed, clock.rate]) {
      if (rate < 0n || rate > U64_MAX) throw new RangeError(`"rate" expected 0 … ${U64_MAX}, got ${rate}`);
    }
    expectInteger("asyncDepth", clock.asyncDepth ?? 0, 0, U32_MAX);
    const ratesAt = out.reserve(listed.length * 8);
    for (const [i, rate] of listed.entries()) out.setU64(ratesAt + i * 8, rate);
    out.setU32(row + layout.CLOCK_FORMAT, isRange ? layout.CLOCK_FORMAT_RANGE : layout.CLOCK_FORMAT_LIST);
    out.setU32(row + layout.CLOCK_RATE_COUNT, listed.length);
    out.setU32(row + layout.CLOCK_RATES, ratesAt);
    out.setU32(row + layout.CLOCK_ASYNC_DEPTH, clock.asyncDepth ?? 0);
    state.setU64(stateAt + index * layout.DOMAIN_STATE_BYTES + layout.CLOCK_STATE_RATE, clock.rate);
  });

  const hot: [id: number, handler: number, requestBytes: number][] = [
    [MESSAGE_PROTOCOL_VERSION, layout.HANDLER_PROTOCOL_VERSION, 0],
  ];
  if (performanceDomains.length > 0) {
    hot.push([PERFORMANCE_LEVEL_SET, layout.HANDLER_PERFORMANCE_LEVEL_SET, 8]);
    hot.push([PERFORMANCE_LEVEL_GET, layout.HANDLER_PERFORMANCE_LEVEL_GET, 4]);
  }
  if (clocks.length > 0) {
    hot.push([CLOCK_RATE_SET, layout.HANDLER_CLOCK_RATE_SET, 16], [CLOCK_RATE_GET, layout.HANDLER_CLOCK_RATE_GET, 4]);
  }
  for (const { id, requestBytes = 0 } of messages) {
    expectInteger("message id", id, 0, 255);
    expectInteger("requestBytes", requestBytes, 0, layout.MESSAGE_ANY_BYTES - 1);
  }
  const messageCount = 1 + Math.max(...hot.map(([id]) => id), ...messages.map(({ id }) => id));
  const messagesAt = out.reserve(messageCount * layout.MESSAGE_BYTES);
  for (const [id, handler, requestBytes] of hot) {
    out.setU16(messagesAt + id * layout.MESSAGE_BYTES + layout.MESSAGE_HANDLER, handler);
    out.setU16(messagesAt + id * layout.MESSAGE_BYTES + layout.MESSAGE_REQUEST_BYTES, requestBytes);
  }
  for (const { id, requestBytes = layout.MESSAGE_ANY_BYTES, reply } of messages) {
    const entry = messagesAt + id * layout.MESSAGE_BYTES;
    out.setU16(entry + layout.MESSAGE_HANDLER, reply ? layout.HANDLER_CONSTANT : layout.HANDLER_HOST);
    out.setU16(entry + layout.MESSAGE_REQUEST_BYTES, requestBytes);
    if (reply) {
      out.setU32(entry + layout.MESSAGE_REPLY, out.append(reply));
      out.setU32(entry + layout.MESSAGE_REPLY_BYTES, reply.byteLength);
    }
  }
  out.setU32(at + layout.PROTOCOL_ID, protocol.id);
  out.setU32(at + layout.PROTOCOL_VERSION_WORD, protocol.version);
  out.setU32(at + layout.PROTOCOL_DOMAINS, domains.length);
  out.setU32(at + layout.PROTOCOL_DOMAIN_TABLE, domainsAt);
  out.setU32(at + layout.PROTOCOL_MESSAGES, messagesAt);
  out.setU32(at + layout.PROTOCOL_MESSAGE_COUNT, messageCount);
  out.setU32(at + layout.PROTOCOL_STATE, stateAt);
  out.setU32(at + layout.PROTOCOL_PERMISSIONS, permissionsAt);
}

function permissionOf(domain: PermissionDescription, agent: number): number {
  if (domain.deniedAgents?.includes(agent)) return 0;
  if (domain.readOnlyAgents?.includes(agent)) return layout.PERMISSION_USE;
  return layout.PERMISSION_USE | layout.PERMISSION_SET;
}

function expectAgents(name: string, ids: readonly number[] = [], agents: number): void {
  for (const id of ids) expectInteger(name, id, 1, agents);
}

function expectInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`"${name}" expected integer ${min} … ${max}, got ${value}`);
}

/** Bytes that grow; every piece starts on a multiple of 8. */
class Writer {
  #bytes = new Uint8Array(1024);
  #data = new DataView(this.#bytes.buffer);
  #end = 0;

  reserve(byteLength: number): number {
    const at = (this.#end + 7) & ~7;
    this.#end = at + byteLength;
    if (this.#end > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.#end, 2 * this.#bytes.byteLength));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#data = new DataView(grown.buffer);
    }
    return at;
  }

  append(bytes: Uint8Array): number {
    const at = this.reserve(bytes.byteLength);
    this.#bytes.set(bytes, at);
    return at;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, (this.#end + 7) & ~7);
  }

  u8(at: number): number {
    return this.#data.getUint8(at);
  }

  u32(at: number): number {
    return this.#data.getUint32(at, true);
  }

  setU8(at: number, value: number): void {
    this.#data.setUint8(at, value);
  }

  setU16(at: number, value: number): void {
    this.#data.setUint16(at, value, true);
  }

  setU32(at: number, value: number): void {
    this.#data.setUint32(at, value, true);
  }

  setU64(at: number, value: bigint): void {
    this.#data.setBigUint64(at, value, true);
  }
}
