import type { Device, DeviceDescription } from "./device.ts";
import { ModuleError } from "./module-error.ts";
import type { Suppliers } from "./suppliers.ts";

/** A driver of the devices of one bus. */
export interface Driver<T> {
  readonly name: string;
  /** Whether it is for a device. Two drivers for one are an error. */
  match(device: Device<T>): boolean;
  /** What can be said against a device before anything is tried, and again whenever something has changed: a device that is bound is
   *  unbound when this throws. For what has to be decided by descriptions, never by arrival.
   *  @throws BoardError */
  check?(device: Device<T>): void;
  /** Takes the device into use. What it acquires belongs to the probe, which gives all of it back in reverse when this throws, and when
   *  the device is unbound.
   *  @throws ProbeDeferral, by way of {@link Probe.require}, to be probed again when something arrives */
  probe(device: Device<T>, probe: Probe): Promise<void>;
  /** The first word of an unbinding, after all users of the device are gone, and before anything is released. */
  remove?(device: Device<T>): Promise<void>;
}

/** What a probe can do, and all it can do: there is no way from here to registering a driver, a bus or a module. */
export interface Probe {
  /** Aborted when the device or its driver is to go meanwhile. */
  readonly signal: AbortSignal;
  /** Owns something from here on, until the device is unbound. */
  own(release: () => Promise<void>): void;
  /** {@link own}, for what is released without waiting. */
  ownNow(release: () => void): void;
  /** What is supplied under a key. The device is unbound before that goes.
   *  @throws ProbeDeferral while it is not there */
  require<S>(suppliers: Suppliers<S>, key: string): S;
  /** Supplies something from the end of this probe on. Its users are unbound before this device is.
   *  @throws ModuleError when somebody supplies this key already */
  publish<S>(suppliers: Suppliers<S>, key: string, value: S): void;
  /** Adds a device that goes with this one, and before it. It is probed when this probe is over. */
  addChild<S>(bus: Bus<S>, description: DeviceDescription<S>): Device<S>;
}

/** A driver that matches a device, with that device. */
export interface Match {
  readonly driver: string;
  /** The module that registered the driver. */
  readonly module: string;
  /** {@link Driver.check} */
  check(): void;
  /** {@link Driver.probe} */
  probe(probe: Probe): Promise<void>;
  /** {@link Driver.remove} */
  remove(): Promise<void>;
}

/** Devices of one sort, and their drivers. Its devices have data of type `T`. */
export class Bus<T> {
  /** For reports: `platform`, `scmi`. */
  readonly name: string;
  readonly #drivers: { readonly driver: Driver<T>; readonly module: string }[] = [];
  #isOpen: boolean;
  #alive = 0;

  /** @param options `isOpen`: whether it is there from the start; a module opens it otherwise. Default true */
  constructor(name: string, { isOpen = true }: { readonly isOpen?: boolean } = {}) {
    this.name = name;
    this.#isOpen = isOpen;
  }

  /** Devices that are added, or that somebody has a reference to. */
  get alive(): number {
    return this.#alive;
  }

  /** Drivers by name. */
  get drivers(): readonly string[] {
    return this.#drivers.map(({ driver }) => driver.name);
  }

  /** @internal
   *  @throws ModuleError "duplicate" when it is open */
  open(): () => void {
    if (this.#isOpen) throw new ModuleError("duplicate", `bus ${this.name}`, []);
    this.#isOpen = true;
    return () => {
      this.#isOpen = false;
      if (this.#alive > 0)
        throw new ModuleError("inUse", `bus ${this.name}`, [`${this.#alive} devices without release`]);
    };
  }

  /** @internal A device was made; the result says that it is released.
   *  @throws ModuleError "missing" while the bus is not open */
  enter(): () => void {
    this.#expectOpen();
    this.#alive++;
    return () => {
      this.#alive--;
    };
  }

  /** @internal
   *  @throws ModuleError "missing" while the bus is not open, "duplicate" when a driver of this name is there */
  register(driver: Driver<T>, module: string): void {
    this.#expectOpen();
    if (this.drivers.includes(driver.name)) throw new ModuleError("duplicate", `driver ${driver.name}`, []);
    this.#drivers.push({ driver, module });
  }

  /** @internal
   *  @throws ModuleError "notLoaded" for a driver that is not registered */
  unregister(driver: Driver<T>): void {
    const place = this.#drivers.findIndex((it) => it.driver === driver);
    if (place < 0) throw new ModuleError("notLoaded", `driver ${driver.name}`, []);
    this.#drivers.splice(place, 1);
  }

  /** @internal */
  matchesOf(device: Device<T>): readonly Match[] {
    return this.#drivers
      .filter(({ driver }) => driver.match(device))
      .map(({ driver, module }) => ({
        driver: driver.name,
        module,
        check: () => driver.check?.(device),
        probe: (probe) => driver.probe(device, probe),
        remove: async () => driver.remove?.(device),
      }));
  }

  #expectOpen(): void {
    if (!this.#isOpen) throw new ModuleError("missing", `a device or driver of bus ${this.name}`, [`bus ${this.name}`]);
  }
}
