import { expect, test } from "vitest";
import { mailboxEnds, opteeEnds, smcEnds, virtioEnds } from "./far-ends.ts";
import type { Bounds } from "./model.ts";
import { Scene } from "./scene.ts";
import { type Found, Search } from "./search.ts";

// SCMI_SEARCH=full: larger universes, for some minutes
const IS_FULL = process.env.SCMI_SEARCH === "full";
const FULL_MS = 3_600_000;
const ENDS = { mailbox: mailboxEnds, smc: smcEnds, optee: opteeEnds, virtio: virtioEnds };
type Kind = keyof typeof ENDS;

/** Sets of modules that can be loaded together: without `scmi-core` only the transport, with it any of the other four. */
const MODULE_SETS = 2 * (1 + 2 ** 3);
/** Of those, the ones with stack and transport: vendor protocol and consumer are free. */
const MODULE_SETS_UP = 2 ** 2;

/** Supplier and node are there or not; where all modules are, a command may be under way besides. */
function statesOf(kind: Kind, count: number): number {
  const canWait = kind === "mailbox" || kind === "virtio";
  return (MODULE_SETS - MODULE_SETS_UP) * 4 ** count + MODULE_SETS_UP * (canWait ? 5 : 4) ** count;
}

async function searchThrough(kind: Kind, count: number, bounds: Bounds = {}): Promise<Found> {
  const found = await new Search(() => new Scene(ENDS[kind], count), bounds).run();
  console.info(
    `${count} over ${kind} ${JSON.stringify(bounds)}: ${found.states} states, ${found.transitions} transitions`,
  );
  expect(found.violation).toBeUndefined();
  return found;
}

for (const kind of ["mailbox", "smc", "optee", "virtio"] as const) {
  for (const count of [1, 2]) {
    test(`whatever happens in whatever order, nothing leaks: ${count} over ${kind}`, { timeout: FULL_MS }, async () => {
      const { states } = await searchThrough(kind, count);
      expect(states).toBe(statesOf(kind, count));
    });
  }

  test.runIf(IS_FULL)(`nor in two load cycles of each module: 1 over ${kind}`, { timeout: FULL_MS }, async () => {
    const { states } = await searchThrough(kind, 1, { loads: 2 });
    expect(states).toBeGreaterThan(statesOf(kind, 1) * 10);
  });

  test.runIf(IS_FULL)(`nor in two load cycles of each module: 2 over ${kind}`, { timeout: FULL_MS }, async () => {
    const { states } = await searchThrough(kind, 2, { loads: 2 });
    expect(states).toBeGreaterThan(statesOf(kind, 2) * 10);
  });
}

test("nor when a TEE refuses sessions and channels at will", { timeout: FULL_MS }, async () => {
  const { states } = await searchThrough("optee", 1, { refusals: ["session", "channel"] });
  expect(states).toBeGreaterThan(statesOf("optee", 1) * 2);
});

test.runIf(IS_FULL)("nor when two TEEs do", { timeout: FULL_MS }, async () => {
  await searchThrough("optee", 2, { refusals: ["session", "channel"] });
});
