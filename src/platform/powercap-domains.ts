import type { BoardPowercapDomain, BoardPowercapRange } from "../board/board-powercap.ts";
import { STATUS } from "../errors.ts";
import {
  POWERCAP_DISABLED,
  PowercapCapChanged,
  PowercapMeasurementsChanged,
  powercapProtocol,
} from "../protocols/powercap.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";
import { PowercapLoads } from "./powercap-loads.ts";
import { PowercapMeter } from "./powercap-meter.ts";

const ID = powercapProtocol.id;

/** From here on a cap of 0 stands for none. */
const V2 = 0x20000;

/** The platform's own agent id. */
const PLATFORM = 0;

/** Words of a domain's state, as docs/memory-map.md has them. */
const WORD = { CAP: 0, POWER: 1, PAI: 2, INTERVAL: 3 } as const;

/** Where an agent wants to hear of a measurement. */
interface Thresholds {
  readonly low: number;
  readonly high: number;
}

/** The powercap domains of a platform: what is in force, who asked for it, and what is measured. The lowest cap that anybody asks for
 *  holds; cap, power and intervals stand in the core. */
export class PowercapDomains {
  readonly domains: readonly BoardPowercapDomain[];
  readonly #machine: Machine;
  readonly #loads: PowercapLoads;
  readonly #meter: PowercapMeter;
  /** By domain, then by agent, the platform included; 0 = no cap. */
  readonly #requests: readonly Map<number, number>[];
  /** Who set the interval last, by domain. */
  readonly #paiSetters = new Map<number, number>();
  /** By domain, then by agent. */
  readonly #thresholds: readonly Map<number, Thresholds>[];

  constructor(machine: Machine, domains: readonly BoardPowercapDomain[]) {
    this.#machine = machine;
    this.domains = domains;
    this.#requests = domains.map(() => new Map());
    this.#thresholds = domains.map(() => new Map());
    this.#loads = new PowercapLoads(domains);
    this.#loads.update((id) => this.cap(id));
    const start = domains.map(({ paiUs }, id) => ({ draw: this.#loads.draw(id), intervalUs: paiUs }));
    this.#meter = new PowercapMeter(machine.clock, start, (id, power, intervalUs) =>
      this.#measured(id, power, intervalUs),
    );
    start.forEach(({ draw }, id) => {
      machine.tables.setWord(ID, id, WORD.POWER, Math.round(draw));
    });
  }

  /** The domain with an id, for an agent, or why there is none. */
  find({ id }: AgentState, domainId: number): BoardPowercapDomain | number {
    const domain = this.domains[domainId];
    if (!domain) return STATUS.NOT_FOUND;
    return this.#machine.tables.mayUse(id, ID, domainId) ? domain : STATUS.DENIED;
  }

  /** In force; 0 = none. */
  cap(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.CAP);
  }

  /** The last average. */
  power(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.POWER);
  }

  paiUs(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.PAI);
  }

  /** What the last average is one of, in microseconds. */
  intervalUs(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.INTERVAL);
  }

  demand(domainId: number): number {
    return this.#loads.demand(domainId);
  }

  setDemand(domainId: number, demand: number): void {
    this.#loads.setDemand(domainId, demand);
    this.#draw();
  }

  /** Whether an agent may have a cap: right, then value. */
  judgeCap(agent: AgentState, domainId: number, cap: number): number {
    const domain = this.find(agent, domainId);
    if (typeof domain === "number") return domain;
    if (!isSettable(domain.caps)) return STATUS.NOT_SUPPORTED;
    if (!this.#machine.tables.maySet(agent.id, ID, domainId)) return STATUS.DENIED;
    const isDisabling = cap === POWERCAP_DISABLED && this.#machine.versionFor(agent, powercapProtocol) >= V2;
    return isDisabling || isIn(domain.caps, cap) ? STATUS.SUCCESS : STATUS.INVALID_PARAMETERS;
  }

  /** `POWERCAP_PAI_SET`, and what arrives over its FastChannel. */
  requestPai(agent: AgentState, domainId: number, paiUs: number): number {
    const domain = this.find(agent, domainId);
    if (typeof domain === "number") return domain;
    if (!isSettable(domain.paisUs)) return STATUS.NOT_SUPPORTED;
    if (!this.#machine.tables.maySet(agent.id, ID, domainId)) return STATUS.DENIED;
    if (!isIn(domain.paisUs, paiUs)) return STATUS.INVALID_PARAMETERS;
    this.#paiSetters.set(domainId, agent.id);
    this.#usePai(agent.id, domainId, paiUs);
    return STATUS.SUCCESS;
  }

  /** Replaces what an agent asks for, and brings into force what that comes to.
   *  @param cap 0 = none */
  imposeCap(agentId: number, domainId: number, cap: number): void {
    this.#requests[domainId]?.set(agentId, cap);
    this.#useCaps(agentId, domainId);
  }

  /** Where an agent wants to hear of a domain's measurements from now on. */
  setThresholds({ id }: AgentState, domainId: number, thresholds: Thresholds): void {
    this.#thresholds[domainId]?.set(id, thresholds);
  }

  /** Takes back an agent's caps, and its intervals. */
  resetAgent({ id }: AgentState): void {
    for (const [domainId, { paiUs }] of this.domains.entries()) {
      this.#thresholds[domainId]?.delete(id);
      if (this.#requests[domainId]?.delete(id)) this.#useCaps(PLATFORM, domainId);
      if (this.#paiSetters.get(domainId) !== id) continue;
      this.#paiSetters.delete(domainId);
      this.#usePai(PLATFORM, domainId, paiUs);
    }
  }

  close(): void {
    this.#meter.close();
  }

  /** The lowest of all caps; none when all who asked want none; that of the board when nobody asked. */
  #useCaps(agentId: number, domainId: number): void {
    const requests = [...(this.#requests[domainId]?.values() ?? [])];
    const caps = requests.filter((cap) => cap !== POWERCAP_DISABLED);
    const untouched = requests.length > 0 ? POWERCAP_DISABLED : (this.domains[domainId]?.cap ?? 0);
    const cap = caps.length > 0 ? Math.min(...caps) : untouched;
    if (cap === this.cap(domainId)) return;
    this.#machine.tables.setWord(ID, domainId, WORD.CAP, cap);
    this.#draw();
    this.#changed(agentId, domainId);
  }

  #usePai(agentId: number, domainId: number, paiUs: number): void {
    if (paiUs === this.paiUs(domainId)) return;
    this.#machine.tables.setWord(ID, domainId, WORD.PAI, paiUs);
    this.#meter.setInterval(domainId, paiUs);
    this.#changed(agentId, domainId);
  }

  #draw(): void {
    this.#loads.update((id) => this.cap(id));
    for (const id of this.domains.keys()) this.#meter.setDraw(id, this.#loads.draw(id));
  }

  #changed(agentId: number, domainId: number): void {
    const powerCap = this.cap(domainId);
    const paiUs = this.paiUs(domainId);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("powercapChanged", { agentId, domainId, powerCap, paiUs, time });
    const value = { agentId, domainId, powerCap, paiUs };
    this.#machine.notify(powercapProtocol, PowercapCapChanged, domainId, () => value);
  }

  #measured(domainId: number, power: number, intervalUs: number): void {
    const { tables, observers, clock, agents } = this.#machine;
    const before = this.power(domainId);
    tables.setWord(ID, domainId, WORD.POWER, power);
    tables.setWord(ID, domainId, WORD.INTERVAL, intervalUs);
    if (power === before) return;
    observers.tell("powerMeasured", { domainId, before, power, time: clock.now() });
    for (const agent of agents) {
      const thresholds = this.#thresholds[domainId]?.get(agent.id);
      if (!thresholds || !isCrossing(thresholds, before, power)) continue;
      if (!agent.isSubscribed(powercapProtocol, PowercapMeasurementsChanged.id, domainId)) continue;
      if (!tables.mayUseProtocol(agent.id, ID) || !tables.mayUse(agent.id, ID, domainId)) continue;
      const value = { agentId: PLATFORM, domainId, power };
      this.#machine.send(agent, powercapProtocol, PowercapMeasurementsChanged, value);
    }
  }
}

/** Whether there is more than one value: Linux takes a domain for settable exactly then. */
export function isSettable({ lowest, highest }: BoardPowercapRange): boolean {
  return lowest !== highest;
}

/** Whether a value is one of a range; where there is only one, the step is 0. */
export function isIn({ lowest, highest, step }: BoardPowercapRange, value: number): boolean {
  return value === lowest || (value > lowest && value <= highest && (value - lowest) % step === 0);
}

/** Rises above the one, or falls below the other; what stays outside is told once. */
function isCrossing({ low, high }: Thresholds, before: number, power: number): boolean {
  return (power > high && before <= high) || (power < low && before >= low);
}
