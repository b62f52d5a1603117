import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { ChannelError, DeadlineError, MessageError, UnsupportedError } from "../../src/errors.ts";
import { StreamServer } from "../../src/firmware/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { Base, Clock, Performance, type Release } from "../../src/protocols/index.ts";
import { framed } from "../../src/stream/message-cutter.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { type ByteStream, type StreamPairOptions, stream, streamPair } from "../../src/transport/stream.ts";
import { settle } from "../agent/scripted.ts";
import { boardFile } from "../platform/kit.ts";

const EXAMPLE = boardFile("example");
const PROFILES = ["1.0", "2.0", "3.0", "3.1", "3.2"] as const;

/** A platform behind a stream server, in a core of its own. */
class Far {
  readonly clock = new SimulatedClock();
  readonly core: Core;
  readonly platform: Platform;
  readonly server: StreamServer;
  /** The ends that agents got, in order. */
  readonly ends: ByteStream[] = [];
  /** The ends that the server has. */
  readonly served: ByteStream[] = [];

  readonly #pair: StreamPairOptions;

  constructor(profile: Release = "3.2", pair: StreamPairOptions = {}, board = EXAMPLE) {
    this.#pair = pair;
    const capacity = Platform.capacityFor(board, { profile, connections: 8 });
    this.core = Core.createSync({ capacity });
    this.platform = Platform.open(this.core, board, { profile, clock: this.clock });
    this.server = new StreamServer(this.platform);
  }

  connect = async (): Promise<ByteStream> => {
    const [ours, theirs] = streamPair(this.#pair);
    this.ends.push(ours);
    this.served.push(theirs);
    this.server.serve(theirs);
    return ours;
  };

  open(options: { readonly maxInFlight?: number } = {}, core = Core.createSync()): Promise<Agent> {
    return Agent.open(core, stream(this.connect, options), { clock: this.clock });
  }
}

/** Everything that an agent can find out without changing anything. FastChannels are left out: no stream reaches memory. */
async function enumerate(agent: Agent): Promise<unknown> {
  const base = await agent.protocol(Base);
  const performance = await agent.protocol(Performance);
  const clock = await agent.protocol(Clock);
  const domains = await performance.describeAll();
  return {
    platform: agent.platform,
    protocols: await base.discoverProtocols(),
    attributes: [await performance.getProtocolAttributes(), await clock.getProtocolAttributes()],
    domains: domains.map(({ fastChannels: _, ...rest }: { fastChannels?: unknown }) => rest),
    levels: await Promise.all(domains.map(({ domainId }) => performance.getLevel(domainId))),
    clocks: await clock.describeAll(),
    rates: await Promise.all((await clock.describeAll()).map(({ clockId }) => clock.getRate(clockId).catch(String))),
  };
}

describe("an agent over a stream", () => {
  test.each(PROFILES)(
    "finds with profile %s what it finds over loopback, in chunks of a byte, too",
    async (profile) => {
      const clock = new SimulatedClock();
      const core = Core.createSync({ capacity: Platform.capacityFor(EXAMPLE, { profile, connections: 8 }) });
      const platform = Platform.open(core, EXAMPLE, { profile, clock });
      const near = await Agent.open(core, loopback(platform.connect(1)), { clock });
      const expected = await enumerate(near);
      for (const pair of [{}, { chunkBytes: 1 }]) {
        const far = new Far(profile, pair);
        const agent = await far.open();
        expect(await enumerate(agent)).toEqual(expected);
        await agent.close();
        expect(agent.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
        expect(far.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
        expect(far.clock.pending).toBe(0);
      }
    },
  );

  test("watches a clock on the stream that it asks on", async () => {
    const far = new Far();
    const agent = await far.open();
    const clock = await agent.protocol(Clock);
    const watch = clock.watchRate(2);
    await watch.ready;
    await clock.setRate(2, 300e6);
    far.platform.clock.setRate(2, 200e6);
    const events = [(await watch.next()).value, (await watch.next()).value];
    expect(events).toMatchObject([
      { agentId: 1, clockId: 2, rateHz: 300e6 },
      { agentId: 0, clockId: 2, rateHz: 200e6 },
    ]);
    await agent.close();
    expect(far.server.counters).toMatchObject({ notifications: 2, ended: 1 });
  });

  test("gets a delayed response on it", async () => {
    const far = new Far();
    const agent = await far.open();
    const clock = await agent.protocol(Clock);
    const changed = clock.setRateAsync(1, 700e6);
    let isOver = false;
    changed.then(() => {
      isOver = true;
    });
    expect(await clock.getRate(0)).toBeGreaterThan(0); // other commands are answered meanwhile
    expect(isOver).toBe(false);
    while (!isOver) {
      far.clock.advance(1);
      await clock.getRate(0);
    }
    expect(await changed).toBe(700e6);
    expect(far.server.counters.delayedResponses).toBe(1);
    await agent.close();
  });

  test("has several commands in flight, and queues what is more than that", async () => {
    const far = new Far();
    const agent = await far.open({ maxInFlight: 3 });
    const clock = await agent.protocol(Clock);
    const served = far.served[0] as ByteStream;
    served.pause();
    const before = agent.counters.sent;
    const rates = [0, 1, 2, 3, 4, 0, 1].map((clockId) => clock.getRate(clockId));
    expect(agent.counters.sent - before).toBe(3);
    served.resume();
    const all = await Promise.all(rates);
    expect(all[5]).toBe(all[0]);
    expect(agent.counters.sent - before).toBe(7);
    await agent.close();
  });

  test("has no polled calls, and says why", async () => {
    const far = new Far();
    const agent = await far.open();
    const clock = await agent.protocol(Clock);
    expect(() => clock.getRatePolled(0)).toThrow(UnsupportedError);
    await agent.close();
  });

  test("waits no longer than told for a platform that does not read, then says busy, and goes on when it reads", async () => {
    const far = new Far("3.2", { highWaterBytes: 16 });
    const agent = await far.open({ maxInFlight: 1 });
    const clock = await agent.protocol(Clock);
    const served = far.served[0] as ByteStream;
    served.pause();
    const outcomes: string[] = [];
    for (let i = 0; i < 20; i++) {
      const call = clock.getRate(0, { timeoutMs: 5 }).then(String, (reason) => {
        outcomes.push(reason instanceof DeadlineError ? "deadline" : reason.reason);
      });
      far.clock.advance(5);
      await call;
    }
    expect(outcomes.length).toBe(20);
    expect(outcomes[0]).toBe("deadline");
    expect(outcomes.at(-1)).toBe("busy");
    served.resume();
    for (let i = 0; i < 8; i++) await settle(); // what waited goes out
    expect(await clock.getRate(0)).toBeGreaterThan(0);
    await agent.close();
    expect(agent.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("can be opened anew as often as wanted without filling the core", async () => {
    const far = new Far();
    const core = Core.createSync();
    const transport = stream(far.connect);
    for (let i = 0; i < 50; i++) {
      await using agent = await Agent.open(core, transport, { clock: far.clock });
      expect(agent.platform.vendor).toBe("scmi-wasm");
      if (i % 2) far.ends.at(-1)?.destroy();
    }
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    const two = [await far.open({}, core), await far.open({}, core)];
    for (const agent of two) await agent.close();
    expect(far.server.counters).toMatchObject({ clients: 52, ended: 27, broken: 25 });
    expect(far.server.clients).toEqual([]);
  });
});

/** An agent whose other end is ours. */
async function held() {
  const far = new Far();
  let tap: ByteStream | undefined;
  const connect = async () => {
    const [ours, middle] = streamPair();
    const [upper, theirs] = streamPair();
    far.server.serve(theirs);
    upper.open({ onBytes: (bytes) => void middle.write(bytes), onDrain: () => {}, onEnd: () => {} });
    let isOpen = true;
    middle.open({
      onBytes: (bytes) => {
        if (isOpen) upper.write(bytes);
      },
      onDrain: () => {},
      onEnd: () => {},
    });
    tap = middle;
    cut = () => {
      isOpen = false;
    };
    return ours;
  };
  let cut = () => {};
  const agent = await Agent.open(Core.createSync(), stream(connect), { clock: far.clock });
  const clock = await agent.protocol(Clock);
  cut(); // from here on nobody answers but the test
  return { far, agent, clock, tap: tap as unknown as ByteStream };
}

describe("a stream that ends", () => {
  test("in order fails what waits as closed, and says that the other side ended it", async () => {
    const { agent, clock, tap } = await held();
    const call = clock.getRate(0);
    tap.end();
    const error = await call.catch((reason) => reason);
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({
      reason: "closed",
      cause: { message: expect.stringMatching(/the other side ended it/) },
    });
    await expect(clock.getRate(0)).rejects.toMatchObject({ reason: "closed" });
    await agent.close();
  });

  // A whole answer would be 16 bytes: its length, its header, and a status with a rate.
  test.each([1, 3, 4, 7, 8, 15])("after %i bytes of a message says that it was truncated", async (byteLength) => {
    const { agent, clock, tap } = await held();
    const call = clock.getRate(0);
    tap.write(Uint8Array.of(16, 0, 0, 0, 6, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).subarray(0, byteLength));
    tap.end();
    const error = await call.catch((reason) => reason);
    expect(error).toMatchObject({ reason: "closed" });
    expect(error.cause).toBeInstanceOf(MessageError);
    expect(error.cause.message).toMatch(byteLength < 4 ? /length at byte 0: expected 4 bytes/ : /expected 16 bytes/);
    await agent.close();
  });

  test.each([0, 3, 65_541, 0xffffffff])(
    "with a length of %i is dropped, for the rest means nothing",
    async (length) => {
      const { agent, clock, tap } = await held();
      const call = clock.getRate(0);
      const head = new Uint8Array(4);
      new DataView(head.buffer).setUint32(0, length, true);
      tap.write(head);
      const error = await call.catch((reason) => reason);
      expect(error.cause).toMatchObject({ field: "length", expected: "4 to 65540", got: `${length}` });
      await agent.close();
    },
  );

  test("by being dropped hands on the cause", async () => {
    const { agent, clock, tap } = await held();
    const call = clock.getRate(0);
    tap.destroy();
    await expect(call).rejects.toMatchObject({ cause: { message: "the other end was destroyed" } });
    await agent.close();
  });

  test("ends watches with it", async () => {
    const far = new Far();
    const agent = await far.open();
    const clock = await agent.protocol(Clock);
    const watch = clock.watchRate(2);
    await watch.ready;
    const next = watch.next();
    far.served[0]?.end();
    await expect(next).rejects.toMatchObject({ reason: "closed" });
    await agent.close();
  });
});

test("an answer longer than the channel takes fails its call alone", async () => {
  const { agent, clock, tap } = await held();
  const calls = [clock.getRate(0), clock.getRate(1)];
  // Tokens count up: the last command before these has token n, which the counters tell.
  const token = agent.counters.sent - 2;
  const header = (offset: number) => 6 | (0x14 << 10) | ((token + offset) << 18);
  const answer = (offset: number, payload: Uint8Array) => {
    const message = new Uint8Array(4 + payload.byteLength);
    new DataView(message.buffer).setUint32(0, header(offset), true);
    message.set(payload, 4);
    tap.write(framed(message));
  };
  answer(0, new Uint8Array(500));
  answer(1, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  await expect(calls[0]).rejects.toThrow();
  expect(await calls[1]).toBe(1);
  await agent.close();
});

describe("opening", () => {
  test("hands the signal on, and stops waiting for the stream when it fires", async () => {
    const abort = new AbortController();
    const [late] = streamPair();
    let destroyed = 0;
    let give: (stream: ByteStream) => void = () => {};
    let handed: AbortSignal | undefined;
    const opening = Agent.open(
      Core.createSync(),
      stream((signal) => {
        handed = signal;
        return new Promise((resolve) => {
          give = resolve;
        });
      }),
      { clock: new SimulatedClock(), signal: abort.signal },
    );
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(handed).toBe(abort.signal);
    give({ ...late, destroy: () => void destroyed++ });
    await Promise.resolve();
    await Promise.resolve();
    expect(destroyed).toBe(1);
  });

  test("passes on why there is no stream", async () => {
    const refused = new Error("connect ECONNREFUSED");
    const opening = Agent.open(
      Core.createSync(),
      stream(() => Promise.reject(refused)),
      { clock: new SimulatedClock() },
    );
    await expect(opening).rejects.toBe(refused);
  });

  test.each([{ maxInFlight: 0 }, { maxInFlight: 1.5 }, { timeoutMs: 0 }])("refuses %o", (options) => {
    expect(() => stream(() => Promise.reject(new Error("unused")), options)).toThrow(RangeError);
  });
});
