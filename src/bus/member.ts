import type { Match } from "./bus.ts";
import type { Device } from "./device.ts";
import type { Scope } from "./scope.ts";
import type { Supply, SupplyUser } from "./suppliers.ts";

/** Something that was thrown. */
export interface Trouble {
  readonly reason: unknown;
}

/** A device that is bound. */
export interface Bound {
  readonly match: Match;
  readonly scope: Scope;
  readonly supplies: readonly Supply[];
  readonly children: Member[];
}

/** A device as the buses see it.
 *
 *      added ──▶ idle ──probe──▶ bound ──▶ idle ──▶ gone
 *                 ▲ │              │
 *     something   │ └─▶ deferred   └ its driver, a supplier, or its parent goes
 *     arrives     └──── failed
 */
export class Member implements SupplyUser {
  readonly device: Device<unknown>;
  readonly parent: Member | undefined;
  readonly matches: () => readonly Match[];
  bound: Bound | undefined;
  /** What it waits for, while it is deferred. */
  missing: string | undefined;
  /** What its driver's check says against it, as things are now. */
  objection: Trouble | undefined;
  /** What its last probe failed with; kept until something about it changes. */
  failure: Trouble | undefined;
  /** Supplies that its last probe asked for, by name: news of those are worth another try. */
  readonly wanted = new Set<string>();
  isGone = false;
  readonly #put: () => void;

  constructor(device: Device<unknown>, parent: Member | undefined, matches: () => readonly Match[]) {
    this.device = device;
    this.parent = parent;
    this.matches = matches;
    this.#put = device.retain();
  }

  get name(): string {
    return this.device.name;
  }

  /** Whether it, or what it hangs on, is driven by a module. */
  dependsOn(module: string): boolean {
    for (let it: Member | undefined = this; it; it = it.parent) if (it.bound?.match.module === module) return true;
    return false;
  }

  /** Whether it is a device, or below it. */
  isBelow(device: Device<unknown>): boolean {
    for (let it: Member | undefined = this; it; it = it.parent) if (it.device === device) return true;
    return false;
  }

  /** The last step. */
  leave(): void {
    this.isGone = true;
    this.#put();
  }
}
