import type { CallOptions, PolledCommand, ProtocolHandle } from "../agent/handle.ts";
import type { Protocol } from "../wire/protocol.ts";
import { contradiction, tripletOf } from "./contradiction.ts";
import { orElse } from "./refusal.ts";
import {
  VOLTAGE_MODE,
  VoltageConfigGet,
  VoltageConfigSet,
  VoltageDescribeLevels,
  VoltageDomainAttributes,
  VoltageDomainNameGet,
  VoltageLevelGet,
  VoltageLevelSet,
  VoltageProtocolAttributes,
  voltageProtocol,
} from "./voltage.ts";
import { isWord } from "./word.ts";

/** `PROTOCOL_ATTRIBUTES` of the voltage domain protocol. */
export interface VoltageProtocolInfo {
  readonly domainCount: number;
}

/** `VOLTAGE_DOMAIN_ATTRIBUTES` */
export interface VoltageDomainAttributeInfo {
  readonly attributes: { readonly async: boolean; readonly extendedName: boolean };
  /** At most 15 characters. */
  readonly name: string;
}

/** The levels of a domain in µV, signed: a list, ascending, or all of `lowestUv + k × stepUv` up to `highestUv`. */
export type VoltageLevels =
  | { readonly kind: "list"; readonly levelsUv: readonly number[] }
  | { readonly kind: "range"; readonly lowestUv: number; readonly highestUv: number; readonly stepUv: number };

/** All that does not change about a voltage domain. */
export interface VoltageDomainInfo {
  readonly domainId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** An empty list where the platform would not say. */
  readonly levels: VoltageLevels;
  /** The level can be set without holding the channel meanwhile. */
  readonly isAsync: boolean;
}

/** The bits of a mode that tell whether it counts as on, as Linux has it. */
const MODE_ID_MASK = 0x7;

/** Voltage domains, the agent's side; levels are in µV, signed. The protocol has no notifications. DEN0056, voltage domain management
 *  protocol */
export class Voltage {
  /** The message table. */
  static readonly table: Protocol = voltageProtocol;
  readonly #handle: ProtocolHandle;
  readonly #levelPolled: PolledCommand<{ domainId: number }, { levelUv: number }>;
  readonly #setLevelPolled: PolledCommand<LevelRequest, Record<never, never>>;
  // Overwritten by each polled call: no garbage.
  readonly #levelRequest = { domainId: 0 };
  readonly #levelResponse = { levelUv: 0 };
  readonly #setLevelRequest = { domainId: 0, flags: { async: false }, levelUv: 0 };
  readonly #infos = new Map<number, VoltageDomainInfo>();
  #attributes: VoltageProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#levelPolled = handle.polled(VoltageLevelGet);
    this.#setLevelPolled = handle.polled(VoltageLevelSet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of domains; asked once. DEN0056, Voltage `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<VoltageProtocolInfo> {
    this.#attributes ??= await this.#handle.call(VoltageProtocolAttributes, {}, options, (it) => it.attributes);
    return this.#attributes;
  }

  /** `VOLTAGE_DOMAIN_ATTRIBUTES`: what a domain can. DEN0056C, `VOLTAGE_DOMAIN_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  getAttributes(domainId: number, options?: CallOptions): Promise<VoltageDomainAttributeInfo> {
    return this.#handle.call(VoltageDomainAttributes, { domainId }, options);
  }

  /** Everything that does not change about a domain: attributes, long name and levels; gathered once.
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  async describe(domainId: number, options?: CallOptions): Promise<VoltageDomainInfo> {
    const known = this.#infos.get(domainId);
    if (known) return known;
    const { attributes, name } = await this.getAttributes(domainId, options);
    const info: VoltageDomainInfo = {
      domainId,
      name: attributes.extendedName ? await orElse(this.getName(domainId, options), name) : name,
      levels: await orElse(this.describeLevels(domainId, options), { kind: "list", levelsUv: [] }),
      isAsync: attributes.async,
    };
    this.#infos.set(domainId, info);
    return info;
  }

  /** {@link describe} for every domain that there is. A numbering may have holes. */
  async describeAll(options?: CallOptions): Promise<readonly VoltageDomainInfo[]> {
    const { domainCount } = await this.getProtocolAttributes(options);
    const infos: VoltageDomainInfo[] = [];
    for (let domainId = 0; domainId < domainCount; domainId++) {
      const info = await orElse(this.describe(domainId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `VOLTAGE_DESCRIBE_LEVELS`: the levels of a domain, in as many messages as it takes. DEN0056C, `VOLTAGE_DESCRIBE_LEVELS`
   *  @throws MessageError when counts contradict each other, or a range is no triplet */
  async describeLevels(domainId: number, options?: CallOptions): Promise<VoltageLevels> {
    const levelsUv: number[] = [];
    const parts = this.#handle.multiPart(VoltageDescribeLevels, { domainId, levelIndex: 0 }, options);
    for await (const { flags, levelsUv: page } of parts) {
      if (flags.isRange) return rangeOf(page);
      levelsUv.push(...page);
    }
    return { kind: "list", levelsUv };
  }

  /** `VOLTAGE_CONFIG_SET`: switches a domain to an operating mode. DEN0056C, `VOLTAGE_CONFIG_SET`
   *  @param config one of `VOLTAGE_MODE`, or 8 to 15 for the platform's own
   *  @throws StatusError `INVALID_PARAMETERS` for a mode that the domain has not, `DENIED` when this agent may not */
  setConfig(domainId: number, config: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(VoltageConfigSet, { domainId, config }, options, ignore);
  }

  /** `VOLTAGE_CONFIG_SET`: switches a domain on. DEN0056C, `VOLTAGE_CONFIG_SET` */
  enable(domainId: number, options?: CallOptions): Promise<void> {
    return this.setConfig(domainId, VOLTAGE_MODE.ON, options);
  }

  /** `VOLTAGE_CONFIG_SET`: switches a domain off, as far as we are concerned. DEN0056C, `VOLTAGE_CONFIG_SET` */
  disable(domainId: number, options?: CallOptions): Promise<void> {
    return this.setConfig(domainId, VOLTAGE_MODE.OFF, options);
  }

  /** `VOLTAGE_CONFIG_GET`: the operating mode of a domain. DEN0056C, `VOLTAGE_CONFIG_GET` */
  getConfig(domainId: number, options?: CallOptions): Promise<number> {
    return this.#handle.call(VoltageConfigGet, { domainId }, options, ({ config }) => config);
  }

  /** `VOLTAGE_CONFIG_GET`: whether a domain is on; the platform's own modes are, too, but for the first.
   *  DEN0056C, `VOLTAGE_CONFIG_GET` */
  async isEnabled(domainId: number, options?: CallOptions): Promise<boolean> {
    return ((await this.getConfig(domainId, options)) & MODE_ID_MASK) !== 0;
  }

  /** `VOLTAGE_LEVEL_SET`: changes a level; resolves when it is reached. DEN0056C, `VOLTAGE_LEVEL_SET`
   *  @param levelUv in µV, signed: one of the domain's levels
   *  @throws StatusError `INVALID_PARAMETERS` for a level that the domain has not, `DENIED` when this agent may not set it */
  setLevel(domainId: number, levelUv: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(VoltageLevelSet, { domainId, flags: SYNC, levelUv }, options, ignore);
  }

  /** `VOLTAGE_LEVEL_SET`, asynchronous: changes a level without holding the channel meanwhile, and resolves with the level that
   *  `VOLTAGE_LEVEL_SET_COMPLETE` reports. A domain that cannot is asked in the ordinary way, and then for the level.
   *  DEN0056D, `VOLTAGE_LEVEL_SET`
   *  @throws StatusError as {@link setLevel}, also from the delayed response
   *  @throws DeadlineError "delayedResponse" when that does not come */
  async setLevelAsync(domainId: number, levelUv: number, options?: CallOptions): Promise<number> {
    const { isAsync } = await this.describe(domainId, options);
    if (!isAsync || !this.#handle.canNotify) {
      await this.setLevel(domainId, levelUv, options);
      return this.getLevel(domainId, options);
    }
    const complete = await this.#handle.callAsync(VoltageLevelSet, { domainId, flags: ASYNC, levelUv }, options);
    if (complete.domainId !== domainId)
      throw contradiction("VOLTAGE_LEVEL_SET_COMPLETE", "delayedResponse.domainId", 4, domainId, complete.domainId);
    return complete.levelUv;
  }

  /** {@link setLevel} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  setLevelPolled(domainId: number, levelUv: number): void {
    const isOfWords = isWord(domainId) && (levelUv | 0) === levelUv;
    if (isOfWords && this.#setLevelPolled.tryWords(domainId, 0, levelUv, 0) !== undefined) return;
    const request = this.#setLevelRequest;
    request.domainId = domainId;
    request.levelUv = levelUv;
    this.#setLevelPolled.call(request, NOTHING);
  }

  /** `VOLTAGE_LEVEL_GET`: the level in µV, signed; of a domain that is off, the one that it would have. DEN0056C, `VOLTAGE_LEVEL_GET` */
  getLevel(domainId: number, options?: CallOptions): Promise<number> {
    return this.#handle.call(VoltageLevelGet, { domainId }, options, levelOf);
  }

  /** {@link getLevel} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  getLevelPolled(domainId: number): number {
    const levelUv = isWord(domainId) ? this.#levelPolled.tryWords(domainId, 0, 0, 0) : undefined;
    if (levelUv !== undefined) return levelUv;
    this.#levelRequest.domainId = domainId;
    return this.#levelPolled.call(this.#levelRequest, this.#levelResponse).levelUv;
  }

  /** `VOLTAGE_DOMAIN_NAME_GET`: the long name of a domain. DEN0056D, `VOLTAGE_DOMAIN_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none
   *  @throws UnsupportedError before version 2.0 */
  getName(domainId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(VoltageDomainNameGet, { domainId }, options, (it) => it.name);
  }
}

interface LevelRequest {
  readonly domainId: number;
  readonly flags: { readonly async: boolean };
  readonly levelUv: number;
}

const SYNC = { async: false } as const;
const ASYNC = { async: true } as const;
const NOTHING = {};

function rangeOf(triplet: readonly number[]): VoltageLevels {
  const [lowestUv, highestUv, stepUv] = tripletOf(VoltageDescribeLevels.name, "levelsUv", "levels", triplet);
  return { kind: "range", lowestUv, highestUv, stepUv };
}

function levelOf({ levelUv }: { readonly levelUv: number }): number {
  return levelUv;
}

function ignore(): void {}
