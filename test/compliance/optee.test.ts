import { describe, expect, test } from "vitest";
import { transportChecks } from "../../src/compliance/index.ts";
import { opteeWorld } from "./optee-world.ts";

const FORMS = ["msg", "smt", "static", "static elsewhere"] as const;
const WORLDS = FORMS.flatMap((form) => [
  { form, isSync: false, isPrompt: false },
  { form, isSync: true, isPrompt: false },
  { form, isSync: true, isPrompt: true },
]);
const ALWAYS = [
  "it carries one command at a time",
  "nothing comes from its platform",
  "nothing announces its completions but answers",
];

/** They hold an answer back, and a synchronous TEE has nobody to wait for it: the command fails then, with what the TEE said. */
const ONLY_WHERE_TIME_PASSES = [
  "ends commands in flight and in the queue as closed",
  "ends every call when the peer dies in the middle of a message, and opens anew when it is back",
  "frees the caller of a silent platform at the deadline, and keeps the token until the late answer",
  "frees the caller that gives up, and closes while the answer is still due",
];

const TITLE = "optee, messages in $form, TEE synchronous: $isSync, answered in place: $isPrompt";

describe.each(WORLDS)(TITLE, ({ form, isSync, isPrompt }) => {
  const skipped = new Set<string>();

  for (const check of transportChecks) {
    if (isSync && ONLY_WHERE_TIME_PASSES.includes(check.name)) continue;
    test(check.name, async () => {
      const result = await check.run(opteeWorld(form, isSync, isPrompt));
      if (result) skipped.add(result.skipped);
    });
  }

  test("is exempt from no other clauses than it should be", () => {
    const exemptions = form === "msg" ? [...ALWAYS, "its messages lie in no area of a given size"] : ALWAYS;
    expect([...skipped].sort()).toEqual([...exemptions].sort());
  });
});

test("the clauses that a synchronous TEE is exempt from are clauses", () => {
  const names = transportChecks.map(({ name }) => name);
  expect(ONLY_WHERE_TIME_PASSES.filter((name) => !names.includes(name))).toEqual([]);
});
