import { ModuleError } from "./module-error.ts";

/** What happens to those who use something when it is to go. */
export type UsePolicy =
  /** They are unbound first. */
  | "unbind"
  /** It stays: the unload of its module is refused. */
  | "refuse";

/** Somebody who uses what a supplier supplies. */
export interface SupplyUser {
  /** For reports. */
  readonly name: string;
}

/** One thing that is supplied, and who uses it. */
export interface Supply {
  /** `tee /firmware/optee`, for reports. */
  readonly name: string;
  readonly policy: UsePolicy;
  /** In the order in which they came. */
  readonly users: Set<SupplyUser>;
}

interface Entry<T> {
  readonly value: T;
  readonly supply: Supply;
}

/** What is supplied of one kind, by explicit keys: who arrives first makes no difference. */
export class Suppliers<T> {
  /** For reports: `tee`, `virtio`. */
  readonly kind: string;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(kind: string) {
    this.kind = kind;
  }

  /** Keys of what is there now, in order. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }

  /** What is there under a key. */
  find(key: string): { readonly value: T; readonly supply: Supply } | undefined {
    return this.#entries.get(key);
  }

  /** @internal
   *  @throws ModuleError when somebody supplies this key already */
  add(key: string, value: T, policy: UsePolicy): { readonly supply: Supply; readonly remove: () => void } {
    const name = `${this.kind} ${key}`;
    if (this.#entries.has(key)) throw new ModuleError("duplicate", name, []);
    const supply: Supply = { name, policy, users: new Set() };
    this.#entries.set(key, { value, supply });
    return {
      supply,
      remove: () => {
        if (this.#entries.get(key)?.supply === supply) this.#entries.delete(key);
      },
    };
  }
}
