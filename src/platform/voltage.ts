import type { BoardVoltageDomain, BoardVoltages } from "../board/board.ts";
import type { HotKind } from "../core/description.ts";
import type { CoreEvent } from "../core/event-ring.ts";
import { STATUS } from "../errors.ts";
import {
  VoltageConfigGet,
  VoltageConfigSet,
  VoltageDescribeLevels,
  VoltageDomainAttributes,
  VoltageDomainNameGet,
  VoltageLevelGet,
  VoltageLevelSet,
  VoltageProtocolAttributes,
  voltageProtocol,
} from "../protocols/voltage.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import { isLong, shortName } from "./names.ts";
import type { Server } from "./server.ts";
import { VoltageControls } from "./voltage-controls.ts";
import { hasLevel, Voltages } from "./voltages.ts";

/** From here on a level may be set asynchronously. */
const ASYNC_SINCE = 0x20000;

const LIST_HEAD_BYTES = 8;
const LEVEL_BYTES = 4;
const RANGE_LEVELS = 3;
const MAX_LEVELS_RETURNED = 0xfff;

/** Voltage domain management. */
export class VoltageServer implements Server {
  readonly protocol = voltageProtocol;
  readonly handlers = new Handlers();
  readonly voltages: Voltages;
  readonly controls: VoltageControls;
  readonly #machine: Machine;
  readonly #jobs: Jobs;

  constructor(machine: Machine, { domains }: BoardVoltages) {
    this.#machine = machine;
    this.voltages = new Voltages(machine, domains);
    this.controls = new VoltageControls(machine, this.voltages);
    this.#jobs = new Jobs(machine, (domainId) => machine.domainChanged(this, domainId));
    const { voltages } = this;
    this.handlers
      .on(VoltageProtocolAttributes, (_, { agent }) => ({
        attributes: { domainCount: machine.countFor(agent, voltageProtocol) },
      }))
      .on(VoltageDomainAttributes, ({ domainId }, call) =>
        this.#with(call, domainId, (it) => attributesOf(it, call.connection.hasP2a)),
      )
      .on(VoltageDescribeLevels, ({ domainId, levelIndex }, call) =>
        this.#with(call, domainId, ({ levelsUv }) => describeLevels(levelsUv, levelIndex, call)),
      )
      .on(VoltageConfigSet, ({ domainId, config }, call) =>
        this.#with(call, domainId, (domain) => {
          if (!voltages.maySetMode(call.agent, domain)) return STATUS.DENIED;
          if (call.hasReserved || !domain.modes.includes(config)) return STATUS.INVALID_PARAMETERS;
          voltages.requestMode(call.agent, domainId, config);
          return DONE;
        }),
      )
      .on(VoltageConfigGet, ({ domainId }, call) =>
        this.#with(call, domainId, () => ({ config: voltages.mode(domainId) })),
      )
      .on(VoltageLevelSet, ({ domainId, flags, levelUv }, call) =>
        this.#with(call, domainId, (domain) => this.#setLevel(domain, domainId, levelUv, flags.async, call)),
      )
      .on(VoltageLevelGet, ({ domainId }, call) =>
        this.#with(call, domainId, () => ({ levelUv: voltages.level(domainId) })),
      )
      .on(VoltageDomainNameGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      );
  }

  changingMessages(): readonly number[] {
    return [VoltageLevelSet.id];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  onCoreEvent({ kind, agentId, domain, before, after, time }: CoreEvent): void {
    if (kind === "voltageChanged") this.voltages.levelChanged(agentId, domain, Number(before), Number(after), time);
  }

  needsEvents(): boolean {
    return this.#machine.observers.has("voltageChanged");
  }

  /** The core judges flags by the version that the platform reports. */
  needsTranslation(agent: AgentState): boolean {
    const reported = this.#machine.reportedVersion(voltageProtocol);
    return this.#machine.versionFor(agent, voltageProtocol) < ASYNC_SINCE && reported >= ASYNC_SINCE;
  }

  /** The core does not know what is under way. */
  hostAnswers(_agent: AgentState, domainId: number): readonly HotKind[] {
    return this.#jobs.isBusy(domainId) ? ["set"] : [];
  }

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    this.voltages.resetAgent(agent);
  }

  agentLeft(): void {}

  close(): void {
    this.#jobs.close();
  }

  #with<Result>(
    { agent }: Call,
    domainId: number,
    act: (domain: BoardVoltageDomain) => Result | number,
  ): Result | number {
    const domain = this.voltages.find(agent, domainId);
    return typeof domain === "number" ? domain : act(domain);
  }

  /** `VOLTAGE_LEVEL_SET` in the core's order of checks; what the core refuses or does itself never gets here. */
  #setLevel(domain: BoardVoltageDomain, domainId: number, levelUv: number, isAsync: boolean, call: Call) {
    const { agent, hasReserved } = call;
    const { asyncLatencyUs, levelsUv } = domain;
    if (!this.#machine.tables.maySet(agent.id, voltageProtocol.id, domainId)) return STATUS.DENIED;
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (isAsync && asyncLatencyUs === undefined) return STATUS.NOT_SUPPORTED;
    if (!hasLevel(levelsUv, levelUv)) return STATUS.INVALID_PARAMETERS;
    if (!isAsync || asyncLatencyUs === undefined) {
      // What is under way comes first, or it would undo this
      this.#jobs.flushResource(domainId);
      this.voltages.setLevel(agent.id, domainId, levelUv);
      return DONE;
    }
    if (!this.#jobs.hasRoomFor(agent)) return STATUS.BUSY;
    this.#jobs.add(call, domainId, asyncLatencyUs, () => {
      this.voltages.setLevel(agent.id, domainId, levelUv);
      this.#machine.sendDelayed(call, VoltageLevelSet, { domainId, levelUv });
    });
    return DONE;
  }
}

function attributesOf({ name, asyncLatencyUs }: BoardVoltageDomain, hasP2a: boolean) {
  // Versions without either do not have its bit
  return {
    attributes: { async: asyncLatencyUs !== undefined && hasP2a, extendedName: isLong(name) },
    name: shortName(name),
  };
}

function describeLevels(levels: BoardVoltageDomain["levelsUv"], index: number, call: Call) {
  if ("lowest" in levels) {
    // One triplet, whatever the index
    const levelsUv = [levels.lowest, levels.highest, levels.step];
    return { flags: { returned: RANGE_LEVELS, isRange: true, remaining: 0 }, levelsUv };
  }
  if (index >= levels.length) return STATUS.OUT_OF_RANGE;
  const room = Math.min(itemsThatFit(call, LIST_HEAD_BYTES, LEVEL_BYTES), MAX_LEVELS_RETURNED);
  const levelsUv = levels.slice(index, index + room);
  // Nothing returned would say that there is nothing more
  if (levelsUv.length === 0) return STATUS.PROTOCOL_ERROR;
  const remaining = levels.length - index - levelsUv.length;
  return { flags: { returned: levelsUv.length, isRange: false, remaining }, levelsUv };
}
