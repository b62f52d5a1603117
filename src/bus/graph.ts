import type { Bus, Match } from "./bus.ts";
import { ProbeDeferral } from "./deferral.ts";
import { Device, type DeviceDescription } from "./device.ts";
import type { Ledger } from "./ledger.ts";
import { Member, type Trouble } from "./member.ts";
import { ModuleError } from "./module-error.ts";
import { Probing } from "./probing.ts";
import { Scope } from "./scope.ts";
import type { Supply } from "./suppliers.ts";

/** The devices of a machine, and what hangs on what. One step at a time: whoever calls sees to that. */
export class Graph {
  readonly #ledger: Ledger;
  readonly #members = new Map<Device<unknown>, Member>();
  #probing: Probing | undefined;
  #isCutShort = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** All devices, in the order of arrival. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  memberOf(device: Device<unknown>): Member | undefined {
    return this.#members.get(device);
  }

  /** The probe under way. */
  get probing(): Probing | undefined {
    return this.#probing;
  }

  add<T>(bus: Bus<T>, description: DeviceDescription<T>, parent?: Member): { member: Member; device: Device<T> } {
    const leaveBus = bus.enter();
    const giveBack = this.#ledger.take("devices");
    const device = new Device<T>(bus.name, description, () => {
      giveBack();
      leaveBus();
      description.released?.();
    });
    const member = new Member(device, parent, () => bus.matchesOf(device));
    this.#members.set(device, member);
    return { member, device };
  }

  /** Unbinds a device, and takes it away. Idempotent.
   *  @throws whatever complained; it is gone all the same */
  async delete(member: Member): Promise<void> {
    try {
      await this.unbind(member);
    } finally {
      if (this.#members.delete(member.device)) member.leave();
    }
  }

  /** Unbinds devices, the last first.
   *  @throws whatever complained first; they are unbound all the same */
  async unbindAll(members: Iterable<Member>): Promise<void> {
    const scope = new Scope();
    for (const member of members) scope.own(() => this.unbind(member));
    await scope.close();
  }

  /** Unbinds the users of something, the last first. */
  async unbindUsers({ users }: Supply): Promise<void> {
    await this.unbindAll(this.members.filter((member) => users.has(member)));
  }

  /** Unbinds a device: first the users of what it supplies, then its children, then the device itself.
   *  @throws whatever complained first; it is unbound all the same */
  async unbind(member: Member): Promise<void> {
    const { bound } = member;
    if (!bound) return;
    const steps = new Scope(); // runs them in reverse
    steps.own(() => bound.scope.close());
    steps.own(() => bound.match.remove());
    for (const child of bound.children) steps.own(() => this.delete(child));
    for (const supply of bound.supplies) steps.own(() => this.unbindUsers(supply));
    try {
      await steps.close();
    } finally {
      member.bound = undefined;
      for (const supply of bound.supplies) this.news(supply.name);
    }
  }

  /** Something came or went under this name: who failed for it may try again. */
  news(supply: string): void {
    this.forgive((member) => member.wanted.has(supply));
  }

  /** Lets devices try again that have failed. */
  forgive(isMeant: (member: Member) => boolean): void {
    for (const member of this.#members.values()) if (isMeant(member)) member.failure = undefined;
  }

  /** Whether the last {@link settle} ended early, for a probe was aborted: whoever did that has something to tear down first. */
  get isCutShort(): boolean {
    return this.#isCutShort;
  }

  /** Binds what can be bound and unbinds what may not be, again and again until nothing changes any more. */
  async settle(): Promise<void> {
    this.#isCutShort = false;
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const member of this.members) {
        if (!this.#members.has(member.device)) continue;
        if (await this.#look(member)) isChanged = true;
        if (this.#isCutShort) return;
      }
    }
  }

  async #look(member: Member): Promise<boolean> {
    const matches = member.matches();
    member.objection = objectionTo(member, matches);
    member.missing = undefined;
    if (member.bound) {
      if (!member.objection) return false;
      await this.unbind(member).catch((reason) => {
        member.failure = { reason };
      });
      return true;
    }
    const [match] = matches;
    if (!match) member.failure = undefined; // a driver that comes has never tried
    if (!match || member.objection || member.failure) return false;
    return this.#probe(member, match);
  }

  /** True when it is bound then. */
  async #probe(member: Member, match: Match): Promise<boolean> {
    const scope = new Scope();
    const probing = new Probing(member, scope, (bus, description, parent) => this.add(bus, description, parent));
    this.#probing = probing;
    member.wanted.clear();
    try {
      await match.probe(probing);
      probing.end();
      probing.signal.throwIfAborted();
      probing.succeed();
      const { supplies, children } = probing;
      member.bound = { match, scope, supplies, children };
      for (const { name } of supplies) this.news(name);
      return true;
    } catch (reason) {
      probing.end();
      await this.#undo(probing, scope);
      this.#isCutShort = probing.signal.aborted;
      if (probing.signal.aborted) member.missing = "another try, for it was interrupted";
      else if (reason instanceof ProbeDeferral) member.missing = reason.missing;
      else member.failure = { reason };
      return false;
    } finally {
      this.#probing = undefined;
    }
  }

  /** What failed first is what counts; what complains now is only in its way. */
  async #undo(probing: Probing, scope: Scope): Promise<void> {
    for (const child of [...probing.children].reverse()) await this.delete(child);
    await scope.close().catch(() => {});
  }
}

function objectionTo(member: Member, matches: readonly Match[]): Trouble | undefined {
  if (matches.length > 1) {
    const drivers = matches.map(({ driver }) => driver);
    return { reason: new ModuleError("ambiguous", member.name, drivers) };
  }
  try {
    matches[0]?.check();
    return undefined;
  } catch (reason) {
    return { reason };
  }
}
