import * as layout from "../../assembly/layout.ts";
import type { Canaries } from "../support/canary.ts";
import {
  type Build,
  ensureMemory,
  FIRST_CORE_AT,
  faultName,
  SCRATCH_AT,
  type TestCore,
  words,
} from "../support/core.ts";
import { homeProblems } from "../support/home.ts";
import * as model from "./channel-model.ts";
import { difference, FAULTS, XFER_STATES } from "./difference.ts";
import { type Fault, isInFlight, isOwned, type Machine, type Result, type XferState } from "./machine.ts";
import * as platform from "./platform-model.ts";
import { MAX_PAYLOAD, openWorld, P2A_CAPACITY } from "./world.ts";

/** One command of a generated sequence: plain data, so that a failing sequence can be printed, cut and run again. */
export type Step =
  | { readonly op: "acquire"; readonly instance: number }
  | { readonly op: "release" | "abort" | "poll"; readonly xfer: number }
  | {
      readonly op: "post" | "exchange";
      readonly channel: number;
      readonly xfer: number;
      readonly protocol: number;
      readonly message: number;
      readonly isAsync: boolean;
      readonly wantsInterrupt: boolean;
      /** Bits of the command word that are the core's business: it has to ignore them. */
      readonly noise: number;
      readonly byteLength: number;
      readonly payload: readonly number[];
    }
  | { readonly op: "settle" | "drain" | "reset" | "serve"; readonly channel: number }
  | {
      readonly op: "deliver";
      readonly channel: number;
      readonly header: number;
      readonly byteLength: number;
      readonly payload: readonly number[];
    }
  | { readonly op: "setDeadline"; readonly xfer: number; readonly inNs: number }
  | { readonly op: "advance"; readonly ns: number }
  | { readonly op: "tick" }
  | { readonly op: "timeouts"; readonly channel: number; readonly response: number; readonly delayed: number }
  | ({ readonly op: "scribble"; readonly channel: number } & platform.Scribble)
  | { readonly op: "answer"; readonly claim: number; readonly payload: readonly number[] }
  | { readonly op: "publish"; readonly claim: number }
  | { readonly op: "sendP2a"; readonly channel: number; readonly header: number; readonly payload: readonly number[] }
  | { readonly op: "read"; readonly count: number }
  | { readonly op: "nextToken"; readonly instance: number; readonly token: number }
  | { readonly op: "lose"; readonly channel: number; readonly xfer: number; readonly count: number }
  | { readonly op: "snapshot" | "restore" | "copyBack" | "fork" };

/** The same machine twice, as a core and as the model, driven by the same steps. */
export class SideBySide {
  readonly core: TestCore;
  machine: Machine;
  now = 1000;
  readonly #canaries: Canaries;
  #snapshot: { bytes: Uint8Array; machine: Machine } | undefined;

  constructor(build: Build) {
    ({ core: this.core, machine: this.machine, canaries: this.#canaries } = openWorld(build));
  }

  /** What the core's last call gave back. */
  result = 0;
  /** How often each call ended how, for coverage. */
  readonly tally = new Map<string, number>();

  #compare(call: string, expected: Result, got: number): string | undefined {
    this.result = got;
    const key = `${call} ${typeof expected === "number" ? "OK" : expected}`;
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
    return disagreement(call, expected, got);
  }

  /** Runs a step on both sides; a sentence when they disagree. */
  run(step: Step): string | undefined {
    this.machine.judged = [];
    return this.#apply(step) ?? difference(this.core, this.machine);
  }

  /** Brings everything home by documented calls and says what is not there. */
  windDown(): string | undefined {
    const { machine } = this;
    for (const index of machine.claims.keys()) {
      const { state } = this.machine.claims.get(index) ?? {};
      const failed =
        (state === "CLAIMED" ? this.run({ op: "answer", claim: index, payload: words(0) }) : undefined) ??
        this.run({ op: "publish", claim: index });
      if (failed) return `winding down: ${failed}`;
    }
    const steps: Step[] = [
      ...machine.xfers.filter(isInFlight).map((xfer): Step => ({ op: "abort", xfer: xfer.index })),
      ...machine.xfers
        .filter((xfer) => xfer.state !== "IDLE")
        .map((xfer): Step => ({ op: "release", xfer: xfer.index })),
      ...machine.channels.map((channel): Step => ({ op: "reset", channel: channel.index })),
      { op: "read", count: P2A_CAPACITY },
    ];
    for (const step of steps) {
      const failed = this.run(step);
      if (failed) return `winding down, ${JSON.stringify(step)}: ${failed}`;
    }
    const problems = homeProblems(this.core);
    const broken = this.#canaries.broken(this.core);
    if (broken.length > 0) problems.push(`canaries written at ${broken.join(", ")}`);
    return problems.length > 0 ? problems.join("; ") : undefined;
  }

  #apply(step: Step): string | undefined {
    const { core, machine, now } = this;
    const { exports, base } = core;
    switch (step.op) {
      case "acquire": {
        const got = exports.acquire(base, step.instance);
        this.result = got;
        const offered = model.acquire(machine, step.instance);
        if (typeof offered === "string") return this.#compare("acquire", offered, got);
        if (!offered.includes(got)) return `acquire: expected one of ${offered.join(", ")}, got ${faultName(got)}`;
        model.acquired(machine, got);
        return undefined;
      }
      case "release":
        return this.#compare("release", model.release(machine, step.xfer), exports.release(base, step.xfer));
      case "abort":
        return this.#compare("abort", model.abort(machine, step.xfer), exports.abort(base, step.xfer));
      case "poll":
        return this.#compare("poll", model.poll(machine, step.xfer, now), exports.poll(base, step.xfer, now));
      case "post": {
        this.#fillXfer(step.xfer, step.payload);
        const got = exports.post(base, step.channel, step.xfer, commandWord(step), step.byteLength, now);
        return this.#compare("post", model.post(machine, step.channel, step.xfer, step, now), got);
      }
      case "exchange": {
        this.#fillXfer(step.xfer, step.payload);
        const got = exports.exchange(base, step.channel, step.xfer, commandWord(step), step.byteLength, now);
        const { result, claim } = platform.exchange(machine, step.channel, step.xfer, step, now);
        if (claim) {
          // `exchange` keeps the claim to itself; the channel's record says which one it is.
          const index = this.#claimOf(claim.channel);
          if (index === 0) return "exchange: expected the channel to have a claim, got none";
          platform.claimed(machine, index, claim);
        }
        return this.#compare("exchange", result, got);
      }
      case "settle":
        return this.#compare(
          "settle",
          model.settle(machine, step.channel, now),
          exports.settle(base, step.channel, now),
        );
      case "drain":
        return this.#compare("drain", model.drain(machine, step.channel, now), exports.drain(base, step.channel, now));
      case "reset":
        return this.#compare(
          "reset",
          model.resetChannel(machine, step.channel),
          exports.resetChannel(base, step.channel),
        );
      case "deliver": {
        const { channel, header, payload, byteLength } = step;
        core.scratch(header, payload);
        const got = exports.deliver(base, channel, SCRATCH_AT, byteLength, now);
        return this.#compare("deliver", model.deliver(machine, channel, header, payload, byteLength, now), got);
      }
      case "setDeadline": {
        const deadline = now + step.inNs;
        const expected = model.setDeadline(machine, step.xfer, deadline);
        return this.#compare("setDeadline", expected, exports.setDeadline(base, step.xfer, deadline));
      }
      case "advance":
        this.now += step.ns;
        return undefined;
      case "tick":
        return this.#tick();
      case "timeouts": {
        const channel = machine.channels[step.channel];
        if (!channel) return undefined;
        channel.timeoutNs = step.response;
        channel.delayedTimeoutNs = step.delayed;
        core.setF64(core.channel(step.channel) + layout.CHANNEL_TIMEOUT, step.response);
        core.setF64(core.counters(step.channel) + layout.COUNTERS_DELAYED_TIMEOUT, step.delayed);
        return undefined;
      }
      case "scribble":
        platform.scribble(machine, step.channel, step);
        this.#scribble(step.channel, step);
        return undefined;
      case "serve": {
        const got = exports.serve(base, step.channel, now);
        const served = platform.serve(machine, step.channel);
        if ("result" in served) return this.#compare("serve", served.result, got);
        if (got <= 0 || machine.claims.has(got)) return `serve: expected a free claim, got ${faultName(got)}`;
        platform.claimed(machine, got, served.claim);
        return this.#claimDifference(got);
      }
      case "answer": {
        const expected = platform.stage(machine, step.claim, step.payload);
        if (expected !== "OK")
          return this.#compare("stage", expected, exports.stage(base, step.claim, step.payload.length));
        core.write(core.claim(step.claim) + core.u32(layout.CORE_CLAIM_REPLY), step.payload);
        return this.#compare("stage", expected, exports.stage(base, step.claim, step.payload.length));
      }
      case "publish":
        return this.#compare("publish", platform.publish(machine, step.claim), exports.publish(base, step.claim, now));
      case "sendP2a": {
        const { channel, header, payload } = step;
        core.scratch(0, payload);
        const got = exports.sendP2a(base, channel, header, SCRATCH_AT + 4, payload.length, now);
        return this.#compare("sendP2a", platform.sendP2a(machine, channel, header, payload), got);
      }
      case "read": {
        const ring = core.ring(layout.CORE_P2A);
        const count = Math.min(step.count, (ring.tail - ring.head) >>> 0);
        core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.head + count);
        model.readNotifications(machine, count);
        return undefined;
      }
      case "nextToken": {
        const instance = machine.instances[step.instance];
        if (instance) instance.nextToken = step.token;
        core.setTokenNext(step.instance, step.token);
        return undefined;
      }
      case "lose": {
        const command = {
          protocol: 0x10,
          message: 1,
          isAsync: false,
          wantsInterrupt: false,
          byteLength: 0,
          payload: [],
        };
        for (let lost = 0; lost < step.count; lost++) {
          const got = exports.post(base, step.channel, step.xfer, (0x10 << 10) | 1, 0, now);
          const failed =
            disagreement(`post ${lost} of lose`, model.post(machine, step.channel, step.xfer, command, now), got) ??
            disagreement(`abort ${lost} of lose`, model.abort(machine, step.xfer), exports.abort(base, step.xfer));
          if (failed) return failed;
        }
        return undefined;
      }
      case "snapshot":
        this.#snapshot = { bytes: core.snapshot(), machine: structuredClone(machine) };
        return undefined;
      case "copyBack":
        if (!this.#snapshot) return undefined;
        core.bytes.set(this.#snapshot.bytes, base);
        this.machine = structuredClone(this.#snapshot.machine);
        return undefined;
      case "restore":
        return this.#restore();
      case "fork":
        return this.#fork();
    }
  }

  #tick(): string | undefined {
    const { core, machine, now } = this;
    // `tick` may take the expired ones in any order.
    const expected = new Set(model.expired(machine, now));
    for (;;) {
      const got = core.exports.tick(core.base, now);
      if (got === layout.FAULT_NOTHING) break;
      if (!expected.delete(got)) return `tick: xfer ${faultName(got)} has not expired`;
      model.retired(machine, got);
    }
    return expected.size > 0 ? `tick: expected xfers ${[...expected].join(", ")}, got NOTHING` : undefined;
  }

  #restore(): string | undefined {
    const { core } = this;
    if (!this.#snapshot) return undefined;
    const image = this.#other();
    ensureMemory(core.host, image + this.#snapshot.bytes.length);
    core.bytes.set(this.#snapshot.bytes, image);
    this.machine = structuredClone(this.#snapshot.machine);
    return this.#compare("restore", "OK", core.exports.restore(core.base, image));
  }

  /** Goes on in a copy and ruins the original: nothing may point back there. */
  #fork(): string | undefined {
    const { core } = this;
    const from = core.base;
    const to = this.#other();
    const { totalBytes } = core;
    const failed = this.#compare("fork", "OK", core.exports.fork(from, to));
    core.bytes.fill(0x5a, from, from + totalBytes);
    core.base = to;
    return failed;
  }

  /** The place for a second copy of the core, wherever the first one stands now. */
  #other(): number {
    const second = (FIRST_CORE_AT + this.core.totalBytes + 4096) & ~63;
    return this.core.base === FIRST_CORE_AT ? second : FIRST_CORE_AT;
  }

  #fillXfer(index: number, payload: readonly number[]): void {
    const xfer = this.machine.xfers[index];
    if (!xfer || !isOwned(xfer)) return;
    this.core.setXferPayload(index, payload.slice(0, MAX_PAYLOAD));
    xfer.payload = undefined; // the answer that stood there is gone, also when `post` refuses
  }

  #claimOf(channel: number): number {
    const { core } = this;
    const table = core.table(layout.CORE_CLAIMS);
    for (let index = 1; index < table.capacity; index++) {
      const at = table.offset + index * table.stride;
      if (core.u32(at + layout.CLAIM_STATE) === layout.CLAIM_FREE) continue;
      if (core.u32(at + layout.CLAIM_CHANNEL) === channel && !this.machine.claims.has(index)) return index;
    }
    return 0;
  }

  #scribble(channel: number, { status, flags, length, header, payload }: platform.Scribble): void {
    const { core } = this;
    const record = core.channel(channel);
    const area = core.area(channel);
    const areaBytes = core.u32(record + layout.CHANNEL_AREA_BYTES);
    const kind = core.u32(record + layout.CHANNEL_KIND);
    if (kind & layout.KIND_MSG) {
      core.setU32(area + layout.MSG_HEADER, header);
      core.write(area + layout.MSG_PAYLOAD, payload.slice(0, areaBytes - layout.MSG_PAYLOAD));
      if (kind & layout.KIND_P2A) {
        core.setU32(record + layout.CHANNEL_MESSAGE_BYTES, length);
      } else {
        core.setU32(record + layout.CHANNEL_ANSWER_BYTES, length);
        core.setU32(record + layout.CHANNEL_MESSAGE_BYTES, 0);
      }
      return;
    }
    if (flags !== undefined) core.setU32(area + layout.SMT_FLAGS, flags);
    core.setU32(area + layout.SMT_LENGTH, length);
    core.setU32(area + layout.SMT_HEADER, header);
    core.write(area + layout.SMT_PAYLOAD, payload.slice(0, areaBytes - layout.SMT_PAYLOAD));
    core.setU32(area + layout.SMT_STATUS, status);
  }

  /** The record of a fresh claim against the model's. */
  #claimDifference(index: number): string | undefined {
    const { core, machine } = this;
    const claim = machine.claims.get(index);
    if (!claim) return `claim ${index}: not in the model`;
    const at = core.claim(index);
    const state = claim.state === "CLAIMED" ? layout.CLAIM_CLAIMED : layout.CLAIM_STAGED;
    const agent = machine.instances[machine.channels[claim.channel]?.instance ?? 0]?.agent;
    const pairs: [string, number | undefined, number][] = [
      ["state", state, core.u32(at + layout.CLAIM_STATE)],
      ["channel", claim.channel, core.u32(at + layout.CLAIM_CHANNEL)],
      ["header", claim.header, core.u32(at + layout.CLAIM_HEADER)],
      ["agent", agent, core.u32(at + layout.CLAIM_AGENT)],
    ];
    for (const [name, expected, got] of pairs) {
      if (expected !== got) return `claim ${index} ${name}: expected ${expected}, got ${got}`;
    }
    return undefined;
  }
}

function commandWord(step: Extract<Step, { op: "post" | "exchange" }>): number {
  const options =
    (step.isAsync ? layout.COMMAND_ASYNC : 0) | (step.wantsInterrupt ? layout.COMMAND_INTERRUPT : 0) | step.noise;
  return ((step.protocol << layout.HEADER_PROTOCOL_SHIFT) | step.message | options) >>> 0;
}

function disagreement(call: string, expected: Result, got: number): string | undefined {
  if (typeof expected === "number") {
    return got === expected ? undefined : `${call}: expected ${expected}, got ${faultName(got)}`;
  }
  if (expected === "OK") return got >= 0 ? undefined : `${call}: expected no fault, got ${faultName(got)}`;
  const wanted = expected in FAULTS ? FAULTS[expected as Fault] : XFER_STATES[expected as XferState];
  return got === wanted ? undefined : `${call}: expected ${expected}, got ${faultName(got)}`;
}
