import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type CounterName,
  checked,
  command,
  composeHeader,
  faultName,
  type TestCore,
  words,
} from "../support/core.ts";
import { agentRanges, areaRanges, Guard, p2aRanges, platformRanges, type Range } from "../support/guard.ts";
import {
  attack,
  evilLength,
  knownHeaders,
  limitOf,
  MAX_PAYLOAD,
  openWorld,
  statusWord,
  type World,
  windDown,
  XFERS,
} from "../support/hostile-world.ts";
import { Random, SOAK_MS, seeds } from "../support/random.ts";

const ROUNDS = 8_000;
const WORKER_ROUNDS = 200_000;
const SEEDS = seeds([0xbad, 7]);
const LEAST_FAULT = layout.FAULT_STALE;
/** Calls that may write only where their documentation says. */
class Watch {
  readonly #core: TestCore;
  readonly #guard: Guard;
  readonly #agent: readonly Range[];
  readonly #p2a: readonly Range[];

  constructor({ core }: World) {
    this.#core = core;
    this.#guard = new Guard(core);
    this.#agent = agentRanges(core, 0);
    this.#p2a = p2aRanges(core);
  }

  /** An agent-half call: it may not touch an area unless `areas` says so. */
  agent(what: string, call: () => number, areas: readonly Range[] = []): number {
    return this.call(what, call, [...this.#agent, ...areas]);
  }

  drain(what: string, call: () => number, areas: readonly Range[]): number {
    return this.call(what, call, [...this.#agent, ...this.#p2a, ...areas]);
  }

  call(what: string, call: () => number, allowed: readonly Range[]): number {
    this.#guard.take();
    const result = call();
    const trespasses = this.#guard.trespasses(allowed);
    if (trespasses.length > 0) throw new Error(`${what} gave ${result} and wrote at ${trespasses.join(", ")}`);
    if (result < LEAST_FAULT || !Number.isInteger(result)) throw new Error(`${what} gave ${result}`);
    return result;
  }

  /** `post`, `serve` and what the agent's records may get from them. */
  get agentRanges(): readonly Range[] {
    return this.#agent;
  }

  get core(): TestCore {
    return this.#core;
  }
}

const ANSWERS: readonly CounterName[] = [
  "responses",
  "delayed",
  "notifications",
  "unexpected",
  "malformed",
  "dropped",
  "late",
  "errors",
];

/** Every answer ends in exactly one of these. */
function answersCounted(core: TestCore, channels: readonly number[]): number {
  let sum = 0;
  for (const channel of channels) for (const name of ANSWERS) sum += core.counter(channel, name);
  return sum;
}

/** Whether looking into this A2P area has to count an answer. */
function holdsAnswer(core: TestCore, channel: number): boolean {
  const record = core.channel(channel);
  const area = core.area(channel);
  const isMsg = (core.u32(record + layout.CHANNEL_KIND) & layout.KIND_MSG) !== 0;
  const status = isMsg
    ? Number(core.u32(record + layout.CHANNEL_MESSAGE_BYTES) === 0)
    : core.u32(area + layout.SMT_STATUS);
  const header = core.u32(area + (isMsg ? layout.MSG_HEADER : layout.SMT_HEADER));
  const outstanding = core.u32(record + layout.CHANNEL_OUTSTANDING);
  // The command's own header is an answer still to come, unless it ended with ERROR; any other counts once
  const hasEnded = outstanding !== layout.NO_HEADER && (outstanding & layout.OUTSTANDING_ENDED) !== 0;
  const known = hasEnded ? (outstanding ^ layout.OUTSTANDING_ENDED) >>> 0 : core.u32(record + layout.CHANNEL_STRAY);
  if (header === known && header !== outstanding) return false;
  const isFree = (status & layout.SMT_STATUS_FREE) !== 0;
  if (core.u32(record + layout.CHANNEL_POSTED) !== layout.NO_INDEX) {
    return isFree || (!isMsg && (status & layout.SMT_STATUS_ERROR) !== 0);
  }
  return isFree && outstanding !== layout.NO_HEADER;
}

/** One exchange after another with a platform that writes what it likes, between any two calls. */
function attackAgent(world: World, random: Random, rounds: number): void {
  const { core, a2p, p2a } = world;
  const { exports, base } = core;
  const watch = new Watch(world);
  const all = [...a2p, ...p2a];
  let now = 1;
  for (let round = 0; round < rounds; round++) {
    const channel = random.pick(a2p);
    const xfer = random.below(XFERS);
    if (random.chance(85)) attack(random, core, channel, knownHeaders(core));
    const before = answersCounted(core, all);
    const state = core.xferState(xfer);
    let expected: number | undefined;
    switch (random.below(11)) {
      case 0:
        watch.agent("acquire", () => exports.acquire(base, 0));
        break;
      case 1:
        watch.agent("release", () => exports.release(base, xfer));
        break;
      case 2:
      case 3:
      case 4: {
        const byteLength = random.below(limitOf(core, channel) + 1);
        const word = command(0x10, random.below(4), random.chance(50) ? layout.COMMAND_ASYNC : 0);
        const areas = areaRanges(core, channel, byteLength);
        watch.agent("post", () => exports.post(base, channel, xfer, word, byteLength, now), areas);
        break;
      }
      case 5:
      case 6:
        expected = Number(holdsAnswer(core, channel));
        watch.agent("settle", () => exports.settle(base, channel, now));
        break;
      case 7:
        if (state === layout.XFER_POSTED || state === layout.XFER_AWAITING_DELAYED) {
          expected = Number(holdsAnswer(core, core.xferChannel(xfer)));
        }
        watch.agent("poll", () => exports.poll(base, xfer, now));
        break;
      case 8:
        watch.agent("abort", () => exports.abort(base, xfer));
        expected = 0;
        break;
      case 9:
        now += random.below(20_000_000);
        watch.agent("tick", () => exports.tick(base, now));
        expected = 0;
        break;
      default:
        if (random.chance(90)) break;
        watch.agent("resetChannel", () => exports.resetChannel(base, channel), [
          ...platformRanges(core, channel),
          ...statusWord(core, channel),
        ]);
        expected = 0;
    }
    const counted = answersCounted(core, all) - before;
    if (expected !== undefined && counted !== expected) {
      const header = core.u32(core.area(channel) + layout.SMT_HEADER).toString(16);
      throw new Error(`round ${round}: header ${header}: expected ${expected} answers to be counted, got ${counted}`);
    }
    if (counted < 0 || counted > 1) throw new Error(`round ${round}: ${counted} answers counted in one call`);
  }
}

/** A platform that writes what it likes into P2A areas. */
function attackP2a(world: World, random: Random, rounds: number): void {
  const { core, a2p, p2a } = world;
  const { exports, base } = core;
  const watch = new Watch(world);
  const all = [...a2p, ...p2a];
  for (let xfer = 0; xfer < XFERS; xfer++) checked("acquire", exports.acquire(base, 0));
  for (let round = 0; round < rounds; round++) {
    // Something for delayed responses to belong to.
    const [first = 0, second = 0] = a2p;
    const xfer = random.below(XFERS);
    if (random.chance(10)) exports.abort(base, xfer);
    const a2pChannel = random.pick([first, second]);
    core.setU32(core.area(a2pChannel) + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    exports.post(base, a2pChannel, xfer, command(0x10, 1, layout.COMMAND_ASYNC), 0, round);

    const channel = random.pick(p2a);
    attack(random, core, channel, knownHeaders(core));
    const record = core.channel(channel);
    const isMsg = (core.u32(record + layout.CHANNEL_KIND) & layout.KIND_MSG) !== 0;
    if (isMsg && random.chance(80)) core.setU32(record + layout.CHANNEL_MESSAGE_BYTES, evilLength(random, 36));
    const isFree = isMsg
      ? core.u32(record + layout.CHANNEL_MESSAGE_BYTES) === 0
      : (core.u32(core.area(channel) + layout.SMT_STATUS) & layout.SMT_STATUS_FREE) !== 0;
    const wantsAcknowledge = !isMsg && (core.u32(core.area(channel) + layout.SMT_FLAGS) & 1) !== 0;
    const before = answersCounted(core, all);
    const result = watch.drain("drain", () => exports.drain(base, channel, round), statusWord(core, channel));
    const expected = isFree ? 0 : wantsAcknowledge ? 3 : 1;
    if (result !== expected) throw new Error(`round ${round}: drain expected ${expected}, got ${faultName(result)}`);
    const counted = answersCounted(core, all) - before;
    if (counted !== Number(!isFree)) throw new Error(`round ${round}: ${counted} messages counted for drain ${result}`);
    if (!isMsg && !isFree && core.u32(core.area(channel) + layout.SMT_STATUS) !== layout.SMT_STATUS_FREE) {
      throw new Error(`round ${round}: the area was not freed`);
    }
    if (random.chance(40)) core.setU32(layout.CORE_P2A + layout.RING_HEAD, core.ring(layout.CORE_P2A).tail);
  }
}

/** An agent that writes what it likes into A2P areas, before `serve`, and between `serve` and `publish`. */
function attackPlatform(world: World, random: Random, rounds: number): void {
  const { core, a2p, state } = world;
  const { exports, base } = core;
  const watch = new Watch(world);
  const claims = new Map<number, number>();
  const commands = [0x10, 0x13, 0x14].flatMap((protocol) =>
    [0, 1, 2, 5, 6, 7, 8, 9].map((message) => composeHeader(random.below(1024), protocol, message)),
  );
  const reply = core.u32(layout.CORE_CLAIM_REPLY);
  for (let round = 0; round < rounds; round++) {
    const channel = random.pick(a2p);
    const record = core.channel(channel);
    const area = core.area(channel);
    const isMsg = (core.u32(record + layout.CHANNEL_KIND) & layout.KIND_MSG) !== 0;
    attack(random, core, channel, commands);
    if (random.chance(40)) {
      // Parameters that reach the handlers: small indices, flags, and values near the limits.
      const parameters = Array.from({ length: 4 }, () =>
        random.pick([0, 1, 2, 3, 4, 8, 9, 100, 200, 1000, random.word()]),
      );
      core.write(
        area + (isMsg ? layout.MSG_PAYLOAD : layout.SMT_PAYLOAD),
        words(...parameters.slice(0, isMsg ? 4 : 2)),
      );
      if (!isMsg) core.setU32(area + layout.SMT_LENGTH, random.pick([4, 8, 12, 20]));
    }
    if (isMsg && random.chance(70)) core.setU32(record + layout.CHANNEL_MESSAGE_BYTES, evilLength(random, 36));
    if (!isMsg && random.chance(50)) core.setU32(area + layout.SMT_STATUS, random.pick([0, 2]));

    const open = claims.get(channel);
    const legal = [...platformRanges(core, channel), ...areaRanges(core, channel, limitOf(core, channel)), state];
    const bad = core.counter(channel, "badCommands");
    const spurious = core.counter(channel, "spurious");
    const status = isMsg ? 0 : core.u32(area + layout.SMT_STATUS);
    const isFree = isMsg
      ? core.u32(record + layout.CHANNEL_MESSAGE_BYTES) === 0
      : (status & layout.SMT_STATUS_FREE) !== 0;
    const length = core.u32(area + layout.SMT_LENGTH);
    if (open !== undefined && random.chance(60)) {
      if (core.u32(core.claim(open) + layout.CLAIM_STATE) === layout.CLAIM_CLAIMED) {
        core.write(core.claim(open) + reply, random.bytes(MAX_PAYLOAD));
        const byteLength = random.pick([-1, 0, 3, 4, 8, MAX_PAYLOAD, MAX_PAYLOAD + 1, MAX_PAYLOAD + 4, 0x7fffffff]);
        watch.call("stage", () => exports.stage(base, open, byteLength), platformRanges(core, channel));
      }
      const result = watch.call("publish", () => exports.publish(base, open, round), legal);
      if (result >= 0 || result === layout.FAULT_STALE) claims.delete(channel);
      if (isFree && result === 0) throw new Error(`round ${round}: published into an area that was taken back`);
      continue;
    }
    const result = watch.call("serve", () => exports.serve(base, channel, round), legal);
    if (result > 0) claims.set(channel, result);
    if (open !== undefined) continue;
    const room = Math.min(core.u32(record + layout.CHANNEL_AREA_BYTES) - layout.SMT_PAYLOAD, MAX_PAYLOAD);
    const isBad = !isMsg && (length < 4 || length - 4 > room);
    const countedSpurious = core.counter(channel, "spurious") - spurious;
    const countedBad = core.counter(channel, "badCommands") - bad;
    if (countedSpurious !== Number(isFree))
      throw new Error(`round ${round}: ${countedSpurious} doorbells were spurious`);
    if (!isMsg && !isFree && countedBad !== Number(isBad)) {
      throw new Error(`round ${round}: length ${length}: ${countedBad} bad commands counted`);
    }
    if (result === 0 && !isMsg) {
      const after = core.u32(area + layout.SMT_STATUS);
      if (after !== (isBad ? 3 : 1))
        throw new Error(`round ${round}: length ${length}: the area came back with ${after}`);
    }
  }
}

const ATTACKS = [
  ["the agent half never writes outside its records, whatever the platform writes into A2P areas", attackAgent],
  ["drain never writes outside the ring, whatever the platform writes into P2A areas", attackP2a],
  ["serve and publish never write outside area, claim and state, whatever the agent writes", attackPlatform],
] as const;

describe.each(BUILDS)("%s", (build) => {
  test.each([0, 0xffffffff, 0x0fffffff, 0x10000000])("a stray answer with header %i is counted once", (header) => {
    const world = openWorld(build, layout.TOKENS_SMALL);
    const { core, a2p } = world;
    const { exports, base } = core;
    const [channel = 0] = a2p;
    core.setTokenNext(0, 5);
    const xfer = checked("acquire", exports.acquire(base, 0));
    checked("post", exports.post(base, channel, xfer, command(0x10, 2), 0, 1));
    const area = core.area(channel);
    core.setU32(area + layout.SMT_HEADER, header);
    core.setU32(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    expect(exports.settle(base, channel, 1)).toBe(layout.FAULT_NOTHING);
    expect(exports.settle(base, channel, 1)).toBe(layout.FAULT_NOTHING);
    const { unexpected = 0, malformed = 0 } = core.counted(channel);
    expect(unexpected + malformed).toBe(1);
    expect(core.xferState(xfer)).toBe(layout.XFER_POSTED);
    windDown(world);
  });

  test.each(ATTACKS)(
    "%s",
    (_, run) => {
      for (const seed of SEEDS) {
        const end = performance.now() + SOAK_MS;
        for (let turn = 0; turn === 0 || performance.now() < end; turn++) {
          for (const tokens of [layout.TOKENS_SMALL, layout.TOKENS_FULL]) {
            const world = openWorld(build, tokens);
            try {
              run(world, new Random((seed + Math.imul(turn, 0x9e3779b1)) >>> 0), ROUNDS / SEEDS.length / 2);
            } catch (error) {
              throw new Error(`SCMI_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
            }
            windDown(world);
          }
        }
      }
    },
    120_000 + 2 * SOAK_MS,
  );
});

/** How a command can end under attack. */
const ENDS = ["busy", "done", "given up", faultName(layout.FAULT_CHANNEL_ERROR), faultName(layout.FAULT_MALFORMED)];

interface Scribbler {
  /** Lets it write so many times, and then no more until it is asked again. */
  take(turns: number): void;
  stop(): Promise<number>;
}

/** Lets another thread write into byte ranges of the shared memory until it is told to stop. */
async function scribble(core: TestCore, channels: readonly number[], seed: number): Promise<Scribbler> {
  const control = new Int32Array(new SharedArrayBuffer(12)); // stop, turns taken, turns left
  control[2] = -1; // without end
  const areas = channels.map((channel) => ({
    byteOffset: core.base + core.area(channel),
    byteLength: core.u32(core.channel(channel) + layout.CHANNEL_AREA_BYTES),
    isSmt: (core.u32(core.channel(channel) + layout.CHANNEL_KIND) & layout.KIND_MSG) === 0,
  }));
  const worker = new Worker(new URL("./scribbler.mjs", import.meta.url), {
    workerData: { memory: core.host.memory, control, areas, seed },
  });
  await once(worker, "message"); // it has written something
  return {
    take(turns) {
      Atomics.store(control, 2, turns);
      Atomics.notify(control, 2);
      for (let left = turns, waits = 0; left > 0; left = Atomics.load(control, 2), waits++) {
        if (waits > 100) throw new Error("the scribbler does not write");
        Atomics.wait(control, 2, left, 100);
      }
    },
    async stop() {
      const exited = once(worker, "exit");
      Atomics.store(control, 0, 1);
      await exited;
      return Atomics.load(control, 1);
    },
  };
}

describe("threads, with a second thread that writes into the areas all the time", () => {
  test("exchanges never write outside, hang or lose an xfer", async () => {
    const [seed = 1] = SEEDS;
    const world = openWorld("threads", layout.TOKENS_FULL);
    const { core, a2p, p2a } = world;
    const { exports, base } = core;
    const guard = new Guard(core);
    const allowed = [
      ...agentRanges(core, 0),
      ...p2aRanges(core),
      ...a2p.flatMap((channel) => platformRanges(core, channel)),
      ...[...a2p, ...p2a].map(
        (channel): Range => [core.area(channel), core.u32(core.channel(channel) + layout.CHANNEL_AREA_BYTES)],
      ),
      world.state,
      [layout.CORE_P2A + layout.RING_HEAD, 4] as const, // ours: notifications are read below
    ];
    const random = new Random(seed);
    // How often the two threads meet is up to the machine: go on until each end was seen, but not for ever.
    const deadline = performance.now() + 20_000;
    const late = () => performance.now() > deadline;
    const outcomes = new Map<string, number>();
    const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    let posted = 0;
    let ended = 0;

    guard.take();
    const scribbler = await scribble(core, [...a2p, ...p2a], seed);
    const xfer = checked("acquire", exports.acquire(base, 0));
    let scribbles = 0;
    try {
      for (let round = 0; round < WORKER_ROUNDS || (ENDS.some((end) => !outcomes.has(end)) && !late()); round++) {
        const channel = random.pick(a2p);
        const word = command(
          random.pick([0x10, 0x13, 0x14]),
          random.below(9),
          random.chance(20) ? layout.COMMAND_ASYNC : 0,
        );
        const byteLength = random.below(limitOf(core, channel) / 4 + 1) * 4;
        let result = exports.post(base, channel, xfer, word, byteLength, round);
        if (result < 0) {
          if (result !== layout.FAULT_BUSY) throw new Error(`round ${round}: post gave ${faultName(result)}`);
          count("busy");
          if (random.chance(2)) checked("resetChannel", exports.resetChannel(base, channel));
        } else {
          posted++;
          // Where the two threads share a processor, the other hardly ever comes to it between a post and its poll
          if (round >= WORKER_ROUNDS) scribbler.take(1 + random.below(3));
          for (let look = 0; look < 16 && exports.poll(base, xfer, round) === layout.XFER_POSTED; look++) {
            if (random.chance(75)) continue; // the other thread answers, in its way
            const claim = exports.serve(base, channel, round);
            if (claim > 0) {
              exports.stage(base, claim, 4 + random.below(8) * 4);
              result = exports.publish(base, claim, round);
              const isFine = result >= 0 || result === layout.FAULT_STALE;
              if (!isFine) throw new Error(`round ${round}: publish gave ${faultName(result)}`);
            } else if (claim < 0 && claim !== layout.FAULT_NOTHING) {
              throw new Error(`round ${round}: serve gave ${faultName(claim)}`);
            }
          }
          if (exports.abort(base, xfer) === 0) count("given up");
          const state = core.xferState(xfer);
          if (state === layout.XFER_DONE) {
            const length = core.u32(core.xfer(xfer) + layout.XFER_LENGTH);
            const fault = core.xferFault(xfer);
            if (length > MAX_PAYLOAD || (fault === 0 && length < 4))
              throw new Error(`round ${round}: length ${length}`);
            count(fault === 0 ? "done" : faultName(fault));
          } else if (state !== layout.XFER_ABORTED) {
            throw new Error(`round ${round}: xfer in state ${state}`);
          }
          ended++;
        }
        const drained = exports.drain(base, random.pick(p2a), round);
        if (drained < 0 || drained > 3) throw new Error(`round ${round}: drain gave ${faultName(drained)}`);
        if (core.live(0) !== 0) throw new Error(`round ${round}: ${core.live(0)} tokens live`);
        if (core.quarantined(0) > layout.TOKEN_COUNT) throw new Error(`round ${round}: quarantine overflows`);
        const ring = core.ring(layout.CORE_P2A);
        if ((ring.tail - ring.head) >>> 0 > ring.capacity) throw new Error(`round ${round}: the P2A ring overflows`);
        if (random.chance(30)) core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.tail);
        if (round % 8192 === 0) expect(guard.trespasses(allowed)).toEqual([]);
      }
    } finally {
      scribbles = await scribbler.stop();
    }

    expect(guard.trespasses(allowed)).toEqual([]);
    expect(ended).toBe(posted);
    const sent = a2p.reduce((sum, channel) => sum + core.counter(channel, "sent"), 0);
    expect(sent).toBe(posted);
    // The attack has to have met every kind of end, or it proves nothing.
    expect(scribbles).toBeGreaterThan(WORKER_ROUNDS / 10);
    expect([...outcomes.keys()].sort()).toEqual([...ENDS].sort());
    windDown(world);
  }, 120_000);
});
