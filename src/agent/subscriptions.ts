import type { Notification } from "../wire/message.ts";
import { fieldAt } from "../wire/path.ts";
import type { Watch } from "./watch.ts";

/** For notifications without a resource. */
const SINGLE_SOURCE = -1;

/** Switches the notifications of one source on or off. */
export type Switch = (notification: Notification, source: number, isOn: boolean) => Promise<void>;

/** One source of one notification: a platform keeps one flag for it, so it is counted here. */
interface Source {
  users: number;
  isOn: boolean;
  /** Switching in progress: the next one waits, or on and off could overtake each other. */
  turn: Promise<void>;
}

interface Listener {
  readonly watch: Watch<unknown>;
  /** `undefined` = every source. */
  readonly sources: ReadonlySet<number> | undefined;
}

/** The listeners of one protocol. The first listener of a source switches it on, the last one off; a listener releases only what it
 *  switched on itself. */
export class Subscriptions {
  readonly #switch: Switch;
  readonly #sources = new Map<Notification, Map<number, Source>>();
  readonly #listeners = new Map<Notification, Set<Listener>>();

  constructor(switchSource: Switch) {
    this.#switch = switchSource;
  }

  /** Adds a listener and switches its sources on; one success is enough.
   *  @param sources ids; empty for a notification without sources
   *  @returns how to leave again
   *  @throws what the first source failed with, when none could be switched on */
  async join(
    notification: Notification,
    sources: readonly number[],
    isAll: boolean,
    watch: Watch<unknown>,
  ): Promise<() => Promise<void>> {
    const listener: Listener = { watch, sources: isAll || sources.length === 0 ? undefined : new Set(sources) };
    const listeners = this.#listeners.get(notification) ?? new Set();
    this.#listeners.set(notification, listeners.add(listener));
    const joined: number[] = [];
    const failures: unknown[] = [];
    for (const source of sources.length === 0 ? [SINGLE_SOURCE] : sources) {
      try {
        await this.#enter(notification, source);
        joined.push(source);
      } catch (reason) {
        failures.push(reason);
      }
    }
    const leave = async () => {
      listeners.delete(listener);
      for (const source of joined.splice(0)) await this.#exit(notification, source);
    };
    if (joined.length > 0) return leave;
    listeners.delete(listener);
    throw failures[0];
  }

  /** Hands a notification to everyone who watches its source: first to those of all sources. False when there is none. */
  dispatch(notification: Notification, value: unknown): boolean {
    const listeners = this.#listeners.get(notification);
    if (!listeners || listeners.size === 0) return false;
    const source = notification.resource === undefined ? undefined : fieldAt(value, notification.resource);
    const wanted = [...listeners].filter((it) => it.sources === undefined || it.sources.has(source as number));
    for (const it of wanted) if (it.sources === undefined) it.watch.push(value);
    for (const it of wanted) if (it.sources !== undefined) it.watch.push(value);
    return wanted.length > 0;
  }

  /** Ends every watch: with `reason`, or quietly. */
  end(reason?: unknown): void {
    for (const listeners of this.#listeners.values()) {
      for (const { watch } of listeners) reason === undefined ? watch.end() : watch.fail(reason);
      listeners.clear();
    }
  }

  /** What is switched on at the platform. */
  *enabled(): Iterable<readonly [notification: Notification, source: number]> {
    for (const [notification, sources] of this.#sources) {
      for (const [source, { isOn }] of sources) if (isOn) yield [notification, source];
    }
  }

  #sourceOf(notification: Notification, id: number): Source {
    let sources = this.#sources.get(notification);
    if (!sources) {
      sources = new Map();
      this.#sources.set(notification, sources);
    }
    let source = sources.get(id);
    if (!source) {
      source = { users: 0, isOn: false, turn: Promise.resolve() };
      sources.set(id, source);
    }
    return source;
  }

  async #enter(notification: Notification, id: number): Promise<void> {
    const source = this.#sourceOf(notification, id);
    source.users++;
    try {
      await this.#settle(notification, id, source);
    } catch (reason) {
      source.users--;
      throw reason;
    }
  }

  async #exit(notification: Notification, id: number): Promise<void> {
    const source = this.#sourceOf(notification, id);
    source.users--;
    await this.#settle(notification, id, source);
  }

  /** Brings the platform's flag in line with the number of users, after whatever is under way. */
  #settle(notification: Notification, id: number, source: Source): Promise<void> {
    const turn = source.turn.then(async () => {
      const isOn = source.users > 0;
      if (isOn === source.isOn) return;
      // Off holds from the attempt on: a failing one is not repeated, and a later watcher switches on again.
      if (!isOn) source.isOn = false;
      await this.#switch(notification, id, isOn);
      source.isOn = isOn;
    });
    source.turn = turn.catch(() => {});
    return turn;
  }
}
