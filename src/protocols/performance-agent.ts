import type { CallOptions, PolledCommand, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import type { Protocol } from "../wire/protocol.ts";
import { FastChannelFinder, isWritable, readAsCall } from "./fast-channel-finder.ts";
import {
  PerformanceDescribeLevels,
  PerformanceDomainAttributes,
  PerformanceDomainNameGet,
  PerformanceLevelChanged,
  PerformanceLevelGet,
  PerformanceLevelSet,
  PerformanceLimitsChanged,
  PerformanceLimitsGet,
  PerformanceLimitsSet,
  PerformanceProtocolAttributes,
  performanceProtocol,
} from "./performance.ts";
import {
  findPerformanceFastChannels,
  PERFORMANCE_FAST_CHANNELS,
  type PerformanceFastChannels,
} from "./performance-fast.ts";
import { type PerformanceStatisticsCopy, readPerformanceStatistics } from "./performance-statistics.ts";
import { orElse } from "./refusal.ts";
import { isWord } from "./word.ts";

/** `PROTOCOL_ATTRIBUTES` of the performance protocol. */
export interface PerformanceProtocolInfo {
  readonly domainCount: number;
  /** One of `POWER_UNIT`. */
  readonly powerUnit: number;
  /** Physical address of the statistics region; means nothing while its length is 0. */
  readonly statisticsAddress: bigint;
  readonly statisticsByteLength: number;
}

/** `PERFORMANCE_DOMAIN_ATTRIBUTES` */
export interface PerformanceDomainAttributeInfo {
  readonly attributes: {
    readonly setLimits: boolean;
    readonly setLevel: boolean;
    readonly notifyLimits: boolean;
    readonly notifyLevel: boolean;
    readonly fastChannel: boolean;
    readonly extendedName: boolean;
    readonly levelIndexing: boolean;
  };
  /** Least time between two requests by message, in microseconds; 0 = not stated. */
  readonly rateLimitUs: number;
  readonly sustainedFreqKhz: number;
  /** A level, never an index. */
  readonly sustainedPerfLevel: number;
  /** At most 15 characters. */
  readonly name: string;
}

/** One level of a domain. */
export interface PerformanceLevel {
  readonly performanceLevel: number;
  /** In the protocol's power unit; 0 = not stated. */
  readonly powerCost: number;
  /** Worst case, from any other level. */
  readonly latencyUs: number;
  /** From version 4.0 on; means something in a domain with level indexing. */
  readonly indicativeFrequencyKhz?: number | undefined;
  /** From version 4.0 on; what commands carry in a domain with level indexing. */
  readonly levelIndex?: number | undefined;
}

/** The limits in force, or asked for: levels, or level indices. */
export interface PerformanceLimits {
  readonly rangeMax: number;
  readonly rangeMin: number;
}

/** All that does not change about a domain. */
export interface PerformanceDomainInfo {
  readonly domainId: number;
  /** The long name where there is one. */
  readonly name: string;
  readonly canSetLimits: boolean;
  readonly canSetLevel: boolean;
  readonly notifiesLimits: boolean;
  readonly notifiesLevel: boolean;
  /** Commands, notifications and FastChannels carry `levelIndex` in place of `performanceLevel`. */
  readonly isLevelIndexed: boolean;
  /** Least time between two requests by message, in microseconds; 0 = not stated. */
  readonly rateLimitUs: number;
  readonly sustainedFreqKhz: number;
  readonly sustainedPerfLevel: number;
  /** What a level is worth in Hz, as Linux works it out: a thousand where the platform does not tie levels to frequencies. */
  readonly hzPerLevel: number;
  /** Ascending, without repetitions. */
  readonly levels: readonly PerformanceLevel[];
  /** The FastChannels in use, by what they replace. */
  readonly fastChannels: PerformanceFastChannels;
}

/** How a call that may have a FastChannel goes out. */
export interface PerformanceCallOptions extends CallOptions {
  /** `message`: by message even where there is a FastChannel, which never says no. */
  readonly via?: "message";
}

/** `PERFORMANCE_LIMITS_CHANGED` */
export interface PerformanceLimitsEvent extends PerformanceLimits {
  /** Whose request it was; 0 = the platform. Our own come back, too. */
  readonly agentId: number;
  readonly domainId: number;
}

/** `PERFORMANCE_LEVEL_CHANGED` */
export interface PerformanceLevelEvent {
  /** Whose request it was; 0 = the platform. Our own come back, too. */
  readonly agentId: number;
  readonly domainId: number;
  /** Or level index. */
  readonly performanceLevel: number;
}

const DEFAULT_HZ_PER_LEVEL = 1000;
const NO_FAST_CHANNELS: PerformanceFastChannels = {};

/** Performance domains, the agent's side. Where commands carry a level, they carry a level index in a domain with level indexing.
 *  DEN0056, performance domain management protocol */
export class Performance {
  /** The message table. */
  static readonly table: Protocol = performanceProtocol;
  readonly #handle: ProtocolHandle;
  readonly #finder: FastChannelFinder;
  readonly #levelSet: PolledCommand<LevelRequest, Record<never, never>>;
  readonly #levelGet: PolledCommand<DomainRequest, { performanceLevel: number }>;
  readonly #limitsSet: PolledCommand<LimitsRequest, Record<never, never>>;
  readonly #limitsGet: PolledCommand<DomainRequest, Mutable<PerformanceLimits>>;
  // Overwritten by each polled call: no garbage.
  readonly #domainRequest = { domainId: 0 };
  readonly #levelRequest = { domainId: 0, performanceLevel: 0 };
  readonly #levelResponse = { performanceLevel: 0 };
  readonly #limitsRequest = { domainId: 0, rangeMax: 0, rangeMin: 0 };
  readonly #infos = new Map<number, PerformanceDomainInfo>();
  /** By domain. */
  readonly #fast: (PerformanceFastChannels | undefined)[] = [];
  #attributes: PerformanceProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#finder = new FastChannelFinder(handle, PERFORMANCE_FAST_CHANNELS);
    this.#levelSet = handle.polled(PerformanceLevelSet);
    this.#levelGet = handle.polled(PerformanceLevelGet);
    this.#limitsSet = handle.polled(PerformanceLimitsSet);
    this.#limitsGet = handle.polled(PerformanceLimitsGet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of domains, power unit, statistics; asked once. DEN0056, Performance `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<PerformanceProtocolInfo> {
    this.#attributes ??= await this.#handle.call(PerformanceProtocolAttributes, {}, options, (it) => ({
      ...it.attributes,
      statisticsAddress: it.statisticsAddress,
      statisticsByteLength: it.statisticsByteLength,
    }));
    return this.#attributes;
  }

  /** `PERFORMANCE_DOMAIN_ATTRIBUTES`: what this agent may do with a domain. DEN0056, `PERFORMANCE_DOMAIN_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for a domain that does not exist */
  getDomainAttributes(domainId: number, options?: CallOptions): Promise<PerformanceDomainAttributeInfo> {
    return this.#handle.call(PerformanceDomainAttributes, { domainId }, options);
  }

  /** Everything that does not change about a domain: attributes, long name, levels and FastChannels; gathered once. From here on the
   *  domain's FastChannels are used.
   *  @throws RangeError for a domain beyond the count: some firmware takes it for domain 0 */
  async describe(domainId: number, options?: CallOptions): Promise<PerformanceDomainInfo> {
    const known = this.#infos.get(domainId);
    if (known) return known;
    const { domainCount } = await this.getProtocolAttributes(options);
    if (domainId >= domainCount) throw new RangeError(`"domainId" expected less than ${domainCount}, got ${domainId}`);
    const { attributes, name, ...rest } = await this.getDomainAttributes(domainId, options);
    const longName = attributes.extendedName ? await orElse(this.getDomainName(domainId, options), name) : name;
    const levels = await orElse(this.describeLevels(domainId, options), []);
    const fastChannels = attributes.fastChannel
      ? await findPerformanceFastChannels(this.#finder, domainId, attributes, options)
      : NO_FAST_CHANNELS;
    const info: PerformanceDomainInfo = {
      domainId,
      name: longName,
      canSetLimits: attributes.setLimits,
      canSetLevel: attributes.setLevel,
      notifiesLimits: attributes.notifyLimits,
      notifiesLevel: attributes.notifyLevel,
      isLevelIndexed: attributes.levelIndexing,
      rateLimitUs: rest.rateLimitUs,
      sustainedFreqKhz: rest.sustainedFreqKhz,
      sustainedPerfLevel: rest.sustainedPerfLevel,
      hzPerLevel: hzPerLevel(rest, attributes.levelIndexing),
      levels: distinct(levels, attributes.levelIndexing),
      fastChannels,
    };
    this.#infos.set(domainId, info);
    this.#fast[domainId] = fastChannels;
    return info;
  }

  /** {@link describe} for every domain that there is. A numbering may have holes. */
  async describeAll(options?: CallOptions): Promise<readonly PerformanceDomainInfo[]> {
    const { domainCount } = await this.getProtocolAttributes(options);
    const infos: PerformanceDomainInfo[] = [];
    for (let domainId = 0; domainId < domainCount; domainId++) {
      const info = await orElse(this.describe(domainId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `PERFORMANCE_DESCRIBE_LEVELS`: the levels of a domain, in as many messages as it takes, as they come.
   *  DEN0056, `PERFORMANCE_DESCRIBE_LEVELS`
   *  @throws MessageError when counts contradict each other */
  async describeLevels(domainId: number, options?: CallOptions): Promise<readonly PerformanceLevel[]> {
    const levels: PerformanceLevel[] = [];
    const parts = this.#handle.multiPart(PerformanceDescribeLevels, { domainId, levelIndex: 0 }, options);
    for await (const part of parts) levels.push(...part.levels);
    return levels;
  }

  /** `PERFORMANCE_DOMAIN_NAME_GET`: the long name of a domain. DEN0056D, `PERFORMANCE_DOMAIN_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none
   *  @throws UnsupportedError before version 3.0 */
  getDomainName(domainId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(PerformanceDomainNameGet, { domainId }, options, (it) => it.name);
  }

  /** `PERFORMANCE_LEVEL_SET`: asks for a level; resolves when the platform has accepted, or when it is in the FastChannel, which cannot
   *  refuse. DEN0056, `PERFORMANCE_LEVEL_SET`
   *  @throws StatusError `OUT_OF_RANGE` outside of the limits, `DENIED` when this agent may not */
  setLevel(domainId: number, level: number, options?: PerformanceCallOptions): Promise<void> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.setLevel : undefined;
    if (fast && isWritable(level)) return fast.writePaced(PerformanceLevelSet.name, level, 0, options);
    return this.#handle.call(PerformanceLevelSet, { domainId, performanceLevel: level }, options, ignore);
  }

  /** {@link setLevel} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws.
   *  @throws ChannelError "busy" also before the rate limit of a FastChannel allows it */
  setLevelPolled(domainId: number, level: number): void {
    const fast = this.#fast[domainId]?.setLevel;
    if (fast && isWritable(level)) {
      fast.write(level);
      return;
    }
    if (isWord(domainId) && isWord(level) && this.#levelSet.tryWords(domainId, level, 0, 0) !== undefined) return;
    this.#levelRequest.domainId = domainId;
    this.#levelRequest.performanceLevel = level;
    this.#levelSet.call(this.#levelRequest, NOTHING);
  }

  /** `PERFORMANCE_LEVEL_GET`: the level that a domain has, or had a moment ago. DEN0056, `PERFORMANCE_LEVEL_GET`
   *  @throws StatusError `BUSY` while another reading is under way: ask again */
  getLevel(domainId: number, options?: PerformanceCallOptions): Promise<number> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.getLevel : undefined;
    if (fast) return readAsCall(options, () => fast.read()[0]);
    return this.#handle.call(PerformanceLevelGet, { domainId }, options, levelOf);
  }

  /** {@link getLevel} without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. */
  getLevelPolled(domainId: number): number {
    const fast = this.#fast[domainId]?.getLevel;
    if (fast) return fast.read()[0];
    const level = isWord(domainId) ? this.#levelGet.tryWords(domainId, 0, 0, 0) : undefined;
    if (level !== undefined) return level >>> 0;
    this.#domainRequest.domainId = domainId;
    return this.#levelGet.call(this.#domainRequest, this.#levelResponse).performanceLevel;
  }

  /** `PERFORMANCE_LIMITS_SET`: the range that the platform may choose from. From version 3.0 on a 0 leaves that limit as it is.
   *  DEN0056, `PERFORMANCE_LIMITS_SET`
   *  @throws StatusError `OUT_OF_RANGE`, `INVALID_PARAMETERS`, `DENIED`, and `NOT_SUPPORTED` from some firmware */
  setLimits(domainId: number, limits: PerformanceLimits, options?: PerformanceCallOptions): Promise<void> {
    const { rangeMax, rangeMin } = limits;
    const fast = options?.via === undefined ? this.#fast[domainId]?.setLimits : undefined;
    if (fast && isWritable(rangeMax) && isWritable(rangeMin)) {
      return fast.writePaced(PerformanceLimitsSet.name, rangeMax, rangeMin, options);
    }
    return this.#handle.call(PerformanceLimitsSet, { domainId, rangeMax, rangeMin }, options, ignore);
  }

  /** {@link setLimits} without waiting for the event loop, and without garbage; throws like {@link setLevelPolled}. */
  setLimitsPolled(domainId: number, rangeMax: number, rangeMin: number): void {
    const fast = this.#fast[domainId]?.setLimits;
    if (fast && isWritable(rangeMax) && isWritable(rangeMin)) {
      fast.write(rangeMax, rangeMin);
      return;
    }
    const isOfWords = isWord(domainId) && isWord(rangeMax) && isWord(rangeMin);
    if (isOfWords && this.#limitsSet.tryWords(domainId, rangeMax, rangeMin, 0) !== undefined) return;
    this.#limitsRequest.domainId = domainId;
    this.#limitsRequest.rangeMax = rangeMax;
    this.#limitsRequest.rangeMin = rangeMin;
    this.#limitsSet.call(this.#limitsRequest, NOTHING);
  }

  /** `PERFORMANCE_LIMITS_GET`: the limits in force. DEN0056, `PERFORMANCE_LIMITS_GET` */
  getLimits(domainId: number, options?: PerformanceCallOptions): Promise<PerformanceLimits> {
    const fast = options?.via === undefined ? this.#fast[domainId]?.getLimits : undefined;
    if (!fast) return this.#handle.call(PerformanceLimitsGet, { domainId }, options);
    return readAsCall(options, () => {
      const [rangeMax, rangeMin] = fast.read();
      return { rangeMax, rangeMin };
    });
  }

  /** {@link getLimits} without waiting for the event loop; see `PolledCommand` for what it throws.
   *  @param into overwritten and returned */
  getLimitsPolled(domainId: number, into: { rangeMax: number; rangeMin: number }): PerformanceLimits {
    const fast = this.#fast[domainId]?.getLimits;
    if (fast) {
      const [rangeMax, rangeMin] = fast.read();
      into.rangeMax = rangeMax;
      into.rangeMin = rangeMin;
      return into;
    }
    this.#domainRequest.domainId = domainId;
    return this.#limitsGet.call(this.#domainRequest, into);
  }

  /** `PERFORMANCE_NOTIFY_LIMITS`: watches `PERFORMANCE_LIMITS_CHANGED` of some domains. DEN0056, `PERFORMANCE_NOTIFY_LIMITS`
   *  @param domainIds one or several; all that can notify unless said. Of several, one success is enough */
  watchLimits(domainIds?: number | readonly number[], options?: WatchOptions): Watch<PerformanceLimitsEvent> {
    const sources = this.#sources(domainIds, (it) => it.attributes.notifyLimits);
    return this.#handle.watch(PerformanceLimitsChanged, { ...options, ...sources });
  }

  /** `PERFORMANCE_NOTIFY_LEVEL`: watches `PERFORMANCE_LEVEL_CHANGED` of some domains. DEN0056, `PERFORMANCE_NOTIFY_LEVEL`
   *  @param domainIds as for {@link watchLimits} */
  watchLevel(domainIds?: number | readonly number[], options?: WatchOptions): Watch<PerformanceLevelEvent> {
    const sources = this.#sources(domainIds, (it) => it.attributes.notifyLevel);
    return this.#handle.watch(PerformanceLevelChanged, { ...options, ...sources });
  }

  /** A copy of the statistics region; `undefined` when there is none, or when its memory is out of reach.
   *  DEN0056, performance statistics shared memory
   *  @throws MessageError when it is no such region, or changes faster than it can be read */
  async readStatistics(options?: CallOptions): Promise<PerformanceStatisticsCopy | undefined> {
    const { statisticsAddress, statisticsByteLength } = await this.getProtocolAttributes(options);
    if (statisticsByteLength === 0) return undefined;
    return readPerformanceStatistics(() => this.#handle.readMemory(statisticsAddress, statisticsByteLength));
  }

  #sources(
    domainIds: number | readonly number[] | undefined,
    isNotifying: (domain: PerformanceDomainAttributeInfo) => boolean,
  ) {
    if (typeof domainIds === "number") return { sources: [domainIds] };
    if (domainIds) return { sources: domainIds };
    const all = async () => {
      const { domainCount } = await this.getProtocolAttributes();
      const ids: number[] = [];
      for (let id = 0; id < domainCount; id++) {
        const domain = await orElse(this.getDomainAttributes(id), undefined);
        if (domain && isNotifying(domain)) ids.push(id);
      }
      return ids;
    };
    return { sources: all, isAll: true };
  }
}

interface DomainRequest {
  readonly domainId: number;
}

interface LevelRequest extends DomainRequest {
  readonly performanceLevel: number;
}

interface LimitsRequest extends DomainRequest, PerformanceLimits {}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NOTHING = {};

/** Some firmware repeats itself: the first of a value counts, and in a domain with level indexing the first of an index. */
function distinct(levels: readonly PerformanceLevel[], isLevelIndexed: boolean): readonly PerformanceLevel[] {
  const values = new Set<number>();
  const indices = new Set<number | undefined>();
  return levels.filter(({ performanceLevel, levelIndex }) => {
    if (values.has(performanceLevel) || (isLevelIndexed && indices.has(levelIndex))) return false;
    values.add(performanceLevel);
    indices.add(levelIndex);
    return true;
  });
}

function hzPerLevel(
  { sustainedFreqKhz, sustainedPerfLevel }: { readonly sustainedFreqKhz: number; readonly sustainedPerfLevel: number },
  isLevelIndexed: boolean,
): number {
  if (isLevelIndexed || sustainedFreqKhz === 0 || sustainedPerfLevel === 0) return DEFAULT_HZ_PER_LEVEL;
  return (sustainedFreqKhz * 1000) / sustainedPerfLevel;
}

function levelOf({ performanceLevel }: { readonly performanceLevel: number }): number {
  return performanceLevel;
}

function ignore(): void {}
