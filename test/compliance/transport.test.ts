import { describe, expect, test } from "vitest";
import { type MakeWorld, transportChecks } from "../../src/compliance/index.ts";
import { loopbackWorld } from "./loopback-world.ts";

/** Every transport, with how many clauses of the contract it is exempt from. */
const WORLDS: readonly (readonly [name: string, makeWorld: MakeWorld, exemptions: readonly string[]])[] = [
  [
    "loopback",
    loopbackWorld,
    ["it carries one command at a time", "its messages lie in no area of a given size", "its peer cannot die"],
  ],
];

describe.each(WORLDS)("%s", (_, makeWorld, exemptions) => {
  const skipped = new Set<string>();

  for (const check of transportChecks) {
    test(check.name, async () => {
      const result = await check.run(makeWorld);
      if (result) skipped.add(result.skipped);
    });
  }

  test("is exempt from no other clauses than it should be", () => {
    expect([...skipped].sort()).toEqual([...exemptions].sort());
  });
});
