import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import type { ByteStream } from "../../src/stream/byte-stream.ts";
import { nodeStream } from "../../src/stream/node-stream.ts";
import { streamPair } from "../../src/stream/stream-pair.ts";
import { type WebSocketLike, webSocketStream } from "../../src/stream/web-socket.ts";
import { webStream } from "../../src/stream/web-stream.ts";

/** Listens to a stream and writes down what it hears. */
class Ear {
  readonly bytes: number[] = [];
  drains = 0;
  readonly ended: Promise<Error | undefined>;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #onDrain: () => void = () => {};
  ends = 0;

  constructor(stream: ByteStream) {
    this.ended = new Promise((resolve) => {
      stream.open({
        onBytes: (bytes) => {
          this.bytes.push(...bytes);
          for (const { count, resolve } of this.#waiting) if (this.bytes.length >= count) resolve();
        },
        onDrain: () => {
          this.drains++;
          this.#onDrain();
        },
        onEnd: (cause) => {
          this.ends++;
          resolve(cause);
        },
      });
    });
  }

  /** Resolves when that many bytes have come. */
  has(count: number): Promise<void> {
    if (this.bytes.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrain = resolve;
    });
  }
}

/** Two Duplexes, each of which reads what the other writes; Node has one only from version 22 on. */
function duplexes(highWaterMark: number): [Duplex, Duplex] {
  const pending = new Map<Duplex, () => void>();
  const make = (other: () => Duplex): Duplex => {
    const self: Duplex = new Duplex({
      highWaterMark,
      allowHalfOpen: false,
      read: () => {
        const resume = pending.get(other());
        pending.delete(other());
        resume?.();
      },
      write: (chunk, _encoding, done) => {
        if (other().push(chunk)) done();
        else pending.set(self, done);
      },
      final: (done) => {
        other().push(null);
        done();
      },
      destroy: (cause, done) => {
        if (!self.writableFinished && !other().destroyed) other().destroy(new Error("the other end was destroyed"));
        done(cause);
      },
    });
    return self;
  };
  const a: Duplex = make(() => b);
  const b: Duplex = make(() => a);
  return [a, b];
}

function webs(highWaterMark: number): [ByteStream, ByteStream] {
  const strategy = { highWaterMark, size: (chunk: Uint8Array) => chunk.byteLength };
  const there = new TransformStream<Uint8Array, Uint8Array>({}, strategy, strategy);
  const back = new TransformStream<Uint8Array, Uint8Array>({}, strategy, strategy);
  return [
    webStream({ readable: back.readable, writable: there.writable }),
    webStream({ readable: there.readable, writable: back.writable }),
  ];
}

const KINDS: readonly [name: string, make: (highWater: number) => readonly [ByteStream, ByteStream]][] = [
  ["a pair in memory", (highWaterBytes) => streamPair({ highWaterBytes })],
  ["a pair in memory, cut everywhere", (highWaterBytes) => streamPair({ highWaterBytes, chunkBytes: 1 })],
  [
    "Node duplexes",
    (highWater) => {
      const [a, b] = duplexes(highWater);
      return [nodeStream(a), nodeStream(b)];
    },
  ],
  ["Web streams", webs],
];

describe.each(KINDS)("%s", (_name, make) => {
  test("carries bytes in order, both ways, also what came before anybody listened", async () => {
    const [a, b] = make(1024);
    const ear = new Ear(a);
    a.write(Uint8Array.of(1, 2, 3));
    a.write(Uint8Array.of(4));
    const other = new Ear(b);
    await other.has(4);
    b.write(Uint8Array.of(5, 6));
    await ear.has(2);
    expect([other.bytes, ear.bytes]).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });

  test("ends in order behind the last byte, for both sides, once", async () => {
    const [a, b] = make(1024);
    const [ear, other] = [new Ear(a), new Ear(b)];
    a.write(Uint8Array.of(1, 2, 3));
    a.end();
    a.end();
    expect(await other.ended).toBeUndefined();
    b.end();
    expect(await ear.ended).toBeUndefined();
    expect([other.bytes, other.ends, ear.ends]).toEqual([[1, 2, 3], 1, 1]);
  });

  test("tells the other side that it was dropped", async () => {
    const [a, b] = make(1024);
    const ear = new Ear(a);
    const other = new Ear(b);
    a.destroy();
    a.destroy();
    expect(await other.ended).toBeInstanceOf(Error);
    expect(ear.bytes).toEqual([]);
  });

  test("says when enough is on its way, takes it all the same, and says when there is room again", async () => {
    const [a, b] = make(8);
    const ear = new Ear(a);
    const other = new Ear(b);
    b.pause();
    const drained = ear.drained();
    let written = 0;
    while (a.write(Uint8Array.of(written++))) if (written > 1000) break;
    a.write(Uint8Array.of(written++));
    expect(written).toBeLessThan(1000);
    expect(ear.drains).toBe(0);
    b.resume();
    await drained;
    await other.has(written);
    expect(other.bytes).toEqual([...Array(written).keys()]);
  });
});

test("a Node stream that had ended or failed before anybody listened says so at once", async () => {
  const [a, b] = duplexes(64);
  const stream = nodeStream(b);
  a.destroy();
  await new Promise((resolve) => b.once("close", resolve));
  expect(await new Ear(stream).ended).toMatchObject({ message: "the other end was destroyed" });
  const [c, d] = duplexes(64);
  nodeStream(d);
  c.destroy();
  expect(await new Ear(nodeStream(c)).ended).toMatchObject({ message: "closed without an end" });
});

test("sockets of Node and of browsers fit without a cast", () => {
  const fitting = [
    (socket: Socket): ByteStream => nodeStream(socket),
    (socket: WebSocket): ByteStream => webSocketStream(socket),
    (stream: WebTransportBidirectionalStream): ByteStream => webStream(stream),
  ];
  expect(fitting.length).toBe(3); // what matters is that this compiles
});

/** A WebSocket of a test. */
class FakeSocket extends EventTarget implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  readonly sent: number[][] = [];
  closed = 0;
  send(bytes: Uint8Array): void {
    if (this.readyState !== 1) throw new Error("not open");
    this.sent.push([...bytes]);
  }
  close(): void {
    this.closed++;
  }
  happen(type: string, values: object = {}): void {
    if (type === "open") this.readyState = 1;
    if (type === "close") this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event(type), values));
  }
}

describe("a WebSocket", () => {
  test("sends what was written before it was open, and holds back what comes while paused", async () => {
    const socket = new FakeSocket();
    const stream = webSocketStream(socket);
    const ear = new Ear(stream);
    expect(socket.binaryType).toBe("arraybuffer");
    stream.write(Uint8Array.of(1));
    socket.happen("open");
    stream.write(Uint8Array.of(2));
    expect(socket.sent).toEqual([[1], [2]]);
    stream.pause();
    socket.happen("message", { data: Uint8Array.of(7, 8).buffer });
    expect(ear.bytes).toEqual([]);
    stream.resume();
    expect(ear.bytes).toEqual([7, 8]);
    stream.end();
    socket.happen("close", { code: 1005, reason: "" });
    expect([await ear.ended, socket.closed]).toEqual([undefined, 1]);
  });

  test.each<[string, (socket: FakeSocket, stream: ByteStream) => void, RegExp]>([
    ["closes for a reason", (socket) => socket.happen("close", { code: 1006, reason: "gone" }), /code 1006, gone/],
    ["fails", (socket) => socket.happen("error"), /failed/],
    ["sends text", (socket) => socket.happen("message", { data: "hello" }), /expected binary messages, got string/],
    [
      "is not read by the other side",
      (socket, stream) => {
        socket.bufferedAmount = 101;
        stream.write(Uint8Array.of(1));
      },
      /expected at most 100 bytes to wait, got 101/,
    ],
  ])("that %s ends the stream with a cause", async (_what, happen, cause) => {
    const socket = new FakeSocket();
    const stream = webSocketStream(socket, 100);
    const ear = new Ear(stream);
    socket.happen("open");
    happen(socket, stream);
    expect((await ear.ended)?.message).toMatch(cause);
  });
});
