import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { type ConnectServer, type SmtArea, SmtServer, type SmtServerOptions } from "../../src/firmware/index.ts";

/** Plain bytes, no core: 128 of them for each area, with a canary behind. */
class Plain {
  readonly bytes = new Uint8Array(1024).fill(0xc5);
  readonly data = new DataView(this.bytes.buffer);

  area(index: number, byteLength = 128): SmtArea {
    return { memory: this, at: index * 256, byteLength };
  }

  word(index: number, offset: number): number {
    return this.data.getUint32(index * 256 + offset, true);
  }

  set(index: number, ...words: readonly (readonly [offset: number, word: number])[]): void {
    for (const [offset, word] of words) this.data.setUint32(index * 256 + offset, word >>> 0, true);
  }

  /** Posts a command as an agent does. */
  post(
    index: number,
    header: number,
    payload: readonly number[] = [],
    flags = 1,
    length = 4 + payload.length * 4,
  ): void {
    this.set(index, [0x10, flags], [0x14, length], [0x18, header]);
    payload.forEach((word, i) => {
      this.set(index, [0x1c + i * 4, word]);
    });
    this.set(index, [0x4, 0]);
  }
}

const STATUS = 0x4;
const FLAGS = 0x10;
const LENGTH = 0x14;
const HEADER = 0x18;
const PAYLOAD = 0x1c;

/** A server of two A2P areas (0, 1) and a P2A area (2), whose platform is the test. */
function served(options: SmtServerOptions = {}, { hasAcknowledge = true } = {}) {
  const memory = new Plain();
  const log: string[] = [];
  const received: Uint8Array[] = [];
  let sink: { send(message: Uint8Array): void } = { send: () => {} };
  const server = new SmtServer((it) => {
    sink = it;
    log.push("connected");
    return { receive: (message) => void received.push(message), close: () => void log.push("closed") };
  }, options);
  const doorbell = server.addA2p(memory.area(0), () => log.push("completed 0"));
  const second = server.addA2p(memory.area(1), () => log.push("completed 1"));
  const freed = server.addP2a(memory.area(2), () => log.push("rang"), { hasAcknowledge });
  log.length = 0;
  const send = (...words: readonly number[]) => sink.send(bytes(...words));
  return { memory, server, log, received, doorbell, second, freed, send };
}

/** A server of one area whose platform answers where commands lie: with what `answer` makes of one, in words. */
function prompt(answer: (command: readonly number[], server: SmtServer) => readonly number[]) {
  const memory = new Plain();
  const log: string[] = [];
  let sink: { send(message: Uint8Array): void } = { send: () => {} };
  const connect: ConnectServer = (it) => {
    sink = it;
    return {
      receive: () => log.push("received"),
      answer(from, fromAt, byteLength, to, toAt, room) {
        const command = Array.from({ length: byteLength >>> 2 }, (_, i) => from.data.getUint32(fromAt + 4 * i, true));
        const answered = answer(command, server);
        answered.slice(0, answered.length * 4 > room ? 1 : answered.length).forEach((word, i) => {
          to.data.setUint32(toAt + 4 * i, word >>> 0, true);
        });
        return answered.length * 4;
      },
      settle: () => log.push("settled"),
      close: () => {},
    };
  };
  const server = new SmtServer(connect);
  const doorbell = server.addA2p(memory.area(0), () => log.push("completed"));
  const send = (...words: readonly number[]) => sink.send(bytes(...words));
  const words = (...offsets: readonly number[]) => offsets.map((offset) => memory.word(0, offset));
  return { memory, server, log, doorbell, send, words };
}

describe("a server whose platform answers where commands lie", () => {
  test("hands the area back with the answer in the command's place, then settles", () => {
    const { memory, doorbell, log, words } = prompt(([header = 0, first = 0]) => [header, 0, first + 1]);
    memory.post(0, 0x44000, [7]);
    doorbell();
    expect(words(STATUS, LENGTH, HEADER, PAYLOAD, PAYLOAD + 4)).toEqual([1, 12, 0x44000, 0, 8]);
    expect(log).toEqual(["completed", "settled"]);
    memory.post(0, 0x84000, [1], 0);
    doorbell();
    expect([words(STATUS, PAYLOAD + 4), log.length]).toEqual([[1, 2], 3]); // no interrupt was wanted
  });

  test("makes PROTOCOL_ERROR of an answer that does not fit, and writes nothing beyond the area", () => {
    const { memory, doorbell, words } = prompt(([header = 0]) => [header, ...Array.from({ length: 64 }, () => 0x77)]);
    memory.post(0, 0x44000);
    const before = memory.bytes.slice();
    doorbell();
    expect(words(STATUS, LENGTH, HEADER, PAYLOAD)).toEqual([1, 8, 0x44000, -10 >>> 0]);
    const { at, byteLength } = memory.area(0);
    expect(memory.bytes.subarray(at + byteLength)).toEqual(before.subarray(at + byteLength));
  });

  test("sends commands of impossible length back, before the platform sees them", () => {
    const { memory, server, doorbell, log, words } = prompt(() => [0, 0]);
    for (const [length, left] of [
      [0, 0],
      [3, 3],
      [0xffff_ffff, 8],
    ] as const) {
      memory.post(0, 0x4000);
      new DataView(memory.bytes.buffer).setUint32(memory.area(0).at + LENGTH, length, true);
      doorbell();
      expect(words(STATUS, LENGTH)).toEqual([3, left]);
    }
    doorbell();
    expect([log, server.counters]).toEqual([
      ["completed", "completed", "completed"],
      { spurious: 1, refused: 3, dropped: 0 },
    ]);
  });

  test("takes an answer that comes later through the sink; doorbells until then are spurious", () => {
    const { memory, server, doorbell, log, send, words } = prompt(() => []);
    memory.post(0, 0x44000);
    doorbell();
    doorbell();
    expect([words(STATUS), server.counters.spurious]).toEqual([[0], 1]);
    send(0x44000, 0);
    expect([words(STATUS, PAYLOAD), log]).toEqual([
      [1, 0],
      ["settled", "completed"],
    ]);
  });

  test("lives on when its platform throws, and leaves the area alone when that dies", () => {
    let trouble: "throw" | "die" | undefined = "throw";
    const { memory, doorbell, words, server, log } = prompt(([header = 0], it) => {
      if (trouble === "throw") throw new Error("platform");
      if (trouble === "die") it.die();
      return [header, 0];
    });
    memory.post(0, 0x4000);
    expect(doorbell).toThrow("platform");
    trouble = undefined;
    doorbell();
    expect(words(STATUS)).toEqual([1]);
    trouble = "die";
    memory.post(0, 0x44000);
    log.length = 0;
    doorbell();
    expect([words(STATUS), log]).toEqual([[0], ["settled"]]); // it may have died of an error, which is for whoever rang
    server.reset();
    expect(words(STATUS)).toEqual([1]);
  });
});

function bytes(...words: readonly number[]): Uint8Array {
  const all = new Uint8Array(words.length * 4);
  const view = new DataView(all.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word >>> 0, true);
  });
  return all;
}

describe("a server of SMT areas", () => {
  test("initialises its areas: a clean head, and FREE", () => {
    const { memory } = served();
    for (const index of [0, 1, 2]) {
      expect([0, 4, 8, 12, 16, 20, 24].map((offset) => memory.word(index, offset))).toEqual([0, 1, 0, 0, 0, 0, 0]);
    }
    expect(memory.bytes[PAYLOAD]).toBe(0xc5);
  });

  test("takes a command out and writes its answer, as in the specification's example", () => {
    const { memory, doorbell, received, send, log } = served();
    memory.post(0, 0x00a84000);
    doorbell();
    expect(received).toEqual([bytes(0x00a84000)]);
    expect([memory.word(0, STATUS), log]).toEqual([0, []]);
    send(0x00a84000, 0, 0x20001);
    expect([STATUS, FLAGS, LENGTH, HEADER, PAYLOAD, PAYLOAD + 4].map((at) => memory.word(0, at))).toEqual([
      ...[1, 1, 0xc, 0x00a84000, 0, 0x20001],
    ]);
    expect(log).toEqual(["completed 0"]);
  });

  test("raises no interrupt for a command that asked for none", () => {
    const { memory, doorbell, send, log } = served();
    memory.post(0, 0x4000, [], 0);
    doorbell();
    send(0x4000, 0);
    expect([memory.word(0, STATUS), log]).toEqual([1, []]);
  });

  test("raises none either when it sends such a command back", () => {
    const { memory, doorbell, log } = served();
    const { log: promptLog, ...inPlace } = prompt(() => []);
    for (const at of [{ memory, doorbell }, inPlace]) {
      at.memory.post(0, 0x4000, [], 0, 3);
      at.doorbell();
      expect(at.memory.word(0, STATUS)).toBe(3);
    }
    expect([log, promptLog]).toEqual([[], []]);
  });

  test("serves each area by itself, and answers where the command came from", () => {
    const { memory, doorbell, second, send, log, received } = served();
    memory.post(0, 0x44000);
    memory.post(1, 0x84000, [7]);
    doorbell();
    second();
    expect(received.length).toBe(2);
    send(0x84000, 0, 7);
    expect([memory.word(0, STATUS), memory.word(1, STATUS), memory.word(1, PAYLOAD + 4)]).toEqual([0, 1, 7]);
    send(0x44000, 0);
    expect(log).toEqual(["completed 1", "completed 0"]);
  });

  test("looks at all areas when the doorbell does not say which", () => {
    const { memory, server, received } = served();
    memory.post(1, 0x84000);
    server.ringAll();
    expect(received).toEqual([bytes(0x84000)]);
    server.ringAll();
    expect([received.length, server.counters.spurious]).toEqual([1, 1]);
  });

  test("ignores doorbells without a command, and while one is under way", () => {
    const { memory, server, doorbell, received, send } = served();
    doorbell();
    memory.post(0, 0x4000);
    doorbell();
    memory.post(0, 0x8004000); // an agent that does not keep to the rules
    doorbell();
    expect([received.length, server.counters.spurious]).toEqual([1, 2]);
    send(0x4000, 0);
    expect(memory.word(0, HEADER)).toBe(0x4000);
  });

  test("sends commands of impossible length back with ERROR, and a status where there is a header", () => {
    for (const [length, left] of [
      [0, 0],
      [3, 3],
      [105, 8],
      [0xffffffff, 8],
    ] as const) {
      const { memory, server, doorbell, received, log } = served();
      memory.post(0, 0x4000, [0x11111111], 1, length);
      doorbell();
      expect([memory.word(0, STATUS), memory.word(0, LENGTH), received.length]).toEqual([3, left, 0]);
      expect(memory.word(0, PAYLOAD)).toBe(length < 4 ? 0x11111111 : 0xfffffff6);
      expect([log, server.counters.refused]).toEqual([["completed 0"], 1]);
    }
  });

  test("takes the longest command that fits, and answers what fits; what does not is a PROTOCOL_ERROR", () => {
    const { memory, doorbell, received, send } = served();
    memory.post(
      0,
      0x4000,
      Array.from({ length: 25 }, (_, i) => i),
    );
    doorbell();
    expect(received[0]?.byteLength).toBe(104);
    send(0x4000, ...Array.from({ length: 25 }, () => 0xabababab));
    expect(memory.word(0, LENGTH)).toBe(104);
    expect(memory.bytes[128]).toBe(0xc5);
    memory.post(0, 0x4000);
    doorbell();
    send(0x4000, ...Array.from({ length: 26 }, () => 0xcdcdcdcd));
    expect([memory.word(0, LENGTH), memory.word(0, PAYLOAD) | 0, memory.word(0, PAYLOAD + 4)]).toEqual([
      ...[8, -10, 0xabababab],
    ]);
    expect(memory.bytes[128]).toBe(0xc5);
  });

  test("judges a copy: an agent that changes its command afterwards changes nothing", () => {
    const { memory, doorbell, received, send } = served();
    memory.post(0, 0x4000, [1]);
    doorbell();
    memory.set(0, [PAYLOAD, 2], [HEADER, 0x4001]);
    expect(received).toEqual([bytes(0x4000, 1)]);
    send(0x4000, 0);
    expect(memory.word(0, HEADER)).toBe(0x4000);
  });

  test("answers after its latency, on the clock", () => {
    const clock = new SimulatedClock();
    const { memory, doorbell, received, server } = served({ clock, latencyMs: 5 });
    memory.post(0, 0x4000);
    doorbell();
    clock.advance(4.9);
    expect([received.length, server.pending]).toEqual([0, 1]);
    clock.advance(0.1);
    expect([received.length, server.pending]).toEqual([1, 0]);
    expect(() => new SmtServer(() => ({ receive: () => {}, close: () => {} }), { latencyMs: 1 })).toThrow(TypeError);
  });

  test("refuses areas under 36 bytes, and such that are not aligned", () => {
    const { memory, server } = served();
    expect(() => server.addA2p(memory.area(3, 35), () => {})).toThrow(/at least 36/);
    expect(() => server.addA2p({ ...memory.area(3), at: 770 }, () => {})).toThrow(/multiple of 4/);
    const again = () => server.addP2a(memory.area(3), () => {}, { hasAcknowledge: true });
    expect(again).toThrow(expect.objectContaining({ reason: "busy" }));
  });
});

describe("messages to the agent", () => {
  const notification = (id: number) => 0x4700 | id;

  test("go out one at a time; the next follows when the agent says that it took the last", () => {
    const { memory, send, freed, log } = served();
    send(notification(0), 2, 3, 0x40000000);
    send(notification(1));
    // The worked example of POWER_STATE_CHANGED, but for the acknowledge that this server asks for
    expect([STATUS, FLAGS, LENGTH, HEADER].map((at) => memory.word(2, at))).toEqual([0, 1, 0x10, 0x4700]);
    expect([0, 4, 8].map((at) => memory.word(2, PAYLOAD + at))).toEqual([2, 3, 0x40000000]);
    expect(log).toEqual(["rang"]);
    memory.set(2, [STATUS, 1]);
    freed();
    expect([memory.word(2, HEADER), log.length]).toEqual([notification(1), 2]);
  });

  test("wait for an agent without acknowledge until its next command, or a while", () => {
    const clock = new SimulatedClock();
    const { memory, send, doorbell } = served({ clock }, { hasAcknowledge: false });
    for (const id of [0, 1, 2]) send(notification(id));
    expect([memory.word(2, FLAGS), memory.word(2, HEADER)]).toEqual([0, notification(0)]);
    memory.set(2, [STATUS, 1]);
    doorbell();
    expect(memory.word(2, HEADER)).toBe(notification(1));
    memory.set(2, [STATUS, 1]);
    clock.advance(1);
    expect(memory.word(2, HEADER)).toBe(notification(2));
    clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  test("wait for agents without acknowledge in all their areas", () => {
    const clock = new SimulatedClock();
    const { memory, send, server } = served({ clock }, { hasAcknowledge: false });
    server.addP2a(memory.area(3), () => {}, { hasAcknowledge: false, protocolId: 0x11 });
    for (const id of [0, 1]) {
      send(0x4300 | id);
      send(0x4700 | id);
    }
    memory.set(3, [STATUS, 1]); // the other one is not taken out
    clock.advance(1);
    expect([memory.word(2, HEADER), memory.word(3, HEADER)]).toEqual([0x4300, 0x4701]);
    memory.set(2, [STATUS, 1]);
    clock.advance(1);
    expect(memory.word(2, HEADER)).toBe(0x4301);
    expect(server.pending).toBe(0);
  });

  test("that are notifications are dropped when too many wait; delayed responses never are", () => {
    const { memory, send, freed, server } = served({ queue: 2 });
    for (const id of [0, 1, 2, 3]) send(notification(id));
    send(0x5805204, 0);
    expect(server.counters.dropped).toBe(1);
    const headers: number[] = [];
    for (let i = 0; i < 5; i++) {
      if (memory.word(2, STATUS) === 0) headers.push(memory.word(2, HEADER));
      memory.set(2, [STATUS, 1]);
      freed();
    }
    expect(headers).toEqual([notification(0), notification(1), notification(2), 0x5805204]);
  });

  test("are dropped when they fit no area, or there is none for them", () => {
    const { memory, send, server } = served();
    send(notification(0), ...Array.from({ length: 26 }, () => 0));
    expect([memory.word(2, STATUS), server.counters.dropped]).toEqual([1, 1]);
    const lonely = new SmtServer((sink) => {
      sink.send(bytes(notification(0)));
      return { receive: () => {}, close: () => {} };
    });
    expect(lonely.counters.dropped).toBe(1);
  });

  test("go to the area of their protocol where it has one", () => {
    const { memory, server, send } = served();
    server.addP2a(memory.area(3), () => {}, { hasAcknowledge: true, protocolId: 0x11 });
    send(0x4700);
    send(0x4300);
    expect([memory.word(3, HEADER), memory.word(2, HEADER)]).toEqual([0x4700, 0x4300]);
  });
});

describe("a server that dies", () => {
  test("hears no doorbell, leaves its areas as they are, and starts anew with free ones", () => {
    const clock = new SimulatedClock();
    const { memory, server, doorbell, received, send, log } = served({ clock, latencyMs: 2 });
    memory.post(0, 0x4000);
    doorbell();
    server.die();
    clock.advance(10);
    doorbell();
    send(0x4000, 0);
    expect([received.length, memory.word(0, STATUS), server.pending]).toEqual([0, 0, 0]);
    server.reset();
    expect(log).toEqual(["closed", "connected"]);
    expect([memory.word(0, STATUS), memory.word(0, HEADER)]).toEqual([1, 0]);
    memory.post(0, 0x8004000);
    doorbell();
    clock.advance(2);
    expect(received).toEqual([bytes(0x8004000)]);
  });

  test("for good does not come back", () => {
    const { server } = served();
    server.close();
    server.close();
    expect(() => server.reset()).toThrow(expect.objectContaining({ reason: "closed" }));
  });
});
