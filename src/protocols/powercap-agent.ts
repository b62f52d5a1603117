import type { CallOptions, PolledCommand, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import { UnsupportedError } from "../errors.ts";
import { type Protocol, versionText } from "../wire/protocol.ts";
import { contradiction } from "./contradiction.ts";
import { FastChannelFinder, isWritable, readAsCall } from "./fast-channel-finder.ts";
import {
  POWERCAP_DISABLED,
  POWERCAP_ROOT,
  PowercapCapChanged,
  PowercapCapGet,
  PowercapCapSet,
  PowercapDomainAttributes,
  PowercapDomainNameGet,
  PowercapMeasurementsChanged,
  PowercapMeasurementsGet,
  PowercapMeasurementsNotify,
  PowercapPaiGet,
  PowercapPaiSet,
  PowercapProtocolAttributes,
  powercapProtocol,
} from "./powercap.ts";
import { findPowercapFastChannels, POWERCAP_FAST_CHANNELS, type PowercapFastChannels } from "./powercap-fast.ts";
import { orElse } from "./refusal.ts";

/** From this version on a cap can be switched off. */
const V2 = 0x20000;

/** `PROTOCOL_ATTRIBUTES` of the powercap protocol. */
export interface PowercapProtocolInfo {
  readonly domainCount: number;
}

/** `POWERCAP_DOMAIN_ATTRIBUTES` */
export interface PowercapDomainAttributeInfo {
  readonly attributes: {
    readonly notifyCap: boolean;
    readonly notifyMeasurements: boolean;
    readonly asyncCapSet: boolean;
    readonly extendedName: boolean;
    readonly setCap: boolean;
    readonly measurements: boolean;
    readonly setPai: boolean;
    /** One of `POWERCAP_UNIT`. */
    readonly powerUnit: number;
    readonly fastChannel: boolean;
  };
  /** At most 15 characters. */
  readonly name: string;
  readonly minPaiUs: number;
  readonly maxPaiUs: number;
  readonly paiStepUs: number;
  readonly minPowerCap: number;
  readonly maxPowerCap: number;
  readonly powerCapStep: number;
  /** 0 = not stated. */
  readonly sustainablePower: number;
  /** In 0.001 %; 0 = not stated. */
  readonly accuracy: number;
  /** `POWERCAP_ROOT` = none. */
  readonly parentId: number;
}

/** What can be set: lowest, lowest + step … highest. All the same, with a step of 0, where nothing can be set. */
export interface PowercapRange {
  readonly lowest: number;
  readonly highest: number;
  readonly step: number;
}

/** All that does not change about a domain. */
export interface PowercapDomainInfo {
  readonly domainId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** One of `POWERCAP_UNIT`: what caps and measurements count. */
  readonly powerUnit: number;
  readonly canSetCap: boolean;
  readonly canSetPai: boolean;
  readonly canMeasure: boolean;
  /** The cap can be set without holding the channel meanwhile. */
  readonly isAsync: boolean;
  readonly notifiesCap: boolean;
  readonly notifiesMeasurements: boolean;
  readonly caps: PowercapRange;
  /** Power averaging intervals in microseconds. */
  readonly paisUs: PowercapRange;
  /** 0 = not stated. */
  readonly sustainablePower: number;
  /** Of measurements, in 0.001 %; 0 = not stated. */
  readonly accuracy: number;
  /** `undefined` at the top. */
  readonly parentId: number | undefined;
  /** The FastChannels in use, by what they replace. */
  readonly fastChannels: PowercapFastChannels;
}

/** How a call that may have a FastChannel goes out. */
export interface PowercapCallOptions extends CallOptions {
  /** `message`: by message even where there is a FastChannel, which never says no. */
  readonly via?: "message";
}

/** `POWERCAP_MEASUREMENTS_GET` */
export interface PowercapMeasurements {
  /** The average over the interval. */
  readonly power: number;
  readonly paiUs: number;
}

/** Below and above what a measurement is told. */
export interface PowercapThresholds {
  readonly low: number;
  readonly high: number;
}

/** `POWERCAP_CAP_CHANGED` */
export interface PowercapCapEvent {
  /** Whose request it was; 0 = the platform. Our own come back, too. */
  readonly agentId: number;
  readonly domainId: number;
  readonly powerCap: number;
  readonly paiUs: number;
}

/** `POWERCAP_MEASUREMENTS_CHANGED` */
export interface PowercapMeasurementsEvent {
  readonly agentId: number;
  readonly domainId: number;
  readonly power: number;
}

const NO_FAST_CHANNELS: PowercapFastChannels = {};
const NO_THRESHOLDS: PowercapThresholds = { low: 0, high: 0 };

/** Power capping and monitoring, the agent's side. Power is in the unit of each domain. DEN0056D, power capping and monitoring protocol */
export class Powercap {
  /** The message table. */
  static readonly table: Protocol = powercapProtocol;
  readonly #handle: ProtocolHandle;
  readonly #finder: FastChannelFinder;
  readonly #capPolled: PolledCommand<{ domainId: number }, { powerCap: number }>;
  readonly #measurementsPolled: PolledCommand<{ domainId: number }, { power: number; paiUs: number }>;
  // Overwritten by each polled call: no garbage.
  readonly #domainRequest = { domainId: 0 };
  readonly #capResponse = { powerCap: 0 };
  readonly #known = new Map<number, PowercapDomainAttributeInfo>();
  readonly #infos = new Map<number, PowercapDomainInfo>();
  /** By domain. */
  readonly #fast: (PowercapFastChannels | undefined)[] = [];
  /** What watches ask for, by domain, */
  readonly #thresholds = new Map<number, PowercapThresholds>();
  /** and what the platform was told, while it notifies. */
  readonly #told = new Map<number, PowercapThresholds>();
  #attributes: PowercapProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#finder = new FastChannelFinder(handle, POWERCAP_FAST_CHANNELS);
    this.#capPolled = handle.polled(PowercapCapGet);
    this.#measurementsPolled = handle.polled(PowercapMeasurementsGet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of domains; asked once. DEN0056D, Powercap `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<PowercapProtocolInfo> {
    this.#attributes ??= await this.#handle.call(PowercapProtocolAttributes, {}, options, (it) => it.attributes);
    return this.#attributes;
  }

  /** `POWERCAP_DOMAIN_ATTRIBUTES`: what a domain is and can. DEN0056D, `POWERCAP_DOMAIN_ATTRIBUTES`
   *  @throws RangeError for a domain beyond the count: some firmware never answers then
   *  @throws StatusError `DENIED` for a domain that is not for this agent */
  async getDomainAttributes(domainId: number, options?: CallOptions): Promise<PowercapDomainAttributeInfo> {
    const { domainCount } = await this.getProtocolAttributes(options);
    if (domainId >= domainCount) throw new RangeError(`"domainId" expected less than ${domainCount}, got ${domainId}`);
    return this.#handle.call(PowercapDomainAttributes, { domainId }, options);
  }

  /** Everything that does not change about a domain: attributes, long name and FastChannels; gathered once. From here on the domain's
   *  FastChannels are used. Throws like {@link getDomainAttributes}. */
  async describe(domainId: number, options?: CallOptions): Promise<PowercapDomainInfo> {
    const known = this.#infos.get(domainId);
    if (known) return known;
    const { attributes, ...it } = await this.#attributesOf(domainId, options);
    const info: PowercapDomainInfo = {
      domainId,
      name: attributes.extendedName ? await orElse(this.getDomainName(domainId, options), it.name) : it.name,
      powerUnit: attributes.powerUnit,
      canSetCap: attributes.setCap,
      canSetPai: attributes.setPai,
      canMeasure: attributes.measurements,
      isAsync: attributes.asyncCapSet,
      notifiesCap: attributes.notifyCap,
      notifiesMeasurements: attributes.notifyMeasurements,
      caps: { lowest: it.minPowerCap, highest: it.maxPowerCap, step: it.powerCapStep },
      paisUs: { lowest: it.minPaiUs, highest: it.maxPaiUs, step: it.paiStepUs },
      sustainablePower: it.sustainablePower,
      accuracy: it.accuracy,
      parentId: it.parentId === POWERCAP_ROOT ? undefined : it.parentId,
      fastChannels: attributes.fastChannel
        ? await findPowercapFastChannels(this.#finder, domainId, attributes, options)
        : NO_FAST_CHANNELS,
    };
    this.#infos.set(domainId, info);
    this.#fast[domainId] = info.fastChannels;
    return info;
  }

  /** {@link describe} for every domain that this agent may use. */
  async describeAll(options?: CallOptions): Promise<readonly PowercapDomainInfo[]> {
    const { domainCount } = await this.getProtocolAttributes(options);
    const infos: PowercapDomainInfo[] = [];
    for (let domainId = 0; domainId < domainCount; domainId++) {
      const info = await orElse(this.describe(domainId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `POWERCAP_DOMAIN_NAME_GET`: the long name of a domain. DEN0056D, `POWERCAP_DOMAIN_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none */
  getDomainName(domainId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(PowercapDomainNameGet, { domainId }, options, (it) => it.name);
  }

  /** `POWERCAP_CAP_GET`: the cap in force, which may be lower than what we asked for; from version 2.0 on 0 where there is none.
   *  DEN0056D, `POWERCAP_CAP_GET` */
  getCap(domainId: number, options?: PowercapCallOptions): Promise<number> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.getCap : undefined;
    if (fast) return readAsCall(options, () => fast.read()[0]);
    return this.#handle.call(PowercapCapGet, { domainId }, options, (it) => it.powerCap);
  }

  /** {@link getCap} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  getCapPolled(domainId: number): number {
    const fast = this.#fast[domainId]?.getCap;
    if (fast) return fast.read()[0];
    this.#domainRequest.domainId = domainId;
    return this.#capPolled.call(this.#domainRequest, this.#capResponse).powerCap;
  }

  /** `POWERCAP_CAP_SET`: asks for a cap; resolves when it holds, or when it is in the FastChannel, which cannot refuse. The lowest cap
   *  that any agent asks for is in force: {@link getCap}. DEN0056D, `POWERCAP_CAP_SET`
   *  @throws StatusError `INVALID_PARAMETERS` (`OUT_OF_RANGE` from firmware of Arm) for a cap that the domain has not, `NOT_SUPPORTED`
   *  where it cannot be set, `DENIED` when this agent may not */
  setCap(domainId: number, powerCap: number, options?: PowercapCallOptions): Promise<void> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.setCap : undefined;
    if (fast && isWritable(powerCap)) return fast.writePaced(PowercapCapSet.name, powerCap, 0, options);
    return this.#sendCap(domainId, powerCap, SYNCHRONOUS, options);
  }

  /** `POWERCAP_CAP_SET`, asynchronous: asks for a cap without holding the channel meanwhile, and resolves with the cap in force that
   *  `POWERCAP_CAP_SET_COMPLETE` reports. A domain that cannot is asked in the ordinary way, and then for its cap. DEN0056D,
   *  `POWERCAP_CAP_SET`
   *  @throws StatusError as {@link setCap}, also from the delayed response
   *  @throws DeadlineError "delayedResponse" when that does not come */
  async setCapAsync(domainId: number, powerCap: number, options?: CallOptions): Promise<number> {
    const { attributes } = await this.#attributesOf(domainId, options);
    if (!attributes.asyncCapSet || !this.#handle.canNotify) {
      await this.#sendCap(domainId, powerCap, SYNCHRONOUS, options);
      return this.getCap(domainId, { ...options, via: "message" });
    }
    const values = { domainId, flags: { async: true, ignoreDelayedResponse: false }, powerCap };
    const complete = await this.#handle.callAsync(PowercapCapSet, values, options);
    if (complete.domainId !== domainId)
      throw contradiction("POWERCAP_CAP_SET_COMPLETE", "delayedResponse.domainId", 4, domainId, complete.domainId);
    return complete.powerCap;
  }

  /** `POWERCAP_CAP_SET`, asynchronous without a delayed response: resolves when the platform has accepted. DEN0056D, `POWERCAP_CAP_SET`
   *  @throws UnsupportedError when the domain has no asynchronous changes */
  async requestCap(domainId: number, powerCap: number, options?: CallOptions): Promise<void> {
    const { attributes } = await this.#attributesOf(domainId, options);
    if (!attributes.asyncCapSet) {
      throw new UnsupportedError(PowercapCapSet.name, "a domain with asynchronous changes", `domain ${domainId}`);
    }
    await this.#sendCap(domainId, powerCap, { async: true, ignoreDelayedResponse: true }, options);
  }

  /** `POWERCAP_CAP_SET`: takes our cap back. Those of other agents stay in force. DEN0056E, `POWERCAP_CAP_SET`
   *  @throws UnsupportedError before version 2.0 */
  async disableCap(domainId: number, options?: CallOptions): Promise<void> {
    if (this.version < V2) {
      throw new UnsupportedError(
        PowercapCapSet.name,
        "powercap protocol 2.0 to disable a cap",
        versionText(this.version),
      );
    }
    await this.#sendCap(domainId, POWERCAP_DISABLED, SYNCHRONOUS, options);
  }

  /** `POWERCAP_PAI_GET`: the power averaging interval in microseconds. DEN0056D, `POWERCAP_PAI_GET` */
  getPai(domainId: number, options?: PowercapCallOptions): Promise<number> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.getPai : undefined;
    if (fast) return readAsCall(options, () => fast.read()[0]);
    return this.#handle.call(PowercapPaiGet, { domainId }, options, (it) => it.paiUs);
  }

  /** `POWERCAP_PAI_SET`: changes the power averaging interval; resolves when it holds, or when it is in the FastChannel. DEN0056D,
   *  `POWERCAP_PAI_SET`
   *  @param paiUs in microseconds
   *  @throws StatusError as {@link setCap} */
  setPai(domainId: number, paiUs: number, options?: PowercapCallOptions): Promise<void> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.setPai : undefined;
    if (fast && isWritable(paiUs)) return fast.writePaced(PowercapPaiSet.name, paiUs, 0, options);
    return this.#handle.call(PowercapPaiSet, { domainId, paiUs }, options, ignore);
  }

  /** `POWERCAP_MEASUREMENTS_GET`: the power of a domain, and the interval that it is averaged over. DEN0056D,
   *  `POWERCAP_MEASUREMENTS_GET`
   *  @throws StatusError `NOT_SUPPORTED` for a domain that is not measured */
  getMeasurements(domainId: number, options?: CallOptions): Promise<PowercapMeasurements> {
    return this.#handle.call(PowercapMeasurementsGet, { domainId }, options);
  }

  /** {@link getMeasurements} without waiting for the event loop; see `PolledCommand` for what it throws.
   *  @param into overwritten and returned */
  getMeasurementsPolled(domainId: number, into: { power: number; paiUs: number }): PowercapMeasurements {
    this.#domainRequest.domainId = domainId;
    return this.#measurementsPolled.call(this.#domainRequest, into);
  }

  /** `POWERCAP_CAP_NOTIFY`: watches `POWERCAP_CAP_CHANGED` of some domains: the cap, and the interval. DEN0056D, `POWERCAP_CAP_NOTIFY`
   *  @param domainIds one or several; all that can notify unless said. Of several, one success is enough */
  watchCap(domainIds?: number | readonly number[], options?: WatchOptions): Watch<PowercapCapEvent> {
    const isAll = domainIds === undefined;
    const sources = () => this.#sources(domainIds, ({ attributes }) => attributes.notifyCap);
    return this.#handle.watch(PowercapCapChanged, { ...options, sources, isAll });
  }

  /** `POWERCAP_MEASUREMENTS_NOTIFY`: watches `POWERCAP_MEASUREMENTS_CHANGED` of some domains: the average falls below one threshold, or
   *  rises above the other. A domain has one pair of thresholds for an agent: those of the newest watch hold for all of its watches.
   *  DEN0056D, `POWERCAP_MEASUREMENTS_NOTIFY`
   *  @param domainIds as for {@link watchCap}
   *  @throws RangeError when `low` is above `high` */
  watchMeasurements(
    domainIds: number | readonly number[] | undefined,
    { low, high }: PowercapThresholds,
    options?: WatchOptions,
  ): Watch<PowercapMeasurementsEvent> {
    if (!(low <= high)) throw new RangeError(`"low" expected at most ${high}, got ${low}`);
    const sources = async () => {
      const ids = await this.#sources(domainIds, ({ attributes }) => attributes.notifyMeasurements);
      for (const id of ids) await this.#useThresholds(id, { low, high });
      return ids;
    };
    return this.#handle.watch(PowercapMeasurementsChanged, {
      ...options,
      ...{ sources, isAll: domainIds === undefined },
      switchValues: (domainId, isOn) => {
        const told = this.#thresholds.get(domainId) ?? NO_THRESHOLDS;
        if (isOn) this.#told.set(domainId, told);
        else this.#told.delete(domainId);
        return { powerThresholdLow: told.low, powerThresholdHigh: told.high };
      },
    });
  }

  #sendCap(
    domainId: number,
    powerCap: number,
    flags: typeof SYNCHRONOUS,
    options: CallOptions | undefined,
  ): Promise<void> {
    return this.#handle.call(PowercapCapSet, { domainId, flags, powerCap }, options, ignore);
  }

  async #attributesOf(domainId: number, options: CallOptions | undefined): Promise<PowercapDomainAttributeInfo> {
    const known = this.#known.get(domainId) ?? (await this.getDomainAttributes(domainId, options));
    this.#known.set(domainId, known);
    return known;
  }

  /** Remembers thresholds for the moment when the domain is switched on, and tells a platform that notifies already. */
  async #useThresholds(domainId: number, thresholds: PowercapThresholds): Promise<void> {
    this.#thresholds.set(domainId, thresholds);
    const told = this.#told.get(domainId);
    if (!told || (told.low === thresholds.low && told.high === thresholds.high)) return;
    await this.#handle.call(PowercapMeasurementsNotify, {
      ...{ domainId, notifyEnable: true },
      ...{ powerThresholdLow: thresholds.low, powerThresholdHigh: thresholds.high },
    });
    this.#told.set(domainId, thresholds);
  }

  async #sources(
    domainIds: number | readonly number[] | undefined,
    isNotifying: (domain: PowercapDomainAttributeInfo) => boolean,
  ): Promise<readonly number[]> {
    if (typeof domainIds === "number") return [domainIds];
    if (domainIds) return domainIds;
    const { domainCount } = await this.getProtocolAttributes();
    const ids: number[] = [];
    for (let id = 0; id < domainCount; id++) {
      const domain = await orElse(this.#attributesOf(id, undefined), undefined);
      if (domain && isNotifying(domain)) ids.push(id);
    }
    return ids;
  }
}

const SYNCHRONOUS = { async: false, ignoreDelayedResponse: false };

function ignore(): void {}
