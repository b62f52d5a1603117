import { Agent } from "../agent/agent.ts";
import type { Core } from "../core/core.ts";
import { supplierKeyOf } from "../devicetree/index.ts";
import { BoardError, ScmiError } from "../errors.ts";
import { TeeBus } from "../tee/index.ts";
import { VirtioBus } from "../virtio/index.ts";
import { Firmware, type FirmwareOptions, suppliersIn } from "./firmware.ts";
import { type InstanceEvents, lookAround } from "./instance.ts";
import type { WorldTransport } from "./instance-plan.ts";
import { Machine } from "./machine.ts";
import { mailboxModule } from "./modules/mailbox.ts";
import { opteeModule } from "./modules/optee.ts";
import { scmiCore } from "./modules/scmi-core.ts";
import { scmiModule } from "./modules/scmi-module.ts";
import { CONDUIT, smcModule } from "./modules/smc.ts";
import { moduleNameOf } from "./modules/transport.ts";
import { virtioModule } from "./modules/virtio.ts";
import { Pace } from "./pace.ts";
import type { MakeModule } from "./parts.ts";
import type { BoardPlan, Failure } from "./plan.ts";
import type { BootReport, DeferredReport, InstanceReport, LeakReport } from "./report.ts";

/** Something that happened while a board came up. */
export interface BootProgress {
  /** Of simulated time. */
  readonly atMs: number;
  /** Path of the instance's node, or what else it is about. */
  readonly node: string;
  readonly text: string;
}

/** How a board is booted. */
export interface BootOptions extends FirmwareOptions {
  /** Hears of each step. */
  readonly onProgress?: (progress: BootProgress) => void;
  /** Meets the core that the machine is in, for a tracer; the result is called before the machine is taken down. */
  readonly onCore?: (core: Core) => () => void;
  /** Gives up, and takes everything down again. */
  readonly signal?: AbortSignal;
}

/** Boots a board: builds its firmware, loads what reaches it, brings up an agent for every instance, enumerates, tries and unloads
 *  everything. What is wrong with one instance does not keep the others from coming up. Time is simulated: the same plan, profile and
 *  seed give the same report and the same messages.
 *  @throws signal.reason when aborted */
export async function boot(plan: BoardPlan, options: BootOptions = {}): Promise<BootReport> {
  const firmware = await Firmware.open(plan, options);
  const pace = new Pace(firmware.clock);
  const leave = options.onCore?.(firmware.core);
  try {
    return await pace.drive(new Boot(firmware, options).run(), options.signal);
  } finally {
    leave?.();
    firmware.close();
    pace.close();
  }
}

const NS_PER_MS = 1e6;
/** Everything arrives within so many milliseconds. */
const LATEST_MS = 8;

const MODULES: Readonly<Record<Exclude<WorldTransport, "loopback">, MakeModule>> = {
  mailbox: mailboxModule,
  smc: smcModule,
  optee: opteeModule,
  virtio: virtioModule,
};

/** Something that arrives in a machine. */
interface Arrival {
  readonly atMs: number;
  readonly what: string;
  readonly happen: () => Promise<unknown>;
}

class Boot {
  readonly #firmware: Firmware;
  readonly #options: BootOptions;
  readonly #machine: Machine;
  readonly #failures: Failure[];
  readonly #warnings: string[];
  readonly #deferred = new Map<string, DeferredReport>();
  /** Agents of instances that no device tree describes. */
  readonly #direct = new Map<string, Agent>();

  constructor(firmware: Firmware, options: BootOptions) {
    const { core, clock, wiring, plan, failures } = firmware;
    this.#firmware = firmware;
    this.#options = options;
    this.#failures = [...plan.failures, ...failures];
    this.#warnings = [...plan.warnings];
    this.#machine = new Machine({ core, clock, wiring });
  }

  async run(): Promise<BootReport> {
    const { plan, profile, seed } = this.#firmware;
    await this.#describe();
    for (const { atMs, what, happen } of this.#arrivals()) {
      await this.#until(atMs);
      this.#tell(what, "arrives");
      await happen();
      await this.#machine.settled();
      this.#noteDeferred();
    }
    await this.#openLoopbacks();
    this.#noteFailed();
    const instances = await this.#lookAround();
    const leaks = await this.#unload();
    const { model, compatible, source, disabled } = plan;
    return {
      board: { model, compatible, source },
      ...{ profile, seed, instances, disabled },
      ...{ deferred: [...this.#deferred.values()], failures: this.#failures, warnings: this.#warnings },
      ...{ elapsedMs: this.#nowMs(), leaks },
    };
  }

  /** What the tree says is there from the start. */
  async #describe(): Promise<void> {
    const { plan, farEnds } = this.#firmware;
    for (const kind of ["tee", "virtio"] as const) {
      for (const path of suppliersIn(plan.tree, kind)) this.#machine.declare(kind, path);
    }
    const hasFirmware = (node: string) => !this.#firmware.failures.some((it) => it.node === node) || farEnds.has(node);
    for (const { binding, node } of plan.instances)
      if (binding && hasFirmware(node)) await this.#machine.addNode(binding);
  }

  /** Modules, controllers, TEEs and devices, in the order of time. `scmi-core` is first, for the others need it. */
  #arrivals(): readonly Arrival[] {
    const { plan, hardware, tees, virtioDevices, dice } = this.#firmware;
    const machine = this.#machine;
    const kinds = new Set(plan.instances.map(({ transport }) => transport));
    const found: Arrival[] = [];
    const later = (what: string, happen: () => Promise<unknown>) =>
      void found.push({ atMs: dice.between(0, LATEST_MS), what, happen });
    if (plan.instances.some(({ binding }) => binding)) later("scmi-module", () => machine.load(scmiModule));
    for (const kind of kinds) if (kind !== "loopback") later(moduleNameOf(kind), () => machine.load(MODULES[kind]));
    for (const [key, supply] of hardware.mailboxes) later(key, () => machine.addMailbox(key, supply));
    if (kinds.has("smc")) {
      const { conduit } = hardware;
      later("secure firmware", async () => {
        for (const key of conduitKeys(plan)) await machine.addConduit(key, { conduit });
      });
    }
    const teeBus = new TeeBus();
    machine.watchTees(teeBus);
    for (const [key, tee] of tees) later(key, async () => tee.enumerate(teeBus));
    const virtioBus = new VirtioBus();
    machine.watchVirtio(virtioBus);
    for (const [key, device] of virtioDevices) later(key, async () => virtioBus.add(device));
    const core = { atMs: 0, what: "scmi-core", happen: () => machine.load(scmiCore) };
    return [core, ...found.sort((a, b) => a.atMs - b.atMs)];
  }

  #noteDeferred(): void {
    for (const { node, reason, error } of this.#machine.deferred) {
      if (error !== undefined || reason.startsWith("waits for module") || this.#deferred.has(node)) continue;
      this.#deferred.set(node, { node, reason, atMs: this.#nowMs(), resolvedMs: null });
      this.#tell(node, reason);
    }
    const still = this.#machine.deferred.map(({ node, reason }) => `${node} ${reason}`);
    for (const [node, waited] of this.#deferred) {
      if (waited.resolvedMs !== null || still.includes(`${node} ${waited.reason}`)) continue;
      this.#deferred.set(node, { ...waited, resolvedMs: this.#nowMs() });
    }
  }

  #noteFailed(): void {
    for (const { node, reason, error } of this.#machine.deferred) {
      const message = error instanceof BoardError ? error.message : `${node}: ${reason}`;
      this.#failures.push({ node, message });
    }
  }

  async #openLoopbacks(): Promise<void> {
    const { core, clock, loopbacks } = this.#firmware;
    for (const [node, transport] of loopbacks) {
      try {
        this.#direct.set(node, await Agent.open(core, transport, { clock }));
      } catch (error) {
        if (!(error instanceof ScmiError || error instanceof RangeError)) throw error;
        this.#failures.push({ node, message: `${node}: ${error.message}` });
      }
    }
  }

  /** In the order of the tree, whatever the order of arrival. */
  async #lookAround(): Promise<readonly InstanceReport[]> {
    const reports: InstanceReport[] = [];
    for (const { node } of this.#firmware.plan.instances) {
      const agent = this.#direct.get(node) ?? this.#machine.agents.get(node);
      const farEnd = this.#firmware.farEnds.get(node);
      if (agent && farEnd) reports.push(await lookAround(agent, farEnd, this.#events(node)));
    }
    return reports;
  }

  async #unload(): Promise<LeakReport> {
    for (const agent of this.#direct.values()) await agent.close();
    const leaks = await this.#machine.close();
    const firmware = this.#firmware;
    const { sessions, sharedMemory, channels } = firmware.leaks;
    firmware.close();
    return {
      ...leaks,
      // The machine has its books, the hardware has its own: what either misses has leaked
      sessions: Math.max(leaks.sessions, sessions),
      sharedMemory: Math.max(leaks.sharedMemory, sharedMemory),
      channels: Math.max(leaks.channels, channels),
      timers: Math.max(leaks.timers, firmware.clock.pending),
    };
  }

  #events(node: string): InstanceEvents {
    return {
      failed: (message) => void this.#failures.push({ node, message }),
      warned: (message) => void this.#warnings.push(message),
      done: (text) => this.#tell(node, text),
    };
  }

  #until(atMs: number): Promise<void> {
    const { clock } = this.#firmware;
    return new Promise((resolve) => void clock.after(atMs - this.#nowMs(), resolve));
  }

  #nowMs(): number {
    return this.#firmware.clock.now() / NS_PER_MS;
  }

  #tell(node: string, text: string): void {
    this.#options.onProgress?.({ atMs: this.#nowMs(), node, text });
  }
}

/** What instances call their way into secure firmware. */
function conduitKeys({ instances }: BoardPlan): ReadonlySet<string> {
  const its = instances.filter(({ transport }) => transport === "smc");
  return new Set(its.map(({ binding }) => (binding && supplierKeyOf(binding)) ?? CONDUIT));
}
