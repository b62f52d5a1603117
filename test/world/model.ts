import type { FarEnds, Refusal } from "./far-ends.ts";
import { MODULES, type ModuleName, type Outcome, pathOf, type Scene, type Step } from "./scene.ts";

/** What a machine is to be like, worked out from what is there alone and never from the order in which it came. The one thing that is
 *  remembered is what failed and has not been tried again since. */
export interface Model {
  readonly loaded: ReadonlySet<ModuleName>;
  readonly here: readonly boolean[];
  readonly nodes: readonly boolean[];
  readonly waiting: readonly boolean[];
  readonly armed: readonly (Refusal | undefined)[];
  readonly failed: readonly boolean[];
  /** Loads so far, for universes that bound them. */
  readonly loads: Readonly<Partial<Record<ModuleName, number>>>;
}

/** Nothing is there. */
export function emptyModel(count: number): Model {
  const none = Array.from({ length: count }, () => false);
  const armed = none.map(() => undefined);
  return { loaded: new Set(), here: none, nodes: none, waiting: none, armed, failed: none, loads: {} };
}

/** Bounds of a universe. */
export interface Bounds {
  /** How often each module may be loaded; then states also differ by how often each was. Default: any number. */
  readonly loads?: number;
  /** What suppliers refuse now and then, where they can. Default: nothing. */
  readonly refusals?: readonly Refusal[];
}

/** Everything that can happen next, refusals included. */
export function stepsFrom(
  model: Model,
  far: FarEnds,
  { loads = Number.POSITIVE_INFINITY, refusals = [] }: Bounds,
): readonly Step[] {
  const steps: Step[] = [];
  for (const module of MODULES) {
    if (model.loaded.has(module)) steps.push({ kind: "unload", module });
    else if ((model.loads[module] ?? 0) < loads) steps.push({ kind: "load", module });
  }
  const isBound = model.here.map((_, index) => boundAt(model, index));
  for (const index of model.here.keys()) {
    steps.push({ kind: "supplier", index, arrives: !model.here[index] });
    steps.push({ kind: "node", index, arrives: !model.nodes[index] });
    if (far.canWait && isBound[index] && !model.waiting[index]) steps.push({ kind: "post", index });
    if (model.waiting[index]) steps.push({ kind: "answer", index });
    if (far.refuse && !model.armed[index] && !model.failed[index]) {
      for (const what of refusals) steps.push({ kind: "refuse", index, what });
    }
  }
  if (isBound.some((it) => it)) steps.push({ kind: "traffic" });
  return steps;
}

/** What is to come of a step, and the model after it. */
export function expectedOf(before: Model, step: Step): { readonly after: Model; readonly outcome: Outcome } {
  const refused = refusalOf(before, step);
  if (refused !== undefined) {
    // Somebody who counts loads counts attempts: or refused ones could go on for ever
    const loads = step.kind === "load" ? counted(before, step.module) : before.loads;
    return { after: { ...before, loads }, outcome: { refused, answers: [], ended: [] } };
  }
  const changed = apply(before, step);
  const indices = [...changed.here.keys()];
  const starts = indices.map((i) => canBeUp(changed, i) && !canBeUp(before, i));
  const failed = indices.map(
    (i) => canBeUp(changed, i) && (changed.failed[i] || (starts[i] && !!changed.armed[i])) === true,
  );
  const armed = indices.map((i) => (starts[i] ? undefined : changed.armed[i]));
  const settled: Model = { ...changed, failed, armed };
  const ended = indices.flatMap((i) => {
    if (!before.waiting[i]) return [];
    if (step.kind === "answer" && step.index === i) return [`${i} answered ${i}`];
    return upAt(settled, i) ? [] : [`${i} closed`];
  });
  const waiting = indices.map((i) => settled.waiting[i] === true && upAt(settled, i));
  const after: Model = { ...settled, waiting };
  const answers: (readonly [number, number])[] = [];
  if (step.kind === "traffic") {
    for (const i of indices) if (boundAt(after, i) && !after.waiting[i]) answers.push([i, i]);
  }
  return { after, outcome: { refused: undefined, answers, ended } };
}

/** Whether the instance has all that it needs. */
function canBeUp({ loaded, here, nodes }: Model, index: number): boolean {
  const hasModules = (["scmi-core", "scmi-module", "transport"] as const).every((it) => loaded.has(it));
  return hasModules && here[index] === true && nodes[index] === true;
}

function upAt(model: Model, index: number): boolean {
  return canBeUp(model, index) && !model.failed[index];
}

function boundAt(model: Model, index: number): boolean {
  return upAt(model, index) && model.loaded.has("who") && model.loaded.has("consumer");
}

function refusalOf(model: Model, step: Step): string | undefined {
  const users: readonly ModuleName[] = ["scmi-module", "who", "consumer"];
  if (step.kind === "load" && users.includes(step.module) && !model.loaded.has("scmi-core")) return "missing";
  if (step.kind !== "unload") return undefined;
  if (step.module === "scmi-core" && users.some((it) => model.loaded.has(it))) return "inUse";
  if (step.module === "who" && model.here.some((_, i) => boundAt(model, i))) return "inUse";
  return undefined;
}

function apply(model: Model, step: Step): Model {
  const at = <T>(list: readonly T[], index: number, value: T) => list.map((it, i) => (i === index ? value : it));
  switch (step.kind) {
    case "load":
      return { ...model, loaded: new Set([...model.loaded, step.module]), loads: counted(model, step.module) };
    case "unload":
      return { ...model, loaded: new Set([...model.loaded].filter((it) => it !== step.module)) };
    case "supplier":
      return { ...model, here: at(model.here, step.index, step.arrives) };
    case "node":
      return { ...model, nodes: at(model.nodes, step.index, step.arrives) };
    case "refuse":
      return { ...model, armed: at(model.armed, step.index, step.what) };
    case "post":
      return { ...model, waiting: at(model.waiting, step.index, true) };
    case "answer":
      return { ...model, waiting: at(model.waiting, step.index, false) };
    case "traffic":
      return model;
  }
}

function counted({ loads }: Model, module: ModuleName): Model["loads"] {
  return { ...loads, [module]: (loads[module] ?? 0) + 1 };
}

/** What can be seen of a machine, as the model has it. `timers` and `xfers` are only to be none where nothing is up. */
export interface Sight {
  readonly up: readonly string[];
  readonly bound: readonly number[];
  readonly deferred: readonly string[];
  readonly leaks: Readonly<Record<string, number>>;
  readonly taken: number;
  readonly strays: number;
  readonly armed: readonly boolean[];
}

/** What is to be seen. */
export function expectedSight(model: Model, far: FarEnds): Sight {
  const indices = [...model.here.keys()];
  const { perInstance, kind } = far;
  const up = indices.filter((i) => upAt(model, i));
  const hasStack = (i: number) => model.loaded.has("transport") && model.here[i] && model.nodes[i];
  const count = (list: readonly boolean[]) => list.filter((it) => it).length;
  return {
    up: up.map(pathOf),
    bound: indices.filter((i) => boundAt(model, i)),
    deferred: indices.flatMap((i) => {
      if (!model.nodes[i] || up.includes(i)) return [];
      return [`${pathOf(i)}: ${reasonAt(i)}`];
    }),
    leaks: {
      sessions: up.length * perInstance.sessions,
      sharedMemory: up.length * perInstance.sessions,
      channels: up.length * perInstance.channels,
      tokens: count(model.waiting),
      devices: count(model.here) + count(model.nodes) + indices.filter(hasStack).length + 2 * up.length,
      ...(up.length === 0 ? { xfers: 0, timers: 0 } : {}),
    },
    taken: up.length * perInstance.taken,
    strays: 0,
    armed: model.armed.map((it) => it !== undefined),
  };

  function reasonAt(i: number): string {
    if (!model.loaded.has("transport")) return `waits for module scmi-transport-${kind}`;
    if (!model.here[i]) return "waits for its supplier";
    return model.loaded.has("scmi-module") ? "failed" : "waits for module scmi-module";
  }
}

/** What is to be seen of a scene now. */
export function sightOf(scene: Scene): Sight {
  const { machine, far } = scene;
  const { timers, xfers, ...leaks } = machine.leaks;
  const isUp = machine.agents.size > 0;
  return {
    up: [...machine.agents.keys()].sort(),
    bound: [...scene.bound.keys()].sort(),
    deferred: machine.deferred
      .map(({ node, reason, error }) => {
        const isSupply = /^waits for (mailbox|conduit|tee|virtio) \/firmware\/supplier-/.test(reason);
        const text = error !== undefined ? "failed" : isSupply ? "waits for its supplier" : reason;
        return `${node}: ${text}`;
      })
      .sort(),
    leaks: { ...leaks, ...(isUp ? {} : { xfers, timers: timers + scene.clock.pending }) },
    taken: far.taken(),
    strays: far.strays() + machine.parts.ledger.strays,
    armed: scene.platforms.map((_, i) => far.isArmed?.(i) ?? false),
  };
}

/** A state in one line; what differs here is another state. */
export function keyOf(model: Model, bounds: Bounds): string {
  const bits = (list: readonly unknown[]) => list.map((it) => (it ? String(it)[0] : "-")).join("");
  const modules = MODULES.map((it) => (model.loaded.has(it) ? "1" : "0")).join("");
  const loads = bounds.loads === undefined ? "" : MODULES.map((it) => model.loads[it] ?? 0).join("");
  return [
    modules,
    loads,
    bits(model.here),
    bits(model.nodes),
    bits(model.waiting),
    bits(model.armed),
    bits(model.failed),
  ].join(" ");
}

/** A step in words. */
export function textOf(step: Step): string {
  switch (step.kind) {
    case "load":
    case "unload":
      return `${step.kind} ${step.module}`;
    case "supplier":
    case "node":
      return `${step.kind} ${step.index} ${step.arrives ? "arrives" : "leaves"}`;
    case "traffic":
      return "traffic";
    case "refuse":
      return `supplier ${step.index} refuses its next ${step.what}`;
    case "post":
      return `command ${step.index} under way`;
    case "answer":
      return `command ${step.index} answered`;
  }
}
