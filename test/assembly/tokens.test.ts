import { afterEach, describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { BUILDS, type Build, checked, command, createCore, type TestCore, words } from "../support/core.ts";
import { expectAllHome, watchHome } from "../support/home.ts";

const SPACES = [
  ["a small token space", layout.TOKENS_SMALL, layout.SMALL_SLOTS],
  ["a full token space", layout.TOKENS_FULL, layout.TOKEN_COUNT],
] as const;

const COMMAND = command(0x13, 7);
const ASYNC = command(0x13, 7, layout.COMMAND_ASYNC);
const XFERS = 8;
const OK = words(0);

/** One instance: two A2P channels and a P2A channel without areas, and an A2P area; only the agent half. */
class Desk {
  readonly core: TestCore;
  readonly a2p: number;
  readonly other: number;
  readonly p2a: number;
  readonly smt: number;
  now = 1;

  constructor(build: Build, tokens: number, xfers = XFERS) {
    this.core = watchHome(
      createCore(build, {
        instances: 1,
        channels: 4,
        xfers,
        tokenSpaces: 1,
        maxPayload: 32,
        p2aEntries: 2,
        regionBytes: 1024,
      }),
    );
    const { exports, base } = this.core;
    checked("openInstance", exports.openInstance(base, 0, 0, 1, xfers, tokens));
    const open = (kind: number, area: number, areaBytes: number) =>
      checked("openChannel", exports.openChannel(base, 0, kind, area, areaBytes, 32));
    this.a2p = open(layout.KIND_MSG, -1, 0);
    this.other = open(layout.KIND_MSG, -1, 0);
    this.p2a = open(layout.KIND_MSG | layout.KIND_P2A, -1, 0);
    this.smt = open(0, 0, 60);
  }

  acquire(): number {
    return checked("acquire", this.core.exports.acquire(this.core.base, 0));
  }

  release(xfer: number): void {
    checked("release", this.core.exports.release(this.core.base, xfer));
  }

  /** Posts an empty command and returns its token. */
  post(xfer: number, word = COMMAND, channel = this.a2p): number {
    checked("post", this.core.exports.post(this.core.base, channel, xfer, word, 0, this.now));
    return this.core.xferToken(xfer);
  }

  abort(xfer: number): void {
    checked("abort", this.core.exports.abort(this.core.base, xfer));
  }

  /** Posts a command whose answer is lost; returns its token. */
  lose(xfer: number, word = COMMAND, channel = this.a2p): number {
    const token = this.post(xfer, word, channel);
    this.abort(xfer);
    return token;
  }

  /** The response to a header comes in. */
  respond(header: number, payload: readonly number[] = OK, channel = this.a2p): number {
    return this.core.deliver(channel, header, payload, this.now);
  }

  respondDelayed(header: number, payload: readonly number[] = OK): number {
    return this.core.deliver(this.p2a, (header | (layout.TYPE_DELAYED_RESPONSE << 8)) >>> 0, payload, this.now);
  }

  /** How many xfers time out now. */
  tick(): number {
    let count = 0;
    while (this.core.exports.tick(this.core.base, this.now) >= 0) count++;
    return count;
  }

  reset(channel = this.a2p): number {
    return checked("resetChannel", this.core.exports.resetChannel(this.core.base, channel));
  }

  get quarantined(): number {
    return this.core.quarantined(0);
  }
}

afterEach(expectAllHome);

describe.each(BUILDS)("%s", (build) => {
  describe.each(SPACES)("%s", (_, space, slots) => {
    test("the first token is 0, and each command takes the next one", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      const tokens = [0, 1, 2].map(() => {
        const token = desk.post(xfer);
        expect(desk.respond(desk.core.xferHeader(xfer))).toBe(xfer);
        return token;
      });
      expect(tokens).toEqual([0, 1, 2]);
      expect(desk.core.tokenNext(0)).toBe(3);
      desk.release(xfer);
    });

    test("tokens wrap from 1,023 to 0", () => {
      const desk = new Desk(build, space);
      desk.core.setTokenNext(0, 1022);
      const xfers = [desk.acquire(), desk.acquire(), desk.acquire(), desk.acquire()];
      expect(xfers.map((xfer) => desk.post(xfer))).toEqual([1022, 1023, 0, 1]);
      expect(desk.core.tokenNext(0)).toBe(2);
      for (const xfer of xfers) {
        expect(desk.respond(desk.core.xferHeader(xfer))).toBe(xfer);
        desk.release(xfer);
      }
    });

    test("the search for a token wraps over tokens that are live and in quarantine", () => {
      const desk = new Desk(build, space);
      const [first, second, third] = [desk.acquire(), desk.acquire(), desk.acquire()] as const;
      desk.core.setTokenNext(0, 1023);
      desk.post(first); // 1,023 is live
      desk.lose(second); // 0 is in quarantine
      desk.core.setTokenNext(0, 1023);
      expect(desk.post(third)).toBe(1);
      for (const xfer of [first, third]) desk.respond(desk.core.xferHeader(xfer));
      desk.reset();
      for (const xfer of [first, second, third]) desk.release(xfer);
    });

    test("a timed-out token is not used again before its answer arrives", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      const token = desk.post(xfer);
      const header = desk.core.xferHeader(xfer);
      desk.now += layout.DEFAULT_TIMEOUT_NS;
      expect(desk.core.exports.poll(desk.core.base, xfer, desk.now)).toBe(layout.XFER_TIMED_OUT);
      expect(desk.core.xferFault(xfer)).toBe(layout.FAULT_RESPONSE_TIMEOUT);

      desk.core.setTokenNext(0, token);
      expect(desk.post(xfer)).not.toBe(token);
      desk.respond(desk.core.xferHeader(xfer));
      expect(desk.respond(header)).toBe(layout.FAULT_NOTHING);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 2, responses: 1, timeouts: 1, late: 1 });

      desk.core.setTokenNext(0, token);
      expect(desk.post(xfer)).toBe(token);
      desk.respond(desk.core.xferHeader(xfer));
      desk.release(xfer);
    });

    test("the second answer to a token that has paid is unexpected", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer);
      const header = desk.core.xferHeader(xfer);
      desk.respond(header);
      desk.respond(header);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 1, aborted: 1, late: 1, unexpected: 1 });
      desk.release(xfer);
    });

    test("an async command that was given up owes its response and its delayed response", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer, ASYNC);
      const header = desk.core.xferHeader(xfer);
      desk.respond(header);
      expect(desk.quarantined).toBe(1);
      desk.respondDelayed(header);
      expect(desk.quarantined).toBe(0);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 1, aborted: 1, late: 1 });
      expect(desk.core.counted(desk.p2a)).toEqual({ late: 1 });
      desk.release(xfer);
    });

    test("a late delayed response leaves the response owed", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer, ASYNC);
      const header = desk.core.xferHeader(xfer);
      desk.respondDelayed(header);
      desk.respondDelayed(header); // a second one is not owed
      expect(desk.quarantined).toBe(1);
      desk.respond(header);
      expect(desk.quarantined).toBe(0);
      expect(desk.core.counted(desk.p2a)).toEqual({ late: 1, malformed: 1 });
      desk.release(xfer);
    });

    test.each([
      ["an error", words(0xfffffff8)],
      ["no status", [0, 0, 0]],
    ])("a late response with %s says that no delayed response will come", (_name, payload) => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer, ASYNC);
      desk.respond(desk.core.xferHeader(xfer), payload);
      expect(desk.quarantined).toBe(0);
      desk.release(xfer);
    });

    test("a command given up after its response owes the delayed response only", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.post(xfer, ASYNC);
      const header = desk.core.xferHeader(xfer);
      expect(desk.respond(header)).toBe(xfer);
      expect(desk.core.xferState(xfer)).toBe(layout.XFER_AWAITING_DELAYED);
      desk.abort(xfer);
      desk.respond(header); // a duplicate
      expect(desk.quarantined).toBe(1);
      desk.respondDelayed(header);
      expect(desk.quarantined).toBe(0);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 1, responses: 1, aborted: 1, malformed: 1 });
      desk.release(xfer);
    });

    test("a delayed response before its response ends the xfer and keeps the token until the response", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.post(xfer, ASYNC);
      const header = desk.core.xferHeader(xfer);
      expect(desk.respondDelayed(header, words(0, 0x1234))).toBe(xfer);
      expect(desk.core.xferState(xfer)).toBe(layout.XFER_DONE);
      expect(desk.core.xferPayload(xfer)).toEqual(words(0, 0x1234));
      expect([desk.core.live(0), desk.quarantined]).toEqual([0, 1]);
      desk.respond(header);
      expect(desk.quarantined).toBe(0);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 1, late: 1 });
      desk.release(xfer);
    });

    test("foreign answers do not free a token in quarantine", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer);
      const header = desk.core.xferHeader(xfer);
      const foreign = [header ^ 1, header ^ (1 << layout.HEADER_PROTOCOL_SHIFT), header | 0x10000000];
      for (const word of foreign) desk.respond(word >>> 0);
      desk.respondDelayed(header); // it was not async
      expect(desk.quarantined).toBe(1);
      expect(desk.core.counter(desk.a2p, "malformed")).toBe(foreign.length);
      expect(desk.core.counter(desk.p2a, "malformed")).toBe(1);
      desk.respond(header);
      expect(desk.quarantined).toBe(0);
      desk.release(xfer);
    });

    test("a late response on another channel than its command's does not pay", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.lose(xfer);
      const header = desk.core.xferHeader(xfer);
      desk.respond(header, OK, desk.other);
      expect(desk.core.counted(desk.other)).toEqual({ malformed: 1 });
      expect(desk.quarantined).toBe(1);
      desk.respond(header);
      expect(desk.quarantined).toBe(0);
      desk.release(xfer);
    });

    test("a response on a P2A channel is malformed, whoever its token belongs to", () => {
      const desk = new Desk(build, space);
      const [live, lost] = [desk.acquire(), desk.acquire()] as const;
      desk.post(live);
      desk.lose(lost);
      const headers = [live, lost].map((xfer) => desk.core.xferHeader(xfer));
      for (const header of [...headers, 0x0fffffff & ~0x300]) {
        expect(desk.respond(header, OK, desk.p2a)).toBe(layout.FAULT_NOTHING);
      }
      expect(desk.core.counted(desk.p2a)).toEqual({ malformed: 3 });
      for (const header of headers) desk.respond(header);
      desk.release(live);
      desk.release(lost);
    });

    test("tick finds an expired xfer, whichever it looked at last", () => {
      const desk = new Desk(build, space);
      const { exports, base } = desk.core;
      const xfer = desk.acquire();
      for (let turn = 0; turn < 3; turn++) {
        desk.post(xfer);
        desk.now += layout.DEFAULT_TIMEOUT_NS;
        // One call only: a host that handles each time-out at once may post again before it asks for the next.
        expect(exports.tick(base, desk.now)).toBe(xfer);
      }
      desk.reset();
      desk.release(xfer);
    });

    test("polling a command that awaits its delayed response takes a late answer out of the area", () => {
      const desk = new Desk(build, space);
      const { core } = desk;
      const [awaiting, lost] = [desk.acquire(), desk.acquire()] as const;
      const answer = () => {
        core.setU32(core.area(desk.smt) + layout.SMT_LENGTH, 8);
        core.write(core.area(desk.smt) + layout.SMT_PAYLOAD, OK);
        core.setU32(core.area(desk.smt) + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
        return core.exports.poll(core.base, awaiting, desk.now);
      };
      desk.post(awaiting, ASYNC, desk.smt);
      expect(answer()).toBe(layout.XFER_AWAITING_DELAYED);
      desk.lose(lost, COMMAND, desk.smt);
      expect(answer()).toBe(layout.XFER_AWAITING_DELAYED);
      expect(desk.quarantined).toBe(0);
      desk.respondDelayed(core.xferHeader(awaiting));
      desk.reset(desk.smt);
      desk.release(awaiting);
      desk.release(lost);
    });

    test("when all slots are in quarantine, the oldest token is recycled and counted", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      desk.core.setTokenNext(0, 1000);
      const oldest = desk.lose(xfer);
      const header = desk.core.xferHeader(xfer);
      for (let lost = 1; lost < slots; lost++) desk.lose(xfer);
      expect(desk.quarantined).toBe(slots);
      expect(desk.core.counter(desk.a2p, "recycled")).toBe(0);

      // The next command makes room on its own channel; the small space has tokens beyond its slots to hand out.
      expect(desk.post(xfer, COMMAND, desk.other)).toBe(slots === layout.TOKEN_COUNT ? oldest : oldest + slots);
      expect(desk.quarantined).toBe(slots - 1);
      expect(desk.core.counter(desk.other, "recycled")).toBe(1);
      expect(desk.core.counter(desk.a2p, "recycled")).toBe(0);

      // The answer to the recycled one comes too late even to be late, and must not be taken for the new command's.
      desk.respond(header);
      expect(desk.core.xferState(xfer)).toBe(layout.XFER_POSTED);
      const { unexpected = 0, malformed = 0 } = desk.core.counted(desk.a2p);
      expect([unexpected, malformed]).toEqual(slots === layout.TOKEN_COUNT ? [0, 1] : [1, 0]);

      desk.respond(desk.core.xferHeader(xfer), OK, desk.other);
      desk.reset();
      desk.release(xfer);
    });

    test("tokens leave quarantine in the order of their age, not of their number", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      const headers: number[] = [];
      for (let lost = 0; lost < slots; lost++) {
        // Every other one far away, so that numbers and ages disagree.
        desk.core.setTokenNext(0, lost % 2 === 0 ? lost : 1023 - lost);
        desk.lose(xfer);
        headers.push(desk.core.xferHeader(xfer));
      }
      // One from the middle pays and goes; the others keep their order.
      const [middle = 0] = headers.splice(slots / 2, 1);
      desk.respond(middle);
      // A full space has to hand a recycled token out at once: another message tells the two commands apart.
      const another = command(0x13, 8);
      desk.lose(xfer, another);
      for (const header of headers.slice(0, 3)) {
        desk.lose(xfer, another);
        const late = desk.core.counter(desk.a2p, "late");
        desk.respond(header);
        expect(desk.core.counter(desk.a2p, "late")).toBe(late);
        expect(desk.quarantined).toBe(slots);
      }
      const late = desk.core.counter(desk.a2p, "late");
      desk.respond(headers[3] ?? 0);
      expect(desk.core.counter(desk.a2p, "late")).toBe(late + 1);
      desk.reset();
      desk.release(xfer);
    });

    test("live tokens are never recycled", () => {
      const desk = new Desk(build, space);
      const held = Array.from({ length: XFERS - 1 }, () => desk.acquire());
      const tokens = held.map((xfer) => desk.post(xfer));
      const xfer = desk.acquire();
      const turns = slots + 20;
      for (let lost = 0; lost < turns; lost++) expect(tokens).not.toContain(desk.lose(xfer));
      expect(desk.core.live(0)).toBe(held.length);
      expect(desk.quarantined).toBe(slots - held.length);
      expect(desk.core.counter(desk.a2p, "recycled")).toBe(turns - (slots - held.length));
      for (const one of held) {
        expect(desk.respond(desk.core.xferHeader(one))).toBe(one);
        desk.release(one);
      }
      desk.reset();
      desk.release(xfer);
    });

    test("10,000 lost answers do not stop a MSG channel without an area", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      for (let lost = 0; lost < 10_000; lost++) {
        desk.post(xfer, lost % 3 === 0 ? ASYNC : COMMAND);
        desk.now += layout.DEFAULT_TIMEOUT_NS;
        if (desk.tick() !== 1) expect.unreachable(`no time-out at ${lost}`);
      }
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: 10_000, timeouts: 10_000, recycled: 10_000 - slots });
      desk.post(xfer);
      expect(desk.respond(desk.core.xferHeader(xfer))).toBe(xfer);
      expect(desk.core.xferFault(xfer)).toBe(0);
      desk.reset();
      desk.release(xfer);
    });

    test("late answers to all of a full quarantine free it", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      const headers = Array.from({ length: slots }, () => {
        desk.lose(xfer);
        return desk.core.xferHeader(xfer);
      });
      for (const header of headers.reverse()) desk.respond(header);
      expect(desk.core.counted(desk.a2p)).toEqual({ sent: slots, aborted: slots, late: slots });
      expect(desk.quarantined).toBe(0);
      desk.release(xfer);
    });

    test("resetChannel frees the tokens in quarantine that were sent on that channel, and no others", () => {
      const desk = new Desk(build, space);
      const xfer = desk.acquire();
      for (let lost = 0; lost < slots / 2; lost++) {
        desk.lose(xfer);
        desk.lose(xfer, COMMAND, desk.other);
      }
      const header = desk.core.xferHeader(xfer);
      expect(desk.reset()).toBe(0);
      expect(desk.quarantined).toBe(slots / 2);
      desk.respond(header, OK, desk.other);
      expect(desk.core.counter(desk.other, "late")).toBe(1);
      expect(desk.reset(desk.other)).toBe(0);
      expect(desk.quarantined).toBe(0);
      desk.release(xfer);
    });

    test("resetChannel fails the commands in flight on that channel and frees their tokens at once", () => {
      const desk = new Desk(build, space);
      const [posted, awaiting, beside] = [desk.acquire(), desk.acquire(), desk.acquire()] as const;
      desk.post(posted);
      desk.post(awaiting, ASYNC);
      desk.respond(desk.core.xferHeader(awaiting));
      desk.post(beside, COMMAND, desk.other);
      expect(desk.reset()).toBe(2);
      for (const xfer of [posted, awaiting]) {
        expect(desk.core.xferState(xfer)).toBe(layout.XFER_DONE);
        expect(desk.core.xferFault(xfer)).toBe(layout.FAULT_CHANNEL_RESET);
      }
      expect([desk.core.live(0), desk.quarantined]).toEqual([1, 0]);
      expect(desk.respond(desk.core.xferHeader(beside), OK, desk.other)).toBe(beside);
      for (const xfer of [posted, awaiting, beside]) desk.release(xfer);
    });

    test("a refused post takes no token and recycles none", () => {
      const desk = new Desk(build, space);
      const [busy, xfer] = [desk.acquire(), desk.acquire()] as const;
      desk.post(busy, COMMAND, desk.smt);
      for (let lost = 0; lost < slots; lost++) desk.lose(xfer);
      const before = [desk.core.tokenNext(0), desk.quarantined];
      const recycled = desk.core.counter(desk.a2p, "recycled");
      const { exports, base } = desk.core;
      expect(exports.post(base, desk.smt, xfer, COMMAND, 0, 1)).toBe(layout.FAULT_BUSY);
      expect(exports.post(base, desk.a2p, xfer, COMMAND, 33, 1)).toBe(layout.FAULT_LENGTH);
      expect(exports.post(base, desk.p2a, xfer, COMMAND, 0, 1)).toBe(layout.FAULT_CHANNEL_KIND);
      expect([desk.core.tokenNext(0), desk.quarantined]).toEqual(before);
      expect(desk.core.counter(desk.a2p, "recycled")).toBe(recycled);
      expect(desk.core.counter(desk.smt, "recycled")).toBe(0);
      desk.reset(desk.smt);
      desk.reset();
      desk.release(busy);
      desk.release(xfer);
    });
  });

  test("a full space has 1,024 commands in flight at once, each with its own token, answered in any order", () => {
    const desk = new Desk(build, layout.TOKENS_FULL, layout.TOKEN_COUNT);
    const xfers = Array.from({ length: layout.TOKEN_COUNT }, () => desk.acquire());
    expect(desk.core.exports.acquire(desk.core.base, 0)).toBe(layout.FAULT_NO_XFER);
    desk.core.setTokenNext(0, 512);
    const tokens = new Set(xfers.map((xfer) => desk.post(xfer)));
    expect(tokens.size).toBe(layout.TOKEN_COUNT);
    for (const xfer of [...xfers].sort((a, b) => ((a * 37) % 1024) - ((b * 37) % 1024))) {
      if (desk.respond(desk.core.xferHeader(xfer)) !== xfer) expect.unreachable(`xfer ${xfer} was not found`);
      desk.release(xfer);
    }
  });

  test("both spaces hand out the same tokens and judge alike while slots suffice", () => {
    const run = (space: number) => {
      const desk = new Desk(build, space);
      desk.core.setTokenNext(0, 1020);
      const log: unknown[] = [];
      const [one, two, three] = [desk.acquire(), desk.acquire(), desk.acquire()] as const;
      const headers: number[] = [];
      for (let turn = 0; turn < 40; turn++) {
        log.push(desk.post(one, turn % 2 ? ASYNC : COMMAND), desk.post(two), desk.lose(three, ASYNC));
        const header = desk.core.xferHeader(three);
        headers.push(header);
        log.push(
          desk.respond(header),
          desk.respond(desk.core.xferHeader(two)),
          desk.respond(desk.core.xferHeader(one)),
        );
        if (turn % 2) log.push(desk.respondDelayed(desk.core.xferHeader(one)));
        if (turn >= 2) log.push(desk.respondDelayed(headers[turn - 2] ?? 0), desk.quarantined);
      }
      for (const header of headers.slice(-2)) desk.respondDelayed(header);
      log.push(desk.core.counted(desk.a2p), desk.core.counted(desk.p2a), desk.core.tokenNext(0));
      for (const xfer of [one, two, three]) desk.release(xfer);
      return log;
    };
    expect(run(layout.TOKENS_SMALL)).toEqual(run(layout.TOKENS_FULL));
  });
});
