import type { Bus, Driver } from "./bus.ts";
import type { Suppliers, UsePolicy } from "./suppliers.ts";

/** Code that can be loaded and unloaded. There is no exit: what `init` registered is unregistered in reverse, no more and no less. */
export interface Module {
  readonly name: string;
  /** Modules whose symbols it uses: they are loaded before, and stay for as long as this one does. */
  readonly needs?: readonly string[];
  /** Registers what it brings.
   *  @param registration sealed when this returns */
  init(registration: Registration): void;
}

/** What `init` can do. */
export interface Registration {
  /** Owns something from here on, until the module is unloaded.
   *  @throws ModuleError "sealed" outside of `init`, as do all others */
  own(release: () => Promise<void>): void;
  /** Opens a bus. When the module goes, all of its devices have to be released.
   *  @throws ModuleError "duplicate"; "inUse", at the unload, for devices that somebody still refers to */
  bus<T>(bus: Bus<T>): void;
  /** Registers a driver; its devices are unbound when the module goes.
   *  @throws ModuleError "duplicate" */
  driver<T>(bus: Bus<T>, driver: Driver<T>): void;
  /** Supplies something, a protocol for example.
   *  @param policy what becomes of an unload while devices use it
   *  @throws ModuleError "duplicate" */
  publish<T>(suppliers: Suppliers<T>, key: string, value: T, policy: UsePolicy): void;
}
