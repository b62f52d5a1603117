import { describe, expect, test } from "vitest";
import { failEveryCallOnce, transportChecks } from "../../src/compliance/index.ts";
import { rawWorld } from "./raw-world.ts";

const NO_AREA = "its messages lie in no area of a given size";
const QUIET = "nothing announces its completions but answers";

describe.each([
  ["raw", rawWorld()],
  ["raw, polled by the kernel", rawWorld({ isPolled: true })],
  ["raw, over virtio with many messages", rawWorld({ maxPayload: 128, maxMessages: 256, timeoutMs: 4000 })],
  ["raw, few messages at a time", rawWorld({ maxMessages: 3 })],
])("%s", (_, makeWorld) => {
  const skipped = new Set<string>();

  for (const check of transportChecks) {
    test(check.name, async () => {
      const result = await check.run(makeWorld);
      if (result) skipped.add(result.skipped);
    });
  }

  test("is exempt from no other clauses than it should be", () => {
    expect([...skipped].sort()).toEqual([NO_AREA, QUIET].sort());
  });
});

test("every system call of raw mode fails once", async () => {
  const failed = await failEveryCallOnce(rawWorld());
  expect(new Set(failed)).toEqual(new Set(["kernel.list", "kernel.open", "file.write", "file.read", "file.close"]));
});
