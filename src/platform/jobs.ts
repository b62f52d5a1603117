import type { AgentState } from "./agents.ts";
import type { Call } from "./handlers.ts";
import type { Machine } from "./machine.ts";

/** Of a token space: an agent cannot tell more commands apart. */
const MAX_JOBS_OF_AGENT = 1024;

/** An asynchronous command that was accepted. */
interface Job {
  readonly agent: AgentState;
  readonly resource: number;
  /** In nanoseconds. */
  readonly due: number;
  readonly finish: () => void;
  cancel: () => void;
}

/** The asynchronous commands of one protocol under way. Those for one resource are done one after the other. */
export class Jobs {
  readonly #machine: Machine;
  readonly #changed: (resource: number) => void;
  readonly #jobs = new Set<Job>();

  /** @param changed told when other commands than before are under way for a resource */
  constructor(machine: Machine, changed: (resource: number) => void = () => {}) {
    this.#machine = machine;
    this.#changed = changed;
  }

  /** How many an agent has under way. */
  countOf(agent: AgentState): number {
    return [...this.#jobs].filter((job) => job.agent === agent).length;
  }

  /** Whether an agent may have another one under way: tokens are the limit where the protocol names none. */
  hasRoomFor(agent: AgentState): boolean {
    return this.countOf(agent) < MAX_JOBS_OF_AGENT;
  }

  /** Whether any is under way for a resource. */
  isBusy(resource: number): boolean {
    return [...this.#jobs].some((job) => job.resource === resource);
  }

  /** Accepts a command. One that takes no time is done at once, and its delayed response is out before the response.
   *  @param finish brings it into effect, and answers with {@link Machine.sendDelayed} where that is wanted */
  add({ agent }: Call, resource: number, latencyUs: number, finish: () => void): void {
    const now = this.#machine.clock.now();
    const before = [...this.#jobs].filter((job) => job.resource === resource).map(({ due }) => due);
    const due = Math.max(now, ...before) + latencyUs * 1000;
    const job: Job = { ...{ agent, resource, due, finish }, cancel: () => {} };
    this.#jobs.add(job);
    if (due <= now) {
      this.#finish(job);
      return;
    }
    job.cancel = this.#machine.clock.after((due - now) * 1e-6, () => this.#finish(job));
    this.#changed(resource);
  }

  /** Finishes an agent's commands now. */
  flush(agent: AgentState): void {
    this.#flush((job) => job.agent === agent);
  }

  /** Finishes the commands for a resource now, in order. */
  flushResource(resource: number): void {
    this.#flush((job) => job.resource === resource);
  }

  close(): void {
    for (const job of this.#jobs) job.cancel();
    this.#jobs.clear();
  }

  #flush(isDue: (job: Job) => boolean): void {
    for (const job of [...this.#jobs].filter(isDue)) {
      job.cancel();
      this.#finish(job);
    }
  }

  #finish(job: Job): void {
    this.#jobs.delete(job);
    job.finish();
    this.#changed(job.resource);
  }
}
