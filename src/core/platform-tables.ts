import * as layout from "../../assembly/layout.ts";
import type { Core } from "./core.ts";
import type { HotKind } from "./description.ts";
import { hostBits } from "./domains.ts";

/** A command that the core has taken out of its channel for the host to answer. */
export interface ClaimedCommand {
  /** Index of the channel that it came in on. */
  readonly channel: number;
  /** The header word as it came. */
  readonly header: number;
  /** Address of its parameters. */
  readonly requestAt: number;
  /** Parameter bytes. */
  readonly byteLength: number;
}

/** What the host's half of a platform reads and writes in the tables of a core: claims, and the state of one SoC.
 *  Offsets as in docs/memory-map.md. Nothing is cached but offsets, which never change after set-up. */
export class PlatformTables {
  readonly core: Core;
  readonly #description: number;
  readonly #state: number;
  readonly #agents: number;
  /** Address of the byte count of what the core answered by itself. */
  readonly #promptBytes: number;

  /** @param description offset from `describePlatform`
   *  @param state offset from {@link Core.openState} */
  constructor(core: Core, description: number, state: number) {
    this.core = core;
    this.#description = description;
    this.#state = state;
    this.#promptBytes = core.claimAt(0) + layout.CLAIM_REPLY_BYTES;
    this.#agents = core.memory.u32(core.base + description + layout.DESCRIPTION_AGENTS);
  }

  /** The command of an open claim. */
  claimed(claim: number): ClaimedCommand {
    const { core } = this;
    const at = core.claimAt(claim);
    return {
      channel: core.memory.u32(at + layout.CLAIM_CHANNEL),
      header: core.memory.u32(at + layout.CLAIM_HEADER),
      requestAt: at + layout.CLAIM_REQUEST,
      byteLength: core.memory.u32(at + layout.CLAIM_REQUEST_BYTES),
    };
  }

  /** Payload bytes of a claim's answer; of claim 0 after `serveStaged` returned 0.
   *  @param view of the core's memory */
  answerBytes(view: DataView, claim: number): number {
    const at = claim === 0 ? this.#promptBytes : this.core.claimAt(claim) + layout.CLAIM_REPLY_BYTES;
    return view.getUint32(at, true);
  }

  /** The claim that the platform holds on a channel's area; 0 = none. */
  openClaim(channel: number): number {
    return this.core.memory.u32(this.core.channelAt(channel) + layout.CHANNEL_CLAIM);
  }

  /** Whether an SMT area belongs to the caller of its channel. */
  isAreaFree(channel: number): boolean {
    const area = this.core.areaAt(channel);
    return (this.core.memory.u32(area + layout.SMT_STATUS) & layout.SMT_STATUS_FREE) !== 0;
  }

  /** Who answers a hot command: the core, or the host.
   *  @param description offset of the description to change */
  setHot(description: number, protocolId: number, messageId: number, isHot: boolean): void {
    const { core } = this;
    const protocol = this.#protocolAt(protocolId, description);
    const messages = core.memory.u32(protocol + layout.PROTOCOL_MESSAGES);
    const at = core.base + description + messages + messageId * layout.MESSAGE_BYTES;
    const hot = core.memory.data.getUint16(at + layout.MESSAGE_HOT_HANDLER, true);
    const handler = isHot && hot !== layout.HANDLER_NONE ? hot : layout.HANDLER_HOST;
    core.memory.data.setUint16(at + layout.MESSAGE_HANDLER, handler, true);
  }

  /** Lets an agent use a protocol, or not: DENIED. */
  allowProtocol(agentId: number, protocolId: number, isAllowed: boolean): void {
    const { memory } = this.core;
    const [at, bit] = this.#maskOf(agentId, protocolId);
    memory.setU32(at, isAllowed ? memory.u32(at) | bit : memory.u32(at) & ~bit);
  }

  /** Whether an agent may use a protocol that the platform has. */
  mayUseProtocol(agentId: number, protocolId: number): boolean {
    if (this.#row(protocolId, this.#description) < 0) return false;
    const [at, bit] = this.#maskOf(agentId, protocolId);
    return (this.core.memory.u32(at) & bit) !== 0;
  }

  /** Writes what an agent may do with a domain; who answers stays as it is.
   *  @param use reach it at all
   *  @param set LEVEL_SET, RATE_SET or STATE_SET
   *  @param limits PERFORMANCE_LIMITS_SET */
  setPermission(
    agentId: number,
    protocolId: number,
    domain: number,
    { use, set, limits = false }: { readonly use: boolean; readonly set: boolean; readonly limits?: boolean },
  ): void {
    const at = this.#permissionAt(agentId, protocolId, domain);
    const { data } = this.core.memory;
    const granted =
      (use ? layout.PERMISSION_USE : 0) | (set ? layout.PERMISSION_SET : 0) | (limits ? layout.PERMISSION_LIMITS : 0);
    data.setUint8(at, (data.getUint8(at) & ALL_HOST_BITS) | granted);
  }

  /** Leaves hot commands of an agent on a domain to the host: exactly these, no longer others. */
  setHostAnswers(agentId: number, protocolId: number, domain: number, kinds: readonly HotKind[]): void {
    const at = this.#permissionAt(agentId, protocolId, domain);
    const { data } = this.core.memory;
    data.setUint8(at, (data.getUint8(at) & ~ALL_HOST_BITS) | hostBits(kinds));
  }

  /** How many domains a protocol has in the tables. */
  domainCount(protocolId: number): number {
    return this.core.memory.u32(this.#protocolAt(protocolId) + layout.PROTOCOL_DOMAINS);
  }

  /** Whether an agent may reach a domain. */
  mayUse(agentId: number, protocolId: number, domain: number): boolean {
    return (this.#permission(agentId, protocolId, domain) & layout.PERMISSION_USE) !== 0;
  }

  /** Whether an agent may set a domain's level, rate or state. */
  maySet(agentId: number, protocolId: number, domain: number): boolean {
    return (this.#permission(agentId, protocolId, domain) & layout.PERMISSION_SET) !== 0;
  }

  /** Whether an agent may set a performance domain's limits. */
  mayLimit(agentId: number, protocolId: number, domain: number): boolean {
    return (this.#permission(agentId, protocolId, domain) & layout.PERMISSION_LIMITS) !== 0;
  }

  /** A word of a domain's state, unsigned; docs/memory-map.md says which is what. `| 0` makes it signed.
   *  @param index 0 … 3 */
  word(protocolId: number, domain: number, index: number): number {
    return this.core.memory.u32(this.#wordAt(protocolId, domain, index, 4));
  }

  /** Writes a word of a domain's state, u32 or i32. */
  setWord(protocolId: number, domain: number, index: number, word: number): void {
    this.core.memory.setU32(this.#wordAt(protocolId, domain, index, 4), word);
  }

  /** Two words of a domain's state as one, unsigned, the low one first; `BigInt.asIntN(64, …)` makes it signed.
   *  @param index 0 or 1 */
  word64(protocolId: number, domain: number, index: number): bigint {
    return this.core.memory.data.getBigUint64(this.#wordAt(protocolId, domain, index, 8), true);
  }

  /** Writes two words of a domain's state as one, u64 or i64. */
  setWord64(protocolId: number, domain: number, index: number, word: bigint): void {
    this.core.memory.data.setBigUint64(this.#wordAt(protocolId, domain, index, 8), word, true);
  }

  /** Offset in the core of a domain's state, whose first words GET FastChannels show. */
  stateOffset(protocolId: number, domain: number): number {
    return this.#domainState(protocolId, domain) - this.core.base;
  }

  level(protocolId: number, domain: number): number {
    return this.core.memory.u32(this.#domainState(protocolId, domain) + layout.PERFORMANCE_STATE_LEVEL);
  }

  setLevel(protocolId: number, domain: number, level: number): void {
    this.core.memory.setU32(this.#domainState(protocolId, domain) + layout.PERFORMANCE_STATE_LEVEL, level);
  }

  limits(protocolId: number, domain: number): { readonly max: number; readonly min: number } {
    const at = this.#domainState(protocolId, domain);
    const { memory } = this.core;
    return {
      max: memory.u32(at + layout.PERFORMANCE_STATE_MAX),
      min: memory.u32(at + layout.PERFORMANCE_STATE_MIN),
    };
  }

  /** @param agentId whose limits they are; 0 = the platform's */
  setLimits(protocolId: number, domain: number, max: number, min: number, agentId: number): void {
    const at = this.#domainState(protocolId, domain);
    this.core.memory.setU32(at + layout.PERFORMANCE_STATE_MAX, max);
    this.core.memory.setU32(at + layout.PERFORMANCE_STATE_MIN, min);
    this.core.memory.setU32(at + layout.PERFORMANCE_STATE_LIMITS_AGENT, agentId);
  }

  /** Id of the agent whose limits are in force; 0 = the platform. */
  limitsAgent(protocolId: number, domain: number): number {
    return this.core.memory.u32(this.#domainState(protocolId, domain) + layout.PERFORMANCE_STATE_LIMITS_AGENT);
  }

  /** In Hz. */
  rate(protocolId: number, clock: number): bigint {
    return this.core.memory.data.getBigUint64(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_RATE, true);
  }

  setRate(protocolId: number, clock: number, rate: bigint): void {
    this.core.memory.data.setBigUint64(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_RATE, rate, true);
  }

  isEnabled(protocolId: number, clock: number): boolean {
    return this.core.memory.u32(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_ENABLED) !== 0;
  }

  setEnabled(protocolId: number, clock: number, isEnabled: boolean): void {
    this.core.memory.setU32(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_ENABLED, isEnabled ? 1 : 0);
  }

  /** Clock id of a clock's parent. */
  parent(protocolId: number, clock: number): number {
    return this.core.memory.u32(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_PARENT);
  }

  setParent(protocolId: number, clock: number, parent: number): void {
    this.core.memory.setU32(this.#domainState(protocolId, clock) + layout.CLOCK_STATE_PARENT, parent);
  }

  #permission(agentId: number, protocolId: number, domain: number): number {
    return this.core.memory.data.getUint8(this.#permissionAt(agentId, protocolId, domain));
  }

  #permissionAt(agentId: number, protocolId: number, domain: number): number {
    const { memory, base } = this.core;
    const protocol = this.#protocolAt(protocolId);
    const domains = memory.u32(protocol + layout.PROTOCOL_DOMAINS);
    const table = memory.u32(protocol + layout.PROTOCOL_PERMISSIONS);
    return base + this.#state + table + (this.#agent(agentId) - 1) * domains + this.#domain(domain, domains);
  }

  #domainState(protocolId: number, domain: number): number {
    const { memory, base } = this.core;
    const protocol = this.#protocolAt(protocolId);
    const index = this.#domain(domain, memory.u32(protocol + layout.PROTOCOL_DOMAINS));
    return base + this.#state + memory.u32(protocol + layout.PROTOCOL_STATE) + index * layout.DOMAIN_STATE_BYTES;
  }

  #wordAt(protocolId: number, domain: number, index: number, byteLength: number): number {
    const count = layout.DOMAIN_STATE_BYTES / byteLength;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`"index" expected integer 0 to ${count - 1}, got ${index}`);
    }
    return this.#domainState(protocolId, domain) + index * byteLength;
  }

  #maskOf(agentId: number, protocolId: number): readonly [at: number, bit: number] {
    const { memory, base } = this.core;
    const masks = memory.u32(base + this.#description + layout.DESCRIPTION_PROTOCOL_MASKS);
    return [base + this.#state + masks + (this.#agent(agentId) - 1) * 4, 1 << this.#checkedRow(protocolId)];
  }

  #protocolAt(protocolId: number, description = this.#description): number {
    const row = this.#checkedRow(protocolId, description);
    return this.core.base + description + layout.DESCRIPTION_PROTOCOL_TABLE + row * layout.PROTOCOL_BYTES;
  }

  #checkedRow(protocolId: number, description = this.#description): number {
    const row = this.#row(protocolId, description);
    if (row < 0) throw new RangeError(`"protocolId" expected a protocol of the description, got ${protocolId}`);
    return row;
  }

  #row(protocolId: number, description: number): number {
    return this.core.memory.data.getUint8(this.core.base + description + layout.DESCRIPTION_MAP + protocolId) - 1;
  }

  #agent(agentId: number): number {
    if (agentId >= 1 && agentId <= this.#agents) return agentId;
    throw new RangeError(`"agentId" expected integer 1 to ${this.#agents}, got ${agentId}`);
  }

  // Beyond the table lies the next protocol's state, and nothing else would notice
  #domain(domain: number, count: number): number {
    if (domain >= 0 && domain < count) return domain;
    throw new RangeError(`"domain" expected integer 0 to ${count - 1}, got ${domain}`);
  }
}

const ALL_HOST_BITS = layout.PERMISSION_HOST_GET | layout.PERMISSION_HOST_SET | layout.PERMISSION_HOST_LIMITS;
