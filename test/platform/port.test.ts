import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { COMMAND, commandWord, XFER } from "../../src/core/faults.ts";
import { Platform, type PlatformPort } from "../../src/platform/index.ts";
import { boardFile, words } from "./kit.ts";

const P = 0x13;
const C = 0x14;

/** An agent that works the areas by hand. */
class Hands {
  readonly clock = new SimulatedClock();
  readonly core: Core;
  readonly platform: Platform;
  readonly port: PlatformPort;
  readonly log: string[] = [];

  constructor(options: { readonly p2aQueue?: number; readonly takes?: boolean } = {}) {
    const board = boardFile("example");
    this.core = Core.createSync({ capacity: Platform.capacityFor(board, { connections: 6 }) });
    this.platform = Platform.open(this.core, board, { clock: this.clock });
    this.port = this.platform.connect(1, options);
    this.port.onAnswer = () => {
      this.log.push("answer");
      this.core.settle(this.port.a2p, this.clock.now());
    };
    this.port.onP2a = () => {
      this.log.push("p2a");
      if (options.takes ?? true) this.take();
    };
  }

  take(): boolean {
    const { message } = this.core.drain(this.port.p2a, this.clock.now());
    this.port.p2aFreed();
    return message;
  }

  post(protocol: number, id: number, parameters: readonly number[], flags = 0): number {
    const { core, port } = this;
    const xfer = core.acquire(port.instance);
    core.memory.bytes.set(words(...parameters), core.payloadAt(xfer));
    core.post(port.a2p, xfer, commandWord(protocol, id) | flags, parameters.length * 4, this.clock.now());
    return xfer;
  }

  call(protocol: number, id: number, ...parameters: number[]): number[] {
    const xfer = this.post(protocol, id, parameters);
    this.port.doorbell();
    return this.answer(xfer);
  }

  answer(xfer: number): number[] {
    const { core } = this;
    if (core.stateOf(xfer) !== XFER.DONE) throw new Error(`expected an answer, got state ${core.stateOf(xfer)}`);
    const at = core.payloadAt(xfer);
    const answer = Array.from({ length: core.byteLengthOf(xfer) / 4 }, (_, i) => core.memory.u32(at + i * 4));
    core.release(xfer);
    return [(answer[0] as number) | 0, ...answer.slice(1)];
  }
}

describe("a port", () => {
  test("answers a doorbell before it returns, from the core or from the host", () => {
    const hands = new Hands();
    expect(hands.call(C, 0x6, 2)).toEqual([0, 200e6, 0]);
    expect(hands.call(C, 0xe, 2)).toEqual([0, 1]);
    expect(hands.log).toEqual(["answer", "answer"]);
    expect(hands.port.maxPayload).toBe(100);
    expect(hands.port.timeoutMs).toBe(30);
  });

  test("counts a doorbell with nothing behind it", () => {
    const hands = new Hands();
    hands.port.doorbell();
    expect(hands.core.counters(hands.port.a2p).spurious).toBe(1);
    expect(hands.log).toEqual([]);
  });

  test("goes on where a whole exchange had to stop for the host", () => {
    const { core, port, clock, log } = new Hands();
    const xfer = core.acquire(port.instance);
    core.memory.setU32(core.payloadAt(xfer), 2);
    expect(core.exchange(port.a2p, xfer, commandWord(C, 0xe), 4, clock.now())).toBe(XFER.POSTED);
    port.doorbell();
    expect(core.stateOf(xfer)).toBe(XFER.DONE);
    expect(log).toEqual(["answer"]);
    core.release(xfer);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("tells what an exchange inside of the core has changed, and calls no doorbell spurious then", () => {
    const { core, port, clock, platform } = new Hands();
    const rates: number[] = [];
    platform.on("rateChanged", ({ rateHz }) => rates.push(rateHz));
    const xfer = core.acquire(port.instance);
    core.memory.bytes.set(words(0, 2, 300e6, 0), core.payloadAt(xfer));
    expect(core.exchange(port.a2p, xfer, commandWord(C, 0x5), 16, clock.now())).toBe(XFER.DONE);
    expect(rates).toEqual([]);
    port.doorbell();
    expect(rates).toEqual([300e6]);
    expect(core.counters(port.a2p).spurious).toBe(0);
    core.release(xfer);
  });

  test("serves the next command that is posted from inside of onAnswer, a thousand times, without deep recursion", () => {
    const hands = new Hands();
    const { core, port, clock } = hands;
    let left = 5000;
    let depth = 0;
    let deepest = 0;
    let xfer = hands.post(C, 0xe, [2]);
    port.onAnswer = () => {
      deepest = Math.max(deepest, ++depth);
      core.settle(port.a2p, clock.now());
      hands.answer(xfer);
      if (--left > 0) {
        xfer = hands.post(C, 0xe, [2]);
        port.doorbell();
      }
      depth--;
    };
    port.doorbell();
    expect([left, deepest]).toEqual([0, 1]);
  });

  test("keeps a delayed response for an agent that has not taken the last message, and drops notifications", () => {
    const hands = new Hands({ p2aQueue: 2, takes: false });
    const { core, port, platform, clock } = hands;
    const dropped: number[] = [];
    platform.on("notificationDropped", ({ agentId, header }) => dropped.push(agentId, header & 0xff));
    hands.call(P, 0xa, 0, 1);
    for (const level of [600, 1000, 1400, 1800, 600]) platform.performance.setLevel(0, level);
    expect(dropped).toEqual([1, 1, 1, 1]); // one is in the area, two wait, two are lost
    const xfer = hands.post(C, 0x5, [1, 1, 700e6, 0], COMMAND.ASYNC);
    port.doorbell();
    clock.advance(0.5);
    expect(core.stateOf(xfer)).toBe(XFER.AWAITING_DELAYED);
    expect([hands.take(), hands.take(), hands.take(), hands.take(), hands.take()]).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(core.stateOf(xfer)).toBe(XFER.DONE);
    expect(hands.answer(xfer)).toEqual([0, 1, 700e6, 0]);
    expect(core.counters(port.p2a)).toMatchObject({ notifications: 3, delayedResponses: 1, p2aBusy: 0 });
  });

  test("hands over what has waited without deep recursion", () => {
    const hands = new Hands({ p2aQueue: 5000, takes: false });
    const { port, platform } = hands;
    hands.call(P, 0xa, 0, 1);
    for (let i = 0; i < 5000; i++) platform.performance.setLevel(0, i % 2 === 0 ? 600 : 1000);
    let depth = 0;
    let deepest = 0;
    let count = 0;
    port.onP2a = () => {
      deepest = Math.max(deepest, ++depth);
      count++;
      hands.take();
      depth--;
    };
    hands.take();
    expect([count, deepest]).toEqual([4999, 1]);
  });

  test("lets a delayed response overtake, and the response is late then", () => {
    const hands = new Hands();
    const { core, port } = hands;
    const xfer = hands.post(C, 0x5, [1, 3, 24e6, 0], COMMAND.ASYNC);
    port.doorbell();
    expect(hands.log).toEqual(["p2a", "answer"]);
    expect(hands.answer(xfer)).toEqual([0, 3, 24e6, 0]);
    expect(core.counters(port.a2p).late).toBe(1);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("leaves nothing behind, and its rows are used again", () => {
    const hands = new Hands();
    const { core, platform, clock } = hands;
    hands.call(P, 0xb, 0, 0x7);
    hands.call(P, 0xb, 0, 0x5);
    expect(clock.pending).toBe(2);
    hands.port.close();
    hands.port.close();
    hands.port.doorbell();
    expect(clock.pending).toBe(0);
    const rows = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const port = platform.connect(1);
      rows.add(port.instance);
      port.close();
    }
    expect(rows).toEqual(new Set([hands.port.instance]));
    platform.close();
    platform.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(() => platform.connect(1)).toThrow(/closed/);
    expect(() => platform.on("rateChanged", () => {})).toThrow(/closed/);
  });

  test("comes with free areas, whatever its last user left in them", () => {
    const hands = new Hands({ takes: false });
    const { core, platform, port } = hands;
    hands.call(P, 0xa, 0, 1);
    platform.performance.setLevel(0, 600);
    hands.post(C, 0x6, [2]);
    port.close();
    const next = platform.connect(1);
    const tables = [next.a2p, next.p2a].map((channel) => core.memory.u32(core.areaAt(channel) + 4));
    expect(tables).toEqual([1, 1]);
    platform.performance.setLevel(0, 1000);
    expect(core.drain(next.p2a, 0).message).toBe(false); // nobody has asked for it
  });

  test("is refused to an agent that the board does not know", () => {
    const { platform } = new Hands();
    for (const id of [0, 4, -1, 1.5]) expect(() => platform.connect(id)).toThrow(RangeError);
  });

  test("may be closed from inside of what it is told", () => {
    const hands = new Hands();
    const { core, platform, port } = hands;
    platform.on("parentChanged", () => port.close());
    const xfer = hands.post(C, 0xd, [2, 0]);
    port.doorbell();
    expect(hands.log).toEqual([]);
    core.release(xfer);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("still answers when an observer fails, and passes the failure on", () => {
    const hands = new Hands();
    hands.platform.on("parentChanged", () => {
      throw new Error("observer");
    });
    const xfer = hands.post(C, 0xd, [2, 0]);
    expect(() => hands.port.doorbell()).toThrow("observer");
    hands.core.settle(hands.port.a2p, 0);
    expect(hands.answer(xfer)).toEqual([-8]);
  });

  test("of whole messages still answers when an observer fails, and passes the failure on", () => {
    const board = boardFile("example");
    const core = Core.createSync({ capacity: Platform.capacityFor(board) });
    const platform = Platform.open(core, board, { clock: new SimulatedClock() });
    const sent: Uint8Array[] = [];
    const port = platform.connectMessages(1, { send: (message) => void sent.push(message) });
    platform.on("parentChanged", () => {
      throw new Error("observer");
    });
    const header = 0xd | (C << 10);
    expect(() => port.receive(words(header, 2, 0))).toThrow("observer");
    expect(sent).toEqual([words(header, -8)]);
    port.receive(words(0xe | (C << 10), 2)); // and serves the next command
    expect(sent.length).toBe(2);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });
});

test.each(["areas", "messages"] as const)("a port of %s passes on why it was closed from inside", (kind) => {
  const hands = new Hands();
  const messages = hands.platform.connectMessages(1, { send: (message) => void hands.log.push(`${message}`) });
  const close = () => (kind === "areas" ? hands.port : messages).close();
  hands.platform.on("parentChanged", () => {
    close();
    throw new Error("observer");
  });
  if (kind === "areas") hands.post(C, 0xd, [2, 0]);
  const ring = () => (kind === "areas" ? hands.port.doorbell() : messages.receive(words(0xd | (C << 10), 2, 0)));
  expect(ring).toThrow("observer");
  expect([hands.log, hands.core.leaks().claims]).toEqual([[], 0]);
});

describe("a port that answers where commands lie", () => {
  const SET_PARENT = 0xd | (C << 10);
  const GET_PARENT = 0xe | (C << 10);
  const LEVEL_GET = 0x8 | (P << 10);
  const RATE_SET = 0x5 | (C << 10);

  function opened() {
    const board = boardFile("example");
    const core = Core.createSync({ capacity: Platform.capacityFor(board) });
    const platform = Platform.open(core, board, { clock: new SimulatedClock() });
    const sent: Uint8Array[] = [];
    const port = platform.connectMessages(1, { send: (message) => void sent.push(message) });
    /** In a memory of its own. */
    const memory: DataView = new DataView(new ArrayBuffer(256));
    const write = (command: Uint8Array, at = 0, place = memory) => {
      for (const [i, byte] of command.entries()) place.setUint8(at + i, byte);
    };
    const read = (byteLength: number, at = 0, place = memory) =>
      Uint8Array.from({ length: byteLength }, (_, i) => place.getUint8(at + i));
    const answer = (command: Uint8Array, room = 124) => {
      const place = { data: memory };
      write(command, 128);
      memory.setUint32(room, 0x5a5a5a5a, true);
      const bytes = port.answer(place, 128, command.byteLength, place, 0, room);
      expect(memory.getUint32(room, true)).toBe(0x5a5a5a5a);
      return bytes;
    };
    return { core, platform, port, sent, memory, write, read, answer };
  }

  test("says the same as through its sink, of commands that the core answers and of others", () => {
    const { port, sent, read, answer } = opened();
    const commands = [
      words(0x4000), // PROTOCOL_VERSION of Base
      words(LEVEL_GET, 0),
      words(LEVEL_GET, 999),
      words(GET_PARENT, 2),
      words(SET_PARENT, 2),
      words(0x4000 | (3 << 8)),
      words(0x7f << 10),
    ];
    for (const command of commands) {
      port.receive(command);
      expect(read(answer(command))).toEqual(sent.shift());
    }
    expect(sent).toEqual([]);
  });

  test("answers in the memory of its own core, in the command's place", () => {
    const { core, port, write, read, sent } = opened();
    const at = core.base + core.reserve(64);
    const { memory } = core;
    for (const command of [words(LEVEL_GET, 0), words(GET_PARENT, 2)]) {
      port.receive(command);
      write(command, at, memory.data);
      const bytes = port.answer(memory, at, command.byteLength, memory, at, 64);
      expect(read(bytes, at, memory.data)).toEqual(sent.shift());
    }
  });

  test("writes but the header of an answer that is longer than the room for it", () => {
    const { answer, read } = opened();
    expect(answer(words(LEVEL_GET, 0), 8)).toBe(12);
    expect(read(8)).toEqual(words(LEVEL_GET, 0));
    expect(answer(words(GET_PARENT, 2), 4)).toBe(12);
    expect(read(4)).toEqual(words(GET_PARENT));
  });

  test("refuses a command that is longer than its channel, and counts one without a header", () => {
    const { port, answer, read, sent } = opened();
    const command = new Uint8Array(4 + port.maxPayload + 4);
    command.set(words(LEVEL_GET, 0));
    expect(read(answer(command))).toEqual(words(LEVEL_GET, -10));
    expect(answer(new Uint8Array(3))).toBe(0);
    expect([port.headerless, sent.length]).toEqual([1, 0]);
    port.close();
    expect(answer(words(LEVEL_GET, 0))).toBe(0);
  });

  test("judges a copy: what changes meanwhile changes nothing", () => {
    const { platform, memory, answer, read } = opened();
    const heard: number[] = [];
    platform.on("parentChanged", ({ clockId }) => {
      heard.push(clockId);
      for (let at = 128; at < 256; at += 4) memory.setUint32(at, 0xffff_ffff, true);
    });
    expect(read(answer(words(SET_PARENT, 2, 0)))).toEqual(words(SET_PARENT, 0));
    expect(heard).toEqual([2]);
  });

  test("answers when an observer fails, and tells whoever settles", () => {
    const { core, platform, port, answer, read } = opened();
    platform.on("parentChanged", () => {
      throw new Error("observer");
    });
    expect(read(answer(words(SET_PARENT, 2, 0)))).toEqual(words(SET_PARENT, -8));
    expect(() => port.settle()).toThrow("observer");
    port.settle(); // once
    expect(read(answer(words(GET_PARENT, 2))).byteLength).toBe(12);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("has no answer when the connection goes away meanwhile", () => {
    const { core, platform, port, answer } = opened();
    platform.on("parentChanged", () => port.close());
    expect(answer(words(SET_PARENT, 2, 0))).toBe(0);
    expect(core.leaks().claims).toBe(0);
  });

  test("tells whoever settles of the failure also when the connection went away before it", () => {
    const { core, platform, port, answer } = opened();
    platform.on("parentChanged", () => {
      port.close();
      throw new Error("observer");
    });
    expect(answer(words(SET_PARENT, 2, 0))).toBe(0);
    expect(() => port.settle()).toThrow("observer");
    port.settle(); // once
    expect(core.leaks().claims).toBe(0);
  });

  test("tells of each failure once, that of the command first", () => {
    const { platform, port, answer } = opened();
    const other = platform.connectMessages(1, { send: () => {} });
    platform.on("parentChanged", () => {
      const place = { data: new DataView(words(0x5 | (C << 10), 0, 2, 100e6, 0).buffer) };
      expect(other.answer(place, 0, 20, place, 0, 20)).toBe(8); // RATE_SET
      expect(place.data.getInt32(4, true)).toBe(0);
      throw new Error("command");
    });
    platform.on("rateChanged", () => {
      throw new Error("event");
    });
    expect(answer(words(SET_PARENT, 2, 0))).toBe(8);
    expect(() => port.settle()).toThrow("command");
    expect(() => port.settle()).toThrow("event");
    port.settle();
  });

  test("answers also when an observer fails at an event of before, and tells whoever settles", () => {
    const { platform, port, sent, answer, read } = opened();
    platform.on("rateChanged", () => {
      throw new Error("event");
    });
    answer(words(RATE_SET, 0, 2, 100e6, 0));
    expect(read(answer(words(GET_PARENT, 2)))).toEqual(words(GET_PARENT, 0, 1));
    expect(() => port.settle()).toThrow("event");
    port.settle(); // once
    answer(words(RATE_SET, 0, 2, 200e6, 0));
    expect(() => port.receive(words(GET_PARENT, 2))).toThrow("event");
    expect(sent).toEqual([words(GET_PARENT, 0, 1)]);
  });

  test.each(["in place", "through the sink"])("serves nobody who goes away over an event of before, %s", (way) => {
    const { platform, port, sent, answer } = opened();
    platform.on("rateChanged", () => port.close());
    answer(words(RATE_SET, 0, 2, 100e6, 0));
    const command = words(RATE_SET, 0, 2, 200e6, 0);
    if (way === "in place") expect(answer(command)).toBe(0);
    else port.receive(command);
    expect([platform.clock.rate(2), sent]).toEqual([100e6, []]);
  });

  test("goes with its platform, and all others do, also when an observer fails at that", () => {
    const { core, platform, port, answer } = opened();
    const other = platform.connectMessages(2, { send: () => {} });
    platform.on("rateChanged", () => {
      throw new Error("event");
    });
    for (const hz of [100e6, 200e6]) answer(words(RATE_SET, 0, 2, hz, 0));
    expect(() => platform.close()).toThrow("event");
    expect([port, other].map(({ agent }) => agent.connections.size)).toEqual([0, 0]);
    expect(core.memory.u32(core.base + layout.CORE_OBSERVE)).toBe(0); // nobody waits for events any more
  });

  test("is gone for good also when an observer fails at that", () => {
    const { core, platform, port, answer } = opened();
    platform.on("rateChanged", () => {
      throw new Error("event");
    });
    answer(words(RATE_SET, 0, 2, 100e6, 0));
    expect(() => port.close()).toThrow("event");
    expect(port.agent.connections.size).toBe(0);
    const next = platform.connectMessages(1, { send: () => {} });
    expect([next.instance, core.leaks().claims]).toEqual([port.instance, 0]); // its place is used again
  });
});
