import type { Agent } from "../agent/agent.ts";
import type { ProtocolClass } from "../agent/handle.ts";
import { Assignment, Bus, type Ledger, type Module, Suppliers } from "../bus/index.ts";
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import type { ScmiInstance, ScmiTransport } from "../devicetree/index.ts";
import type { Tee } from "../tee/index.ts";
import type { Transport } from "../transport/transport.ts";
import type { VirtioDevice } from "../virtio/index.ts";
import type { ConduitSupply, MailboxSupply, Wiring } from "./wiring.ts";

/** A node of the description, on its bus. */
export interface NodeData {
  readonly instance: ScmiInstance;
}

/** An instance whose transport is ready, for the stack: what Linux calls `arm-scmi`. */
export interface StackData extends NodeData {
  readonly transport: Transport;
}

/** One protocol of an instance that is up. Linux, `scmi_device`. */
export interface ScmiDeviceData {
  /** The path of the instance's node. */
  readonly path: string;
  readonly protocolId: number;
  readonly agent: Agent;
}

/** A service of a TEE. */
export interface TeeServiceData {
  /** Who it is: the path of the TEE's node, or a name of its own. */
  readonly key: string;
  readonly uuid: string;
  readonly tee: Tee;
}

/** A virtio device. */
export interface VirtioData {
  /** Who it is: the path of its node, or a name of its own. */
  readonly key: string;
  readonly device: VirtioDevice;
}

/** A mailbox controller, or a conduit. */
export type HardwareData =
  | { readonly kind: "mailbox"; readonly key: string; readonly mailbox: MailboxSupply }
  | { readonly kind: "conduit"; readonly key: string; readonly conduit: ConduitSupply };

/** What the modules of one machine share: its buses and what is supplied there. No module knows another. */
export class MachineParts {
  readonly core: Core;
  /** Appointments made here count as timers. */
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly wiring: Wiring;
  /** SCMI nodes. */
  readonly nodes = new Bus<NodeData>("platform");
  /** Mailbox controllers and conduits. */
  readonly hardware = new Bus<HardwareData>("hardware");
  readonly teeServices = new Bus<TeeServiceData>("tee");
  readonly virtioDevices = new Bus<VirtioData>("virtio");
  /** Instances whose transport is ready; there without any module, so that transports need none. */
  readonly stacks = new Bus<StackData>("stack");
  /** Protocols of instances that are up; `scmi-core` brings it. */
  readonly scmi = new Bus<ScmiDeviceData>("scmi", { isOpen: false });
  readonly mailboxes = new Suppliers<MailboxSupply>("mailbox");
  readonly conduits = new Suppliers<ConduitSupply>("conduit");
  readonly tees = new Suppliers<Tee>("tee");
  readonly virtios = new Suppliers<VirtioDevice>("virtio");
  /** Vendor protocols by id. */
  readonly protocols = new Suppliers<ProtocolClass<unknown>>("protocol");
  /** Who serves whom, where descriptions leave that open. */
  readonly assignments: Readonly<Record<"tee" | "virtio", Assignment>> = {
    tee: new Assignment("tee"),
    virtio: new Assignment("virtio", { isExclusive: true }), // a device has one driver at a time
  };
  /** By the path of the instance's node. */
  readonly agents = new Map<string, Agent>();

  constructor(core: Core, clock: Clock, ledger: Ledger, wiring: Wiring) {
    this.core = core;
    this.clock = clock;
    this.ledger = ledger;
    this.wiring = wiring;
  }
}

/** Makes a module for one machine. */
export type MakeModule = (parts: MachineParts) => Module;

/** What a transport needs besides its node: the kind of its suppliers, where they have to be assigned. */
export const ASSIGNED: Readonly<Partial<Record<ScmiTransport, "tee" | "virtio">>> = { optee: "tee", virtio: "virtio" };
