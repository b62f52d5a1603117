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
  instantiate,
  type TestCore,
  words,
} from "../support/core.ts";
import { installPlatform } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { byId, expectBytes, fromHex, golden, pattern, putWord, view } from "./bytes.ts";

const GOLDEN = golden("00-transport");
const REQUEST = byId(GOLDEN.messages, "00-11.1-request");
const RESPONSE = byId(GOLDEN.messages, "00-11.1-response");
/** Largest payloads; the odd ones end in tails of 1 to 3 bytes. */
const LIMITS = [4, 8, 101, 131, 1022];
const BASE = 0x10;
const VERSION = 0;
const HOST = 1;
const ABSURD = [0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff];
const PROTOCOL_ERROR = words(layout.STATUS_PROTOCOL_ERROR);
const NO_AREA = -1;

interface Pair {
  readonly core: TestCore;
  readonly canaries: Canaries;
  readonly channel: number;
  readonly max: number;
  readonly xfer: number;
  /** Offset of the area, or of the buffer that stands for the host's transport. */
  readonly at: number;
}

interface PairOptions {
  readonly max: number;
  readonly kind?: number;
  readonly hasArea: boolean;
}

/** An agent and a platform on one MSG channel; strips of canaries around its area, or around the host's buffer. */
function openPair(build: Build, { max, kind = 0, hasArea }: PairOptions): Pair {
  const core = createCore(build, {
    instances: 1,
    channels: 1,
    xfers: 1,
    maxPayload: (max + 40) & ~3,
    claims: 1,
    p2aEntries: 2,
    regionBytes: 16384,
  });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, {
    agents: 1,
    protocols: [{ id: BASE, version: 0x20001, messages: { [VERSION]: { kind: "version" }, [HOST]: { kind: "host" } } }],
  });
  const canaries = new Canaries();
  const at = canaries.around(core, 4 + max + (hasArea ? 0 : 16));
  checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
  const area = hasArea ? at : NO_AREA;
  const opened = exports.openChannel(base, 0, kind | layout.KIND_MSG, area, hasArea ? 4 + max : 0, max);
  const channel = checked("openChannel", opened);
  return { core, canaries, channel, max, xfer: checked("acquire", exports.acquire(base, 0)), at };
}

function* lengths(max: number): Generator<number> {
  for (let length = 0; length <= max + 8; length++) yield length;
}

/** Bytes of the message in the area, and of the answer there. */
function turns({ core, channel }: Pair): [message: number, answer: number] {
  const at = core.channel(channel);
  return [core.u32(at + layout.CHANNEL_MESSAGE_BYTES), core.u32(at + layout.CHANNEL_ANSWER_BYTES)];
}

/** Hands the area over to the other side, as the other half would, with a byte count that may be a lie. */
function answerWith({ core, channel, at }: Pair, header: number, claimed: number): void {
  core.setU32(at, header);
  core.setU32(core.channel(channel) + layout.CHANNEL_ANSWER_BYTES, claimed);
  core.setU32(core.channel(channel) + layout.CHANNEL_MESSAGE_BYTES, 0);
}

function fill({ core, at, max }: Pair, salt: number): Uint8Array {
  const bytes = pattern(4 + max, salt);
  core.write(at, bytes);
  return bytes;
}

function withMessage(before: Uint8Array, header: number, payload: ArrayLike<number>): Uint8Array {
  const after = before.slice();
  putWord(after, 0, header);
  after.set(payload, 4);
  return after;
}

function expectArea({ core, at, max }: Pair, expected: Uint8Array, what: string): void {
  expectBytes(view(core, at, 4 + max), expected, what);
}

function reply({ core }: Pair, claim: number): number {
  return core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY);
}

/** Writes an answer into a claim and stages it. */
function stage(pair: Pair, claim: number, payload: Uint8Array): void {
  pair.core.write(reply(pair, claim), payload);
  expect(pair.core.exports.stage(pair.core.base, claim, payload.length)).toBe(0);
}

/** The answer of a claim in MSG form. */
function staged(pair: Pair, claim: number): Uint8Array {
  const byteLength = pair.core.u32(pair.core.claim(claim) + layout.CLAIM_REPLY_BYTES);
  return view(pair.core, reply(pair, claim) - 4, 4 + byteLength).slice();
}

const REQUEST_BYTES = fromHex(REQUEST.headerBytes + REQUEST.payload);
const RESPONSE_BYTES = fromHex(RESPONSE.headerBytes + RESPONSE.payload);

describe.each(BUILDS)("%s: golden MSG messages", (build) => {
  test("post leaves the worked request behind the xfer's header word, ready to send", () => {
    const { core, channel, xfer } = openPair(build, { max: 128, hasArea: false });
    core.setTokenNext(0, REQUEST.token);
    checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
    const length = core.u32(core.xfer(xfer) + layout.XFER_LENGTH);
    expectBytes(view(core, core.xfer(xfer) + layout.XFER_HEADER, 4 + length), REQUEST_BYTES, "request");
  });

  test("serveStaged answers the worked request with the worked response, and deliver takes that in", () => {
    const pair = openPair(build, { max: 128, hasArea: false });
    const { core, channel, xfer, at } = pair;
    core.setTokenNext(0, REQUEST.token);
    checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
    core.write(at, REQUEST_BYTES);
    expect(core.exports.serveStaged(core.base, channel, core.base + at, REQUEST_BYTES.length, 0)).toBe(0);
    const response = staged(pair, 0);
    expectBytes(response, RESPONSE_BYTES, "response");
    core.write(at, response);
    expect(core.exports.deliver(core.base, channel, core.base + at, response.length, 0)).toBe(xfer);
    expect(core.xferPayload(xfer)).toEqual([...fromHex(RESPONSE.payload)]);
    checked("release", core.exports.release(core.base, xfer));
    expectHome(core);
  });

  test("post and serve write both into an area", () => {
    const pair = openPair(build, { max: 124, hasArea: true });
    const { core, channel, xfer, at } = pair;
    core.setTokenNext(0, REQUEST.token);
    const before = fill(pair, 1);
    checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
    expectArea(pair, withMessage(before, REQUEST.header, fromHex(REQUEST.payload)), "posted");
    expect(turns(pair)).toEqual([REQUEST_BYTES.length, 0]);
    expect(core.exports.serve(core.base, channel, 0)).toBe(0);
    expectArea(pair, withMessage(before, RESPONSE.header, fromHex(RESPONSE.payload)), "answered");
    expect(turns(pair)).toEqual([0, RESPONSE_BYTES.length]);
    expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
    expect(core.read(at, RESPONSE_BYTES.length)).toEqual([...RESPONSE_BYTES]);
    expect(core.xferPayload(xfer)).toEqual([...fromHex(RESPONSE.payload)]);
  });
});

describe.each(BUILDS)("%s: every MSG length in an area", (build) => {
  test.each(LIMITS)("a command of 0 … max+8 bytes is posted whole or refused, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: true });
    const { core, channel, xfer, canaries } = pair;
    const sent = pattern(max + 8, 5);
    core.setXferPayload(xfer, sent);
    for (const length of lengths(max)) {
      const before = fill(pair, length);
      const header = composeHeader(core.tokenNext(0), BASE, HOST);
      const result = core.exports.post(core.base, channel, xfer, command(BASE, HOST), length, 0);
      if (length > max) {
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        expectArea(pair, before, `refused ${length}`);
        expect(turns(pair)).toEqual([0, 0]);
        continue;
      }
      expect(result).toBe(0);
      expectArea(pair, withMessage(before, header, sent.subarray(0, length)), `posted ${length}`);
      expect(turns(pair)).toEqual([4 + length, 0]);
      expect(faultName(core.exports.settle(core.base, channel, 0))).toBe("FAULT_NOTHING (-1)");
      expect(core.exports.resetChannel(core.base, channel)).toBe(1);
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("an answer that claims 0 … max+12 or absurd bytes is taken or malformed, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: true });
    const { core, channel, xfer, canaries } = pair;
    let malformed = 0;
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
      const bytes = fill(pair, claimed);
      answerWith(pair, core.xferHeader(xfer), claimed);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expect(core.xferState(xfer)).toBe(layout.XFER_DONE);
      const payload = claimed - 4;
      if (payload >= 4 && payload <= max) {
        expect(core.xferFault(xfer)).toBe(0);
        expectBytes(Uint8Array.from(core.xferPayload(xfer)), bytes.subarray(4, claimed), `answer ${claimed}`);
      } else {
        malformed++;
        expect(faultName(core.xferFault(xfer))).toBe("FAULT_MALFORMED (-14)");
        expect(core.xferPayload(xfer)).toEqual([]);
      }
    }
    expect(core.counter(channel, "malformed")).toBe(malformed);
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("a command that claims 1 … max+12 or absurd bytes is served or given back, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: true });
    const { core, channel, canaries, at } = pair;
    let bad = 0;
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      if (claimed === 0) continue; // the area would be free
      const before = fill(pair, claimed);
      const header = composeHeader(7, BASE, HOST);
      core.setU32(at, header);
      putWord(before, 0, header);
      core.setU32(core.channel(channel) + layout.CHANNEL_MESSAGE_BYTES, claimed);
      const result = core.exports.serve(core.base, channel, 0);
      expectArea(pair, before, `command of ${claimed}`);
      if (claimed < 4 || claimed - 4 > max) {
        bad++;
        expect(result).toBe(0);
        expect(turns(pair)).toEqual([0, 0]);
        continue;
      }
      const claim = core.claim(checked("serve", result));
      expect(core.u32(claim + layout.CLAIM_REQUEST_BYTES)).toBe(claimed - 4);
      const sent = before.subarray(4, claimed);
      expectBytes(view(core, claim + layout.CLAIM_REQUEST, claimed - 4), sent, `request ${claimed}`);
      checked("resetChannel", core.exports.resetChannel(core.base, channel));
    }
    expect(core.counted(channel)).toEqual({ badCommands: bad });
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("an answer of the host of 4 … max+8 bytes is published or too long, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: true });
    const { core, channel, xfer, canaries } = pair;
    for (const length of lengths(max)) {
      if (length < 4) continue;
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, HOST), 0, 0));
      const claim = checked("serve", core.exports.serve(core.base, channel, 0));
      const before = view(core, pair.at, 4 + max).slice();
      const answer = pattern(length, length);
      stage(pair, claim, answer);
      expectArea(pair, before, `staged ${length}`);
      expect(core.exports.publish(core.base, claim, 0)).toBe(0);
      const payload = length > max ? Uint8Array.from(PROTOCOL_ERROR) : answer;
      expectArea(pair, withMessage(before, core.xferHeader(xfer), payload), `published ${length}`);
      expect(turns(pair)).toEqual([0, 4 + payload.length]);
      expect(core.exports.settle(core.base, channel, 0)).toBe(xfer);
      expectBytes(Uint8Array.from(core.xferPayload(xfer)), payload, `taken in ${length}`);
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("a P2A message of 0 … max+8 bytes is sent and drained whole or refused, max %i", (max) => {
    const pair = openPair(build, { max, kind: layout.KIND_P2A, hasArea: true });
    const { core, channel, canaries } = pair;
    const header = composeHeader(0, 0x13, 1, layout.TYPE_NOTIFICATION);
    const sent = pattern(max + 8, 3);
    const from = core.reserve(max + 8);
    core.write(from, sent);
    for (const length of lengths(max)) {
      const before = fill(pair, length);
      const result = core.exports.sendP2a(core.base, channel, header, core.base + from, length, 0);
      if (length > max) {
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        expectArea(pair, before, `refused ${length}`);
        continue;
      }
      expect(result).toBe(0);
      expectArea(pair, withMessage(before, header, sent.subarray(0, length)), `sent ${length}`);
      expect(core.exports.drain(core.base, channel, 0)).toBe(1);
      expect(turns(pair)[0]).toBe(0);
      const ring = core.ring(layout.CORE_P2A);
      const entry = ring.offset + (ring.head & (ring.capacity - 1)) * ring.stride;
      expect([core.u32(entry + layout.P2A_HEADER), core.u32(entry + layout.P2A_LENGTH)]).toEqual([header, length]);
      expectBytes(view(core, entry + layout.P2A_PAYLOAD, length), sent.subarray(0, length), `queued ${length}`);
      core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.tail);
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test("the least area carries a header and a status", () => {
    const pair = openPair(build, { max: 4, hasArea: true });
    const { core, channel, xfer } = pair;
    expect(core.exports.exchange(core.base, channel, xfer, command(BASE, VERSION), 0, 0)).toBe(layout.XFER_DONE);
    expect(core.xferPayload(xfer)).toEqual(PROTOCOL_ERROR); // version and status do not fit
  });
});

describe.each(BUILDS)("%s: every MSG length without an area", (build) => {
  test.each(LIMITS)("a command of 0 … max+8 bytes is posted whole or refused, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: false });
    const { core, channel, xfer, canaries } = pair;
    const sent = pattern(max + 8, 5);
    for (const length of lengths(max)) {
      core.setXferPayload(xfer, sent);
      const header = composeHeader(core.tokenNext(0), BASE, HOST);
      const result = core.exports.post(core.base, channel, xfer, command(BASE, HOST), length, 0);
      if (length > max) {
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        expect(core.live(0)).toBe(0);
        continue;
      }
      expect(result).toBe(0);
      const record = core.xfer(xfer);
      expect(core.u32(record + layout.XFER_LENGTH)).toBe(length);
      const message = Uint8Array.from([...words(header), ...sent.subarray(0, length)]);
      expectBytes(view(core, record + layout.XFER_HEADER, 4 + length), message, `message of ${length}`);
      checked("resetChannel", core.exports.resetChannel(core.base, channel));
    }
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("an answer of 0 … max+12 or absurd bytes is delivered, or malformed, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: false });
    const { core, channel, xfer, canaries, at } = pair;
    let malformed = 0;
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      checked("post", core.exports.post(core.base, channel, xfer, command(BASE, VERSION), 0, 0));
      const bytes = fill(pair, claimed);
      core.setU32(at, core.xferHeader(xfer));
      const result = core.exports.deliver(core.base, channel, core.base + at, claimed, 0);
      if (claimed < 4) {
        malformed++;
        expect(faultName(result)).toBe("FAULT_NOTHING (-1)");
        expect(core.xferState(xfer)).toBe(layout.XFER_POSTED);
        checked("resetChannel", core.exports.resetChannel(core.base, channel));
        continue;
      }
      expect(result).toBe(xfer);
      expect(core.xferState(xfer)).toBe(layout.XFER_DONE);
      if (claimed >= 8 && claimed - 4 <= max) {
        expect(core.xferFault(xfer)).toBe(0);
        expectBytes(Uint8Array.from(core.xferPayload(xfer)), bytes.subarray(4, claimed), `answer ${claimed}`);
      } else {
        malformed++;
        expect(faultName(core.xferFault(xfer))).toBe("FAULT_MALFORMED (-14)");
        expect(core.xferPayload(xfer)).toEqual([]);
      }
    }
    expect(core.counter(channel, "malformed")).toBe(malformed);
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("a command of 0 … max+12 or absurd bytes is staged or refused, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: false });
    const { core, channel, canaries, at } = pair;
    let bad = 0;
    for (const claimed of [...lengths(max + 4), ...ABSURD]) {
      const bytes = fill(pair, claimed);
      const header = composeHeader(claimed & 1023, BASE, HOST);
      core.setU32(at, header);
      const result = core.exports.serveStaged(core.base, channel, core.base + at, claimed, 0);
      if (claimed < 4 || claimed - 4 > max) {
        bad++;
        expect(faultName(result)).toBe("FAULT_LENGTH (-5)");
        continue;
      }
      const claim = checked("serveStaged", result);
      const record = core.claim(claim);
      expect(core.u32(record + layout.CLAIM_HEADER)).toBe(header);
      expect(core.u32(record + layout.CLAIM_REQUEST_BYTES)).toBe(claimed - 4);
      const sent = bytes.subarray(4, claimed);
      expectBytes(view(core, record + layout.CLAIM_REQUEST, claimed - 4), sent, `request ${claimed}`);
      stage(pair, claim, Uint8Array.from(words(0)));
      expectBytes(staged(pair, claim), Uint8Array.from(words(header, 0)), `staged ${claimed}`);
      expect(core.exports.publish(core.base, claim, 0)).toBe(0);
    }
    expect(core.counted(channel)).toEqual({ badCommands: bad });
    expect(canaries.broken(core)).toEqual([]);
  });

  test.each(LIMITS)("an answer of the host of 4 … max+8 bytes is staged or too long, max %i", (max) => {
    const pair = openPair(build, { max, hasArea: false });
    const { core, channel } = pair;
    const header = composeHeader(77, BASE, HOST);
    for (const length of lengths(max)) {
      if (length < 4) continue;
      const claim = core.exports.serveStaged(core.base, channel, core.scratch(header, []), 4, 0);
      const answer = pattern(length, length);
      stage(pair, checked("serveStaged", claim), answer);
      const payload = length > max ? PROTOCOL_ERROR : [...answer];
      expectBytes(staged(pair, claim), Uint8Array.from([...words(header), ...payload]), `staged ${length}`);
      expect(core.exports.publish(core.base, claim, 0)).toBe(0);
    }
  });

  test.each(LIMITS)("a notification of 4 … max+12 bytes is queued, or malformed, max %i", (max) => {
    const pair = openPair(build, { max, kind: layout.KIND_P2A, hasArea: false });
    const { core, channel, at } = pair;
    const header = composeHeader(3, 0x13, 1, layout.TYPE_NOTIFICATION);
    for (const byteLength of [...lengths(max + 4)].filter((length) => length >= 4)) {
      const bytes = fill(pair, byteLength);
      core.setU32(at, header);
      const result = core.exports.deliver(core.base, channel, core.base + at, byteLength, 0);
      expect(faultName(result)).toBe("FAULT_NOTHING (-1)");
      const ring = core.ring(layout.CORE_P2A);
      expect(ring.tail - ring.head).toBe(byteLength - 4 > max ? 0 : 1);
      if (ring.tail === ring.head) continue;
      const entry = ring.offset + (ring.head & (ring.capacity - 1)) * ring.stride;
      expectBytes(
        view(core, entry + layout.P2A_PAYLOAD, byteLength - 4),
        bytes.subarray(4, byteLength),
        `queued ${byteLength}`,
      );
      core.setU32(layout.CORE_P2A + layout.RING_HEAD, ring.tail);
    }
    expect(core.counted(channel)).toEqual({ notifications: max + 1, malformed: 8 });
  });

  test("an answer of serveStaged echoes reserved bits of the header", () => {
    const pair = openPair(build, { max: 32, hasArea: false });
    const { core, channel } = pair;
    const header = (composeHeader(5, BASE, VERSION) | 0xf000_0000) >>> 0;
    expect(core.exports.serveStaged(core.base, channel, core.scratch(header, []), 4, 0)).toBe(0);
    expectBytes(staged(pair, 0), Uint8Array.from(words(header, 0, 0x20001)), "answer");
  });

  test("settle, serve and drain are for channels with an area, deliver and serveStaged for those without", () => {
    const without = openPair(build, { max: 32, hasArea: false });
    const kind = layout.FAULT_CHANNEL_KIND;
    const calls = ({ core, channel }: Pair) => [
      core.exports.settle(core.base, channel, 0),
      core.exports.serve(core.base, channel, 0),
      core.exports.drain(core.base, channel, 0),
      core.exports.awaitCommand(core.base, channel, 0, 0),
      core.exports.awaitAnswer(core.base, channel, 0, 0),
      core.exports.deliver(core.base, channel, core.scratch(0, []), 4, 0),
      core.exports.serveStaged(core.base, channel, core.scratch(composeHeader(0, BASE, VERSION), []), 4, 0),
    ];
    expect(calls(without).slice(0, 5)).toEqual([kind, kind, kind, kind, kind]);
    const withArea = openPair(build, { max: 32, hasArea: true });
    expect(calls(withArea).slice(5)).toEqual([kind, kind]);
  });
});

/** What the debug build exports beside the core; assembly/debug.ts. */
interface DebugExports {
  headerPack(command: number, token: number): number;
  headerToken(header: number): number;
  headerType(header: number): number;
  headerCommandOf(header: number): number;
  copy(to: number, from: number, byteLength: number): void;
}

describe("debug: the message header", () => {
  const debug = instantiate("debug").exports as unknown as DebugExports;

  test.each(GOLDEN.headers)("$bytes is packed and unpacked as worked: $what", (vector) => {
    const { token, protocol, message, type } = vector;
    const packed = debug.headerPack(command(protocol, message), token) >>> 0;
    expect((packed | (type << layout.HEADER_TYPE_SHIFT)) >>> 0).toBe(vector.header);
    expect(words(vector.header)).toEqual([...fromHex(vector.bytes.replaceAll(" ", ""))]);
    expect([debug.headerToken(vector.header), debug.headerType(vector.header)]).toEqual([token, type]);
    expect(debug.headerCommandOf(vector.header) >>> 0).toBe(packed);
  });

  test("options and reserved bits of a command word stay out of the header", () => {
    expect(debug.headerPack(0xffff_ffff, 0) >>> 0).toBe(composeHeader(0, 0xff, 0xff));
    expect(debug.headerPack(command(BASE, VERSION, layout.COMMAND_ASYNC | layout.COMMAND_INTERRUPT), 1023) >>> 0).toBe(
      composeHeader(1023, BASE, VERSION),
    );
  });

  test("the command of a header keeps reserved bits, so that it matches no command", () => {
    for (let bit = 28; bit < 32; bit++) {
      const header = (composeHeader(3, BASE, 4, layout.TYPE_DELAYED_RESPONSE) | (1 << bit)) >>> 0;
      expect(debug.headerCommandOf(header) >>> 0).toBe((composeHeader(3, BASE, 4) | (1 << bit)) >>> 0);
    }
  });

  test("every token, type and protocol survives packing and unpacking", () => {
    for (let token = 0; token < 1024; token++) {
      const header = debug.headerPack(command(token & 0xff, (token * 7) & 0xff), token) >>> 0;
      expect(header).toBe(composeHeader(token, token & 0xff, (token * 7) & 0xff));
      expect(debug.headerToken(header)).toBe(token);
      expect(debug.headerType((header | ((token & 3) << 8)) >>> 0)).toBe(token & 3);
    }
  });
});

test("debug: copy moves every length up to 300 and nothing beyond it", () => {
  const host = instantiate("debug");
  const { copy } = host.exports as unknown as DebugExports;
  const bytes = new Uint8Array(host.memory.buffer);
  const from = 1024;
  const to = 2048;
  for (let length = 0; length <= 300; length++) {
    bytes.set(pattern(512, length), from);
    bytes.fill(0xee, to, to + 512);
    copy(to, from, length);
    const expected = new Uint8Array(512).fill(0xee);
    expected.set(pattern(512, length).subarray(0, length));
    expectBytes(bytes.subarray(to, to + 512), expected, `copy of ${length}`);
  }
});
