import type { Bus, Probe } from "./bus.ts";
import { ProbeDeferral } from "./deferral.ts";
import type { Device, DeviceDescription } from "./device.ts";
import type { Member } from "./member.ts";
import { ModuleError } from "./module-error.ts";
import type { Scope } from "./scope.ts";
import type { Suppliers, Supply } from "./suppliers.ts";

/** Adds a child of a device. */
export type AddChild = <S>(
  bus: Bus<S>,
  description: DeviceDescription<S>,
  parent: Member,
) => { readonly member: Member; readonly device: Device<S> };

/** One probe under way. */
export class Probing implements Probe {
  readonly member: Member;
  readonly supplies: Supply[] = [];
  readonly children: Member[] = [];
  readonly #abort = new AbortController();
  readonly #scope: Scope;
  readonly #addChild: AddChild;
  readonly #publications: (() => Supply)[] = [];
  #isOver = false;

  constructor(member: Member, scope: Scope, addChild: AddChild) {
    this.member = member;
    this.#scope = scope;
    this.#addChild = addChild;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  own(release: () => Promise<void>): void {
    this.#scope.own(release);
  }

  ownNow(release: () => void): void {
    this.#scope.ownNow(release);
  }

  require<S>(suppliers: Suppliers<S>, key: string): S {
    this.#expectRunning();
    const name = `${suppliers.kind} ${key}`;
    this.member.wanted.add(name);
    const found = suppliers.find(key);
    if (!found) throw new ProbeDeferral(name);
    const { users } = found.supply;
    if (!users.has(this.member)) {
      users.add(this.member);
      this.#scope.ownNow(() => users.delete(this.member));
    }
    return found.value;
  }

  publish<S>(suppliers: Suppliers<S>, key: string, value: S): void {
    this.#expectRunning();
    this.member.wanted.add(`${suppliers.kind} ${key}`);
    this.#publications.push(() => {
      const { supply, remove } = suppliers.add(key, value, "unbind");
      this.#scope.ownNow(remove);
      return supply;
    });
  }

  addChild<S>(bus: Bus<S>, description: DeviceDescription<S>): Device<S> {
    this.#expectRunning();
    const { member, device } = this.#addChild(bus, description, this.member);
    this.children.push(member);
    return device;
  }

  /** Ends the probe, for its device or driver is to go. */
  abort(): void {
    this.#abort.abort(new ProbeDeferral("another try, for it was interrupted"));
  }

  /** It went well: what it supplies can be had.
   *  @throws ModuleError for a key that is taken */
  succeed(): void {
    for (const add of this.#publications) this.supplies.push(add());
  }

  /** Nothing more from this probe. */
  end(): void {
    this.#isOver = true;
  }

  #expectRunning(): void {
    if (this.#isOver) throw new ModuleError("sealed", `probe of ${this.member.name}`, []);
  }
}
