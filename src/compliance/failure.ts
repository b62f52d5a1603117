import { ScmiError } from "../errors.ts";
import { expectThat, nameOf, outcomeOf, pattern, Trial } from "./trial.ts";
import type { Stage, TransportWorld } from "./world.ts";

/** What an operation that is made to fail throws. */
export class InjectedError extends ScmiError {
  override readonly name = "InjectedError";
  readonly code = "SCMI_INJECTED";
}

/** Which operations of an object can fail. */
export interface FallibleOperations<T> {
  /** These fail before they have done anything. */
  readonly acquire?: readonly (keyof T & string)[];
  /** These do what they do and complain then, for what was given back is gone. */
  readonly release?: readonly (keyof T & string)[];
}

/** Lets the n-th fallible operation of a run fail, once. */
export class FaultInjector {
  readonly #failing: number;
  readonly #passed: string[] = [];
  #isOver = false;

  /** @param failing index of the operation that fails; none does for -1 */
  constructor(failing: number) {
    this.#failing = failing;
  }

  /** Fallible operations so far, by name. */
  get passed(): readonly string[] {
    return this.#passed;
  }

  /** Whether one was made to fail. */
  get hasFailed(): boolean {
    return this.#failing >= 0 && this.#passed.length > this.#failing;
  }

  /** The name of the one that failed. */
  get failed(): string | undefined {
    return this.#passed[this.#failing];
  }

  /** No operation fails, or is counted, from here on. */
  end(): void {
    this.#isOver = true;
  }

  /** An operation is about to be done, or done.
   *  @throws InjectedError when it is its turn */
  pass(name: string): void {
    if (this.#isOver) return;
    const place = this.#passed.push(name) - 1;
    if (place === this.#failing) throw new InjectedError(`${name}: expected success, got a failure that was asked for`);
  }

  /** The same object, some of whose methods may fail. What it is compared with has to be wrapped, too.
   *  @param wrapResult wraps what an operation returns: a session of a context, say */
  wrap<T extends object>(
    subject: string,
    target: T,
    { acquire = [], release = [] }: FallibleOperations<T>,
    wrapResult: (name: keyof T & string, result: unknown) => unknown = (_, result) => result,
  ): T {
    const isIn = (list: readonly string[], name: string | symbol): name is keyof T & string =>
      typeof name === "string" && list.includes(name);
    return new Proxy(target, {
      get: (it, name) => {
        // With the object itself as receiver: private fields know no proxy
        const member: unknown = Reflect.get(it, name, it);
        if (typeof member !== "function") return member;
        const run = (args: unknown[]) => Reflect.apply(member, it, args) as unknown;
        if (isIn(acquire, name)) {
          return (...args: unknown[]) => {
            this.pass(`${subject}.${name}`);
            return wrapResult(name, run(args));
          };
        }
        if (isIn(release, name)) {
          return (...args: unknown[]) => {
            const result = run(args);
            this.pass(`${subject}.${name}`);
            return result;
          };
        }
        return (...args: unknown[]) => run(args);
      },
    });
  }
}

/** Builds a world whose fallible operations the injector knows. */
export type MakeFallibleWorld = (stage: Stage, injector: FaultInjector) => TransportWorld;

/** Sets a world up, exchanges and tears it down again and again, and lets the 1st, 2nd, … n-th fallible operation fail until there is
 *  none left. Each time it expects a clear error, nothing left behind, and that the next attempt works.
 *  @returns the operations that failed, in order
 *  @throws ContractError when one of that is not so */
export async function failEveryCallOnce(makeWorld: MakeFallibleWorld): Promise<readonly string[]> {
  const failed: string[] = [];
  for (let failing = 0; ; failing++) {
    const injector = new FaultInjector(failing);
    await lifeWith(injector, makeWorld);
    if (injector.failed === undefined) return failed;
    failed.push(injector.failed);
  }
}

async function lifeWith(injector: FaultInjector, makeWorld: MakeFallibleWorld): Promise<void> {
  const trial = new Trial((stage) => makeWorld(stage, injector));
  const opened = await outcomeOf(trial.open());
  if (opened.value) {
    for (let i = 0; i < 3; i++)
      expectClear(injector, (await outcomeOf(trial.exchange(opened.value, pattern(8, i)))).reason);
    expectClear(injector, (await outcomeOf(trial.closeAgents())).reason);
  } else {
    expectClear(injector, opened.reason);
  }
  trial.expectNothingLeft();
  injector.end();
  const agent = await trial.open();
  await trial.exchange(agent, pattern(8, 4));
  await trial.exchange(agent, pattern(8, 5));
  await trial.end();
}

/** An error is the injected one, or one of ours that has it for its cause; and there is none while nothing failed. */
function expectClear(injector: FaultInjector, reason: unknown): void {
  if (reason === undefined) return;
  const where = injector.failed ?? "nothing";
  expectThat(injector.hasFailed, "no error before an operation failed", nameOf(reason));
  for (let it: unknown = reason; it instanceof Error; it = it.cause) if (it instanceof InjectedError) return;
  expectThat(reason instanceof ScmiError, `a clear error after ${where} failed`, nameOf(reason));
}
