import {
  type Bounds,
  emptyModel,
  expectedOf,
  expectedSight,
  keyOf,
  type Model,
  sightOf,
  stepsFrom,
  textOf,
} from "./model.ts";
import type { Scene, Step } from "./scene.ts";

/** What a search found. */
export interface Found {
  readonly states: number;
  readonly transitions: number;
  /** Steps that were carried out in all. */
  readonly steps: number;
  /** The shortest way to something that is wrong. */
  readonly violation?: Violation;
}

/** A way to something that is wrong, and what. */
export interface Violation {
  readonly events: readonly string[];
  readonly problem: string;
}

export interface SearchOptions extends Bounds {
  /** Starts anew for each transition, so that the first violation is reached by a shortest way, and by nothing but that. Default: stays
   *  with one machine for as long as it can. */
  readonly isFresh?: boolean;
}

interface State {
  readonly key: string;
  readonly model: Model;
  /** From the start, shortest. */
  readonly way: readonly Step[];
  /** Where known transitions lead to. */
  readonly edges: Map<string, { readonly step: Step; readonly to: State }>;
}

class ViolationError extends Error {
  override readonly name = "ViolationError";
}

const HANG_TURNS = 3000;
const NEAR = 4;

/** Breadth first through everything that can happen, until no new state turns up; each transition is carried out for real, on real buses,
 *  modules, transports and agents, and the outcome and all that can be seen afterwards are compared with the model. */
export class Search {
  readonly #makeScene: () => Scene;
  readonly #options: SearchOptions;
  readonly #states = new Map<string, State>();
  #scene: Scene;
  #at: State;
  #steps = 0;
  #transitions = 0;

  constructor(makeScene: () => Scene, options: SearchOptions = {}) {
    this.#makeScene = makeScene;
    this.#options = options;
    this.#scene = makeScene();
    this.#at = this.#stateOf(emptyModel(this.#scene.count), []);
  }

  async run(): Promise<Found> {
    const start = this.#at;
    try {
      for (const state of this.#states.values()) {
        // The map grows while we go; new states come last
        for (const step of stepsFrom(state.model, this.#scene.far, this.#options)) {
          if (!state.edges.has(textOf(step))) await this.#explore(state, step, start);
        }
      }
    } catch (reason) {
      if (!(reason instanceof ViolationError)) throw reason;
      return { ...this.#found(), violation: { events: this.#trail.map(textOf), problem: reason.message } };
    }
    return this.#found();
  }

  #trail: readonly Step[] = [];

  #found(): Found {
    return { states: this.#states.size, transitions: this.#transitions, steps: this.#steps };
  }

  async #explore(state: State, step: Step, start: State): Promise<void> {
    await this.#travel(state, start);
    this.#trail = [...state.way, step];
    await this.#take(step);
  }

  /** Gets the machine into a state: by known ways, or by the way back from where it is, or anew. */
  async #travel(state: State, start: State): Promise<void> {
    if (this.#at !== state && !this.#options.isFresh) {
      await this.#turnBack();
      const way = wayFrom(this.#at, state);
      if (way) {
        for (const step of way) {
          this.#trail = [...this.#at.way, step];
          await this.#take(step);
        }
        return;
      }
    }
    if (this.#at === state && !this.#options.isFresh) return;
    await this.#restart(start);
    this.#trail = state.way;
    for (const step of state.way) await this.#take(step);
  }

  /** From a state that nothing is known about: the last step the other way around. */
  async #turnBack(): Promise<void> {
    if (this.#at.edges.size > 0) return;
    const last = this.#at.way.at(-1);
    const back = last && stepsFrom(this.#at.model, this.#scene.far, this.#options).find((it) => isReverse(last, it));
    if (!back) return;
    this.#trail = [...this.#at.way, back];
    await this.#take(back);
  }

  async #restart(start: State): Promise<void> {
    await this.#scene.machine.close().catch(() => {}); // what a bug leaves behind is seen below
    this.#scene.restart();
    const isClean = differenceOf(sightOf(this.#scene), expectedSight(start.model, this.#scene.far)) === undefined;
    if (!isClean) this.#scene = this.#makeScene();
    this.#at = start;
  }

  /** Takes one step, compares what came of it, and notes where it led to. */
  async #take(step: Step): Promise<void> {
    const from = this.#at;
    this.#steps++;
    const after = await comparedWith(this.#scene, from.model, step);
    this.#at = this.#stateOf(after, [...from.way, step]);
    const text = textOf(step);
    if (from.edges.has(text)) return;
    this.#transitions++;
    from.edges.set(text, { step, to: this.#at });
  }

  #stateOf(model: Model, way: readonly Step[]): State {
    const key = keyOf(model, this.#options);
    const known = this.#states.get(key);
    if (known) return known;
    const state: State = { key, model, way, edges: new Map() };
    this.#states.set(key, state);
    return state;
  }
}

/** Lets the events of a list happen, one after the other.
 *  @returns what differed from the model first; `undefined` when nothing did */
export async function follow(scene: Scene, events: readonly string[]): Promise<string | undefined> {
  let model = emptyModel(scene.count);
  for (const event of events) {
    const step = stepsFrom(model, scene.far, { refusals: ["session", "channel"] }).find((it) => textOf(it) === event);
    if (!step) throw new RangeError(`"events" expected something that can happen, got ${event}`);
    try {
      model = await comparedWith(scene, model, step);
    } catch (reason) {
      if (reason instanceof ViolationError) return reason.message;
      throw reason;
    }
  }
  return undefined;
}

/** Takes one step and compares what came of it; the model after it.
 *  @throws ViolationError */
async function comparedWith(scene: Scene, model: Model, step: Step): Promise<Model> {
  const { after, outcome } = expectedOf(model, step);
  compare("outcome", await untilHang(scene.run(step)), outcome);
  compare("sight", sightOf(scene), expectedSight(after, scene.far));
  return after;
}

/** A shortest known way. */
function wayFrom(from: State, to: State): readonly Step[] | undefined {
  const ways = new Map<State, readonly Step[]>([[from, []]]);
  for (const [state, way] of ways) {
    if (state === to) return way;
    if (way.length >= Math.min(NEAR, to.way.length)) continue; // anew is no longer than that, or than looking further
    for (const { step, to: next } of state.edges.values()) if (!ways.has(next)) ways.set(next, [...way, step]);
  }
  return undefined;
}

function isReverse(step: Step, other: Step): boolean {
  switch (step.kind) {
    case "load":
      return other.kind === "unload" && other.module === step.module;
    case "unload":
      return other.kind === "load" && other.module === step.module;
    case "supplier":
    case "node":
      return other.kind === step.kind && other.index === step.index && other.arrives !== step.arrives;
    case "post":
      return other.kind === "answer" && other.index === step.index;
    default:
      return false;
  }
}

function compare(what: string, got: object, expected: object): void {
  const difference = differenceOf(got, expected);
  if (difference) throw new ViolationError(`${what}: ${difference}`);
}

function differenceOf(got: object, expected: object): string | undefined {
  const [is, shouldBe] = [JSON.stringify(ordered(got)), JSON.stringify(ordered(expected))];
  return is === shouldBe ? undefined : `expected ${shouldBe}, got ${is}`;
}

function ordered(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, it]) => it !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, it]) => [name, ordered(it)]),
  );
}

/** Nothing here waits for time: what is not over after so many turns never will be. */
async function untilHang<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  for (let turn = 0; turn < HANG_TURNS && !isOver; turn++) await Promise.resolve();
  if (!isOver) throw new ViolationError("hang: expected an end, got none");
  return promise;
}
