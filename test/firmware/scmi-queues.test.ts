import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { ConnectServer } from "../../src/firmware/index.ts";
import { ScmiQueues } from "../../src/firmware/scmi-queues.ts";
import type { QueueFeatures } from "../../src/virtio/index.ts";
import { prompt } from "../compliance/prompt.ts";
import { endless, type Pair, pair, read, write } from "../virtio/kit.ts";

const FEATURES: QueueFeatures = { hasIndirect: true, hasEventIndex: true };
const HEADER = 0x00a84000; // token 42, Base, PROTOCOL_VERSION: the example of 00-transport §11.1
const COMMAND = [0x00, 0x40, 0xa8, 0x00];
const DELAYED = 0x0600 | (0x15 << 10); // type 2
const NOTIFICATION = 0x0300 | (0x14 << 10);
const COMMS_ERROR = [0xf9, 0xff, 0xff, 0xff]; // -7

const VERSION: readonly number[] = [0, 0, 0, 0, 1, 0, 2, 0];

function machine({ hasEventq = true, answer = VERSION as typeof VERSION | null, isPrompt = false } = {}) {
  const cmdq = pair(8, FEATURES);
  const eventq = pair(8, FEATURES);
  const log: string[] = [];
  let send: (message: Uint8Array) => void = () => {};
  let hasP2a: boolean | undefined;
  const connect: ConnectServer = (sink) => {
    hasP2a = sink.hasP2a;
    send = (message) => sink.send(message);
    return {
      receive: (message) => {
        log.push(`got ${message.byteLength}`);
        if (answer) sink.send(Uint8Array.from([...message.subarray(0, 4), ...answer]));
      },
      close: () => log.push("closed"),
    };
  };
  const queues = new ScmiQueues(
    isPrompt ? (sink) => prompt((it) => connect({ ...it, hasP2a: sink.hasP2a }))(sink) : connect,
    {
      cmdq: cmdq.device,
      ...(hasEventq ? { eventq: eventq.device } : {}),
      notify: (queue) => log.push(`notify ${queue}`),
      broken: () => log.push("broken"),
    },
  );
  const call = (request: readonly number[], roomBytes: number) => {
    const room = { address: cmdq.buffers + 64, byteLength: roomBytes };
    cmdq.driver.add([write(cmdq, cmdq.buffers, request)], roomBytes > 0 ? [room] : []);
    cmdq.driver.publish();
    queues.serve();
    const used = cmdq.driver.take();
    return used && read(cmdq, { address: room.address, byteLength: used.writtenBytes });
  };
  const post = (byteLength: number) => {
    eventq.driver.add([], [{ address: eventq.buffers, byteLength }]);
    eventq.driver.publish();
    queues.replenish();
  };
  const event = () => {
    const used = eventq.driver.take();
    eventq.driver.enableInterrupts();
    return used && read(eventq, { address: eventq.buffers, byteLength: used.writtenBytes });
  };
  const say = (header: number, ...payload: readonly number[]) => {
    const message = new Uint8Array(4 + payload.length);
    new DataView(message.buffer).setUint32(0, header, true);
    message.set(payload, 4);
    send(message);
    return [...message];
  };
  return { queues, cmdq, eventq, log, call, post, event, say, hasP2a };
}

describe.each([false, true])("commands, answered in place: %s", (isPrompt) => {
  test("are answered in their chains, byte by byte, and the driver is told once", () => {
    const { call, log, queues } = machine({ isPrompt });
    expect(call(COMMAND, 12)).toEqual([...COMMAND, 0, 0, 0, 0, 1, 0, 2, 0]);
    expect(log).toEqual(["got 4", "notify cmdq"]);
    expect(queues.counters).toMatchObject({ received: 1, responses: 1, malformed: 0, overlong: 0 });
  });

  test.each([
    [[], 12],
    [[0, 0x40, 0xa8], 12], // no header
    [[0, 0x42, 0xa8, 0], 12], // a delayed response
    [[0, 0x43, 0xa8, 0], 12], // a notification
  ])("that are none go back empty: %j", (request, room) => {
    const { call, log, queues } = machine({ isPrompt });
    expect(call(request, room)).toEqual([]);
    expect(log).toEqual(["notify cmdq"]);
    expect(queues.counters).toMatchObject({ received: 0, malformed: 1 });
  });

  test("whose answer does not fit get COMMS_ERROR, and nothing where that does not fit either", () => {
    const { call, queues } = machine({ isPrompt });
    expect(call(COMMAND, 11)).toEqual([...COMMAND, ...COMMS_ERROR]);
    expect(call(COMMAND, 8)).toEqual([...COMMAND, ...COMMS_ERROR]);
    expect(call(COMMAND, 7)).toEqual([]);
    expect(call(COMMAND, 0)).toEqual([]);
    expect(queues.counters).toMatchObject({ received: 4, responses: 4, overlong: 4 });
  });

  test("are answered in any order", () => {
    const { cmdq, queues, say } = machine({ answer: null, isPrompt });
    const chains = [1, 2].map((token) => {
      const room = { address: cmdq.buffers + 64 * token, byteLength: 16 };
      const head = cmdq.driver.add([write(cmdq, cmdq.buffers + 16 * token, [0, 0x40, token * 4, 0])], [room]);
      return { head, room };
    });
    cmdq.driver.publish();
    expect(queues.serve()).toBe(false);
    say(0x084000, 0, 0, 0, 0);
    say(0x044000, 0, 0, 0, 0);
    expect([cmdq.driver.take()?.head, cmdq.driver.take()?.head]).toEqual([chains[1]?.head, chains[0]?.head]);
    say(0x044000, 0, 0, 0, 0); // once more: nobody waits
    expect(cmdq.driver.take()).toBeUndefined();
  });

  test("are served a queue at a time: who adds faster than that hears of it", () => {
    const { cmdq, queues } = machine({ isPrompt });
    for (let i = 0; i < 8; i++) cmdq.driver.add([write(cmdq, cmdq.buffers, COMMAND)], []);
    cmdq.driver.publish();
    expect(queues.serve()).toBe(true);
    expect(queues.serve()).toBe(false);
  });

  test("may come, and be answered, in pieces", () => {
    const { cmdq, queues } = machine({ isPrompt });
    const pieces = [write(cmdq, cmdq.buffers, [0, 0x40]), write(cmdq, cmdq.buffers + 8, [0xa8, 0])];
    const rooms = [64, 80].map((at) => ({ address: cmdq.buffers + at, byteLength: 6 }));
    cmdq.driver.add(pieces, rooms);
    cmdq.driver.publish();
    queues.serve();
    expect(cmdq.driver.take()?.writtenBytes).toBe(12);
    expect(rooms.flatMap((room) => read(cmdq, room))).toEqual([...COMMAND, 0, 0, 0, 0, 1, 0, 2, 0]);
  });
});

test("commands are copied once, before anybody looks at them", () => {
  const cmdq = pair(8, FEATURES);
  const received: number[][] = [];
  const connect: ConnectServer = (sink) => ({
    receive: (message) => {
      write(cmdq, cmdq.buffers, [1, 2, 3, 4]); // the driver changes its mind
      received.push([...message]);
      sink.send(Uint8Array.from([...message, ...VERSION]));
    },
    close: () => {},
  });
  const queues = new ScmiQueues(connect, { cmdq: cmdq.device, notify: () => {}, broken: () => {} });
  cmdq.driver.add([write(cmdq, cmdq.buffers, COMMAND)], [{ address: cmdq.buffers + 64, byteLength: 16 }]);
  cmdq.driver.publish();
  queues.serve();
  expect(received).toEqual([COMMAND]);
});

describe("events", () => {
  test("go into posted buffers, in order", () => {
    const { post, event, say, log } = machine();
    post(16);
    post(16);
    const first = say(NOTIFICATION, 1);
    expect(event()).toEqual(first);
    const second = say(DELAYED, 0, 0, 0, 0);
    expect(event()).toEqual(second);
    expect(log).toEqual(["notify eventq", "notify eventq"]);
  });

  test("that are notifications are dropped and counted when no buffer is posted; delayed responses wait", () => {
    const { post, event, say, queues } = machine();
    say(NOTIFICATION, 1);
    const delayed = [say(DELAYED, 0, 0, 0, 0, 1), say(DELAYED | 0x40000, 0, 0, 0, 0, 2)];
    say(NOTIFICATION, 2);
    expect(queues.counters).toMatchObject({ notifications: 0, delayedResponses: 0, dropped: 2 });
    post(16);
    expect(event()).toEqual(delayed[0]);
    post(16);
    expect(event()).toEqual(delayed[1]);
    post(16);
    expect(event()).toBeUndefined();
    const late = say(NOTIFICATION, 3);
    expect(event()).toEqual(late);
    expect(queues.counters).toMatchObject({ notifications: 1, delayedResponses: 2, dropped: 2 });
  });

  test("that do not fit leave the buffer for others; a delayed response becomes COMMS_ERROR", () => {
    const { post, event, say, queues } = machine();
    post(8);
    say(NOTIFICATION, 1, 2, 3, 4, 5);
    expect(event()).toBeUndefined();
    say(DELAYED, 0, 0, 0, 0, 5);
    expect(event()).toEqual([0x00, 0x56, 0, 0, ...COMMS_ERROR]);
    expect(queues.counters).toMatchObject({ notifications: 0, dropped: 1, delayedResponses: 1, overlong: 1 });
  });

  test("have nowhere to go without P2A channels, of which the platform hears", () => {
    expect(machine().hasP2a).toBe(true);
    const { say, queues, hasP2a } = machine({ hasEventq: false });
    expect(hasP2a).toBe(false);
    say(NOTIFICATION, 1);
    say(DELAYED, 0, 0, 0, 0);
    expect(queues.counters.dropped).toBe(2);
  });
});

test.each([false, true])(
  "a driver that never stops adding what is no chain leaves time for others, with event index: %s",
  (hasEventIndex) => {
    const features = { hasIndirect: false, hasEventIndex };
    const [cmdq, eventq] = [endless(pair(8, features), features), endless(pair(8, features), features)];
    let send: (message: Uint8Array) => void = () => {};
    const connect: ConnectServer = (sink) => {
      send = (message) => sink.send(message);
      return { receive: () => {}, close: () => {} };
    };
    const queues = new ScmiQueues(connect, {
      ...{ cmdq: cmdq.device, eventq: eventq.device, notify: () => {}, broken: () => {} },
    });
    expect(queues.serve()).toBe(true);
    const event = new Uint8Array(8);
    new DataView(event.buffer).setUint32(0, NOTIFICATION, true);
    send(event);
    expect(queues.counters.dropped).toBe(1);
    for (const { counters } of [cmdq, eventq]) expect(counters.added).toBeLessThanOrEqual(100);
  },
);

test("a ring that makes no sense is told, and ends the service", () => {
  const { cmdq, queues, log } = machine();
  cmdq.region.data.setUint16(cmdq.addresses.available - cmdq.region.address + 2, 1000, true);
  expect(queues.serve()).toBe(false);
  expect(log).toEqual(["broken"]);
});

test("after a stop nothing is touched", () => {
  const { cmdq, queues, log, say } = machine({ answer: null });
  cmdq.driver.add([write(cmdq, cmdq.buffers, COMMAND)], [{ address: cmdq.buffers + 64, byteLength: 16 }]);
  cmdq.driver.publish();
  queues.serve();
  queues.stop();
  queues.stop();
  say(HEADER, 0, 0, 0, 0);
  say(DELAYED, 0, 0, 0, 0);
  queues.replenish();
  expect([queues.serve(), cmdq.driver.take(), log]).toEqual([false, undefined, ["got 4", "closed"]]);
});

/** Queues of a platform that fails after its answer to the second command. */
function failing(isPrompt: boolean) {
  const cmdq = pair(8, FEATURES);
  const log: string[] = [];
  let error: Error | undefined;
  const settle = () => {
    const failed = error;
    error = undefined;
    if (failed) throw failed;
  };
  const connect: ConnectServer = (sink) => {
    const scripted = (to: { send(message: Uint8Array): void }) => ({
      receive: (message: Uint8Array) => {
        to.send(Uint8Array.from([...message.subarray(0, 4), ...VERSION]));
        if (message[2] === 8) error = new Error("platform");
      },
      close: () => {},
    });
    const { receive, close } = scripted(sink);
    const late = (message: Uint8Array) => {
      receive(message);
      settle();
    };
    return isPrompt ? { ...prompt(scripted)(sink), settle } : { receive: late, close };
  };
  const queues = new ScmiQueues(connect, { cmdq: cmdq.device, notify: (queue) => log.push(queue), broken: () => {} });
  const add = (token: number) => {
    const room = { address: cmdq.buffers + 64 * token, byteLength: 16 };
    cmdq.driver.add([write(cmdq, cmdq.buffers + 16 * token, [0, 0x40, token * 4, 0])], [room]);
  };
  return { cmdq, queues, log, add };
}

test.each([false, true])("a platform that fails takes no other command along; answered in place: %s", (isPrompt) => {
  const { cmdq, queues, log, add } = failing(isPrompt);
  for (const token of [1, 2, 3]) add(token);
  cmdq.driver.publish();
  cmdq.driver.enableInterrupts();
  expect(() => queues.serve()).toThrow("platform");
  expect([1, 2, 3, 4].map(() => cmdq.driver.take()?.writtenBytes)).toEqual([12, 12, 12, undefined]);
  expect(log).toEqual(["cmdq"]);
  add(4);
  expect(cmdq.driver.publish()).toBe(true); // a kick is wanted
});

test("commands of a queue that was replaced are forgotten, and take nobody else's place", () => {
  const clock = new SimulatedClock();
  const [before, after] = [pair(8, FEATURES), pair(8, FEATURES)];
  const received: number[] = [];
  const connect: ConnectServer = (sink) => ({
    receive: (message) => {
      received.push(message[2] ?? 0);
      sink.send(Uint8Array.from([...message.subarray(0, 4), ...VERSION]));
    },
    close: () => {},
  });
  const queues = new ScmiQueues(connect, {
    ...{ cmdq: before.device, notify: () => {}, broken: () => {}, clock, latencyMs: 2 },
  });
  const send = (queue: Pair, token: number) => {
    const room = { address: queue.buffers + 64, byteLength: 16 };
    queue.driver.add([write(queue, queue.buffers, [0, 0x40, token * 4, 0])], [room]);
    queue.driver.publish();
    queues.serve();
    return room;
  };
  send(before, 1);
  clock.advance(1);
  queues.replaceQueues(after.device, undefined);
  const room = send(after, 2);
  clock.advance(5);
  expect(after.driver.take()?.writtenBytes).toBe(12);
  expect([read(after, room).slice(0, 4), received]).toEqual([[0, 0x40, 8, 0], [8]]);
});
