import { expect } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Canaries } from "./canary.ts";
import { type Build, checked, command, composeHeader, createCore, type TestCore, words } from "./core.ts";
import { installPlatform } from "./description.ts";
import type { Range } from "./guard.ts";
import { expectHome } from "./home.ts";
import type { Random } from "./random.ts";

export const MAX_PAYLOAD = 32;
export const XFERS = 4;

const A2P = [
  { kind: 0, areaBytes: 96, maxMessage: 24 }, // a larger area than messages may be
  { kind: 0, areaBytes: 60, maxMessage: 100 },
  { kind: layout.KIND_MSG, areaBytes: 36, maxMessage: 100 },
  { kind: layout.KIND_HOLD, areaBytes: 36, maxMessage: 100 },
];
const P2A = [
  { kind: layout.KIND_P2A, areaBytes: 96, maxMessage: 24 },
  { kind: layout.KIND_P2A, areaBytes: 36, maxMessage: 100 },
  { kind: layout.KIND_P2A | layout.KIND_MSG, areaBytes: 36, maxMessage: 100 },
];

export interface World {
  readonly core: TestCore;
  readonly canaries: Canaries;
  readonly a2p: readonly number[];
  readonly p2a: readonly number[];
  /** Where the platform's state lies. */
  readonly state: Range;
}

/** Instance 0 is attacked; instance 1 stands beside it with a command in flight, a quarantined token and an area. */
export function openWorld(build: Build, tokens: number): World {
  const core = createCore(build, {
    instances: 2,
    channels: A2P.length + P2A.length + 1,
    xfers: 2 * XFERS,
    tokenSpaces: 1,
    maxPayload: MAX_PAYLOAD,
    claims: 3,
    p2aEntries: 4,
    regionBytes: 16384,
  });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, {
    agents: 2,
    protocols: [
      {
        id: 0x10,
        version: 0x20001,
        messages: {
          0: { kind: "version" },
          1: { kind: "constant", reply: words(1, 2, 3, 4, 5, 6, 7) },
          2: { kind: "host" },
        },
      },
      {
        id: 0x13,
        version: 0x40000,
        messages: { 7: { kind: "levelSet" }, 8: { kind: "levelGet" } },
        performance: [
          { levels: [100, 200, 400], level: 100, minimum: 0, maximum: 400 },
          { levels: [], level: 5, minimum: 1, maximum: 9 },
        ],
      },
      {
        id: 0x14,
        version: 0x30000,
        messages: { 5: { kind: "rateSet" }, 6: { kind: "rateGet" } },
        clocks: [
          { rates: [1000n, 2000n, 0x1_0000_0000n], rate: 1000n },
          { rates: { lowest: 10n, highest: 0x2_0000_0000n, step: 7n }, rate: 10n, asyncDepth: 1 },
        ],
      },
    ],
  });
  const stateBytes = core.u32(description + layout.DESCRIPTION_STATE_BYTES);
  const canaries = new Canaries();
  const open = (instance: number, { kind, areaBytes, maxMessage }: (typeof A2P)[number]) => {
    const area = canaries.around(core, areaBytes);
    return checked("openChannel", exports.openChannel(base, instance, kind, area, areaBytes, maxMessage));
  };
  for (const [agent, space] of [
    [1, tokens],
    [2, tokens === layout.TOKENS_FULL ? layout.TOKENS_SMALL : layout.TOKENS_FULL],
  ] as const) {
    checked("openInstance", exports.openInstance(base, description, state, agent, XFERS, space));
  }
  const a2p = A2P.map((plan) => open(0, plan));
  const p2a = P2A.map((plan) => open(0, plan));
  const beside = open(1, { kind: 0, areaBytes: 64, maxMessage: 32 });
  for (let lost = 0; lost < 2; lost++) {
    const xfer = checked("acquire", exports.acquire(base, 1));
    core.setXferPayload(xfer, words(0xdead, 0xbeef));
    checked("post", exports.post(base, beside, xfer, command(0x10, lost), 8, 1));
    checked("setDeadline", exports.setDeadline(base, xfer, Number.MAX_SAFE_INTEGER)); // it has all the time
    if (lost > 0) continue;
    checked("abort", exports.abort(base, xfer));
    core.setU32(core.area(beside) + layout.SMT_STATUS, 1);
  }
  return { core, canaries, a2p, p2a, state: [state, stateBytes] };
}

const LENGTHS = [
  0, 1, 2, 3, 4, 5, 7, 8, 0xffffffff, 0xfffffffe, 0xfffffffc, 0x80000000, 0x7fffffff, 0x7ffffffc, 0x10000,
];

/** A word that could do harm where a length is expected. */
export function evilLength(random: Random, areaBytes: number): number {
  return random.weighted<() => number>([
    [5, () => random.below(areaBytes + 12)],
    [3, () => random.pick(LENGTHS)],
    [1, () => random.word()],
  ])();
}

/** A header that belongs to somebody, nearly belongs, or cannot exist. */
function evilHeader(random: Random, core: TestCore, known: readonly number[]): number {
  const own = known.length > 0 ? random.pick(known) : random.word();
  return random.weighted<() => number>([
    [8, () => own],
    [3, () => (own ^ 0x200) >>> 0],
    [2, () => (own ^ (1 << random.below(32))) >>> 0],
    [1, () => random.pick([0, 0xffffffff, 0x0fffffff, 0x10000000, 0x80000000])],
    [1, () => composeHeader(random.below(1024), random.below(256), random.below(256), 3)],
    [1, () => core.xferHeader(XFERS)], // of a command of the other instance
    [1, () => random.word()],
  ])();
}

/** Writes some or all words of an area. */
export function attack(random: Random, core: TestCore, channel: number, known: readonly number[]): void {
  const record = core.channel(channel);
  const area = core.area(channel);
  const areaBytes = core.u32(record + layout.CHANNEL_AREA_BYTES);
  const header = evilHeader(random, core, known);
  const length = evilLength(random, areaBytes);
  if (core.u32(record + layout.CHANNEL_KIND) & layout.KIND_MSG) {
    // The lengths of a MSG area are words of the core; only bytes of the area are the peer's.
    if (random.chance(70)) core.setU32(area + layout.MSG_HEADER, header);
    if (random.chance(50)) core.write(area + layout.MSG_PAYLOAD, random.bytes(areaBytes - layout.MSG_PAYLOAD));
    return;
  }
  if (random.chance(80)) core.setU32(area + layout.SMT_LENGTH, length);
  if (random.chance(80)) core.setU32(area + layout.SMT_HEADER, header);
  if (random.chance(30)) core.setU32(area + layout.SMT_FLAGS, random.word());
  if (random.chance(20)) core.setU32(area + random.pick([0, 8, 12]), random.word());
  if (random.chance(50)) core.write(area + layout.SMT_PAYLOAD, random.bytes(areaBytes - layout.SMT_PAYLOAD));
  if (random.chance(40)) core.setU32(area + layout.SMT_PAYLOAD, random.pick([0, 0xfffffff6, 1, 0x80000000]));
  if (random.chance(80)) core.setU32(area + layout.SMT_STATUS, random.pick([0, 1, 1, 1, 2, 3, random.word()]));
}

/** Headers of commands of instance 0, in flight or given up. */
export function knownHeaders(core: TestCore): number[] {
  return Array.from({ length: XFERS }, (_, xfer) => core.xferHeader(xfer));
}

export function statusWord(core: TestCore, channel: number): Range[] {
  const isMsg = core.u32(core.channel(channel) + layout.CHANNEL_KIND) & layout.KIND_MSG;
  return isMsg ? [] : [[core.area(channel) + layout.SMT_STATUS, 4]];
}

export function limitOf(core: TestCore, channel: number): number {
  return core.u32(core.channel(channel) + layout.CHANNEL_MAX_PAYLOAD);
}

/** Ends everything that is in flight on instance 0, by documented calls. */
export function windDown({ core, a2p, p2a, canaries }: World): void {
  const { exports, base } = core;
  for (let xfer = 0; xfer < 2 * XFERS; xfer++) {
    exports.abort(base, xfer);
    exports.release(base, xfer);
  }
  for (const channel of [...a2p, ...p2a, a2p.length + p2a.length]) exports.resetChannel(base, channel);
  core.setU32(layout.CORE_P2A + layout.RING_HEAD, core.ring(layout.CORE_P2A).tail);
  expectHome(core);
  expect(canaries.broken(core)).toEqual([]);
}
