import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import {
  type StreamClient,
  type StreamOutcome,
  StreamServer,
  type StreamServerOptions,
} from "../../src/firmware/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { type ByteStream, type StreamPairOptions, streamPair } from "../../src/transport/stream.ts";
import { settle } from "../agent/scripted.ts";
import { boardFile, hex, unhex, words } from "../platform/kit.ts";
import { Random } from "../support/random.ts";

const EXAMPLE = boardFile("example");

/** A server, and who comes to it with bytes. */
class Hall {
  readonly clock = new SimulatedClock();
  readonly core: Core;
  readonly platform: Platform;
  readonly server: StreamServer;
  readonly gone: StreamOutcome[] = [];

  constructor(options: StreamServerOptions = {}, connections = 8) {
    this.core = Core.createSync({ capacity: Platform.capacityFor(EXAMPLE, { profile: "2.0", connections }) });
    this.platform = Platform.open(this.core, EXAMPLE, { profile: "2.0", clock: this.clock });
    this.server = new StreamServer(this.platform, { ...options, onGone: (_, outcome) => void this.gone.push(outcome) });
  }

  come(agentId?: number, pair: StreamPairOptions = {}): Guest {
    const [ours, theirs] = streamPair(pair);
    return new Guest(ours, this.server.serve(theirs, agentId));
  }
}

/** A client by hand. */
class Guest {
  readonly stream: ByteStream;
  readonly client: StreamClient | undefined;
  heard = "";
  drains = 0;
  end: Error | "in order" | undefined;

  constructor(stream: ByteStream, client: StreamClient | undefined) {
    this.stream = stream;
    this.client = client;
    stream.open({
      onBytes: (bytes) => {
        this.heard += hex(bytes);
      },
      onDrain: () => void this.drains++,
      onEnd: (cause) => {
        this.end = cause ?? "in order";
      },
    });
  }

  say(digits: string): void {
    this.stream.write(unhex(digits));
  }

  async ask(digits: string): Promise<string> {
    this.heard = "";
    this.say(digits);
    await settle();
    return this.heard;
  }
}

const frame = (...message: number[]) => hex(words(message.length * 4, ...message));
const header = (protocolId: number, messageId: number, token = 0) => messageId | (protocolId << 10) | (token << 18);

// spec/10-base.md, section 15: the bytes of SCMI 2.0, each behind its length.
const VERSION = { ask: "0400000000400000", answer: "0c000000004000000000000000000200" };
const AGENT_99 = { ask: "080000000740240063000000", answer: "0800000007402400fcffffff" };

describe("a stream server", () => {
  test("answers length, header, status and parameters, and nothing else", async () => {
    const hall = new Hall();
    const guest = hall.come();
    expect(await guest.ask(VERSION.ask)).toBe(VERSION.answer);
    expect(await guest.ask(AGENT_99.ask)).toBe(AGENT_99.answer);
    expect(guest.client?.counters).toEqual({
      ...{ received: 2, receivedBytes: 20, responses: 2, sentBytes: 28 },
      ...{ delayedResponses: 0, notifications: 0 },
    });
  });

  test("answers the same wherever the bytes are cut", async () => {
    const bytes = VERSION.ask + AGENT_99.ask + VERSION.ask;
    const answers = VERSION.answer + AGENT_99.answer + VERSION.answer;
    const hall = new Hall();
    for (let cut = 0; cut <= bytes.length; cut += 2) {
      const guest = hall.come();
      guest.say(bytes.slice(0, cut));
      await settle();
      expect(await guest.ask(bytes.slice(cut)).then(() => guest.client?.counters.responses)).toBe(3);
      guest.stream.end();
      await settle();
    }
    const slow = hall.come(1, { chunkBytes: 1 });
    slow.say(bytes);
    for (let i = 0; i < 10; i++) await settle();
    expect(slow.heard).toBe(answers);
    expect(hall.gone).toEqual(Array(bytes.length / 2 + 1).fill("ended"));
  });

  test("answers a command before it tells of what the command caused", async () => {
    const guest = new Hall().come();
    const asynchronously = [1, 3, 3686400, 0]; // of a clock that needs no time for it
    const answer = await guest.ask(frame(header(0x14, 0x5, 9), ...asynchronously));
    expect(answer).toBe(
      frame(header(0x14, 0x5, 9), 0) + frame(header(0x14, 0x5, 9) | (2 << 8), 0, 3, 3686400, 0), // delayed, behind it
    );
    await guest.ask(frame(header(0x13, 0xa), 0, 1));
    const set = await guest.ask(frame(header(0x13, 0x7, 3), 0, 600));
    expect(set).toBe(frame(header(0x13, 0x7, 3), 0) + frame(header(0x13, 0x1) | (3 << 8), 1, 0, 600));
  });

  test("tells of what a command caused also when an observer of that fails", () => {
    const hall = new Hall();
    const written: string[] = [];
    let say = (_: string) => {};
    const idle = () => {};
    hall.server.serve({
      ...{ pause: idle, resume: idle, end: idle, destroy: idle },
      open: ({ onBytes }) => {
        say = (digits) => onBytes(unhex(digits));
      },
      write: (bytes) => written.push(hex(bytes)) > 0,
    });
    say(frame(header(0x13, 0x9), 0, 1));
    written.length = 0;
    hall.platform.on("levelChanged", () => {
      throw new Error("observer");
    });
    const limits = [0, 1800, 1400]; // above the level, which has to follow
    expect(() => say(frame(header(0x13, 0x5, 7), ...limits))).toThrow("observer");
    expect(written.join("")).toBe(
      frame(header(0x13, 0x5, 7), -8) + frame(header(0x13, 0x0) | (3 << 8), 1, 0, 1800, 1400), // GENERIC_ERROR
    );
  });

  test("tells an end in order from one within a message", async () => {
    const hall = new Hall();
    for (const digits of ["", VERSION.ask, "04", VERSION.ask.slice(0, 8), `${VERSION.ask}040000000040`]) {
      const guest = hall.come();
      guest.say(digits);
      guest.stream.end();
      await settle();
    }
    expect(hall.gone).toEqual(["ended", "ended", "truncated", "truncated", "truncated"]);
    expect(hall.server.counters).toMatchObject({ clients: 5, ended: 2, truncated: 3, responses: 2 });
    expect(hall.server.clients).toEqual([]);
  });

  test.each(["00000000", "03000000", "05000100", "ffffffff", "474554202f20"])(
    "cuts a client that sends %s for a length, and serves the others",
    async (digits) => {
      const hall = new Hall();
      const [guest, other] = [hall.come(), hall.come()];
      guest.say(VERSION.ask + digits + VERSION.ask);
      await settle();
      expect(guest.client?.outcome).toBe("garbage");
      expect(guest.end).toBeInstanceOf(Error);
      expect(hall.server.counters).toMatchObject({ garbage: 1, received: 1 });
      expect(await other.ask(VERSION.ask)).toBe(VERSION.answer);
    },
  );

  test("answers odd messages with the status that the specification has for them", async () => {
    const guest = new Hall().come();
    const status = (answer: string) => answer.slice(16);
    expect(status(await guest.ask(frame(header(0x7f, 0))))).toBe("ffffffff"); // unknown protocol: NOT_SUPPORTED
    expect(status(await guest.ask(frame(header(0x10, 0x3f))))).toBe("fcffffff"); // unknown command: NOT_FOUND
    expect(status(await guest.ask(frame(header(0x10, 0x7))))).toBe("f6ffffff"); // no agent id: PROTOCOL_ERROR
    expect(status(await guest.ask(frame(header(0x10, 0) | (3 << 8))))).toBe("f6ffffff"); // agents do not notify
    // Longer than the channel takes, by much: PROTOCOL_ERROR.
    expect(status(await guest.ask(frame(header(0x10, 0), ...Array(1000).fill(0))))).toBe("f6ffffff");
    expect(await guest.ask(`050000000040000001`)).toBe("0800000000400000f6ffffff"); // not a whole number of words
    expect(await guest.ask(VERSION.ask)).toBe(VERSION.answer);
  });

  test("survives any bytes, and still serves", async () => {
    const hall = new Hall({}, 4);
    const seed = Number(process.env.SCMI_SEED ?? 7);
    const random = new Random(seed);
    for (let i = 0; i < 300; i++) {
      const guest = hall.come(1 + random.below(3));
      const size = random.below(64);
      const bytes = Uint8Array.from({ length: size }, () => random.below(256));
      // Half of them start like a message, with headers of protocols that exist.
      if (i % 2 && size > 8) bytes.set(words(4 + random.below(24), header(0x10 + random.below(6), random.below(18))));
      guest.stream.write(bytes);
      await settle();
      if (i % 3 === 0) guest.stream.destroy();
      else guest.stream.end();
      await settle();
    }
    const counters = hall.server.counters;
    expect([hall.server.clients.length, counters.clients, counters.refused], `SCMI_SEED=${seed}`).toEqual([0, 300, 0]);
    expect(counters.garbage).toBeGreaterThan(0);
    expect(counters.broken).toBeGreaterThan(0);
    expect(counters.truncated).toBeGreaterThan(0);
    expect(await hall.come().ask(VERSION.ask)).toBe(VERSION.answer);
    expect(hall.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("serves clients as the agents they are: rights and notifications are their own", async () => {
    const hall = new Hall();
    const [ospm, guest, twin] = [hall.come(1), hall.come(3), hall.come(1)];
    const whoAmI = frame(header(0x10, 0x7), 0xffffffff);
    expect((await ospm.ask(whoAmI)).slice(24, 26)).toBe("01");
    expect((await guest.ask(whoAmI)).slice(24, 26)).toBe("03");
    // examples/boards/example.yaml: cpu-little (domain 0) is set by OSPM alone
    expect(await guest.ask(frame(header(0x13, 0x7), 0, 600))).toBe("0800000007 4c0000fdffffff".replace(" ", ""));
    await ospm.ask(frame(header(0x13, 0xa), 0, 1));
    for (const it of [ospm, guest, twin]) it.heard = "";
    hall.platform.performance.setLevel(0, 600);
    await settle();
    const changed = frame(header(0x13, 1) | (3 << 8), 0, 0, 600);
    expect([ospm.heard, guest.heard, twin.heard]).toEqual([changed, "", changed]);
    expect(hall.server.counters.notifications).toBe(2);
  });

  test("leaves commands unread while their answers are not read, and then goes on", async () => {
    const hall = new Hall();
    const guest = hall.come(1, { highWaterBytes: 32 });
    guest.stream.pause();
    for (let i = 0; i < 100; i++) guest.say(VERSION.ask);
    for (let i = 0; i < 10; i++) await settle();
    const before = guest.client?.counters.received ?? 0;
    expect(before).toBeLessThan(5);
    expect(guest.drains).toBe(0); // its own writes are held back
    guest.stream.resume();
    for (let i = 0; i < 40; i++) await settle();
    expect(guest.client?.counters).toMatchObject({ received: 100, responses: 100 });
    expect(guest.heard).toBe(VERSION.answer.repeat(100));
    expect(guest.drains).toBeGreaterThan(0);
  });

  test("cuts a client that does not read its notifications, and counts it; the others lose nothing", async () => {
    const hall = new Hall({ queueBytes: 200 });
    const [lazy, other] = [hall.come(1, { highWaterBytes: 64 }), hall.come(2)];
    await lazy.ask(frame(header(0x13, 0xa), 0, 1));
    await other.ask(frame(header(0x13, 0xa), 0, 1));
    lazy.stream.pause();
    lazy.heard = "";
    for (let i = 0; i < 40; i++) hall.platform.performance.setLevel(0, i % 2 ? 1000 : 600);
    await settle();
    expect(lazy.client?.outcome).toBe("slow");
    expect(hall.gone).toEqual(["slow"]);
    expect(other.client?.counters.notifications).toBe(40);
    // 20 bytes each: what the stream took, and 200 bytes that waited
    expect(lazy.client?.counters.notifications).toBe(4 + 10);
    expect(hall.server.counters.slow).toBe(1);
  });

  test("refuses who finds no room, and has room again when somebody goes", async () => {
    const hall = new Hall({}, 2);
    const guests = [hall.come(), hall.come(), hall.come()];
    expect(guests.map(({ client }) => client?.id)).toEqual([1, 2, undefined]);
    await settle();
    expect(guests[2]?.end).toBeInstanceOf(Error);
    expect(hall.server.counters).toMatchObject({ clients: 2, refused: 1 });
    guests[0]?.stream.end();
    await settle();
    expect(await hall.come().ask(VERSION.ask)).toBe(VERSION.answer);
  });

  test("refuses an agent that the board does not have with an error", () => {
    const hall = new Hall();
    for (const id of [0, 4, 1.5]) expect(() => hall.come(id)).toThrow(RangeError);
    expect(hall.server.counters.refused).toBe(0);
  });

  test("closes all clients in order, and lets nobody in then", async () => {
    const hall = new Hall();
    const [a, b] = [hall.come(1), hall.come(2)];
    await a.ask(frame(header(0x13, 0xa), 0, 1));
    a.say(VERSION.ask);
    hall.server.close();
    hall.server.close();
    await settle();
    expect([a.end, b.end, hall.gone]).toEqual(["in order", "in order", ["closed", "closed"]]);
    const late = hall.come();
    await settle();
    expect([late.client, late.end]).toEqual([undefined, expect.any(Error)]);
    hall.platform.performance.setLevel(0, 600);
    expect(hall.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(hall.clock.pending).toBe(0);
  });

  test("sends one client away when told", async () => {
    const hall = new Hall();
    const [a, b] = [hall.come(), hall.come()];
    hall.server.clients[0]?.close();
    await settle();
    expect([a.end, b.end]).toEqual(["in order", undefined]);
    expect(hall.server.clients.map(({ id, agentId }) => [id, agentId])).toEqual([[2, 1]]);
  });
});
