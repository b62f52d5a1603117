import { STATUS } from "../errors.ts";
import {
  BaseDiscoverAgent,
  BaseDiscoverImplementationVersion,
  BaseDiscoverListProtocols,
  BaseDiscoverSubVendor,
  BaseDiscoverVendor,
  BaseErrorEvent,
  BaseNotifyErrors,
  BaseProtocolAttributes,
  BaseResetAgentConfiguration,
  BaseSetDevicePermissions,
  BaseSetProtocolPermissions,
  baseProtocol,
  OWN_AGENT_ID,
  PLATFORM_AGENT_ID,
} from "../protocols/base.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import type { Server } from "./server.ts";

/** Compliance tests look for a name that starts like this. */
const PLATFORM_NAME = "platform";

/** Base 1.0 does not know {@link OWN_AGENT_ID}. */
const OWN_AGENT_SINCE = 0x20000;

const LIST_HEAD_BYTES = 8;
const IDS_PER_WORD = 4;

const EVENT_HEAD_BYTES = 8;
const REPORT_BYTES = 8;
const MAX_REPORTS = 0x3ff;

/** A command that failed for a reason its response could not carry. */
export interface FailedCommand {
  /** Header word of the command. */
  readonly header: number;
  /** Signed. */
  readonly status: number;
}

/** Base: who the platform is, and who may do what. */
export class BaseServer implements Server {
  readonly protocol = baseProtocol;
  readonly handlers = new Handlers();
  readonly #machine: Machine;
  /** Ids of the protocols beside Base, ascending. */
  readonly #protocols: readonly number[];
  readonly #reset: (agent: AgentState) => void;

  /** @param reset takes back what an agent has set, in all protocols */
  constructor(machine: Machine, protocols: readonly number[], reset: (agent: AgentState) => void) {
    this.#machine = machine;
    this.#protocols = protocols;
    this.#reset = reset;
    const { board } = machine;
    this.handlers
      .on(BaseProtocolAttributes, (_, { agent }) => ({
        attributes: { protocolCount: this.#visible(agent).length, agentCount: board.agents.length },
      }))
      .on(BaseDiscoverVendor, () => ({ vendorIdentifier: board.vendor }))
      .on(BaseDiscoverSubVendor, () => ({ vendorIdentifier: board.subVendor ?? "" }))
      .on(BaseDiscoverImplementationVersion, () => ({ implementationVersion: board.implementationVersion }))
      .on(BaseDiscoverListProtocols, ({ skip }, call) => this.#listProtocols(skip, call))
      .on(BaseDiscoverAgent, ({ agentId }, call) => this.#discoverAgent(agentId, call))
      .on(BaseNotifyErrors, ({ notifyEnable }, { agent, hasReserved }) => {
        if (hasReserved) return STATUS.INVALID_PARAMETERS;
        agent.subscribe(baseProtocol, BaseErrorEvent.id, 0, notifyEnable);
        return DONE;
      })
      .on(BaseSetDevicePermissions, ({ agentId, deviceId, flags }, call) => {
        const refusal = this.#judgePermission(agentId, deviceId, call);
        if (refusal !== STATUS.SUCCESS) return refusal;
        machine.access.setDevice(agentId, deviceId, flags.allow);
        return DONE;
      })
      .on(BaseSetProtocolPermissions, ({ agentId, deviceId, protocolId, flags }, call) => {
        const refusal = this.#judgePermission(agentId, deviceId, call);
        if (refusal !== STATUS.SUCCESS) return refusal;
        // Base belongs to no device, and so nobody can lose it
        const device = board.devices.find(({ id }) => id === deviceId);
        if (!device?.resources.has(protocolId)) return STATUS.NOT_FOUND;
        machine.access.setProtocol(agentId, deviceId, protocolId, flags.allow);
        return DONE;
      })
      .on(BaseResetAgentConfiguration, ({ agentId, flags }, { agent, hasReserved }) => {
        const target = machine.agent(agentId);
        if (!target) return STATUS.NOT_FOUND;
        if (hasReserved) return STATUS.INVALID_PARAMETERS;
        if (target !== agent && !agent.isTrusted) return STATUS.DENIED;
        this.#reset(target);
        if (flags.resetPermissions) machine.access.restore(agentId);
        return DONE;
      });
  }

  changingMessages(): readonly number[] {
    return [];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  onCoreEvent(): void {}

  needsEvents(): boolean {
    return false;
  }

  resetAgent(): void {}

  agentLeft(): void {}

  close(): void {}

  /** Sends `BASE_ERROR_EVENT` to the agent whose commands failed, if it wants to hear of that: as many as the reports need to fit its
   *  channels. */
  reportErrors(agent: AgentState, failed: readonly FailedCommand[], isFatal: boolean): void {
    if (!agent.isSubscribed(baseProtocol, BaseErrorEvent.id, 0)) return;
    const room = reportsThatFit(agent);
    for (let first = 0; first === 0 || first < failed.length; first += room) {
      const reports = failed.slice(first, first + room);
      this.#machine.send(agent, baseProtocol, BaseErrorEvent, {
        agentId: agent.id,
        errorStatus: { count: reports.length, isFatal },
        reports,
      });
    }
  }

  #visible({ id }: AgentState): readonly number[] {
    return this.#protocols.filter((protocolId) => this.#machine.tables.mayUseProtocol(id, protocolId));
  }

  #listProtocols(skip: number, call: Call) {
    const visible = this.#visible(call.agent);
    if (skip > visible.length) return STATUS.INVALID_PARAMETERS;
    const room = IDS_PER_WORD * itemsThatFit(call, LIST_HEAD_BYTES, IDS_PER_WORD);
    const protocols = visible.slice(skip, skip + room);
    // An empty list would say that there are no more
    if (protocols.length === 0 && skip < visible.length) return STATUS.PROTOCOL_ERROR;
    return { numProtocols: protocols.length, protocols };
  }

  #discoverAgent(asked: number, { agent, messages }: Call) {
    const isOwn = asked === OWN_AGENT_ID && messages.version >= OWN_AGENT_SINCE;
    const agentId = isOwn ? agent.id : asked;
    if (agentId === PLATFORM_AGENT_ID) return { agentId, name: PLATFORM_NAME };
    const found = this.#machine.agent(agentId);
    return found ? { agentId, name: found.name } : STATUS.NOT_FOUND;
  }

  /** Whether the caller may change another agent's rights to a device. */
  #judgePermission(agentId: number, deviceId: number, { agent, hasReserved }: Call): number {
    if (!agent.isTrusted) return STATUS.DENIED;
    if (!this.#machine.agent(agentId)) return STATUS.NOT_FOUND;
    const device = this.#machine.board.devices.find(({ id }) => id === deviceId);
    // Nobody gives rights to what the board keeps from him
    if (!device || device.deniedAgents.includes(agent.id)) return STATUS.NOT_FOUND;
    return hasReserved ? STATUS.INVALID_PARAMETERS : STATUS.SUCCESS;
  }
}

/** How many reports an event to an agent may have. */
function reportsThatFit({ connections }: AgentState): number {
  const bytes = Math.min(...[...connections].map(({ maxPayload }) => maxPayload));
  return Math.min(MAX_REPORTS, Math.max(1, Math.floor((bytes - EVENT_HEAD_BYTES) / REPORT_BYTES)));
}
