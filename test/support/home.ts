import { expect, type TestContext } from "vitest";
import * as layout from "../../assembly/layout.ts";
import type { TestCore } from "./core.ts";

/** What may legitimately be left at the end of a test; by default nothing is. */
export interface Leftovers {
  /** Tokens in quarantine, by instance. */
  readonly quarantined?: Readonly<Record<number, number>>;
  /** Xfers that the test still owns: acquired, done, timed out or aborted. */
  readonly owned?: readonly number[];
  /** Entries of the P2A ring that nobody read. */
  readonly unread?: number;
}

const OWNED = [layout.XFER_ACQUIRED, layout.XFER_DONE, layout.XFER_TIMED_OUT, layout.XFER_ABORTED];

/** Everything that is not back home: xfers, tokens, claims and areas, one line each. */
export function homeProblems(core: TestCore, left: Leftovers = {}): string[] {
  const problems: string[] = [];
  const owned = new Set(left.owned ?? []);
  const note = (what: string, expected: unknown, got: unknown) => {
    if (expected !== got) problems.push(`${what}: expected ${expected}, got ${got}`);
  };

  const instances = core.table(layout.CORE_INSTANCES).count;
  for (let index = 0; index < instances; index++) {
    const at = core.instance(index);
    note(`instance ${index} tokens live`, 0, core.live(index));
    note(`instance ${index} tokens in quarantine`, left.quarantined?.[index] ?? 0, core.quarantined(index));
    const first = core.u32(at + layout.INSTANCE_XFER_FIRST);
    const count = core.u32(at + layout.INSTANCE_XFER_COUNT);
    let idle = 0;
    for (let xfer = first; xfer < first + count; xfer++) {
      const state = core.xferState(xfer);
      if (owned.has(xfer)) {
        if (!OWNED.includes(state)) problems.push(`xfer ${xfer}: expected to be owned, got state ${state}`);
      } else {
        note(`xfer ${xfer} state`, layout.XFER_IDLE, state);
        idle++;
      }
    }
    note(`instance ${index} free xfers`, idle, freeXfers(core, index).length);
  }

  const channels = core.table(layout.CORE_CHANNELS).count;
  for (let index = 0; index < channels; index++) {
    const at = core.channel(index);
    note(`channel ${index} xfer in the area`, layout.NO_INDEX, core.u32(at + layout.CHANNEL_POSTED));
    note(`channel ${index} outstanding header`, layout.NO_HEADER, core.u32(at + layout.CHANNEL_OUTSTANDING));
    note(`channel ${index} claim`, 0, core.u32(at + layout.CHANNEL_CLAIM));
    const area = core.u32(at + layout.CHANNEL_AREA);
    if (area === 0) continue;
    if (core.u32(at + layout.CHANNEL_KIND) & layout.KIND_MSG) {
      note(`channel ${index} message in the area`, 0, core.u32(at + layout.CHANNEL_MESSAGE_BYTES));
    } else {
      const status = core.u32(area + layout.SMT_STATUS);
      note(`channel ${index} area free`, layout.SMT_STATUS_FREE, status & layout.SMT_STATUS_FREE);
    }
  }

  // Claim 0 is the scratch claim and never on the free list, so every other record has to be.
  const claims = core.table(layout.CORE_CLAIMS).capacity;
  for (let index = 1; index < claims; index++) {
    note(`claim ${index} state`, layout.CLAIM_FREE, core.u32(core.claim(index) + layout.CLAIM_STATE));
  }
  note("free claims", Math.max(0, claims - 1), freeClaims(core).length);

  const p2a = core.ring(layout.CORE_P2A);
  note("unread notifications", left.unread ?? 0, (p2a.tail - p2a.head) >>> 0);
  return problems;
}

/** The free list of an instance. Bounded, so that a list that loops fails instead of hanging. */
export function freeXfers(core: TestCore, instance: number): number[] {
  const at = core.instance(instance);
  const first = core.u32(at + layout.INSTANCE_XFER_FIRST);
  const count = core.u32(at + layout.INSTANCE_XFER_COUNT);
  const found: number[] = [];
  let next = core.u32(at + layout.INSTANCE_XFER_FREE);
  while (next !== layout.NO_INDEX) {
    if (next < first || next >= first + count)
      throw new Error(`free list of instance ${instance} leads to xfer ${next}`);
    if (found.length === count) throw new Error(`free list of instance ${instance} loops`);
    found.push(next);
    next = core.u32(core.xfer(next) + layout.XFER_FLAGS);
  }
  return found;
}

/** The free list of claims, as indices. */
export function freeClaims(core: TestCore): number[] {
  const capacity = core.table(layout.CORE_CLAIMS).capacity;
  const found: number[] = [];
  let next = core.u32(layout.CORE_CLAIM_FREE);
  while (next !== 0) {
    if (next >= capacity) throw new Error(`free list of claims leads to claim ${next}`);
    if (found.length === capacity) throw new Error("free list of claims loops");
    found.push(next);
    next = core.u32(core.claim(next) + layout.CLAIM_NEXT);
  }
  return found;
}

/** The leak check for the end of every test: all xfers, tokens, claims and areas are home. */
export function expectHome(core: TestCore, left: Leftovers = {}): void {
  expect(homeProblems(core, left)).toEqual([]);
}

const watched = new Map<TestCore, Leftovers>();

/** Puts a core under the leak check of `expectAllHome`; what a test leaves on purpose is said here. */
export function watchHome(core: TestCore, left: Leftovers = {}): TestCore {
  watched.set(core, left);
  return core;
}

/** For `afterEach`: checks every core under watch since the last call. A test that failed anyway is not checked. */
export function expectAllHome({ task }: TestContext): void {
  const cores = [...watched];
  watched.clear(); // first, so that one leaking test does not fail the next one, too
  if (task.result?.state === "fail") return;
  for (const [core, left] of cores) expectHome(core, left);
}
