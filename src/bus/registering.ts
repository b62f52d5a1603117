import type { Bus, Driver } from "./bus.ts";
import type { Graph } from "./graph.ts";
import type { Module, Registration } from "./module.ts";
import { ModuleError } from "./module-error.ts";
import type { Scope } from "./scope.ts";
import type { Suppliers, Supply, UsePolicy } from "./suppliers.ts";

/** The `init` of one module under way: what is registered here is unregistered by the scope, in reverse. */
export class Registering implements Registration {
  readonly supplies: Supply[] = [];
  readonly #module: Module;
  readonly #scope: Scope;
  readonly #graph: Graph;
  #isSealed = false;

  constructor(module: Module, scope: Scope, graph: Graph) {
    this.#module = module;
    this.#scope = scope;
    this.#graph = graph;
  }

  own(release: () => Promise<void>): void {
    this.#expectInit();
    this.#scope.own(release);
  }

  bus<T>(bus: Bus<T>): void {
    this.#expectInit();
    const close = bus.open();
    this.#scope.own(async () => close());
  }

  driver<T>(bus: Bus<T>, driver: Driver<T>): void {
    this.#expectInit();
    const { name } = this.#module;
    const graph = this.#graph;
    bus.register(driver, name);
    this.#scope.own(async () => {
      bus.unregister(driver); // first: nothing is bound to it any more from here on
      const isMine = (match: { readonly driver: string; readonly module: string } | undefined) =>
        match?.module === name && match.driver === driver.name;
      await graph.unbindAll(graph.members.filter(({ bound }) => isMine(bound?.match)));
    });
  }

  publish<T>(suppliers: Suppliers<T>, key: string, value: T, policy: UsePolicy): void {
    this.#expectInit();
    const { supply, remove } = suppliers.add(key, value, policy);
    this.supplies.push(supply);
    this.#graph.news(supply.name);
    this.#scope.own(async () => {
      remove();
      await this.#graph.unbindUsers(supply);
    });
  }

  /** Nothing more from this module. */
  seal(): void {
    this.#isSealed = true;
  }

  #expectInit(): void {
    if (this.#isSealed) throw new ModuleError("sealed", this.#module.name, []);
  }
}
