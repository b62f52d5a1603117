import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

// What the compiler made of `if (trace.isOn(core)) …`, from the text form of the release build that `npm run build` leaves
const lines = readFileSync(new URL("../../build/release.wat", import.meta.url), "utf8").split("\n");

/** Functions that exist for tracing alone. */
const TRACING = /^ \(func \$assembly\/(trace\/\w+|platform\/traceAnswer|fastchannel\/traceAccess) /;
const CALL = /^\s*call \$assembly\/(trace\/\w+|platform\/traceAnswer|fastchannel\/traceAccess)$/;

const depthOf = (line: string) => line.length - line.trimStart().length;

/** Indices of the lines that open the blocks around a line, the innermost first. */
function openersOf(index: number): number[] {
  const openers: number[] = [];
  let depth = depthOf(lines[index] ?? "");
  for (let i = index; i >= 0 && depth > 1; i--) {
    const line = lines[i] ?? "";
    if (line.trim() === "" || depthOf(line) >= depth) continue;
    openers.push(i);
    depth = depthOf(line);
  }
  return openers;
}

const BIT = ["i32.load offset=16", "i32.const 1", "i32.and"];

/** Whether a branch is taken by one load of CORE_OBSERVE and its lowest bit; where something else has to hold, too, as for an answer
 *  that was really published, the bit comes out of a choice between it and 0. */
function isGuard(opener: number): boolean {
  if (lines[opener]?.trim() !== "if") return false;
  const before = lines.slice(opener - 8, opener).map((it) => it.trim());
  const text = before.join(" ");
  return (
    text.endsWith(BIT.join(" ")) ||
    /if \(result i32\) i32\.const 0 else local\.get \$\d+ i32\.load offset=16 i32\.const 1 i32\.and end$/.test(text) ||
    text.endsWith([...BIT, "else i32.const 0 end"].join(" "))
  );
}

test("everything that traces stands behind one load and one branch", () => {
  const calls = lines.flatMap((line, i) => {
    if (!CALL.test(line)) return [];
    const openers = openersOf(i);
    const isInTracing = openers.some((at) => TRACING.test(lines[at] ?? ""));
    return isInTracing ? [] : [{ line: i + 1, isGuarded: openers.some(isGuard) }];
  });
  // Posted, answered, timed out, refused, served, published, sent, FastChannel written and read, among others
  expect(calls.length).toBeGreaterThanOrEqual(8);
  expect(calls.filter(({ isGuarded }) => !isGuarded)).toEqual([]);
});
