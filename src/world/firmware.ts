import type { CoreCapacity } from "../core/capacity.ts";
import { SimulatedClock } from "../core/clock.ts";
import { Core } from "../core/core.ts";
import { type DeviceTree, type Node, supplierKeyOf } from "../devicetree/index.ts";
import { ScmiError } from "../errors.ts";
import type { SimulatedOptee, VirtioScmiDevice } from "../firmware/index.ts";
import type { Release } from "../protocols/index.ts";
import type { Transport } from "../transport/transport.ts";
import { VIRTIO_ID_SCMI } from "../virtio/index.ts";
import { Dice } from "./dice.ts";
import type { FarEnd, FarEndStage } from "./far-end.ts";
import { Hardware } from "./hardware.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { capacityFor } from "./limits.ts";
import { loopbackFirmware } from "./loopback-firmware.ts";
import { mailboxFirmware } from "./mailbox-firmware.ts";
import { opteeFirmware } from "./optee-firmware.ts";
import type { BoardPlan, Failure } from "./plan.ts";
import { smcFirmware } from "./smc-firmware.ts";
import type { TraceEntry } from "./traffic.ts";
import { virtioFirmware } from "./virtio-firmware.ts";
import type { Wiring } from "./wiring.ts";

/** How firmware is built. */
export interface FirmwareOptions {
  /** The release of the specification that its platforms look like; default 3.2. */
  readonly profile?: Release;
  /** Decides latencies and who arrives when; default 1. */
  readonly seed?: number;
  /** Hears of every message, as the platforms take it in or send it. */
  readonly onMessage?: (entry: TraceEntry) => void;
  /** Of the core, beyond what the board needs: room for a trace. */
  readonly capacity?: Partial<CoreCapacity>;
}

/** The firmware of a board: a platform for every instance, behind what the device tree says. The agents' half of the machine may stand in
 *  the same core. */
export class Firmware {
  readonly plan: BoardPlan;
  readonly core: Core;
  readonly clock = new SimulatedClock();
  readonly dice: Dice;
  readonly profile: Release;
  readonly seed: number;
  /** By path of the instance's node. */
  readonly farEnds: ReadonlyMap<string, FarEnd>;
  /** What kept firmware from being built. */
  readonly failures: readonly Failure[];
  readonly hardware: Hardware;
  /** TEEs by the paths of their nodes. */
  readonly tees: ReadonlyMap<string, SimulatedOptee>;
  /** SCMI devices by the paths of their nodes. */
  readonly virtioDevices: ReadonlyMap<string, VirtioScmiDevice>;
  /** Ways to platforms that no device tree describes, by the node of the instance. */
  readonly loopbacks: ReadonlyMap<string, Transport>;
  readonly #farEnds = new Map<string, FarEnd>();
  readonly #failures: Failure[] = [];
  readonly #tees = new Map<string, SimulatedOptee>();
  readonly #virtioDevices = new Map<string, VirtioScmiDevice>();
  readonly #loopbacks = new Map<string, Transport>();

  private constructor(plan: BoardPlan, core: Core, { profile = "3.2", seed = 1, onMessage }: FirmwareOptions) {
    this.plan = plan;
    this.core = core;
    this.profile = profile;
    this.seed = seed;
    this.dice = new Dice(seed);
    this.hardware = new Hardware(core, plan.instances);
    this.farEnds = this.#farEnds;
    this.failures = this.#failures;
    this.tees = this.#tees;
    this.virtioDevices = this.#virtioDevices;
    this.loopbacks = this.#loopbacks;
    const { clock, dice } = this;
    const stage: FarEndStage = { core, clock, profile, dice, onMessage };
    for (const it of plan.instances) this.#build(stage, it);
    for (const [key, its] of this.#bySupplier("optee")) this.#buildTee(stage, key, its);
  }

  /** Builds the firmware of a board. What cannot be built is in {@link failures}, and the rest stands. */
  static async open(plan: BoardPlan, options: FirmwareOptions = {}): Promise<Firmware> {
    const needed = capacityFor(plan.instances, options.profile ?? "3.2");
    const core = await Core.open({ capacity: { ...needed, ...options.capacity } });
    return new Firmware(plan, core, options);
  }

  /** How the agents' half finds what both share. */
  get wiring(): Wiring {
    const { hardware } = this;
    return {
      area: (area) => hardware.area(area),
      staticMemory: (area) => hardware.staticMemory(area),
      interrupt: (interrupt) => hardware.interrupt(interrupt),
      resolve: (path, address, byteLength) => this.farEnds.get(path)?.traffic.resolve(address, byteLength),
    };
  }

  /** What somebody has and did not give back. */
  get leaks(): { readonly sessions: number; readonly sharedMemory: number; readonly channels: number } {
    const { sharedMemory, channels } = this.hardware.leaks;
    const tees = [...this.tees.values()].map((it) => it.leaks);
    const devices = [...this.virtioDevices.values()].map((it) => it.leaks);
    return {
      sessions: sum(tees.map((it) => it.sessions + it.contexts)),
      sharedMemory: sharedMemory + sum(tees.map((it) => it.sharedMemory)) + sum(devices.map((it) => it.allocations)),
      channels: channels + sum(devices.map((it) => it.drivers)),
    };
  }

  /** Takes everything down. */
  close(): void {
    for (const tee of this.tees.values()) tee.remove();
    for (const farEnd of this.farEnds.values()) farEnd.close();
  }

  #build(stage: FarEndStage, plan: InstancePlan): void {
    const { transport, node } = plan;
    if (transport === "mailbox") this.#add([plan], () => [mailboxFirmware(stage, plan, this.hardware)]);
    if (transport === "smc") this.#add([plan], () => [smcFirmware(stage, plan, this.hardware)]);
    if (transport === "loopback") {
      const made = loopbackFirmware(stage, plan);
      this.#farEnds.set(node, made.farEnd);
      this.#loopbacks.set(node, made.transport);
    }
    const key = supplierOf(this.plan, plan);
    // Without a key the machine says which ones there are to choose from
    if (transport === "virtio" && key !== undefined) {
      this.#add([plan], () => {
        const { device, farEnd } = virtioFirmware(stage, plan, key);
        this.#virtioDevices.set(key, device);
        return [farEnd];
      });
    }
  }

  #buildTee(stage: FarEndStage, key: string, plans: readonly InstancePlan[]): void {
    this.#add(plans, () => {
      const { tee, farEnds } = opteeFirmware(stage, plans, key, this.hardware);
      this.#tees.set(key, tee);
      return farEnds;
    });
  }

  #bySupplier(kind: "optee"): ReadonlyMap<string, readonly InstancePlan[]> {
    const found = new Map<string, InstancePlan[]>();
    for (const plan of this.plan.instances) {
      const key = plan.transport === kind ? supplierOf(this.plan, plan) : undefined;
      if (key !== undefined) found.set(key, [...(found.get(key) ?? []), plan]);
    }
    return found;
  }

  #add(plans: readonly InstancePlan[], make: () => readonly FarEnd[]): void {
    try {
      for (const farEnd of make()) this.#farEnds.set(farEnd.plan.node, farEnd);
    } catch (error) {
      if (!(error instanceof ScmiError || error instanceof RangeError)) throw error;
      for (const { node } of plans) this.#failures.push({ node, message: `${node}: ${error.message}` });
    }
  }
}

/** Nodes of TEEs and of virtio SCMI devices that a tree has, by kind. */
export function suppliersIn(tree: DeviceTree | undefined, kind: "tee" | "virtio"): readonly string[] {
  const nodes = [...(tree?.root.walk() ?? [])].filter(({ isEnabled }) => isEnabled);
  if (kind === "tee") return nodes.filter((it) => it.isCompatible("linaro,optee-tz")).map(({ path }) => path);
  const transports = nodes.filter((it) => it.isCompatible("virtio,mmio") || it.isCompatible("virtio,pci"));
  const saying = transports.filter((it) => devicesBelow(it).includes(SCMI_DEVICE));
  const silent = transports.filter((it) => devicesBelow(it).length === 0); // they may be any device
  return (saying.length > 0 ? saying : silent).map(({ path }) => path);
}

/** A virtio node says what device it is by a child, if at all. */
const SCMI_DEVICE = `virtio,device${VIRTIO_ID_SCMI.toString(16)}`;

function devicesBelow({ children }: Node): readonly string[] {
  return children.flatMap((it) => it.strings("compatible") ?? []).filter((it) => it.startsWith("virtio,device"));
}

/** The path of the TEE or virtio device that an instance uses: the one that it names, or the only one there is. */
function supplierOf({ tree }: BoardPlan, { binding, transport }: InstancePlan): string | undefined {
  if (transport !== "optee" && transport !== "virtio") return undefined;
  const key = binding && supplierKeyOf(binding);
  if (key !== undefined) return key;
  const there = suppliersIn(tree, transport === "optee" ? "tee" : "virtio");
  return there.length === 1 ? there[0] : undefined;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, it) => total + it, 0);
}
