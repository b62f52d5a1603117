import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { STATE_NAMES } from "../model/difference.ts";
import type { Aim, Event } from "../model/generator.ts";
import { isInFlight, type Machine, tokenOf, type Xfer, type XferState } from "../model/machine.ts";
import { type Observer, report, runSequence, sequenceSeeds } from "../model/sequence.ts";
import type { SideBySide, Step } from "../model/side-by-side.ts";
import { BUILDS, type CounterName, type TestCore } from "../support/core.ts";
import { SOAK_MS, seeds } from "../support/random.ts";

/** The columns of the table in docs/abi.md section 3, and the states that each stands for. */
const COLUMNS: readonly (readonly [heading: string, states: readonly XferState[]])[] = [
  ["IDLE", ["IDLE"]],
  ["ACQUIRED", ["ACQUIRED"]],
  ["POSTED", ["POSTED"]],
  ["AWAITING_DELAYED", ["AWAITING_DELAYED"]],
  ["DONE, TIMED_OUT, ABORTED", ["DONE", "TIMED_OUT", "ABORTED"]],
];

/** What a step did to one xfer, as seen from outside: its new state, a fault of the call, a counter, or nothing. */
type Outcome =
  | "nothing"
  | "STATE"
  | "refused"
  | "unexpected"
  | "late"
  | "malformed"
  | `→ ${XferState}`
  | "→ DONE, CHANNEL_RESET";

interface Cell {
  /** The cell as the page has it. */
  readonly doc: string;
  readonly outcomes: readonly Outcome[];
}

const cell = (doc: string, ...outcomes: Outcome[]): Cell => ({ doc, outcomes });
const unaffected = cell("–", "nothing");
const refused = cell("STATE", "STATE");

/**
 * Section 4 completes the cells about answers to commands that are not in flight: a quarantined token counts each
 * answer that it does not owe as malformed, and section 3 calls type 1, and all but type 0 in an A2P area, malformed
 * everywhere.
 */
const unawaited = (doc: string) => cell(doc, "unexpected", "late", "malformed");
const stray = (doc: string) => cell(doc, "unexpected", "malformed");

const EVENTS = {
  acquire: "acquire (any xfer)",
  post: "post",
  response: "response, matching",
  delayed: "delayed response, matching",
  foreign: "answer with the token, otherwise foreign",
  deadline: "deadline passes (`tick`, `poll`)",
  abort: "abort",
  reset: "channel reset",
  release: "release",
} as const satisfies Readonly<Record<Event, string>>;

const TABLE: Readonly<Record<Event, readonly Cell[]>> = {
  acquire: [cell("→ ACQUIRED", "→ ACQUIRED"), unaffected, unaffected, unaffected, unaffected],
  post: [
    refused,
    cell("→ POSTED, or refused and unchanged", "→ POSTED", "refused"),
    refused,
    refused,
    cell("→ POSTED, or refused and unchanged", "→ POSTED", "refused"),
  ],
  response: [
    unawaited("unexpected or late"),
    unawaited("the same"),
    cell("→ DONE, or AWAITING_DELAYED when async and SUCCESS", "→ DONE", "→ AWAITING_DELAYED"),
    cell("malformed (duplicate)", "malformed"),
    unawaited("unexpected or late"),
  ],
  delayed: [
    unawaited("unexpected or late"),
    unawaited("the same"),
    cell("async: → DONE, the response is still owed; else malformed", "→ DONE", "malformed"),
    cell("→ DONE", "→ DONE"),
    unawaited("unexpected or late"),
  ],
  foreign: [
    stray("unexpected"),
    stray("unexpected"),
    cell("malformed", "malformed"),
    cell("malformed", "malformed"),
    stray("unexpected; malformed if the token is in quarantine"),
  ],
  deadline: [
    unaffected,
    unaffected,
    cell("→ TIMED_OUT", "→ TIMED_OUT"),
    cell("→ TIMED_OUT", "→ TIMED_OUT"),
    unaffected,
  ],
  abort: [refused, refused, cell("→ ABORTED", "→ ABORTED"), cell("→ ABORTED", "→ ABORTED"), refused],
  reset: [
    unaffected,
    unaffected,
    cell("→ DONE, CHANNEL_RESET", "→ DONE, CHANNEL_RESET"),
    cell("→ DONE, CHANNEL_RESET if it was posted on this channel", "→ DONE, CHANNEL_RESET"),
    unaffected,
  ],
  release: [refused, cell("→ IDLE", "→ IDLE"), refused, refused, cell("→ IDLE", "→ IDLE")],
};

test("the state table in docs/abi.md has the rows, columns and outcomes that are tested here", () => {
  const page = readFileSync(new URL("../../docs/abi.md", import.meta.url), "utf8").split("\n");
  const start = page.findIndex((line) => line.startsWith("| event \\ state |"));
  const end = page.findIndex((line, index) => index > start && !line.startsWith("|"));
  const rows = page.slice(start, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((text) => text.trim()),
  );
  const [headings, , ...events] = rows;
  expect(headings).toEqual(["event \\ state", ...COLUMNS.map(([heading]) => heading)]);
  const expected = Object.entries(TABLE).map(([event, cells]) => [
    EVENTS[event as Event],
    ...cells.map(({ doc }) => doc),
  ]);
  expect(events).toEqual(expected);
});

const JUDGEMENTS = ["unexpected", "late", "malformed"] as const satisfies readonly CounterName[];

/** The calls that look for answers. */
const TAKES_ANSWERS: readonly Step["op"][] = ["settle", "drain", "deliver", "poll", "post"];

function totals(core: TestCore): number[] {
  const channels = core.table(layout.CORE_CHANNELS).count;
  return JUDGEMENTS.map((name) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += core.counter(channel, name);
    return sum;
  });
}

function statesOf(core: TestCore): XferState[] {
  const table = core.table(layout.CORE_XFERS);
  return Array.from({ length: table.count }, (_, index) => STATE_NAMES[core.xferState(index)] ?? "IDLE");
}

/**
 * Watches sequences run and counts which event met which state. States, faults and counters come from the core; the
 * model only helps to say what the event was.
 */
class Cells implements Observer {
  readonly hits = new Map<string, number>();
  readonly wrong: string[] = [];
  #states: XferState[] = [];
  #xfers: readonly Xfer[] = [];
  #totals: number[] = [];

  /** Wishes for the rarest of some events that could happen now. */
  readonly aim: Aim = (machine, random) => {
    const events = Object.keys(EVENTS) as Event[];
    const states = [...new Set(machine.xfers.map(({ state }) => state))];
    const async = machine.xfers.filter(({ state, isAsync }) => state === "POSTED" && isAsync);
    // The state that is hardest to come by, and easiest to lose.
    if (!states.includes("AWAITING_DELAYED") && async.length > 0)
      return { event: "response", xfer: random.pick(async) };
    const wishes = Array.from({ length: 12 }, () => {
      const state = random.pick(states);
      return { event: random.pick(events), xfer: random.pick(machine.xfers.filter((xfer) => xfer.state === state)) };
    });
    const hits = ({ event, xfer }: (typeof wishes)[number]) => this.hits.get(`${event} in ${xfer.state}`) ?? 0;
    return wishes.reduce((rarest, wish) => (hits(wish) < hits(rarest) ? wish : rarest));
  };

  before({ core, machine }: SideBySide, { op }: Step): void {
    this.#states = statesOf(core);
    if (TAKES_ANSWERS.includes(op)) this.#totals = totals(core);
    this.#xfers = machine.xfers.map((xfer) => ({ ...xfer }));
  }

  after(sides: SideBySide, step: Step): void {
    const { core, machine, now, result } = sides;
    const states = statesOf(core);
    switch (step.op) {
      case "acquire": {
        if (result === layout.FAULT_INDEX) return;
        for (const { index, instance } of this.#xfers) {
          if (instance !== step.instance) continue;
          // "Any xfer": the one that was taken, and those that could not be; a free one that was passed over saw nothing.
          if (this.#states[index] !== "IDLE" || index === result)
            this.#count("acquire", index, change(this.#states, states, index));
        }
        return;
      }
      case "post":
        if (result === layout.FAULT_INDEX) return;
        this.#count(
          "post",
          step.xfer,
          result >= 0 ? `→ ${stateAt(states, step.xfer)}` : this.#refusal(states, step.xfer, result),
        );
        if (result >= 0) this.#answers(sides, states, step.xfer);
        return;
      case "abort":
      case "release":
        if (result === layout.FAULT_INDEX) return;
        this.#count(
          step.op,
          step.xfer,
          result >= 0 ? `→ ${stateAt(states, step.xfer)}` : this.#refusal(states, step.xfer, result),
        );
        return;
      case "tick":
        for (const xfer of this.#xfers) {
          if (xfer.header !== undefined && now >= xfer.deadline)
            this.#count("deadline", xfer.index, change(this.#states, states, xfer.index));
        }
        return;
      case "reset":
        for (const xfer of this.#xfers) {
          if (xfer.channel !== step.channel) continue;
          const isReset = core.xferFault(xfer.index) === layout.FAULT_CHANNEL_RESET;
          const outcome = change(this.#states, states, xfer.index);
          this.#count("reset", xfer.index, outcome === "→ DONE" && isReset ? "→ DONE, CHANNEL_RESET" : outcome);
        }
        return;
      case "poll": {
        const xfer = this.#xfers[step.xfer];
        if (!xfer?.header) return;
        if (machine.judged.length > 0) this.#answers(sides, states);
        else if (now >= xfer.deadline) this.#count("deadline", xfer.index, change(this.#states, states, xfer.index));
        return;
      }
      case "settle":
      case "drain":
      case "deliver":
        this.#answers(sides, states);
    }
  }

  /** The call gave a fault: which one, and did it leave the xfer alone? */
  #refusal(states: readonly XferState[], xfer: number, result: number): Outcome {
    if (change(this.#states, states, xfer) !== "nothing") return `→ ${stateAt(states, xfer)}`;
    return result === layout.FAULT_STATE ? "STATE" : "refused";
  }

  /** The one answer that a step took in, if it can be said whose it was. */
  #answers({ core, machine }: SideBySide, states: readonly XferState[], posted?: number): void {
    const [answer] = machine.judged;
    if (!answer || machine.judged.length !== 1) return;
    const xfer = this.#owner(machine, answer);
    // A post that took in a late answer to its own last command changed two things at once.
    if (!xfer || xfer.index === posted) return;
    const isResponse = xfer.header === answer.header && xfer.channel === answer.channel;
    const isInA2pArea =
      !machine.channels[answer.channel]?.isP2a && machine.channels[answer.channel]?.area !== undefined;
    const isDelayed = xfer.header === (answer.header ^ 0x200) >>> 0 && !isInA2pArea;
    const outcome = change(this.#states, states, xfer.index);
    const now = totals(core);
    const counted = JUDGEMENTS.filter((_, index) => now[index] === (this.#totals[index] ?? 0) + 1);
    if (outcome === "→ TIMED_OUT") return; // a poll judged a stray answer, and then the deadline
    const event = isResponse ? "response" : isDelayed ? "delayed" : "foreign";
    this.#count(event, xfer.index, outcome === "nothing" ? (counted[0] ?? "nothing") : outcome);
  }

  /** The xfer that the token of an answer belongs to: its owner in flight, or the only one that had it last. */
  #owner(machine: Machine, { channel, header }: { channel: number; header: number }): Xfer | undefined {
    const instance = machine.channels[channel]?.instance;
    const sharing = this.#xfers.filter(
      (xfer) => xfer.instance === instance && xfer.header !== undefined && tokenOf(xfer.header) === tokenOf(header),
    );
    return sharing.find(isInFlight) ?? (sharing.length === 1 ? sharing[0] : undefined);
  }

  #count(event: Event, xfer: number, outcome: Outcome): void {
    const state = stateAt(this.#states, xfer);
    const column = COLUMNS.findIndex(([, states]) => states.includes(state));
    const allowed = TABLE[event][column]?.outcomes ?? [];
    if (!allowed.includes(outcome)) {
      this.wrong.push(`${EVENTS[event]} in ${state}: expected ${allowed.join(" or ")}, got ${outcome}`);
    }
    for (const key of [`${event} in ${state}`, `${event} in ${state}: ${outcome}`]) {
      this.hits.set(key, (this.hits.get(key) ?? 0) + 1);
    }
  }
}

function stateAt(states: readonly XferState[], index: number): XferState {
  const state = states[index];
  if (state === undefined) throw new Error(`no xfer ${index}`);
  return state;
}

function change(before: readonly XferState[], after: readonly XferState[], index: number): Outcome {
  const state = stateAt(after, index);
  return state === stateAt(before, index) ? "nothing" : `→ ${state}`;
}

const SEQUENCES = 180;
const STEPS = 300;
const LEAST = 100;

describe.each(BUILDS)("%s", (build) => {
  test(
    `every state meets every event at least ${LEAST} times, with an outcome of its cell`,
    () => {
      const cells = new Cells();
      for (const seed of sequenceSeeds(seeds([0xce11]), SEQUENCES)) {
        const failure = runSequence(build, seed, STEPS, cells);
        if (failure) expect.unreachable(report(build, seed, failure));
      }
      const rare: string[] = [];
      for (const event of Object.keys(TABLE)) {
        for (const state of STATE_NAMES) {
          const hits = cells.hits.get(`${event} in ${state}`) ?? 0;
          if (hits < LEAST) rare.push(`${event} in ${state}: ${hits}`);
        }
      }
      expect(rare).toEqual([]);
      expect(cells.wrong.slice(0, 10)).toEqual([]);
    },
    120_000 + 2 * SOAK_MS,
  );
});
