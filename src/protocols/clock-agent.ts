import type { CallOptions, PolledCommand, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import { type StatusError, UnsupportedError } from "../errors.ts";
import type { Protocol } from "../wire/protocol.ts";
import {
  CLOCK_EXTENDED_CONFIG,
  CLOCK_STATE,
  ClockAttributes,
  ClockConfigGet,
  ClockConfigSet,
  ClockDescribeRates,
  ClockGetPermissions,
  ClockNameGet,
  ClockParentGet,
  ClockParentSet,
  ClockPossibleParentsGet,
  ClockProtocolAttributes,
  ClockRateChanged,
  ClockRateChangeRequested,
  ClockRateGet,
  ClockRateSet,
  clockProtocol,
} from "./clock.ts";
import { contradiction, tripletOf } from "./contradiction.ts";
import { orElse } from "./refusal.ts";
import { isWord } from "./word.ts";

/** From this version on there are extended configurations, parents and permissions. */
const V3 = 0x30000;

/** OP-TEE and TF-A say 1 and have none: asynchronous changes start at a depth of 2. */
const LEAST_ASYNC_DEPTH = 2;

/** `PROTOCOL_ATTRIBUTES` of the clock protocol. */
export interface ClockProtocolInfo {
  readonly clockCount: number;
  /** Asynchronous rate changes that may be pending; 0 = none. */
  readonly maxPendingRateChanges: number;
}

/** `CLOCK_ATTRIBUTES` */
export interface ClockAttributeInfo {
  readonly attributes: {
    readonly enabled: boolean;
    readonly restricted: boolean;
    readonly extendedConfig: boolean;
    readonly parents: boolean;
    readonly extendedName: boolean;
    readonly notifyRateChangeRequested: boolean;
    readonly notifyRateChanged: boolean;
  };
  /** At most 15 characters. */
  readonly name: string;
  /** Worst case in microseconds; 0 = not stated. `undefined` before version 2.0, and from firmware that leaves it out. */
  readonly clockEnableDelayUs?: number | undefined;
}

/** The rates of a clock in Hz: a list, ascending, or all of `lowestHz + k × stepHz` up to `highestHz`. */
export type ClockRates =
  | { readonly kind: "list"; readonly ratesHz: readonly number[] }
  | { readonly kind: "range"; readonly lowestHz: number; readonly highestHz: number; readonly stepHz: number };

/** What this agent may change of a clock. */
export interface ClockPermissions {
  readonly state: boolean;
  readonly parent: boolean;
  readonly rate: boolean;
}

/** All that does not change about a clock. */
export interface ClockInfo {
  readonly clockId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** Worst case in microseconds; 0 = not stated. */
  readonly enableDelayUs: number;
  /** An empty list where the platform would not say. */
  readonly rates: ClockRates;
  /** Clock ids; empty where the platform would not say. */
  readonly parents: readonly number[];
  readonly permissions: ClockPermissions;
  readonly hasExtendedConfig: boolean;
  readonly notifiesRateChanged: boolean;
  readonly notifiesRateChangeRequested: boolean;
}

/** How to reach a rate that the clock does not have; default: down. */
export type ClockRounding = "down" | "up" | "closest";

/** Bits of the flags of `CLOCK_RATE_SET`. */
const ROUND_FLAGS = { down: 0, up: 1 << 2, closest: 1 << 3 };

/** How a rate is set. */
export interface ClockRateOptions extends CallOptions {
  readonly round?: ClockRounding;
}

/** `CLOCK_RATE_CHANGED` and `CLOCK_RATE_CHANGE_REQUESTED`. */
export interface ClockRateEvent {
  /** Whose request it was; 0 = the platform. Our own come back, too. */
  readonly agentId: number;
  readonly clockId: number;
  readonly rateHz: number;
}

const EVERYTHING: ClockPermissions = { state: true, parent: true, rate: true };

/** Clocks, the agent's side. DEN0056, clock management protocol */
export class Clock {
  /** The message table. */
  static readonly table: Protocol = clockProtocol;
  readonly #handle: ProtocolHandle;
  readonly #ratePolled: PolledCommand<{ clockId: number }, { rateHz: number }>;
  readonly #setRatePolled: PolledCommand<RateRequest, Record<never, never>>;
  // Overwritten by each polled call: no garbage.
  readonly #rateRequest = { clockId: 0 };
  readonly #rateResponse = { rateHz: 0 };
  readonly #setRateRequest = {
    flags: { async: false, ignoreDelayedResponse: false, roundUp: false, roundClosest: false },
    clockId: 0,
    rateHz: 0,
  };
  readonly #infos = new Map<number, ClockInfo>();
  #attributes: ClockProtocolInfo | undefined;
  #pendingRateChanges = 0;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#ratePolled = handle.polled(ClockRateGet);
    this.#setRatePolled = handle.polled(ClockRateSet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of clocks, depth of asynchronous changes; asked once. DEN0056, Clock `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<ClockProtocolInfo> {
    this.#attributes ??= await this.#handle.call(ClockProtocolAttributes, {}, options, (it) => it.attributes);
    return this.#attributes;
  }

  /** `CLOCK_ATTRIBUTES`: what a clock is and can. DEN0056, `CLOCK_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for a clock that this agent has not */
  getAttributes(clockId: number, options?: CallOptions): Promise<ClockAttributeInfo> {
    return this.#handle.call(ClockAttributes, { clockId }, options);
  }

  /** Everything that does not change about a clock: attributes, long name, rates, parents and permissions; gathered once.
   *  @throws StatusError `NOT_FOUND` for a clock that this agent has not */
  async describe(clockId: number, options?: CallOptions): Promise<ClockInfo> {
    const known = this.#infos.get(clockId);
    if (known) return known;
    const { attributes, name, clockEnableDelayUs = 0 } = await this.getAttributes(clockId, options);
    const info: ClockInfo = {
      clockId,
      name: attributes.extendedName ? await orElse(this.getName(clockId, options), name) : name,
      enableDelayUs: clockEnableDelayUs,
      parents: attributes.parents ? await orElse(this.describeParents(clockId, options), []) : [],
      permissions: attributes.restricted ? await orElse(this.getPermissions(clockId, options), EVERYTHING) : EVERYTHING,
      rates: await orElse(this.describeRates(clockId, options), { kind: "list", ratesHz: [] }),
      hasExtendedConfig: attributes.extendedConfig,
      notifiesRateChanged: attributes.notifyRateChanged,
      notifiesRateChangeRequested: attributes.notifyRateChangeRequested,
    };
    this.#infos.set(clockId, info);
    return info;
  }

  /** {@link describe} for every clock that there is. A numbering may have holes. */
  async describeAll(options?: CallOptions): Promise<readonly ClockInfo[]> {
    const { clockCount } = await this.getProtocolAttributes(options);
    const infos: ClockInfo[] = [];
    for (let clockId = 0; clockId < clockCount; clockId++) {
      const info = await orElse(this.describe(clockId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `CLOCK_DESCRIBE_RATES`: the rates of a clock, in as many messages as it takes. DEN0056, `CLOCK_DESCRIBE_RATES`
   *  @throws MessageError when counts contradict each other, or a range is no triplet */
  async describeRates(clockId: number, options?: CallOptions): Promise<ClockRates> {
    const ratesHz: number[] = [];
    const parts = this.#handle.multiPart(ClockDescribeRates, { clockId, rateIndex: 0 }, options);
    for await (const { numRates, ratesHz: page } of parts) {
      if (numRates.isRange) return rangeOf(page);
      ratesHz.push(...page);
    }
    // Ascending is only promised from version 2.0 on.
    return { kind: "list", ratesHz: ratesHz.sort((a, b) => a - b) };
  }

  /** `CLOCK_RATE_SET`: changes a rate; resolves when it has changed. The rate reached is not told: {@link getRate}.
   *  DEN0056, `CLOCK_RATE_SET`
   *  @throws StatusError `INVALID_PARAMETERS` for a rate that the clock has not and cannot round to, `DENIED` when others depend on it */
  setRate(clockId: number, rateHz: number, options?: ClockRateOptions): Promise<void> {
    return this.#handle.call(ClockRateSet, rateRequest(clockId, rateHz, options), options, ignore);
  }

  /** `CLOCK_RATE_SET`, asynchronous: changes a rate without holding the channel meanwhile, and resolves with the rate that
   *  `CLOCK_RATE_SET_COMPLETE` reports. Where the platform has no room for a pending change it is asked in the ordinary way, and then for
   *  the rate. DEN0056, `CLOCK_RATE_SET`
   *  @throws StatusError as {@link setRate}, also from the delayed response
   *  @throws DeadlineError "delayedResponse" when that does not come */
  async setRateAsync(clockId: number, rateHz: number, options?: ClockRateOptions): Promise<number> {
    const { maxPendingRateChanges: depth } = await this.getProtocolAttributes(options);
    if (depth < LEAST_ASYNC_DEPTH || this.#pendingRateChanges >= depth || !this.#handle.canNotify) {
      await this.setRate(clockId, rateHz, options);
      return this.getRate(clockId, options);
    }
    this.#pendingRateChanges++;
    try {
      const values = rateRequest(clockId, rateHz, options, { async: true });
      const complete = await this.#handle.callAsync(ClockRateSet, values, options);
      if (complete.clockId !== clockId)
        throw contradiction("CLOCK_RATE_SET_COMPLETE", "delayedResponse.clockId", 4, clockId, complete.clockId);
      return complete.rateHz;
    } finally {
      this.#pendingRateChanges--;
    }
  }

  /** `CLOCK_RATE_SET`, asynchronous without a delayed response: resolves when the platform has queued the change.
   *  DEN0056, `CLOCK_RATE_SET`
   *  @throws UnsupportedError when the platform has no asynchronous changes */
  async requestRate(clockId: number, rateHz: number, options?: ClockRateOptions): Promise<void> {
    const { maxPendingRateChanges: depth } = await this.getProtocolAttributes(options);
    if (depth < LEAST_ASYNC_DEPTH) {
      throw new UnsupportedError(ClockRateSet.name, `room for ${LEAST_ASYNC_DEPTH} pending changes`, `${depth}`);
    }
    const values = rateRequest(clockId, rateHz, options, { async: true, ignoreDelayedResponse: true });
    await this.#handle.call(ClockRateSet, values, options);
  }

  /** {@link setRate} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  setRatePolled(clockId: number, rateHz: number, round: ClockRounding = "down"): void {
    if (isWord(clockId) && Number.isSafeInteger(rateHz) && rateHz >= 0) {
      const done = this.#setRatePolled.tryWords(
        ROUND_FLAGS[round],
        clockId,
        rateHz >>> 0,
        Math.floor(rateHz / 2 ** 32),
      );
      if (done !== undefined) return;
    }
    const request = this.#setRateRequest;
    request.flags.roundUp = round === "up";
    request.flags.roundClosest = round === "closest";
    request.clockId = clockId;
    request.rateHz = rateHz;
    this.#setRatePolled.call(request, NOTHING);
  }

  /** `CLOCK_RATE_GET`: the rate in Hz; for a disabled clock the one it will have. DEN0056, `CLOCK_RATE_GET` */
  getRate(clockId: number, options?: CallOptions): Promise<number> {
    return this.#handle.call(ClockRateGet, { clockId }, options, rateOf);
  }

  /** {@link getRate} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  getRatePolled(clockId: number): number {
    this.#rateRequest.clockId = clockId;
    return this.#ratePolled.call(this.#rateRequest, this.#rateResponse).rateHz;
  }

  /** `CLOCK_CONFIG_SET`: enables a clock. It runs while any agent wants it. DEN0056, `CLOCK_CONFIG_SET` */
  enable(clockId: number, options?: CallOptions): Promise<void> {
    return this.#setConfig(clockId, CLOCK_STATE.ENABLE, CLOCK_EXTENDED_CONFIG.NONE, 0, options);
  }

  /** `CLOCK_CONFIG_SET`: withdraws our wish that a clock runs. DEN0056, `CLOCK_CONFIG_SET` */
  disable(clockId: number, options?: CallOptions): Promise<void> {
    return this.#setConfig(clockId, CLOCK_STATE.DISABLE, CLOCK_EXTENDED_CONFIG.NONE, 0, options);
  }

  /** `CLOCK_CONFIG_SET`: changes one extended configuration, and the state with it if asked to. DEN0056E, `CLOCK_CONFIG_SET`
   *  @param type one of `CLOCK_EXTENDED_CONFIG`, or 0x80 to 0xff for the vendor's
   *  @param options `state`: unchanged unless said
   *  @throws UnsupportedError before version 3.0 */
  setExtendedConfig(
    clockId: number,
    type: number,
    value: number,
    options?: CallOptions & { readonly state?: "enabled" | "disabled" },
  ): Promise<void> {
    if (this.version < V3) {
      return Promise.reject(new UnsupportedError(ClockConfigSet.name, "clock protocol 3.0 for it", hex(this.version)));
    }
    if (type === CLOCK_EXTENDED_CONFIG.NONE) {
      return Promise.reject(new RangeError('"type" expected an extended configuration, got 0'));
    }
    const { ENABLE, DISABLE, UNCHANGED } = CLOCK_STATE;
    const state = options?.state === undefined ? UNCHANGED : options.state === "enabled" ? ENABLE : DISABLE;
    return this.#setConfig(clockId, state, type, value, options);
  }

  /** `CLOCK_CONFIG_GET`: whether a clock is enabled, and one extended configuration. DEN0056E, `CLOCK_CONFIG_GET`
   *  @param type one of `CLOCK_EXTENDED_CONFIG`; the value means nothing for `NONE`
   *  @throws UnsupportedError before version 3.0 */
  getConfig(
    clockId: number,
    type: number = CLOCK_EXTENDED_CONFIG.NONE,
    options?: CallOptions,
  ): Promise<{ readonly isEnabled: boolean; readonly value: number }> {
    const values = { clockId, flags: { extendedConfigType: type } };
    return this.#handle.call(ClockConfigGet, values, options, ({ config, extendedConfigValue }) => ({
      isEnabled: config.enabled,
      value: extendedConfigValue,
    }));
  }

  /** Whether a clock is enabled: `CLOCK_CONFIG_GET` from version 3.0 on, `CLOCK_ATTRIBUTES` before, and where the platform lacks it.
   *  Firmware disagrees on whether that means by us, or at all. */
  async isEnabled(clockId: number, options?: CallOptions): Promise<boolean> {
    if (this.version >= V3) {
      const config = await orElse(this.getConfig(clockId, CLOCK_EXTENDED_CONFIG.NONE, options), undefined, isMissing);
      if (config) return config.isEnabled;
    }
    const { attributes } = await this.getAttributes(clockId, options);
    return attributes.enabled;
  }

  /** `CLOCK_NAME_GET`: the long name of a clock. DEN0056D, `CLOCK_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none
   *  @throws UnsupportedError before version 2.0 */
  getName(clockId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(ClockNameGet, { clockId }, options, (it) => it.name);
  }

  /** `CLOCK_POSSIBLE_PARENTS_GET`: the ids of the clocks that may be a clock's parent. DEN0056E, `CLOCK_POSSIBLE_PARENTS_GET`
   *  @throws UnsupportedError before version 3.0 */
  async describeParents(clockId: number, options?: CallOptions): Promise<readonly number[]> {
    const parents: number[] = [];
    const parts = this.#handle.multiPart(ClockPossibleParentsGet, { clockId, skipParents: 0 }, options);
    for await (const part of parts) parents.push(...part.parents);
    return parents;
  }

  /** `CLOCK_PARENT_SET`: gives a clock another parent. DEN0056E, `CLOCK_PARENT_SET`
   *  @param parentId a clock id, not a place in the list
   *  @throws StatusError `INVALID_PARAMETERS` for a clock that cannot be its parent, `DENIED` when this agent may not
   *  @throws UnsupportedError before version 3.0 */
  setParent(clockId: number, parentId: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(ClockParentSet, { clockId, parentId }, options, ignore);
  }

  /** `CLOCK_PARENT_GET`: the id of a clock's parent. DEN0056E, `CLOCK_PARENT_GET`
   *  @throws UnsupportedError before version 3.0 */
  getParent(clockId: number, options?: CallOptions): Promise<number> {
    return this.#handle.call(ClockParentGet, { clockId }, options, (it) => it.parentId);
  }

  /** `CLOCK_GET_PERMISSIONS`: what this agent may change of a clock that is restricted. DEN0056E, `CLOCK_GET_PERMISSIONS`
   *  @throws UnsupportedError before version 3.0 */
  getPermissions(clockId: number, options?: CallOptions): Promise<ClockPermissions> {
    return this.#handle.call(ClockGetPermissions, { clockId }, options, (it) => it.permissions);
  }

  /** `CLOCK_RATE_NOTIFY`: watches `CLOCK_RATE_CHANGED` of some clocks. DEN0056D, `CLOCK_RATE_NOTIFY`
   *  @param clockIds one or several; all whose rate the platform watches unless said. Of several, one success is enough */
  watchRate(clockIds?: number | readonly number[], options?: WatchOptions): Watch<ClockRateEvent> {
    return this.#handle.watch(ClockRateChanged, {
      ...options,
      ...this.#sources(clockIds, (it) => it.notifiesRateChanged),
    });
  }

  /** `CLOCK_RATE_CHANGE_REQUESTED_NOTIFY`: watches `CLOCK_RATE_CHANGE_REQUESTED`, which comes before the change; there is no veto.
   *  DEN0056D, `CLOCK_RATE_CHANGE_REQUESTED_NOTIFY`
   *  @param clockIds as for {@link watchRate} */
  watchRateRequests(clockIds?: number | readonly number[], options?: WatchOptions): Watch<ClockRateEvent> {
    return this.#handle.watch(ClockRateChangeRequested, {
      ...options,
      ...this.#sources(clockIds, (it) => it.notifiesRateChangeRequested),
    });
  }

  #sources(clockIds: number | readonly number[] | undefined, isNotifying: (clock: ClockInfo) => boolean) {
    if (typeof clockIds === "number") return { sources: [clockIds] };
    if (clockIds) return { sources: clockIds };
    const all = async () => (await this.describeAll()).filter(isNotifying).map(({ clockId }) => clockId);
    return { sources: all, isAll: true };
  }

  #setConfig(
    clockId: number,
    state: number,
    extendedConfigType: number,
    value: number,
    options: CallOptions | undefined,
  ): Promise<void> {
    const attributes = { state, extendedConfigType };
    const values = { clockId, attributes, ...(this.version >= V3 ? { extendedConfigValue: value } : {}) };
    return this.#handle.call(ClockConfigSet, values, options, ignore);
  }
}

interface RateRequest {
  readonly flags: {
    readonly async: boolean;
    readonly ignoreDelayedResponse: boolean;
    readonly roundUp: boolean;
    readonly roundClosest: boolean;
  };
  readonly clockId: number;
  readonly rateHz: number;
}

const NOTHING = {};

function rateRequest(
  clockId: number,
  rateHz: number,
  options: ClockRateOptions | undefined,
  { async = false, ignoreDelayedResponse = false } = {},
): RateRequest {
  const roundUp = options?.round === "up";
  const roundClosest = options?.round === "closest";
  return { flags: { async, ignoreDelayedResponse, roundUp, roundClosest }, clockId, rateHz };
}

function rangeOf(triplet: readonly number[]): ClockRates {
  const [lowestHz, highestHz, stepHz] = tripletOf(ClockDescribeRates.name, "ratesHz", "rates", triplet);
  return { kind: "range", lowestHz, highestHz, stepHz };
}

function rateOf({ rateHz }: { readonly rateHz: number }): number {
  return rateHz;
}

function isMissing(error: StatusError): boolean {
  return error.is("NOT_FOUND") || error.is("NOT_SUPPORTED") || error.is("PROTOCOL_ERROR");
}

function hex(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}

function ignore(): void {}
