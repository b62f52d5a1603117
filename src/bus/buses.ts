import type { Bus } from "./bus.ts";
import type { Device, DeviceDescription } from "./device.ts";
import { Graph } from "./graph.ts";
import { Ledger } from "./ledger.ts";
import type { Member } from "./member.ts";
import type { Module } from "./module.ts";
import { ModuleError } from "./module-error.ts";
import { Registering } from "./registering.ts";
import { Scope } from "./scope.ts";
import type { Supply } from "./suppliers.ts";

/** A device that is not bound, and why. */
export interface UnboundDevice {
  readonly device: Device<unknown>;
  /** No driver matches it; something is missing; or it was tried, or looked at, in vain. */
  readonly state: "unmatched" | "deferred" | "failed";
  /** What is missing, or what was wrong. */
  readonly reason: string;
  /** What was thrown, for one that failed. */
  readonly error?: unknown;
}

interface Loaded {
  readonly module: Module;
  readonly scope: Scope;
  readonly supplies: readonly Supply[];
}

/** Modules, buses, devices, drivers and suppliers of one machine: who is ready when, and who is torn down when. Everything that changes
 *  it is a promise, and one comes after the other: when it resolves, whatever could be bound is bound.
 *
 *  Loading and adding let everything that waits be probed again, until nothing more comes of it. Unloading and removing unbind users
 *  first: the consumers of what a device supplies, then its children, then the device itself, whose probe gives back what it acquired
 *  in reverse. Never await one of these promises from inside a probe or a release: it comes after those. */
export class Buses {
  readonly ledger: Ledger;
  readonly #graph: Graph;
  readonly #modules = new Map<string, Loaded>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(ledger: Ledger = new Ledger()) {
    this.ledger = ledger;
    this.#graph = new Graph(ledger);
  }

  /** Modules by name, in the order in which they were loaded. */
  get modules(): readonly string[] {
    return [...this.#modules.keys()];
  }

  /** Devices, in the order of arrival, and the drivers that they are bound to. */
  get devices(): readonly { readonly device: Device<unknown>; readonly driver: string | undefined }[] {
    return this.#graph.members.map(({ device, bound }) => ({ device, driver: bound?.match.driver }));
  }

  /** Devices that are not bound, and why. */
  get unbound(): readonly UnboundDevice[] {
    return this.#graph.members.filter(({ bound }) => !bound).map(unboundOf);
  }

  /** Whether a device is bound. */
  isBound(device: Device<unknown>): boolean {
    return this.#graph.memberOf(device)?.bound !== undefined;
  }

  /** Loads a module: its `init` runs, and what can be bound with it is bound.
   *  @throws ModuleError "missing" without a module that it needs, "duplicate" when it is loaded already; nothing has changed then */
  load(module: Module): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#modules.has(module.name)) throw new ModuleError("duplicate", module.name, []);
      const missing = (module.needs ?? []).filter((name) => !this.#modules.has(name));
      if (missing.length > 0) throw new ModuleError("missing", module.name, missing);
      const scope = new Scope();
      const registering = new Registering(module, scope, this.#graph);
      try {
        module.init(registering);
      } catch (reason) {
        await scope.close().catch(() => {}); // the first trouble is the one to tell
        throw reason;
      } finally {
        registering.seal();
      }
      this.#modules.set(module.name, { module, scope, supplies: registering.supplies });
      await this.#graph.settle();
    });
  }

  /** Unloads a module: the devices of its drivers are unbound, and those that use what it supplies with policy "unbind".
   *  @throws ModuleError "inUse" while a module needs it, or a device uses what it supplies with policy "refuse"; "notLoaded". Nothing
   *  has changed then
   *  @throws what complained while things were given back; the module is gone all the same */
  unload(name: string): Promise<void> {
    const isFree = this.usersOf(name).length === 0;
    if (isFree) this.#abortProbe(({ parent, matches }) => parent?.dependsOn(name) || matches()[0]?.module === name);
    return this.#enqueue(async () => {
      const loaded = this.#modules.get(name);
      if (!loaded) throw new ModuleError("notLoaded", name, []);
      const users = this.usersOf(name);
      if (users.length > 0) throw new ModuleError("inUse", name, users);
      this.#modules.delete(name);
      await this.#tearDown(() => loaded.scope.close());
    });
  }

  /** Who keeps a module from being unloaded: modules that need it, devices that use what it supplies with policy "refuse". */
  usersOf(name: string): readonly string[] {
    const modules = [...this.#modules.values()].filter(({ module }) => module.needs?.includes(name));
    const supplies = this.#modules.get(name)?.supplies ?? [];
    const holders = supplies.filter(({ policy }) => policy === "refuse").flatMap(({ users }) => [...users]);
    return [...modules.map(({ module }) => module.name), ...holders.map((it) => it.name)];
  }

  /** Adds a device, which is probed when there is a driver for it.
   *  @throws ModuleError "missing" while the bus is not open */
  async add<T>(bus: Bus<T>, description: DeviceDescription<T>): Promise<Device<T>> {
    const device = this.insert(bus, description);
    await this.settled();
    return device;
  }

  /** {@link add} for those who cannot wait: the device is probed in its turn; {@link settled} resolves then.
   *  @throws ModuleError "missing" while the bus is not open */
  insert<T>(bus: Bus<T>, description: DeviceDescription<T>): Device<T> {
    const { device } = this.#graph.add(bus, description);
    void this.recheck();
    return device;
  }

  /** Takes a device away: its users are unbound, then its children and itself. Nothing happens when it is not there any more.
   *  @throws what complained while things were given back; the device is gone all the same */
  remove(device: Device<unknown>): Promise<void> {
    this.#abortProbe((member) => member.isBelow(device));
    return this.#enqueue(async () => {
      const member = this.#graph.memberOf(device);
      if (member) await this.#tearDown(() => this.#graph.delete(member));
    });
  }

  /** Unbinds a device if it is bound, forgets what its last probe failed with, and probes it again. */
  retry(device: Device<unknown>): Promise<void> {
    return this.#enqueue(async () => {
      const member = this.#graph.memberOf(device);
      if (!member) return;
      member.failure = undefined;
      await this.#tearDown(() => this.#graph.unbind(member));
    });
  }

  /** Lets drivers check their devices again, after a description has changed, and binds what can be bound. */
  recheck(): Promise<void> {
    return this.#enqueue(() => this.#graph.settle());
  }

  /** Resolves when everything that was asked for so far is done. */
  async settled(): Promise<void> {
    await this.#enqueue(async () => {});
  }

  #enqueue<T>(act: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(async () => {
      try {
        return await act();
      } finally {
        // Unless what interrupted a probe comes next, in which case that settles
        if (--this.#waiting === 0 && this.#graph.isCutShort) await this.#graph.settle();
      }
    });
    this.#waiting++;
    const next = () => {};
    this.#tail = run.then(next, next);
    return run;
  }

  /** Tears something down and lets the rest settle, whatever was said meanwhile. */
  async #tearDown(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } finally {
      await this.#graph.settle();
    }
  }

  /** A probe may wait for a platform that never answers: nobody has to wait for that who wants it gone. */
  #abortProbe(isMeant: (member: Member) => boolean | undefined): void {
    const { probing } = this.#graph;
    if (probing && isMeant(probing.member)) probing.abort();
  }
}

function unboundOf({ device, matches, missing, failure, objection }: Member): UnboundDevice {
  const trouble = objection ?? failure;
  if (trouble) {
    const { reason: error } = trouble;
    return { device, state: "failed", reason: error instanceof Error ? error.message : String(error), error };
  }
  if (missing !== undefined) return { device, state: "deferred", reason: `waits for ${missing}` };
  return matches().length > 0
    ? { device, state: "deferred", reason: "waits to be probed" }
    : { device, state: "unmatched", reason: "no driver matches it" };
}
