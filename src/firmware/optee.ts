import type { Clock } from "../core/clock.ts";
import { TEE_IMPLEMENTATION, type Tee, type TeeBus, type TeeConnection, type TeeVersion } from "../tee/index.ts";
import { OpteeConnection } from "./optee-connection.ts";
import { type OpteeInterference, type OpteeLeaks, OpteeSystem } from "./optee-system.ts";
import type { TrustedApp } from "./trusted-app.ts";

/** How a simulated OP-TEE is made. */
export interface SimulatedOpteeOptions {
  /** For error texts; default `optee`. */
  readonly name?: string;
  /** What runs in it: for SCMI a `ScmiPta`. */
  readonly apps: readonly TrustedApp[];
  /** Calls at once; default 2. Further ones wait. */
  readonly threads?: number;
  /** Calls are over when they return, and a platform that does not answer inside of one never does; default, unless they take time. */
  readonly isSync?: boolean;
  /** How long each call takes, and on which clock; default: no time. */
  readonly latency?: { readonly ms: number; readonly clock: Clock };
  /** Whether threads can be kept for system sessions: drivers by SMC can, those by FF-A cannot. Default true. */
  readonly hasSystemSessions?: boolean;
  /** Default: as many as there are ids. */
  readonly maxSessions?: number;
  /** Shared memory that there is in all; default 1 MiB. */
  readonly memoryBytes?: number;
}

const DEFAULT_THREADS = 2;
const DEFAULT_MEMORY_BYTES = 1 << 20;

/** A simulated OP-TEE: trusted applications behind sessions, with the checks and result codes of the real one. */
export class SimulatedOptee implements Tee {
  readonly name: string;
  readonly version: TeeVersion = {
    implementation: TEE_IMPLEMENTATION.OPTEE,
    implementationCapabilities: 1, // trusted applications by way of TrustZone
    capabilities: 7, // GlobalPlatform client API, for drivers too, shared memory can be registered
  };
  readonly isSync: boolean;
  readonly #system: OpteeSystem;
  readonly #apps: readonly TrustedApp[];
  readonly #hasSystemSessions: boolean;
  #leaveBus: (() => void)[] = [];

  constructor(options: SimulatedOpteeOptions) {
    const { name = "optee", apps, threads = DEFAULT_THREADS, latency } = options;
    const { maxSessions = Number.POSITIVE_INFINITY, memoryBytes = DEFAULT_MEMORY_BYTES } = options;
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`"threads" expected integer >= 1, got ${threads}`);
    }
    if (options.isSync && latency) throw new TypeError('"latency" expected none where "isSync" is true');
    this.name = name;
    this.isSync = options.isSync ?? latency === undefined;
    this.#apps = apps;
    this.#hasSystemSessions = options.hasSystemSessions ?? true;
    const { isSync } = this;
    this.#system = new OpteeSystem({ apps, threads, maxSessions, memoryBytes, isSync, latency });
  }

  async open(): Promise<TeeConnection> {
    this.#system.attempt({ operation: "openContext" });
    return new OpteeConnection(this.#system, this.#hasSystemSessions);
  }

  /** Shows its services on a bus, as the device PTA does when the driver starts. */
  enumerate(bus: TeeBus): void {
    for (const { uuid, isEnumerated } of this.#apps) {
      if (isEnumerated) this.#leaveBus.push(bus.add({ name: `optee-ta-${uuid}`, uuid, tee: this }));
    }
  }

  /** Takes its services off their buses, then itself away: every call from then on fails with `TARGET_DEAD`, but for those that give
   *  something back. */
  remove(): void {
    for (const leave of this.#leaveBus.reverse()) leave();
    this.#leaveBus = [];
    this.#system.drop();
  }

  /** Lets a trusted application panic: its sessions are dead (`TARGET_DEAD`), and it starts anew when the last of them is closed.
   *  @throws RangeError when it does not run here */
  panic(uuid: string): void {
    this.#system.panic(uuid);
  }

  /** Asked before each call that can fail, in order; what it returns is how the call fails. */
  get interfere(): OpteeInterference | undefined {
    return this.#system.interfere;
  }

  /** Sets what is asked. */
  set interfere(interfere: OpteeInterference | undefined) {
    this.#system.interfere = interfere;
  }

  /** Threads that are inside now. */
  get busyThreads(): number {
    return this.#system.threads.busy;
  }

  /** What its clients have open; all zero when everything was given back once. */
  get leaks(): OpteeLeaks {
    return this.#system.leaks;
  }
}
