import { ClockRateSet } from "../protocols/clock.ts";
import { decodeHeader, encodeHeader, MESSAGE_TYPE } from "../wire/header.ts";
import type { AgentState, Connection } from "./agents.ts";
import type { Clocks } from "./clocks.ts";
import type { Call } from "./handlers.ts";
import type { Machine } from "./machine.ts";

/** An asynchronous rate change that was accepted. */
interface Job {
  readonly agent: AgentState;
  readonly connection: Connection;
  readonly call: Pick<Call, "header" | "messages">;
  readonly clockId: number;
  readonly rate: bigint;
  readonly wantsDelayed: boolean;
  /** In nanoseconds. */
  readonly due: number;
  cancel: () => void;
}

/** The asynchronous rate changes under way. Changes of one clock are done one after the other. */
export class RateJobs {
  readonly #machine: Machine;
  readonly #clocks: Clocks;
  readonly #jobs = new Set<Job>();

  constructor(machine: Machine, clocks: Clocks) {
    this.#machine = machine;
    this.#clocks = clocks;
  }

  /** How many an agent has under way. */
  countOf(agent: AgentState): number {
    return [...this.#jobs].filter((job) => job.agent === agent).length;
  }

  /** Accepts a change. One that takes no time is done at once, and its delayed response is out before the response. */
  add(call: Call, clockId: number, rate: bigint, latencyUs: number, wantsDelayed: boolean): void {
    const { agent, connection, header, messages } = call;
    const now = this.#machine.clock.now();
    const before = [...this.#jobs].filter((job) => job.clockId === clockId).map(({ due }) => due);
    const due = Math.max(now, ...before) + latencyUs * 1000;
    const job: Job = {
      ...{ agent, connection, clockId, rate, wantsDelayed, due },
      call: { header, messages },
      cancel: () => {},
    };
    this.#jobs.add(job);
    if (due <= now) this.#finish(job);
    else job.cancel = this.#machine.clock.after((due - now) * 1e-6, () => this.#finish(job));
  }

  /** Finishes an agent's changes now. */
  flush(agent: AgentState): void {
    for (const job of [...this.#jobs]) {
      if (job.agent !== agent) continue;
      job.cancel();
      this.#finish(job);
    }
  }

  close(): void {
    for (const job of this.#jobs) job.cancel();
    this.#jobs.clear();
  }

  #finish(job: Job): void {
    const { agent, connection, call, clockId, rate, wantsDelayed } = job;
    this.#jobs.delete(job);
    this.#clocks.setRate(agent.id, clockId, rate);
    const layout = call.messages.command(ClockRateSet).delayedResponse;
    if (!wantsDelayed || !layout) return;
    const payload = new Uint8Array(layout.maxBytes);
    layout.encode(new DataView(payload.buffer), 0, { clockId, rateHz: Number(rate) });
    const header = encodeHeader({ ...decodeHeader(call.header), messageType: MESSAGE_TYPE.DELAYED_RESPONSE });
    connection.sendDelayed(header, payload);
  }
}
