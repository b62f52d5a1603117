import { describe, expect, test } from "vitest";
import { type MakeFarEnds, mailboxEnds, opteeEnds, type Refusal, smcEnds, virtioEnds } from "./far-ends.ts";
import { Scene } from "./scene.ts";
import { follow, Search } from "./search.ts";
import { BUGS } from "./spoilt.ts";

const ENDS = { mailbox: mailboxEnds, smc: smcEnds, optee: opteeEnds, virtio: virtioEnds };
const ALL = ["mailbox", "smc", "optee", "virtio"] as const;
const STACK = ["load scmi-core", "load scmi-module", "load transport"];
const STACK_UP = [...STACK, "supplier 0 arrives", "node 0 arrives"];
const LOADED = [...STACK, "load who", "load consumer"];
const UP = [...LOADED, "supplier 0 arrives", "node 0 arrives"];

/** A bug that was told in the seeds of this project, as what happens where it would show. */
interface Story {
  /** What is so, instead of it. */
  readonly name: string;
  readonly bug: keyof typeof BUGS;
  /** How it was met. */
  readonly events: readonly string[];
  /** What is to be seen of it then. */
  readonly problem: RegExp;
  /** The least that it takes, found by search. */
  readonly shortest: readonly string[];
  /** Transports that it can be put into; default all. */
  readonly kinds?: readonly (keyof typeof ENDS)[];
  readonly count?: number;
  readonly refusals?: readonly Refusal[];
}

const STORIES: readonly Story[] = [
  {
    name: "a transport that no node asked for can be unloaded: nothing is unregistered that was not registered",
    bug: "unregistersWithoutRegister",
    events: [...STACK, "unload transport"],
    problem: /outcome: .*"refused":"notLoaded"/,
    shortest: ["load transport", "unload transport"],
  },
  {
    name: "shared memory is given back when a session cannot be opened",
    bug: "leaksMemoryOnFailure",
    events: ["supplier 0 refuses its next session", ...UP],
    problem: /got .*"sharedMemory":1/,
    shortest: [...STACK, "supplier 0 arrives", "supplier 0 refuses its next session", "node 0 arrives"],
    kinds: ["optee"],
    refusals: ["session"],
  },
  {
    name: "shared memory is given back when a channel cannot be had",
    bug: "leaksMemoryOnFailure",
    events: ["supplier 0 refuses its next channel", ...UP],
    problem: /got .*"sharedMemory":1/,
    shortest: [...STACK, "supplier 0 arrives", "supplier 0 refuses its next channel", "node 0 arrives"],
    kinds: ["optee"],
    refusals: ["channel"],
  },
  {
    name: "freeing a channel closes its session",
    bug: "leavesSessionOpen",
    events: [...UP, "traffic", "unload scmi-module"],
    problem: /"sessions":[1-9]/,
    shortest: [...STACK_UP, "unload scmi-module"],
    kinds: ["optee"],
  },
  {
    name: "a channel that protocols share is freed once",
    bug: "freesSharedChannelTwice",
    events: [...UP, "traffic", "unload scmi-module"],
    problem: /"strays":[1-9]/,
    shortest: [...STACK_UP, "unload scmi-module"],
    kinds: ["optee"],
  },
  {
    name: "the stack can be unloaded after the transport was loaded, used and unloaded",
    bug: "leavesStackBehind",
    events: [...UP, "traffic", "unload transport", "unload scmi-module"],
    problem: /sight: /,
    shortest: ["load transport", "supplier 0 arrives", "node 0 arrives", "unload transport"],
  },
  {
    name: "the stack is unbound when the transport is unloaded before it",
    bug: "staysWhileBusy",
    events: [...UP, "traffic", "unload transport"],
    problem: /sight: /,
    shortest: ["load transport", "supplier 0 arrives", "node 0 arrives", "unload transport"],
  },
  {
    name: "every device is released by the time the bus goes, which is last",
    bug: "lacksRelease",
    events: [...UP, "unload consumer", "unload who", "unload transport", "unload scmi-module", "unload scmi-core"],
    problem: /"devices":/,
    shortest: [...STACK_UP, "unload scmi-module"],
  },
  {
    name: "a probe registers nothing",
    bug: "registersInProbe",
    events: UP,
    problem: /sight: /,
    shortest: ["load transport", "node 0 arrives"],
    kinds: ["optee", "virtio"],
  },
  {
    name: "a probe that waits for a module to be loaded would wait for ever",
    bug: "loadsInProbe",
    events: UP,
    problem: /hang: /,
    shortest: ["load transport", "node 0 arrives"],
  },
  {
    name: "a second instance has a service of its own",
    bug: "isSingle",
    events: [...UP, "supplier 1 arrives", "node 1 arrives"],
    problem: /sight: /,
    shortest: ["load transport", "supplier 0 arrives", "supplier 1 arrives", "node 1 arrives"],
    kinds: ["optee"],
    count: 2,
  },
  {
    name: "an instance is served by the supplier that its node names, whichever comes first",
    bug: "matchesByArrival",
    events: [...LOADED, "supplier 0 arrives", "supplier 1 arrives", "node 1 arrives", "traffic"],
    problem: /"answers":\[\[1,0\]\]|hang|failed/, // by memory that the other platform does not look at, nobody answers
    shortest: ["load transport", "supplier 0 arrives", "node 1 arrives"],
    count: 2,
  },
];

describe.each(STORIES)("$name", ({ bug, events, problem, shortest, kinds = ALL, count = 1, refusals = [] }) => {
  test.each(kinds)("over %s", async (kind) => {
    expect(await follow(new Scene(ENDS[kind], count), events)).toBeUndefined();
  });

  test.each(kinds)("and its opposite shows, over %s", async (kind) => {
    expect(await follow(new Scene(ENDS[kind], count, BUGS[bug]), events)).toMatch(problem);
  });

  test("and its opposite is found, by a shortest way", async () => {
    const [kind] = kinds;
    const ends: MakeFarEnds = ENDS[kind as keyof typeof ENDS];
    const options = { isFresh: true, refusals };
    const { violation, transitions } = await new Search(() => new Scene(ends, count, BUGS[bug]), options).run();
    console.info(`${bug}: ${violation?.events.join(", ")} (after ${transitions} transitions): ${violation?.problem}`);
    expect(violation?.events).toEqual(shortest);
  });
});
