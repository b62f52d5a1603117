import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Canaries } from "../support/canary.ts";
import {
  BUILDS,
  type Build,
  checked,
  command,
  composeHeader,
  createCore,
  faultName,
  type TestCore,
  words,
} from "../support/core.ts";
import { installPlatform } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { byId, expectBytes, fromHex, golden, pattern, putWord, view } from "./bytes.ts";

const GOLDEN = golden("00-transport");
const AREA_SIZES = [36, 128, 200, 4096];
const BASE = 0x10;
const VERSION = 0;
const HOST = 1;
const ECHO = 2;
/** Lengths that a hostile writer would claim. */
const ABSURD = [0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_fffc, 0xffff_ffff];
const FREE = layout.SMT_STATUS_FREE;
const ERROR = layout.SMT_STATUS_ERROR;
const PROTOCOL_ERROR = layout.STATUS_PROTOCOL_ERROR >>> 0;

interface Pair {
  readonly core: TestCore;
  readonly canaries: Canaries;
  readonly channel: number;
  readonly area: number;
  readonly areaBytes: number;
  /** Largest payload. */
  readonly max: number;
  readonly xfer: number;
}

interface PairOptions {
  readonly areaBytes: number;
  readonly kind?: number;
  readonly maxMessage?: number;
}

/** An agent and a platform on one SMT area with strips of canaries around it. */
function openPair(build: Build, { areaBytes, kind = 0, maxMessage = 0xffff }: PairOptions): Pair {
  const core = createCore(build, {
    instances: 1,
    channels: 1,
    xfers: 1,
    maxPayload: areaBytes + 32,
    claims: 1,
    p2aEntries: 2,
    regionBytes: 16384,
  });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, {
    agents: 1,
    protocols: [
      {
        id: BASE,
        version: 0x20001,
        messages: { [VERSION]: { kind: "version" }, [HOST]: { kind: "host" }, [ECHO]: { kind: "constant", reply: [] } },
      },
    ],
  });
  const canaries = new Canaries();
  const area = canaries.around(core, areaBytes);
  checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
  const channel = checked("openChannel", exports.openChannel(base, 0, kind, area, areaBytes, maxMessage));
  const xfer = checked("acquire", exports.acquire(base, 0));
  return { core, canaries, channel, area, areaBytes, max: Math.min(maxMessage, areaBytes - 28), xfer };
}

/** Fills the whole area, reserved words too, and sets its status. */
function fillArea({ core, area, areaBytes }: Pair, salt: number, status: number): Uint8Array {
  const bytes = pattern(areaBytes, salt);
  putWord(bytes, layout.SMT_STATUS, status);
  core.write(area, bytes);
  return bytes;
}

interface Head {
  readonly status: number;
  readonly flags?: number;
  readonly length?: number;
  readonly header?: number;
}

/** The area as it must be after a message was written into `before`. */
function withMessage(before: Uint8Array, head: Head, payload: ArrayLike<number> = []): Uint8Array {
  const after = before.slice();
  putWord(after, layout.SMT_STATUS, head.status);
  if (head.flags !== undefined) putWord(after, layout.SMT_FLAGS, head.flags);
  if (head.length !== undefined) putWord(after, layout.SMT_LENGTH, head.length);
  if (head.header !== undefined) putWord(after, layout.SMT_HEADER, head.header);
  after.set(payload, layout.SMT_PAYLOAD);
  return after;
}

/** Writes the head of a message, and hands the area over. */
function writeHead({ core, area }: Pair, header: number, length: number, status: number): void {
  core.setU32(area + layout.SMT_FLAGS, 0);
  core.setU32(area + layout.SMT_LENGTH, length);
  core.setU32(area + layout.SMT_HEADER, header);
  core.setU32(area + layout.SMT_STATUS, status);
}

function expectArea(pair: Pair, expected: Uint8Array, what: string): void {
  expectBytes(view(pair.core, pair.area, pair.areaBytes), expected, what);
}

function release({ core, xfer }: Pair): void {
  checked("release", core.exports.release(core.base, xfer));
}

/** Lengths 0 … max + 8: every boundary of a payload that may have up to `max` bytes. */
function* lengths(max: number): Generator<number> {
  for (let length = 0; length <= max + 8; length++) yield length;
}

const POSTED_COMMAND = byId(GOLDEN.areas, "00-8.8-1");
const ANSWERED = byId(GOLDEN.areas, "00-8.8-2");
const REFUSED = byId(GOLDEN.areas, "00-8.8-3");
const P2A_POSTED = byId(GOLDEN.areas, "00-8.8-p2a");
const GOLDEN_COMMAND = command(BASE, VERSION, layout.COMMAND_INTERRUPT);

/** A golden area with zeros up to the size of the area. */
function goldenArea(hex: string, areaBytes: number): Uint8Array {
  const bytes = new Uint8Array(areaBytes);
  bytes.set(fromHex(hex));
  return bytes;
}

describe.each(BUILDS)("%s: golden SMT areas", (build) => {
  /** Posts the golden command into an area of zeros. */
  function postGolden(pair: Pair, parameters: readonly number[] = []): void {
    const { core, channel, xfer } = pair;
    core.setTokenNext(0, 42);
    core.setXferPayload(xfer, parameters);
    const posted = core.exports.post(core.base, channel, xfer, GOLDEN_COMMAND, parameters.length, 0);
    checked("post", posted);
  }

  test.each(AREA_SIZES)("post writes the worked command into an area of %i bytes", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    postGolden(pair);
    expectArea(pair, goldenArea(POSTED_COMMAND.bytes, areaBytes), "posted");
    expect(pair.core.read(pair.core.xfer(pair.xfer) + layout.XFER_HEADER, 4)).toEqual(words(POSTED_COMMAND.header));
  });

  test.each(AREA_SIZES)("serve answers it in an area of %i bytes as worked, and settle takes that in", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    const { core, channel, xfer } = pair;
    postGolden(pair);
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expectArea(pair, goldenArea(ANSWERED.bytes, areaBytes), "answered");
    expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
    expect(core.xferState(xfer)).toBe(layout.XFER_DONE);
    expect(core.xferPayload(xfer)).toEqual([...fromHex(ANSWERED.payload)]);
    release(pair);
    expectHome(core);
  });

  test("serve answers a command of the wrong size with the worked PROTOCOL_ERROR", () => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, xfer } = pair;
    postGolden(pair, words(0x1234_5678));
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expectArea(pair, goldenArea(REFUSED.bytes, 128), "refused");
    expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
    expect(core.xferPayload(xfer)).toEqual([...fromHex(REFUSED.payload)]);
    expect(core.xferFault(xfer)).toBe(0);
  });

  test("a held answer leaves the area as posted until it is published", () => {
    const pair = openPair(build, { areaBytes: 128, kind: layout.KIND_HOLD });
    const { core, channel } = pair;
    postGolden(pair);
    const claim = checked("serve", core.exports.serve(core.base, channel, 0));
    expect(core.u32(core.claim(claim) + layout.CLAIM_STATE)).toBe(layout.CLAIM_STAGED);
    expectArea(pair, goldenArea(POSTED_COMMAND.bytes, 128), "held");
    expect(core.exports.publish(core.base, claim, 0)).toBe(0);
    expectArea(pair, goldenArea(ANSWERED.bytes, 128), "published");
  });

  test("an answer of the host is written as worked", () => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, xfer } = pair;
    core.setTokenNext(0, 42);
    const hostCommand = command(BASE, HOST, layout.COMMAND_INTERRUPT);
    checked("post", core.exports.post(core.base, channel, xfer, hostCommand, 0, 0));
    const claim = checked("serve", core.exports.serve(core.base, channel, 0));
    core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), fromHex(REFUSED.payload));
    expect(core.exports.stage(core.base, claim, 4)).toBe(0);
    expect(core.exports.publish(core.base, claim, 0)).toBe(0);
    const expected = goldenArea(REFUSED.bytes, 128);
    putWord(expected, layout.SMT_HEADER, composeHeader(42, BASE, HOST));
    expectArea(pair, expected, "published");
  });

  test("serve takes the worked command out of an area that someone else wrote", () => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, area } = pair;
    core.write(area, fromHex(POSTED_COMMAND.bytes));
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expectArea(pair, goldenArea(ANSWERED.bytes, 128), "answered");
  });

  test.each([ANSWERED, REFUSED])("settle takes in $id when someone else wrote it", ({ bytes, payload }) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, xfer, area } = pair;
    postGolden(pair);
    core.write(area, fromHex(bytes));
    expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
    expect(core.xferPayload(xfer)).toEqual([...fromHex(payload)]);
    expectArea(pair, goldenArea(bytes, 128), "settle writes nothing");
  });

  test("sendP2a writes the worked notification, and drain gives the area back as worked", () => {
    const pair = openPair(build, { areaBytes: 128, kind: layout.KIND_P2A });
    const { core, channel } = pair;
    const payload = [...fromHex(P2A_POSTED.payload)];
    const at = core.scratch(P2A_POSTED.header, payload) + 4;
    expect(core.exports.sendP2a(core.base, channel, P2A_POSTED.header, at, payload.length, 0)).toBe(0);
    const expected = goldenArea(P2A_POSTED.bytes, 128);
    expectArea(pair, expected, "sent");

    expect(core.exports.drain(core.base, channel, 0)).toBe(1);
    const [giveBack] = GOLDEN.memory;
    if (giveBack?.access !== "write") throw new Error("expected the vector of a write");
    expected.set(fromHex(giveBack.bytes), giveBack.address);
    expectArea(pair, expected, "drained");
    const ring = core.ring(layout.CORE_P2A);
    expect(ring.tail - ring.head).toBe(1);
    expect(core.read(ring.offset + layout.P2A_CHANNEL, 12)).toEqual(words(channel, P2A_POSTED.header, payload.length));
    expect(core.read(ring.offset + layout.P2A_PAYLOAD, payload.length)).toEqual(payload);
  });
});

describe.each(BUILDS)("%s: every SMT length", (build) => {
  test.each(AREA_SIZES)("a command of 0 … max+8 bytes in an area of %i is posted whole or refused", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    const { core, channel, xfer, max, canaries } = pair;
    const sent = pattern(max + 8, 7);
    core.setXferPayload(xfer, sent);
    for (const length of lengths(max)) {
      const before = fillArea(pair, length, FREE);
      const options = length & 1 ? layout.COMMAND_INTERRUPT : 0;
      const token = core.tokenNext(0);
      const result = core.exports.post(core.base, channel, xfer, command(0xa5, 0x5a, options), length, 0);
      if (length > max) {
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        expectArea(pair, before, `refused ${length}`);
        expect(core.tokenNext(0)).toBe(token);
        expect(core.live(0)).toBe(0);
      } else {
        expect(result).toBe(0);
        const head = { status: 0, flags: length & 1, length: 4 + length, header: composeHeader(token, 0xa5, 0x5a) };
        expectArea(pair, withMessage(before, head, sent.subarray(0, length)), `posted ${length}`);
        checked("resetChannel", core.exports.resetChannel(core.base, channel));
      }
      expectBytes(view(core, core.xfer(xfer) + layout.XFER_PAYLOAD, sent.length), sent, "the xfer's payload");
    }
    expect(canaries.broken(core)).toEqual([]);
    expect(core.counted(channel)).toEqual({ sent: max + 1 });
    release(pair);
    expectHome(core);
  });

  test.each(AREA_SIZES)("an answer that claims 0 … max+12 or absurd bytes of %i is taken or malformed", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    const { core, channel, xfer, max, canaries } = pair;
    const malformed = [];
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      const header = composeHeader(core.tokenNext(0), BASE, VERSION);
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
      fillArea(pair, claimed, 0);
      writeHead(pair, header, claimed, FREE);
      const answered = view(core, pair.area, areaBytes).slice();
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expectArea(pair, answered, `settle of ${claimed} writes nothing`);
      expect(core.xferState(xfer)).toBe(layout.XFER_DONE);
      const payload = claimed - 4;
      if (payload >= 4 && payload <= max) {
        expect(core.xferFault(xfer)).toBe(0);
        const at = layout.SMT_PAYLOAD;
        expectBytes(Uint8Array.from(core.xferPayload(xfer)), answered.subarray(at, at + payload), `answer ${claimed}`);
      } else {
        malformed.push(claimed);
        expect(faultName(core.xferFault(xfer))).toBe("FAULT_MALFORMED (-14)");
        expect(core.u32(core.xfer(xfer) + layout.XFER_LENGTH)).toBe(0);
      }
    }
    expect(canaries.broken(core)).toEqual([]);
    const good = max + 1 - 4;
    expect(core.counted(channel)).toEqual({
      sent: good + malformed.length,
      responses: good,
      malformed: malformed.length,
    });
    release(pair);
    expectHome(core);
  });

  test.each(AREA_SIZES)("a command that claims 0 … max+12 or absurd bytes of %i is served or refused", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    const { core, channel, max, canaries } = pair;
    let bad = 0;
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      const header = composeHeader(claimed & 1023, BASE, HOST);
      fillArea(pair, claimed, 0);
      writeHead(pair, header, claimed, 0);
      const before = view(core, pair.area, areaBytes).slice();
      const result = core.exports.serve(core.base, channel, 0);
      if (claimed < 4) {
        bad++;
        expect(result).toBe(0);
        expectArea(pair, withMessage(before, { status: FREE | ERROR }), `too short, ${claimed}`);
      } else if (claimed - 4 > max) {
        bad++;
        expect(result).toBe(0);
        const head = { status: FREE | ERROR, length: 8 };
        expectArea(pair, withMessage(before, head, words(PROTOCOL_ERROR)), `too long, ${claimed}`);
      } else {
        const claim = core.claim(checked("serve", result));
        expectArea(pair, before, `claimed ${claimed}`);
        expect(core.u32(claim + layout.CLAIM_HEADER)).toBe(header);
        expect(core.u32(claim + layout.CLAIM_REQUEST_BYTES)).toBe(claimed - 4);
        const sent = before.subarray(layout.SMT_PAYLOAD, layout.SMT_PAYLOAD + claimed - 4);
        expectBytes(view(core, claim + layout.CLAIM_REQUEST, claimed - 4), sent, `request ${claimed}`);
        checked("resetChannel", core.exports.resetChannel(core.base, channel));
      }
    }
    expect(canaries.broken(core)).toEqual([]);
    expect(core.counted(channel)).toEqual({ badCommands: bad });
  });

  test.each(AREA_SIZES)("an answer of the host of 4 … max+8 bytes into %i is published or too long", (areaBytes) => {
    const pair = openPair(build, { areaBytes });
    const { core, channel, xfer, max, canaries } = pair;
    for (const length of lengths(max)) {
      if (length < 4) continue;
      const header = composeHeader(core.tokenNext(0), BASE, HOST);
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, HOST), 0, 0));
      const before = fillArea(pair, length, 0);
      putWord(before, layout.SMT_LENGTH, 4);
      putWord(before, layout.SMT_HEADER, header);
      core.write(pair.area, before);
      const claim = checked("serve", core.exports.serve(core.base, channel, 0));
      const reply = pattern(max + 8, length);
      core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), reply);
      expect(core.exports.stage(core.base, claim, length)).toBe(0);
      expectArea(pair, before, `staged ${length}`);
      expect(core.exports.publish(core.base, claim, 0)).toBe(0);
      const payload = length > max ? Uint8Array.from(words(PROTOCOL_ERROR)) : reply.subarray(0, length);
      const after = withMessage(before, { status: FREE, length: 4 + payload.length, header }, payload);
      expectArea(pair, after, `published ${length}`);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expectBytes(Uint8Array.from(core.xferPayload(xfer)), payload, `taken in ${length}`);
    }
    expect(canaries.broken(core)).toEqual([]);
    release(pair);
    expectHome(core);
  });

  test.each(AREA_SIZES)("a constant answer of up to max+8 bytes into %i is written whole or too long", (areaBytes) => {
    const max = areaBytes - 28;
    // One message per length would not fit the table of 256, so the interesting ones: both ends and around words
    const sizes = [...new Set([...Array.from({ length: 40 }, (_, i) => i), max - 5, max - 4, max - 3, max, max + 4])];
    const replies = sizes.filter((size) => size >= 0 && size <= max + 4).map((size) => pattern(size, size));
    const core = createCore(build, {
      instances: 1,
      channels: 1,
      xfers: 1,
      maxPayload: areaBytes + 32,
      regionBytes: 65536,
    });
    const { exports, base } = core;
    const { description, state } = installPlatform(core, {
      agents: 1,
      protocols: [
        {
          id: BASE,
          version: 1,
          messages: Object.fromEntries(replies.map((reply, id) => [id, { kind: "constant", reply: [...reply] }])),
        },
      ],
    });
    checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
    const canaries = new Canaries();
    const area = canaries.around(core, areaBytes);
    const channel = checked("openChannel", exports.openChannel(base, 0, 0, area, areaBytes, 0xffff));
    const xfer = checked("acquire", exports.acquire(base, 0));
    for (const [id, reply] of replies.entries()) {
      const before = pattern(areaBytes, id);
      putWord(before, layout.SMT_STATUS, FREE);
      core.write(area, before);
      const header = composeHeader(core.tokenNext(0), BASE, id);
      expect(exports.exchange(base, channel, xfer, command(BASE, id), 0, 0)).toBe(layout.XFER_DONE);
      const answer = reply.length + 4 > max ? words(PROTOCOL_ERROR) : [0, 0, 0, 0, ...reply];
      const head = { status: FREE, flags: 0, length: 4 + answer.length, header };
      expectBytes(view(core, area, areaBytes), withMessage(before, head, answer), `constant of ${reply.length}`);
      expect(core.xferPayload(xfer)).toEqual(answer);
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(AREA_SIZES)("a P2A message of 0 … max+8 bytes into %i is sent whole or refused", (areaBytes) => {
    const pair = openPair(build, { areaBytes, kind: layout.KIND_P2A });
    const { core, channel, max, canaries } = pair;
    const header = composeHeader(0, 0x13, 1, layout.TYPE_NOTIFICATION);
    const from = core.reserve(areaBytes + 32);
    const sent = pattern(max + 8, 3);
    core.write(from, sent);
    for (const length of lengths(max)) {
      const before = fillArea(pair, length, FREE);
      const result = core.exports.sendP2a(core.base, channel, header, core.base + from, length, 0);
      if (length > max) {
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        expectArea(pair, before, `refused ${length}`);
        continue;
      }
      expect(result).toBe(0);
      const posted = withMessage(before, { status: 0, flags: 0, length: 4 + length, header }, sent.subarray(0, length));
      expectArea(pair, posted, `sent ${length}`);
      expect(core.exports.drain(core.base, channel, 0)).toBe(1);
      expectArea(pair, withMessage(posted, { status: FREE }), `drained ${length}`);
      const ring = core.ring(layout.CORE_P2A);
      const entry = ring.offset + (ring.head & (ring.capacity - 1)) * ring.stride;
      expect(core.u32(entry + layout.P2A_LENGTH)).toBe(length);
      expectBytes(view(core, entry + layout.P2A_PAYLOAD, length), sent.subarray(0, length), `queued ${length}`);
      core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.tail);
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(AREA_SIZES)(
    "a notification that claims 0 … max+12 or absurd bytes of %i is queued or malformed",
    (size) => {
      const pair = openPair(build, { areaBytes: size, kind: layout.KIND_P2A });
      const { core, channel, max, canaries } = pair;
      const header = composeHeader(0, 0x13, 1, layout.TYPE_NOTIFICATION);
      let malformed = 0;
      for (const claimed of [...lengths(max + 4), ...ABSURD]) {
        fillArea(pair, claimed, 0);
        writeHead(pair, header, claimed, 0);
        expect(core.exports.drain(core.base, channel, 0)).toBe(1);
        expect(core.u32(pair.area + layout.SMT_STATUS)).toBe(FREE);
        const ring = core.ring(layout.CORE_P2A);
        const isGood = claimed >= 4 && claimed - 4 <= max;
        expect(ring.tail - ring.head).toBe(isGood ? 1 : 0);
        if (!isGood) malformed++;
        core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.tail);
      }
      expect(canaries.broken(core)).toEqual([]);
      expect(core.counted(channel)).toEqual({ notifications: max + 1, malformed });
    },
  );
});

describe.each(BUILDS)("%s: the limit of a channel below its area", (build) => {
  const MAX = 40;

  test("holds for commands and for answers", () => {
    const pair = openPair(build, { areaBytes: 128, maxMessage: MAX });
    const { core, channel, xfer } = pair;
    const post = (length: number) => core.exports.post(core.base, channel, xfer, command(BASE, HOST), length, 0);
    expect(faultName(post(MAX + 1))).toBe("FAULT_LENGTH (-5)");
    for (const length of [MAX, MAX + 1, MAX + 4]) {
      expect(post(MAX)).toBe(0);
      writeHead(pair, core.xferHeader(xfer), 4 + length, FREE);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expect(core.xferFault(xfer)).toBe(length > MAX ? layout.FAULT_MALFORMED : 0);
    }
  });

  test("turns a longer answer of the platform into PROTOCOL_ERROR", () => {
    const pair = openPair(build, { areaBytes: 128, maxMessage: MAX });
    const { core, channel, xfer } = pair;
    for (const length of [MAX, MAX + 1, 100, 0x7fff_ffff, 0xffff_ffff]) {
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, HOST), 0, 0));
      const claim = checked("serve", core.exports.serve(core.base, channel, 0));
      core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), pattern(MAX, 1));
      expect(core.exports.stage(core.base, claim, length)).toBe(0);
      expect(core.exports.publish(core.base, claim, 0)).toBe(0);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expect(core.xferPayload(xfer)).toEqual(length > MAX ? words(PROTOCOL_ERROR) : [...pattern(MAX, 1)]);
    }
  });
});

describe.each(BUILDS)("%s: SMT status and flags", (build) => {
  test.each([FREE, FREE | ERROR, FREE | 0xffff_fffc, 0xffff_ffff])("post takes an area with status %i", (status) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, xfer, area } = pair;
    core.setU32(area + layout.SMT_STATUS, status);
    expect(core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0)).toBe(0);
    expect(core.u32(area + layout.SMT_STATUS)).toBe(0);
  });

  test.each([0, ERROR, 0xffff_fffe])("post leaves an area with status %i alone", (status) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, xfer } = pair;
    const before = fillArea(pair, 1, status);
    expect(faultName(core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 4, 0))).toBe(
      "FAULT_BUSY (-4)",
    );
    expectArea(pair, before, "refused");
    expect(core.xferState(xfer)).toBe(layout.XFER_ACQUIRED);
    expect(core.counted(channel)).toEqual({});
  });

  test.each([0, ERROR, 0xffff_fffe])("a command posted with status %i is served, and goes back with FREE", (status) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, area } = pair;
    writeHead(pair, composeHeader(9, BASE, VERSION), 4, status);
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expect(core.u32(area + layout.SMT_STATUS)).toBe(FREE);
    expect(core.read(area + layout.SMT_PAYLOAD, 8)).toEqual(words(0, 0x20001));
  });

  test.each([FREE, FREE | ERROR, 0xffff_ffff])("a doorbell with status %i is spurious", (status) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel } = pair;
    const before = fillArea(pair, 1, status);
    expect(faultName(core.exports.serve(core.base, channel, 0))).toBe("FAULT_NOTHING (-1)");
    expectArea(pair, before, "spurious");
    expect(core.counted(channel)).toEqual({ spurious: 1 });
  });

  test.each([0, 1, 2, 0xffff_ffff])("the flags word %i of a command stays as it is", (flags) => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, area } = pair;
    for (const [message, isHost] of [
      [VERSION, false],
      [HOST, true],
    ] as const) {
      writeHead(pair, composeHeader(9, BASE, message), 4, 0);
      core.setU32(area + layout.SMT_FLAGS, flags);
      const result = checked("serve", core.exports.serve(core.base, channel, 0));
      expect(result > 0).toBe(isHost);
      if (isHost) {
        expect(core.u32(core.claim(result) + layout.CLAIM_FLAGS)).toBe(flags);
        checked("stage", core.exports.stage(core.base, result, 4));
        checked("publish", core.exports.publish(core.base, result, 0));
      }
      expect(core.u32(area + layout.SMT_FLAGS)).toBe(flags);
    }
  });

  test("a header with reserved bits comes back as it was sent", () => {
    const pair = openPair(build, { areaBytes: 128 });
    const { core, channel, area } = pair;
    const header = (composeHeader(9, BASE, VERSION) | 0xf000_0000) >>> 0;
    writeHead(pair, header, 4, 0);
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expect(core.u32(area + layout.SMT_HEADER)).toBe(header);
  });

  test("an answer with ERROR ends the command, and its payload is ignored", () => {
    for (const status of [ERROR, FREE | ERROR]) {
      const pair = openPair(build, { areaBytes: 128 });
      const { core, channel, xfer } = pair;
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
      writeHead(pair, core.xferHeader(xfer), 12, status);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expect([core.xferState(xfer), core.xferFault(xfer)]).toEqual([layout.XFER_DONE, layout.FAULT_CHANNEL_ERROR]);
      expect(core.counted(channel)).toEqual({ sent: 1, errors: 1 });
      const busy = core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0);
      expect(faultName(busy)).toBe(status & FREE ? "0" : "FAULT_BUSY (-4)");
    }
  });

  test.each([
    ["no acknowledge", 0, 1],
    ["an acknowledge", 1, 3],
    ["an acknowledge, with reserved flags", 0xffff_ffff, 3],
    ["no acknowledge, with reserved flags", 0xffff_fffe, 1],
  ])("drain says that the sender wants %s", (_what, flags, expected) => {
    const pair = openPair(build, { areaBytes: 128, kind: layout.KIND_P2A });
    const { core, channel, area } = pair;
    writeHead(pair, composeHeader(0, 0x11, 0, layout.TYPE_NOTIFICATION), 4, 0);
    core.setU32(area + layout.SMT_FLAGS, flags);
    expect(core.exports.drain(core.base, channel, 0)).toBe(expected);
    expect(core.u32(area + layout.SMT_FLAGS)).toBe(flags);
    expect(core.exports.drain(core.base, channel, 0)).toBe(0);
  });

  test("sendP2a waits for the agent to take the message before, and counts it", () => {
    const pair = openPair(build, { areaBytes: 128, kind: layout.KIND_P2A });
    const { core, channel } = pair;
    const before = fillArea(pair, 1, 0);
    const sent = core.exports.sendP2a(core.base, channel, 0x300, core.base, 4, 0);
    expect(faultName(sent)).toBe("FAULT_BUSY (-4)");
    expectArea(pair, before, "busy");
    expect(core.counted(channel)).toEqual({ p2aBusy: 1 });
  });
});
