import type { BoardPerformance, BoardPerformanceDomain } from "../board/board.ts";
import type { HotKind } from "../core/description.ts";
import type { CoreEvent } from "../core/event-ring.ts";
import { STATUS } from "../errors.ts";
import {
  PerformanceDescribeFastchannel,
  PerformanceDescribeLevels,
  PerformanceDomainAttributes,
  PerformanceDomainNameGet,
  PerformanceLevelChanged,
  PerformanceLevelGet,
  PerformanceLevelSet,
  PerformanceLimitsChanged,
  PerformanceLimitsGet,
  PerformanceLimitsSet,
  PerformanceMessageAttributes,
  PerformanceNotifyLevel,
  PerformanceNotifyLimits,
  PerformanceProtocolAttributes,
  POWER_UNIT,
  performanceProtocol,
} from "../protocols/performance.ts";
import { PERFORMANCE_STATISTICS_SIGNATURE } from "../protocols/statistics.ts";
import type { AgentState } from "./agents.ts";
import type { FastChannels } from "./fast-channels.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import { isLong, shortName } from "./names.ts";
import { PerformanceControls } from "./performance-controls.ts";
import { type Limits, PerformanceDomains } from "./performance-domains.ts";
import { performanceFastChannels } from "./performance-fast-channels.ts";
import type { Server } from "./server.ts";
import { Statistics } from "./statistics.ts";

/** From here on power may be in microwatts; before, in milliwatts or abstract. */
const V3 = 0x30000;
/** From here on a level has five words, and domains may go by indices. */
const V4 = 0x40000;

/** Ids of what a FastChannel may replace. */
const FAST = [PerformanceLimitsSet, PerformanceLimitsGet, PerformanceLevelSet, PerformanceLevelGet].map(({ id }) => id);

const LIST_HEAD_BYTES = 8;
const LEVEL_BYTES = { before: 12, since: 20 } as const;
const MAX_LEVELS_RETURNED = 0xfff;
const UW_PER_MW = 1000;

/** Performance domain management. */
export class PerformanceServer implements Server {
  readonly protocol = performanceProtocol;
  readonly handlers = new Handlers();
  readonly domains: PerformanceDomains;
  readonly fastChannels: FastChannels;
  readonly controls: PerformanceControls;
  readonly #machine: Machine;
  readonly #board: BoardPerformance;
  readonly #statistics: Statistics | undefined;

  constructor(machine: Machine, board: BoardPerformance, map: MemoryMap) {
    this.#machine = machine;
    this.#board = board;
    this.domains = new PerformanceDomains(machine, board.domains);
    this.controls = new PerformanceControls(machine, this.domains);
    this.fastChannels = performanceFastChannels(machine, this.domains, map);
    if (board.statistics) {
      const positionOf = (domainId: number, key: number) => this.domains.positionOf(domainId, key);
      const tracked = board.domains.map(({ levels }, id) => ({
        ids: levels.map((_, i) => i),
        current: positionOf(id, this.domains.level(id)),
      }));
      const { address } = board.statistics;
      const statistics = new Statistics(machine, map, PERFORMANCE_STATISTICS_SIGNATURE, tracked, address);
      this.domains.levelEntered = (domainId, key, time) => statistics.enter(domainId, positionOf(domainId, key), time);
      this.#statistics = statistics;
    }
    const { domains } = this;
    this.handlers
      .on(PerformanceMessageAttributes, ({ messageId }, { agent }) => {
        if (!machine.commandFor(agent, this.protocol, messageId)) return STATUS.NOT_FOUND;
        return { attributes: { fastChannel: this.#hasFastChannel(agent, messageId) } };
      })
      .on(PerformanceProtocolAttributes, (_, call) => this.#protocolAttributes(call))
      .on(PerformanceDomainAttributes, ({ domainId }, call) =>
        this.#with(call, domainId, (domain) => this.#attributes(call, domainId, domain)),
      )
      .on(PerformanceDescribeLevels, ({ domainId, levelIndex }, call) =>
        this.#with(call, domainId, (domain) => this.#describeLevels(domain, levelIndex, call)),
      )
      .on(PerformanceLimitsSet, ({ domainId, rangeMax, rangeMin }, { agent }) =>
        done(domains.requestLimits(agent, domainId, rangeMax, rangeMin)),
      )
      .on(PerformanceLimitsGet, ({ domainId }, call) =>
        this.#with(call, domainId, (domain) => {
          const { max, min } = domains.limits(domainId);
          return {
            rangeMax: domains.toWire(call.agent, domain, max),
            rangeMin: domains.toWire(call.agent, domain, min),
          };
        }),
      )
      .on(PerformanceLevelSet, ({ domainId, performanceLevel }, { agent }) =>
        done(domains.requestLevel(agent, domainId, performanceLevel)),
      )
      .on(PerformanceLevelGet, ({ domainId }, call) =>
        this.#with(call, domainId, (domain) => ({
          performanceLevel: domains.toWire(call.agent, domain, domains.level(domainId)),
        })),
      )
      .on(PerformanceNotifyLimits, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notifyLimits }) =>
          this.#subscribe(PerformanceLimitsChanged.id, notifyLimits, domainId, notifyEnable, call),
        ),
      )
      .on(PerformanceNotifyLevel, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notifyLevel }) =>
          this.#subscribe(PerformanceLevelChanged.id, notifyLevel, domainId, notifyEnable, call),
        ),
      )
      .on(PerformanceDescribeFastchannel, ({ domainId, messageId }, call) =>
        this.#with(call, domainId, () => {
          if (!call.messages.commandById(messageId)) return STATUS.NOT_FOUND;
          if (!this.#isFast(call.agent, domainId, messageId)) return STATUS.NOT_SUPPORTED;
          return this.fastChannels.describe(call.agent, domainId, messageId);
        }),
      )
      .on(PerformanceDomainNameGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      );
  }

  changingMessages(): readonly number[] {
    return [PerformanceLimitsSet.id, PerformanceLevelSet.id];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  hostAnswers(agent: AgentState, domainId: number): readonly HotKind[] {
    return this.domains.hostAnswers(agent, domainId);
  }

  onCoreEvent({ kind, agentId, domain, before, after, oldLevel, newLevel, time }: CoreEvent): void {
    if (kind === "levelChanged") this.domains.levelChanged(agentId, domain, Number(before), Number(after), time);
    if (kind !== "limitsChanged") return;
    this.domains.limitsChanged(agentId, domain, limitsOf(before), limitsOf(after), time);
    this.domains.levelChanged(agentId, domain, oldLevel, newLevel, time);
  }

  needsEvents(): boolean {
    const { agents, observers } = this.#machine;
    const isSubscribed = ({ id }: { readonly id: number }) =>
      agents.some((it) => it.isSubscribedToAny(performanceProtocol, id));
    const isHeard = observers.has("levelChanged") || observers.has("limitsChanged");
    const isWatched = isSubscribed(PerformanceLevelChanged) || isSubscribed(PerformanceLimitsChanged);
    return isHeard || isWatched || this.#statistics !== undefined;
  }

  resetAgent(agent: AgentState): void {
    this.domains.resetAgent(agent);
  }

  get isRung(): boolean {
    return this.fastChannels.areRung;
  }

  look(options: { readonly rungOnly: boolean }): void {
    this.fastChannels.look(options);
  }

  agentLeft(agent: AgentState): void {
    this.fastChannels.forget(agent);
  }

  close(): void {
    this.domains.close();
    this.fastChannels.close();
  }

  /** Whether any domain has a FastChannel for a message that an agent can use. */
  #hasFastChannel(agent: AgentState, messageId: number): boolean {
    return this.#board.domains.some((_, domainId) => this.#isFast(agent, domainId, messageId));
  }

  #isFast(agent: AgentState, domainId: number, messageId: number): boolean {
    const domain = this.#board.domains[domainId];
    // State and cells hold level indices there, and this agent agreed to know none
    if (!domain || this.domains.isTranslated(agent, domain)) return false;
    return this.fastChannels.has(agent, domainId, messageId);
  }

  #with<Result>(
    { agent }: Call,
    domainId: number,
    act: (domain: BoardPerformanceDomain) => Result | number,
  ): Result | number {
    const domain = this.domains.find(agent, domainId);
    return typeof domain === "number" ? domain : act(domain);
  }

  #protocolAttributes({ agent, messages }: Call) {
    const domainCount = this.#machine.countFor(agent, performanceProtocol);
    return {
      attributes: { domainCount, powerUnit: unitAt(this.#board.powerUnit, messages.version) },
      statisticsAddress: this.#statistics?.address ?? 0n,
      statisticsByteLength: this.#statistics?.byteLength ?? 0,
    };
  }

  #attributes({ agent, messages, connection: { hasP2a } }: Call, domainId: number, domain: BoardPerformanceDomain) {
    return {
      attributes: {
        setLimits: domain.setLimitsAgents.includes(agent.id),
        setLevel: this.#machine.tables.maySet(agent.id, performanceProtocol.id, domainId),
        notifyLimits: domain.notifyLimits && hasP2a,
        notifyLevel: domain.notifyLevel && hasP2a,
        fastChannel: FAST.some((messageId) => this.#isFast(agent, domainId, messageId)),
        extendedName: messages.version >= V3 && isLong(domain.name),
        levelIndexing: domain.isIndexed,
      },
      rateLimitUs: domain.rateLimitUs,
      sustainedFreqKhz: domain.sustainedFreqKhz,
      sustainedPerfLevel: domain.sustainedLevel,
      name: shortName(domain.name),
    };
  }

  #describeLevels({ levels }: BoardPerformanceDomain, skip: number, call: Call) {
    const { version } = call.messages;
    if (skip >= levels.length) return version >= V3 ? STATUS.OUT_OF_RANGE : STATUS.INVALID_PARAMETERS;
    const entryBytes = version >= V4 ? LEVEL_BYTES.since : LEVEL_BYTES.before;
    const room = Math.min(itemsThatFit(call, LIST_HEAD_BYTES, entryBytes), MAX_LEVELS_RETURNED);
    const page = levels.slice(skip, skip + room);
    // Nothing returned would say that there is nothing more
    if (page.length === 0) return STATUS.PROTOCOL_ERROR;
    const isScaled = this.#board.powerUnit === "microwatt" && version < V3;
    return {
      numLevels: { returned: page.length, remaining: levels.length - skip - page.length },
      levels: page.map(({ level, power, latencyUs, frequencyKhz, index }) => ({
        performanceLevel: level,
        powerCost: isScaled ? Math.round(power / UW_PER_MW) : power,
        latencyUs,
        indicativeFrequencyKhz: frequencyKhz,
        levelIndex: index,
      })),
    };
  }

  #subscribe(
    notificationId: number,
    isAvailable: boolean,
    domainId: number,
    isEnabled: boolean,
    { agent, hasReserved }: Call,
  ) {
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (!isAvailable) return STATUS.NOT_SUPPORTED;
    agent.subscribe(performanceProtocol, notificationId, domainId, isEnabled);
    this.#machine.settingsChanged();
    return DONE;
  }
}

function limitsOf(words: bigint): Limits {
  return { max: Number(BigInt.asUintN(32, words)), min: Number(words >> 32n) };
}

function done(status: number) {
  return status === STATUS.SUCCESS ? DONE : status;
}

/** The power unit in one bit, or in two. */
function unitAt(unit: BoardPerformance["powerUnit"], version: number): number {
  if (unit === "abstract") return POWER_UNIT.ABSTRACT;
  return unit === "microwatt" && version >= V3 ? POWER_UNIT.MICROWATT : POWER_UNIT.MILLIWATT;
}
