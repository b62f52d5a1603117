import type { BoardPower, BoardPowerDomain } from "../board/board-power.ts";
import type { HotKind } from "../core/description.ts";
import type { CoreEvent } from "../core/event-ring.ts";
import { STATUS } from "../errors.ts";
import {
  PowerDomainAttributes,
  PowerDomainNameGet,
  PowerProtocolAttributes,
  PowerStateChanged,
  PowerStateChangeRequested,
  PowerStateChangeRequestedNotify,
  PowerStateGet,
  PowerStateNotify,
  PowerStateSet,
  powerProtocol,
} from "../protocols/power.ts";
import { POWER_STATISTICS_SIGNATURE } from "../protocols/statistics.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers } from "./handlers.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import { isLong, shortName } from "./names.ts";
import { PowerControls } from "./power-controls.ts";
import { PowerDomains } from "./power-domains.ts";
import type { Server } from "./server.ts";
import { Statistics } from "./statistics.ts";

/** From here on statistics have their layout. */
const V2 = 0x20000;

/** Power domain management. */
export class PowerServer implements Server {
  readonly protocol = powerProtocol;
  readonly handlers = new Handlers();
  readonly domains: PowerDomains;
  readonly controls: PowerControls;
  readonly #machine: Machine;
  readonly #jobs: Jobs;
  readonly #statistics: Statistics | undefined;

  constructor(machine: Machine, board: BoardPower, map: MemoryMap) {
    this.#machine = machine;
    this.domains = new PowerDomains(machine, board.domains);
    this.controls = new PowerControls(machine, this.domains);
    this.#jobs = new Jobs(machine);
    this.#statistics = board.statistics && this.#keepStatistics(board.statistics.address, map);
    const { domains } = this;
    this.handlers
      .on(PowerProtocolAttributes, (_, { agent, messages }) => {
        const { address = 0n, byteLength = 0 } = (messages.version >= V2 && this.#statistics) || {};
        const attributes = { domainCount: machine.countFor(agent, powerProtocol) };
        return { attributes, statisticsAddress: address, statisticsByteLength: byteLength };
      })
      .on(PowerDomainAttributes, ({ domainId }, call) =>
        this.#with(call, domainId, (domain) => this.#attributes(call, domainId, domain)),
      )
      .on(PowerStateSet, ({ flags, domainId, powerState }, call) =>
        this.#with(call, domainId, (domain) => this.#setState(call, domainId, domain, powerState, flags.async)),
      )
      .on(PowerStateGet, ({ domainId }, call) =>
        this.#with(call, domainId, () => ({ powerState: domains.state(domainId) })),
      )
      .on(PowerStateNotify, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notifyChanged }) =>
          this.#subscribe(PowerStateChanged.id, notifyChanged, domainId, notifyEnable, call),
        ),
      )
      .on(PowerStateChangeRequestedNotify, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notifyRequested }) =>
          this.#subscribe(PowerStateChangeRequested.id, notifyRequested, domainId, notifyEnable, call),
        ),
      )
      .on(PowerDomainNameGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      );
  }

  changingMessages(): readonly number[] {
    return [PowerStateSet.id];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  hostAnswers(agent: AgentState, domainId: number): readonly HotKind[] {
    return this.domains.hostAnswers(agent, domainId);
  }

  onCoreEvent({ kind, agentId, domain, before, after, time }: CoreEvent): void {
    if (kind !== "powerStateChanged") return;
    this.domains.requested(agentId, domain, Number(after), time);
    this.domains.stateChanged(agentId, domain, Number(before), Number(after), time);
  }

  needsEvents(): boolean {
    const { agents, observers } = this.#machine;
    const isSubscribed = ({ id }: { readonly id: number }) =>
      agents.some((it) => it.isSubscribedToAny(powerProtocol, id));
    const isHeard = observers.has("powerStateChanged") || observers.has("powerStateRequested");
    const isWatched = isSubscribed(PowerStateChanged) || isSubscribed(PowerStateChangeRequested);
    return isHeard || isWatched || this.#statistics !== undefined;
  }

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    this.domains.resetAgent(agent);
  }

  agentLeft(): void {}

  close(): void {
    this.#jobs.close();
  }

  #with<Result>(
    { agent }: Call,
    domainId: number,
    act: (domain: BoardPowerDomain) => Result | number,
  ): Result | number {
    const domain = this.domains.find(agent, domainId);
    return typeof domain === "number" ? domain : act(domain);
  }

  #attributes({ agent, connection: { hasP2a } }: Call, domainId: number, domain: BoardPowerDomain) {
    const maySet = this.domains.maySet(agent, domainId);
    return {
      attributes: {
        notifyStateChanged: domain.notifyChanged && hasP2a,
        setAsync: maySet && domain.asyncLatencyUs !== undefined,
        setSync: maySet && domain.hasSync,
        notifyStateChangeRequested: domain.notifyRequested && hasP2a,
        extendedName: isLong(domain.name),
      },
      name: shortName(domain.name),
    };
  }

  /** The words are judged before the mode, as in the core's hot commands. To an agent that may look at a domain and not set it, its
   *  attributes offer no mode: NOT_SUPPORTED. */
  #setState(call: Call, domainId: number, domain: BoardPowerDomain, powerState: number, isAsync: boolean) {
    const { agent, hasReserved } = call;
    if (hasReserved || !domain.states.includes(powerState)) return STATUS.INVALID_PARAMETERS;
    const { asyncLatencyUs, hasSync } = domain;
    if (!this.domains.maySet(agent, domainId)) return STATUS.NOT_SUPPORTED;
    if (isAsync ? asyncLatencyUs === undefined : !hasSync) return STATUS.NOT_SUPPORTED;
    this.domains.requested(agent.id, domainId, powerState);
    if (isAsync) {
      this.#jobs.add(call, domainId, asyncLatencyUs ?? 0, () => this.domains.vote(agent.id, domainId, powerState));
    } else {
      // What is under way comes first
      this.#jobs.flushResource(domainId);
      this.domains.vote(agent.id, domainId, powerState);
    }
    return DONE;
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
    agent.subscribe(powerProtocol, notificationId, domainId, isEnabled);
    this.#machine.settingsChanged();
    return DONE;
  }

  #keepStatistics(address: bigint | undefined, map: MemoryMap): Statistics {
    const { domains } = this.domains;
    const tracked = domains.map(({ states, state }) => ({ ids: states, current: states.indexOf(state) }));
    const statistics = new Statistics(this.#machine, map, POWER_STATISTICS_SIGNATURE, tracked, address);
    this.domains.stateEntered = (domainId, powerState, time) => {
      statistics.enter(domainId, domains[domainId]?.states.indexOf(powerState) ?? 0, time);
    };
    return statistics;
  }
}
