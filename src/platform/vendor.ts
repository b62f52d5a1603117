import type { Clock } from "../core/clock.ts";
import type { Command, Notification } from "../wire/message.ts";
import type { Protocol } from "../wire/protocol.ts";
import type { AgentState } from "./agents.ts";
import { type Call, Handlers } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import type { Part } from "./part.ts";
import type { Server } from "./server.ts";

/** A protocol of a vendor on a platform: its table, made of what `scmi-wasm/wire` has, and what answers its commands. */
export interface VendorProtocol {
  /** Its `vendor` has to be the board's. */
  readonly protocol: Protocol;
  /** Version word that the platform reports; the table's newest unless said. */
  readonly version?: number;
  /** Called once for each platform: registers a handler for every command of the version.
   *  @returns what it wants to hear of; `{}` for nothing */
  serve(host: VendorHost): VendorService;
}

/** What a vendor protocol may want to know of. */
export interface VendorService {
  /** `BASE_RESET_AGENT_CONFIGURATION`, or the last connection of an agent is gone.
   *  @param agentId whose settings are to be taken back */
  resetAgent?(agentId: number): void;
  /** The platform was taken down. */
  close?(): void;
}

/** What a platform does for a vendor protocol. */
export interface VendorHost {
  /** What the platform goes by. */
  readonly clock: Clock;
  /** Answers a command. By then its size is right; a status other than SUCCESS is returned as a number.
   *  @param run return values, `{}` for none, or a status of `STATUS` */
  on<Request, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
    run: (request: Request, call: Call) => Response | number,
  ): this;
  /** Switches a notification of a resource on or off for the agent of a call. */
  subscribe(call: Call, notification: Notification, resource: number, isEnabled: boolean): void;
  /** Sends a notification to every agent that has it switched on for a resource. */
  notify<Value>(notification: Notification<Value>, resource: number, value: Value): void;
  /** Sends the delayed response of a command, now or later. */
  sendDelayed<Request, Response, Delayed>(
    call: Call,
    command: Command<Request, Response, Delayed>,
    value: Delayed,
  ): void;
}

/** A vendor protocol as part of a platform. It has no resources that a board gives permissions for. */
export function vendorPart(vendor: VendorProtocol): Part {
  return {
    protocol: vendor.protocol,
    isIn: () => true,
    resourceCount: () => 0,
    maySet: () => true,
    hasCommand: () => true,
    describe: () => ({}),
    open: (machine) => new VendorServer(machine, vendor),
  };
}

class VendorServer implements Server, VendorHost {
  readonly protocol: Protocol;
  readonly handlers = new Handlers();
  readonly #machine: Machine;
  readonly #service: VendorService;

  constructor(machine: Machine, vendor: VendorProtocol) {
    this.#machine = machine;
    this.protocol = vendor.protocol;
    this.#service = vendor.serve(this);
  }

  get clock(): Clock {
    return this.#machine.clock;
  }

  on<Request, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
    run: (request: Request, call: Call) => Response | number,
  ): this {
    this.handlers.on(command, run);
    return this;
  }

  subscribe({ agent }: Call, notification: Notification, resource: number, isEnabled: boolean): void {
    agent.subscribe(this.protocol, notification.id, resource, isEnabled);
  }

  notify<Value>(notification: Notification<Value>, resource: number, value: Value): void {
    for (const agent of this.#machine.agents) {
      if (!agent.isSubscribed(this.protocol, notification.id, resource)) continue;
      if (!this.#machine.tables.mayUseProtocol(agent.id, this.protocol.id)) continue;
      this.#machine.send(agent, this.protocol, notification, value);
    }
  }

  sendDelayed<Request, Response, Delayed>(
    call: Call,
    command: Command<Request, Response, Delayed>,
    value: Delayed,
  ): void {
    this.#machine.sendDelayed(call, command, value);
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

  resetAgent({ id }: AgentState): void {
    this.#service.resetAgent?.(id);
  }

  agentLeft({ id }: AgentState): void {
    this.#service.resetAgent?.(id);
  }

  close(): void {
    this.#service.close?.();
  }
}
