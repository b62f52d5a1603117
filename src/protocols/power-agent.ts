import type { CallOptions, PolledCommand, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import type { Protocol } from "../wire/protocol.ts";
import {
  PowerDomainAttributes,
  PowerDomainNameGet,
  PowerProtocolAttributes,
  PowerStateChanged,
  PowerStateChangeRequested,
  PowerStateGet,
  PowerStateNotify,
  PowerStateSet,
  powerProtocol,
} from "./power.ts";
import { type PowerStatisticsCopy, readPowerStatistics } from "./power-statistics.ts";
import { orElse } from "./refusal.ts";
import { isWord } from "./word.ts";

/** From this version on attributes say which domains notify of requests. */
const V3 = 0x30000;

/** `PROTOCOL_ATTRIBUTES` of the power domain protocol. */
export interface PowerProtocolInfo {
  readonly domainCount: number;
  /** Physical address of the statistics region; means nothing while its length is 0. */
  readonly statisticsAddress: bigint;
  readonly statisticsByteLength: number;
}

/** `POWER_DOMAIN_ATTRIBUTES` */
export interface PowerDomainAttributeInfo {
  readonly attributes: {
    readonly notifyStateChanged: boolean;
    readonly setAsync: boolean;
    readonly setSync: boolean;
    readonly notifyStateChangeRequested: boolean;
    readonly extendedName: boolean;
  };
  /** At most 15 characters. */
  readonly name: string;
}

/** All that does not change about a power domain. */
export interface PowerDomainInfo {
  readonly domainId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** With {@link Power.setState}. */
  readonly canSetSync: boolean;
  /** With {@link Power.requestState}. */
  readonly canSetAsync: boolean;
  readonly notifiesStateChanged: boolean;
  /** `undefined` before version 3.0, which does not tell. */
  readonly notifiesStateChangeRequested: boolean | undefined;
}

/** `POWER_STATE_CHANGED` and `POWER_STATE_CHANGE_REQUESTED`. */
export interface PowerStateEvent {
  /** Whose request it was; 0 = the platform. Our own changes come back, too. */
  readonly agentId: number;
  readonly domainId: number;
  /** A power state word. */
  readonly powerState: number;
}

/** Power domains, the agent's side. States are power state words: `POWER_STATE`, or what `encodePowerState` builds.
 *  DEN0056, power domain management protocol */
export class Power {
  /** The message table. */
  static readonly table: Protocol = powerProtocol;
  readonly #handle: ProtocolHandle;
  readonly #statePolled: PolledCommand<{ domainId: number }, { powerState: number }>;
  readonly #setStatePolled: PolledCommand<StateRequest, Record<never, never>>;
  // Overwritten by each polled call: no garbage.
  readonly #stateRequest = { domainId: 0 };
  readonly #stateResponse = { powerState: 0 };
  readonly #setStateRequest = { flags: { async: false }, domainId: 0, powerState: 0 };
  readonly #infos = new Map<number, PowerDomainInfo>();
  #attributes: PowerProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#statePolled = handle.polled(PowerStateGet);
    this.#setStatePolled = handle.polled(PowerStateSet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of domains, statistics; asked once. DEN0056, Power domain `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<PowerProtocolInfo> {
    this.#attributes ??= await this.#handle.call(PowerProtocolAttributes, {}, options, (it) => ({
      ...it.attributes,
      statisticsAddress: it.statisticsAddress,
      statisticsByteLength: it.statisticsByteLength,
    }));
    return this.#attributes;
  }

  /** `POWER_DOMAIN_ATTRIBUTES`: what this agent may do with a domain. DEN0056, `POWER_DOMAIN_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  getDomainAttributes(domainId: number, options?: CallOptions): Promise<PowerDomainAttributeInfo> {
    return this.#handle.call(PowerDomainAttributes, { domainId }, options);
  }

  /** Everything that does not change about a domain: attributes and long name; gathered once. Notifications count only where the
   *  platform has their command.
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  async describe(domainId: number, options?: CallOptions): Promise<PowerDomainInfo> {
    const known = this.#infos.get(domainId);
    if (known) return known;
    const { attributes, name } = await this.getDomainAttributes(domainId, options);
    const info: PowerDomainInfo = {
      domainId,
      name: attributes.extendedName ? await orElse(this.getDomainName(domainId, options), name) : name,
      canSetSync: attributes.setSync,
      canSetAsync: attributes.setAsync,
      notifiesStateChanged:
        attributes.notifyStateChanged && (await orElse(this.#handle.isImplemented(PowerStateNotify, options), true)),
      notifiesStateChangeRequested: this.version < V3 ? undefined : attributes.notifyStateChangeRequested,
    };
    this.#infos.set(domainId, info);
    return info;
  }

  /** {@link describe} for every domain that there is; what the platform refuses to describe is left out. */
  async describeAll(options?: CallOptions): Promise<readonly PowerDomainInfo[]> {
    const { domainCount } = await this.getProtocolAttributes(options);
    const infos: PowerDomainInfo[] = [];
    for (let domainId = 0; domainId < domainCount; domainId++) {
      const info = await orElse(this.describe(domainId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `POWER_DOMAIN_NAME_GET`: the long name of a domain. DEN0056D, `POWER_DOMAIN_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none
   *  @throws UnsupportedError before version 3.0 */
  getDomainName(domainId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(PowerDomainNameGet, { domainId }, options, (it) => it.name);
  }

  /** `POWER_STATE_SET`: moves a domain to a state; resolves when it is there. A domain that several agents share stays on while one
   *  of them wants it: then this is a vote, and {@link getState} tells what came of it. DEN0056, `POWER_STATE_SET`
   *  @throws StatusError `INVALID_PARAMETERS` for a state that the domain has not, `DENIED` when this agent may not control it,
   *  `NOT_SUPPORTED` when it can only be set asynchronously, or not at all */
  setState(domainId: number, powerState: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(PowerStateSet, { flags: { async: false }, domainId, powerState }, options, ignore);
  }

  /** `POWER_STATE_SET`, asynchronous: resolves when the platform has accepted. No delayed response follows: {@link getState} and
   *  {@link watchState}, begun before, tell when the domain is there. DEN0056, `POWER_STATE_SET`
   *  @throws StatusError as {@link setState}; `NOT_SUPPORTED` when the domain can only be set synchronously */
  requestState(domainId: number, powerState: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(PowerStateSet, { flags: { async: true }, domainId, powerState }, options, ignore);
  }

  /** {@link setState} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  setStatePolled(domainId: number, powerState: number): void {
    const isOfWords = isWord(domainId) && isWord(powerState);
    if (isOfWords && this.#setStatePolled.tryWords(0, domainId, powerState, 0) !== undefined) return;
    this.#setStateRequest.domainId = domainId;
    this.#setStateRequest.powerState = powerState;
    this.#setStatePolled.call(this.#setStateRequest, NOTHING);
  }

  /** `POWER_STATE_GET`: the state that a domain is in, not the last one asked for. DEN0056, `POWER_STATE_GET` */
  getState(domainId: number, options?: CallOptions): Promise<number> {
    return this.#handle.call(PowerStateGet, { domainId }, options, stateOf);
  }

  /** {@link getState} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  getStatePolled(domainId: number): number {
    const state = isWord(domainId) ? this.#statePolled.tryWords(domainId, 0, 0, 0) : undefined;
    if (state !== undefined) return state >>> 0;
    this.#stateRequest.domainId = domainId;
    return this.#statePolled.call(this.#stateRequest, this.#stateResponse).powerState;
  }

  /** `POWER_STATE_NOTIFY`: watches `POWER_STATE_CHANGED` of some domains. DEN0056, `POWER_STATE_NOTIFY`
   *  @param domainIds one or several; all that can notify unless said. Of several, one success is enough */
  watchState(domainIds?: number | readonly number[], options?: WatchOptions): Watch<PowerStateEvent> {
    const sources = this.#sources(domainIds, (it) => it.notifiesStateChanged);
    return this.#handle.watch(PowerStateChanged, { ...options, ...sources });
  }

  /** `POWER_STATE_CHANGE_REQUESTED_NOTIFY`: watches `POWER_STATE_CHANGE_REQUESTED`: what other agents ask for.
   *  DEN0056B, `POWER_STATE_CHANGE_REQUESTED_NOTIFY`
   *  @param domainIds as for {@link watchState}; before version 3.0, which does not say which can notify, every domain is tried */
  watchStateRequests(domainIds?: number | readonly number[], options?: WatchOptions): Watch<PowerStateEvent> {
    const sources = this.#sources(domainIds, (it) => it.notifiesStateChangeRequested ?? true);
    return this.#handle.watch(PowerStateChangeRequested, { ...options, ...sources });
  }

  /** A copy of the statistics region; `undefined` when there is none, or when its memory is out of reach.
   *  DEN0056B, power domain statistics shared memory
   *  @throws MessageError when it is no such region, or changes faster than it can be read */
  async readStatistics(options?: CallOptions): Promise<PowerStatisticsCopy | undefined> {
    const { statisticsAddress, statisticsByteLength } = await this.getProtocolAttributes(options);
    if (statisticsByteLength === 0) return undefined;
    return readPowerStatistics(() => this.#handle.readMemory(statisticsAddress, statisticsByteLength));
  }

  #sources(domainIds: number | readonly number[] | undefined, isNotifying: (domain: PowerDomainInfo) => boolean) {
    if (typeof domainIds === "number") return { sources: [domainIds] };
    if (domainIds) return { sources: domainIds };
    const all = async () => (await this.describeAll()).filter(isNotifying).map(({ domainId }) => domainId);
    return { sources: all, isAll: true };
  }
}

interface StateRequest {
  readonly flags: { readonly async: boolean };
  readonly domainId: number;
  readonly powerState: number;
}

const NOTHING = {};

function stateOf({ powerState }: { readonly powerState: number }): number {
  return powerState;
}

function ignore(): void {}
