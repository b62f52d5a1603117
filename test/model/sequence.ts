import type { Build } from "../support/core.ts";
import { Random, SOAK_MS } from "../support/random.ts";
import { type Aim, Generator } from "./generator.ts";
import { SideBySide, type Step } from "./side-by-side.ts";

/** Sees each step with the two sides before and after it. */
export interface Observer {
  before?(sides: SideBySide, step: Step): void;
  after?(sides: SideBySide, step: Step): void;
  /** The sequence is over and everything is home. */
  ended?(sides: SideBySide): void;
  /** Steers the generator. */
  readonly aim?: Aim;
}

export interface Failure {
  readonly steps: readonly Step[];
  readonly message: string;
}

/** Generates and runs one sequence; the failure, if any, ends with the step that disagreed. */
export function runSequence(build: Build, seed: number, length: number, observer?: Observer): Failure | undefined {
  const sides = new SideBySide(build);
  const generator = new Generator(new Random(seed), observer?.aim);
  const steps: Step[] = [];
  const opening = generator.opening(sides.machine);
  for (let index = 0; index < length; index++) {
    const step = opening[index] ?? generator.step(sides.machine);
    steps.push(step);
    const message = guarded(() => {
      observer?.before?.(sides, step);
      const difference = sides.run(step);
      if (difference === undefined) observer?.after?.(sides, step);
      return difference;
    });
    if (message !== undefined) return { steps, message };
  }
  const message = guarded(() => sides.windDown());
  if (message !== undefined) return { steps, message };
  observer?.ended?.(sides);
  return undefined;
}

/** Runs given steps again; what went wrong, and after how many steps. */
function replay(build: Build, steps: readonly Step[]): { message: string; length: number } | undefined {
  const sides = new SideBySide(build);
  for (const [index, step] of steps.entries()) {
    const message = guarded(() => sides.run(step));
    if (message !== undefined) return { message, length: index + 1 };
  }
  const message = guarded(() => sides.windDown());
  return message === undefined ? undefined : { message, length: steps.length };
}

/** A trap or a broken list is a disagreement, too. */
function guarded(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** Leaves out steps, in ever smaller pieces, as long as something still fails. */
export function shorten(build: Build, failure: Failure, tries = 2000): Failure {
  let { steps, message } = failure;
  for (let piece = steps.length >> 1; piece >= 1; ) {
    let hasShrunk = false;
    for (let from = 0; from < steps.length && tries > 0; tries--) {
      const without = [...steps.slice(0, from), ...steps.slice(from + piece)];
      const still = replay(build, without);
      if (still && kind(still.message) === kind(failure.message)) {
        steps = without.slice(0, still.length);
        message = still.message;
        hasShrunk = true;
      } else {
        from += piece;
      }
    }
    if (piece > 1) piece >>= 1;
    else if (!hasShrunk || tries <= 0) break;
  }
  return { steps, message };
}

/** A message without its numbers: another disagreement must not take the place of the one that was found. */
function kind(message: string): string {
  return message.replace(/-?(0x[0-9a-f]+|\d+)/g, "");
}

/** What a person needs to see the failure again and to understand it. */
export function report(build: Build, seed: number, failure: Failure): string {
  const short = shorten(build, failure);
  return [
    `${build}: core and model disagree; run again with SCMI_SEED=${seed}`,
    `after ${failure.steps.length} steps: ${failure.message}`,
    `shortest sequence found, ${short.steps.length} steps: ${short.message}`,
    ...short.steps.map((step) => `  ${JSON.stringify(step)}`),
  ].join("\n");
}

/** Seeds of `count` sequences per given seed, and of further ones while SCMI_SOAK lasts. */
export function* sequenceSeeds(given: readonly number[], count: number): IterableIterator<number> {
  const end = performance.now() + SOAK_MS;
  for (let round = 0; round < count || performance.now() < end; round++) {
    // Round 0 of a seed is the seed itself, so that a printed seed runs the same sequence first.
    for (const seed of given) yield (seed + Math.imul(round, 0x9e3779b1)) >>> 0;
  }
}
