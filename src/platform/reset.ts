import type { BoardResetDomain, BoardResets } from "../board/board.ts";
import { STATUS } from "../errors.ts";
import {
  COLD_RESET,
  RESET_LATENCY_UNKNOWN,
  ResetCommand,
  ResetDomainAttributes,
  ResetDomainNameGet,
  ResetIssued,
  ResetNotify,
  ResetProtocolAttributes,
  type ResetState,
  resetProtocol,
} from "../protocols/reset.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers } from "./handlers.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import { isLong, shortName } from "./names.ts";
import { ResetControls } from "./reset-controls.ts";
import { Resets } from "./resets.ts";
import type { Server } from "./server.ts";

const [LATENCY_UNKNOWN = 0xffff_ffff] = RESET_LATENCY_UNKNOWN;

interface ResetRequest {
  readonly domainId: number;
  readonly flags: { readonly autonomous: boolean; readonly assert: boolean; readonly async: boolean };
  readonly resetState: ResetState;
}

/** Reset domain management. */
export class ResetServer implements Server {
  readonly protocol = resetProtocol;
  readonly handlers = new Handlers();
  readonly resets: Resets;
  readonly controls: ResetControls;
  readonly #machine: Machine;
  readonly #jobs: Jobs;

  constructor(machine: Machine, { domains }: BoardResets) {
    this.#machine = machine;
    this.resets = new Resets(machine, domains);
    this.controls = new ResetControls(machine, this.resets);
    this.#jobs = new Jobs(machine);
    this.handlers
      .on(ResetProtocolAttributes, (_, { agent }) => ({
        attributes: { domainCount: machine.countFor(agent, resetProtocol) },
      }))
      .on(ResetDomainAttributes, ({ domainId }, call) =>
        this.#with(call, domainId, (it) => attributesOf(it, call.connection.hasP2a)),
      )
      .on(ResetCommand, (request, call) =>
        this.#with(call, request.domainId, (domain) => this.#reset(domain, request, call)),
      )
      .on(ResetNotify, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notify }) => {
          // In this order: tests of compliance send reserved bits to every domain
          if (call.hasReserved) return STATUS.INVALID_PARAMETERS;
          if (!notify) return STATUS.NOT_SUPPORTED;
          call.agent.subscribe(resetProtocol, ResetIssued.id, domainId, notifyEnable);
          machine.settingsChanged();
          return DONE;
        }),
      )
      .on(ResetDomainNameGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      );
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

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    this.resets.resetAgent(agent);
  }

  agentLeft(): void {}

  close(): void {
    this.#jobs.close();
  }

  #with<Result>(
    { agent }: Call,
    domainId: number,
    act: (domain: BoardResetDomain) => Result | number,
  ): Result | number {
    const domain = this.resets.find(agent, domainId);
    return typeof domain === "number" ? domain : act(domain);
  }

  /** `RESET`: what no domain takes, what this one cannot, then who may: tests of compliance send all of it to every domain. */
  #reset(domain: BoardResetDomain, { domainId, flags, resetState }: ResetRequest, call: Call) {
    const { id } = call.agent;
    if (call.hasReserved || (flags.async && !flags.autonomous)) return STATUS.INVALID_PARAMETERS;
    if (!hasState(domain, resetState)) return STATUS.INVALID_PARAMETERS;
    const { asyncLatencyUs, hasExplicit } = domain;
    if (!flags.autonomous && !hasExplicit) return STATUS.NOT_SUPPORTED;
    if (flags.async && asyncLatencyUs === undefined) return STATUS.NOT_SUPPORTED;
    if (!this.#machine.tables.maySet(id, resetProtocol.id, domainId)) return STATUS.DENIED;
    if (!flags.autonomous) {
      this.resets.setSignal(id, domainId, flags.assert);
      return DONE;
    }
    if (flags.async && !this.#jobs.hasRoomFor(call.agent)) return STATUS.BUSY;
    this.resets.begin(id, domainId);
    if (!flags.async || asyncLatencyUs === undefined) {
      this.resets.end(id, domainId, resetState);
      return DONE;
    }
    this.#jobs.add(call, domainId, asyncLatencyUs, () => {
      this.resets.end(id, domainId, resetState);
      this.#machine.sendDelayed(call, ResetCommand, { domainId });
    });
    return DONE;
  }
}

function attributesOf({ name, asyncLatencyUs, notify, latencyUs }: BoardResetDomain, hasP2a: boolean) {
  return {
    // Versions without long names do not have the bit
    attributes: { async: asyncLatencyUs !== undefined && hasP2a, notify: notify && hasP2a, extendedName: isLong(name) },
    latencyUs: latencyUs ?? LATENCY_UNKNOWN,
    name: shortName(name),
  };
}

/** Whether a domain has a reset; explicit control has to name one, too. */
function hasState({ vendorStates }: BoardResetDomain, { resetId, implementationDefined }: ResetState): boolean {
  return implementationDefined ? vendorStates.includes(resetId) : resetId === COLD_RESET.resetId;
}
