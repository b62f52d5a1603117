import type { Agent } from "../agent/agent.ts";
import { Buses, type Device, type Leaks, Ledger } from "../bus/index.ts";
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import type { ScmiInstance } from "../devicetree/index.ts";
import type { TeeBus, TeeDevice } from "../tee/index.ts";
import type { VirtioBus, VirtioDevice } from "../virtio/index.ts";
import { countedClock } from "./counted.ts";
import { HARDWARE, hardwareModule } from "./modules/hardware.ts";
import { STACK } from "./modules/scmi-module.ts";
import { claimOf, moduleNameOf } from "./modules/transport.ts";
import { ASSIGNED, type HardwareData, MachineParts, type MakeModule, type NodeData } from "./parts.ts";
import type { ConduitSupply, MailboxSupply, Wiring } from "./wiring.ts";

/** How a machine is made. */
export interface MachineOptions {
  /** Where its agents are. */
  readonly core: Core;
  readonly clock: Clock;
  readonly wiring?: Wiring;
}

interface NodeEntry {
  readonly instance: ScmiInstance;
  readonly device: Device<NodeData>;
  readonly forget: () => void;
}

/** An instance that is not up, and why. */
export interface DeferredInstance {
  /** The path of its node. */
  readonly node: string;
  /** In words. */
  readonly reason: string;
  /** What was thrown, where it is not only waiting. */
  readonly error?: unknown;
}

/** The operating system's side of a machine: modules that can be loaded and unloaded in any order, nodes and devices that come and go, and
 *  an agent for each instance that has all it needs. Whatever changes it is a promise, and one comes after the other; when it resolves,
 *  everything that can be up is up. */
export class Machine {
  readonly parts: MachineParts;
  readonly #buses: Buses;
  readonly #nodes = new Map<string, NodeEntry>();
  /** Take away what was added besides nodes. */
  readonly #removals = new Set<() => Promise<void>>();
  readonly #core: Core;

  constructor({ core, clock, wiring = {} }: MachineOptions) {
    const ledger = new Ledger();
    this.#core = core;
    this.#buses = new Buses(ledger);
    this.parts = new MachineParts(core, countedClock(clock, ledger), ledger, wiring);
    ledger.watch(() => {
      const { xfers, tokens } = this.#core.leaks();
      return { xfers, tokens };
    });
    void this.#buses.load(hardwareModule(this.parts));
  }

  /** Loads a module, and brings up what was waiting for it.
   *  @throws ModuleError "missing" without a module that it needs, "duplicate" when it is loaded already */
  load(module: MakeModule): Promise<void> {
    return this.#buses.load(module(this.parts));
  }

  /** Unloads a module; docs/lifetimes.md says what that takes with it, and when it is refused.
   *  @throws ModuleError "inUse", "notLoaded"; nothing has changed then */
  unload(name: string): Promise<void> {
    return this.#buses.unload(name);
  }

  /** Modules by name, in the order in which they were loaded. */
  get modules(): readonly string[] {
    return this.#buses.modules.filter((name) => name !== HARDWARE);
  }

  /** Unloads all modules, the last first, and takes away all nodes and devices; what is left then has leaked. */
  async close(): Promise<Leaks> {
    await this.settled();
    for (let name = this.#lastFree(); name !== undefined; name = this.#lastFree()) await this.#buses.unload(name);
    for (const path of [...this.#nodes.keys()].reverse()) await this.removeNode(path);
    for (const remove of [...this.#removals].reverse()) await remove();
    return this.leaks;
  }

  /** Adds an SCMI instance as described.
   *  @throws RangeError when its node is there already */
  async addNode(instance: ScmiInstance): Promise<void> {
    const { path } = instance.node;
    if (this.#nodes.has(path)) throw new RangeError(`"instance" expected a node that is new, got ${path} again`);
    const kind = ASSIGNED[instance.transport];
    const forget = kind ? this.parts.assignments[kind].claim(claimOf(instance)) : () => {};
    const device = this.#buses.insert(this.parts.nodes, { name: path, data: { instance } });
    this.#nodes.set(path, { instance, device, forget });
    await this.settled();
  }

  /** Takes an instance away: its consumers, its agent and its transport go, in this order. Nothing happens when there is no such node.
   *  @param path of its node */
  async removeNode(path: string): Promise<void> {
    const node = this.#nodes.get(path);
    if (!node) return;
    this.#nodes.delete(path);
    node.forget();
    await this.#buses.remove(node.device);
  }

  /** Brings an instance up again, after it has failed, or after its platform has died.
   *  @param path of its node */
  async retry(path: string): Promise<void> {
    const device = this.#nodes.get(path)?.device;
    if (device) await this.#buses.retry(device);
  }

  /** Says that there is such a supplier, present or not, as a device tree does; the result takes that back. It decides which one serves a
   *  node without `scmi-wasm,supplier`.
   *  @param key the path of its node */
  declare(kind: "tee" | "virtio", key: string): () => Promise<void> {
    const forget = this.parts.assignments[kind].declare(key);
    void this.#buses.recheck();
    return () => {
      forget();
      return this.#buses.recheck();
    };
  }

  /** Adds a mailbox controller; the result takes it away, and its users before.
   *  @param key the path of its node */
  addMailbox(key: string, mailbox: MailboxSupply): Promise<() => Promise<void>> {
    return this.#addHardware({ kind: "mailbox", key, mailbox });
  }

  /** Adds a way into secure firmware; the result takes it away, and its users before.
   *  @param key the path of a node that `scmi-wasm,supplier` points at, or `firmware` for those without */
  addConduit(key: string, conduit: ConduitSupply): Promise<() => Promise<void>> {
    return this.#addHardware({ kind: "conduit", key, conduit });
  }

  /** Takes in the services of TEEs as they come and go; the result stops that, and takes away what came.
   *  @param keyOf the key of a service's TEE; default: its name, to be the path of its node */
  watchTees(bus: TeeBus, keyOf: (service: TeeDevice) => string = ({ tee }) => tee.name): () => Promise<void> {
    const { teeServices } = this.parts;
    return this.#watch<TeeDevice>(
      (listener) => bus.watch(listener),
      (it) => this.#buses.insert(teeServices, { name: it.name, data: { key: keyOf(it), uuid: it.uuid, tee: it.tee } }),
    );
  }

  /** Takes in virtio devices as they come and go; the result stops that, and takes away what came.
   *  @param keyOf the key of a device; default: its name, to be the path of its node */
  watchVirtio(bus: VirtioBus, keyOf: (device: VirtioDevice) => string = ({ name }) => name): () => Promise<void> {
    const { virtioDevices } = this.parts;
    return this.#watch<VirtioDevice>(
      (listener) => bus.watch(listener),
      (device) => this.#buses.insert(virtioDevices, { name: device.name, data: { key: keyOf(device), device } }),
    );
  }

  /** Agents of the instances that are up, by the path of their node. */
  get agents(): ReadonlyMap<string, Agent> {
    return this.parts.agents;
  }

  /** Instances that are not up, and why. */
  get deferred(): readonly DeferredInstance[] {
    return this.#buses.unbound.flatMap(({ device, state, reason, error }) => {
      const { nodes, stacks } = this.parts;
      if (device.bus !== nodes.name && device.bus !== stacks.name) return [];
      const { name: node } = device;
      if (state === "failed") return [{ node, reason, error }];
      if (state === "deferred") return [{ node, reason }];
      return [{ node, reason: `waits for module ${device.bus === stacks.name ? STACK : this.#moduleOf(node)}` }];
    });
  }

  /** What is taken and not given back. All zero once everything is unloaded and all nodes and devices are gone. */
  get leaks(): Leaks {
    return this.parts.ledger.leaks;
  }

  /** Buses, devices and drivers, for a closer look. */
  get buses(): Buses {
    return this.#buses;
  }

  /** Resolves when everything that was asked for so far is done, arrivals and departures included. */
  settled(): Promise<void> {
    return this.#buses.settled();
  }

  async #addHardware(data: HardwareData): Promise<() => Promise<void>> {
    const device = await this.#buses.add(this.parts.hardware, { name: data.key, data });
    return this.#removal(() => this.#buses.remove(device));
  }

  #watch<It>(
    watch: (listener: { added(it: It): void; removed(it: It): void }) => () => void,
    insert: (it: It) => Device<unknown>,
  ): () => Promise<void> {
    const there = new Map<It, Device<unknown>>();
    const removed = async (it: It) => {
      const device = there.get(it);
      there.delete(it);
      if (device) await this.#buses.remove(device);
    };
    const stop = watch({
      added: (it) => void there.set(it, insert(it)),
      removed: (it) => void removed(it),
    });
    return this.#removal(async () => {
      stop();
      for (const it of [...there.keys()].reverse()) await removed(it);
    });
  }

  #removal(remove: () => Promise<void>): () => Promise<void> {
    const once = async () => {
      if (this.#removals.delete(once)) await remove();
    };
    this.#removals.add(once);
    return once;
  }

  /** The last module that nobody uses; there is one while there are any. */
  #lastFree(): string | undefined {
    return this.#buses.modules.filter((name) => this.#buses.usersOf(name).length === 0).at(-1);
  }

  #moduleOf(path: string): string {
    const transport = this.#nodes.get(path)?.instance.transport;
    return transport ? moduleNameOf(transport) : "";
  }
}
