import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { VhostUserOutcome } from "../../src/vhost-user/index.ts";
import { FEATURES } from "../virtio/kit.ts";
import { FILE_OFFSET, FrontEnd, GUEST_ADDRESS, MEMORY_BYTES, packed, socketPath, USER_ADDRESS } from "./front-end.ts";
import { MODES, type Serving } from "./modes.ts";

const BOARD = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));
const ALL = { hasIndirect: true, hasEventIndex: true };
const isLinux = process.platform === "linux";

let open: (typeof MODES)[keyof typeof MODES];
let server: Serving;
let path: string;
let front: FrontEnd;
let gone: { outcome: VhostUserOutcome; reason: Error | undefined }[];
let onGone: () => void;

function nextGone(): Promise<void> {
  return new Promise((resolve) => {
    onGone = resolve;
  });
}

/** A guest that is up and running. */
async function guest(features = ALL, it = front, hasP2a = true) {
  await it.negotiate(features, hasP2a);
  it.shareMemory();
  const cmdq = it.driver(0, features);
  const eventq = it.driver(1, features);
  it.startQueue(0, cmdq.addresses);
  it.startQueue(1, eventq.addresses);
  const call = async (...requests: readonly Uint8Array[]) => {
    requests.forEach((request, i) => {
      const at = cmdq.buffers + i * 0x200;
      it.write(at, request);
      const readable = [{ address: at, byteLength: request.byteLength }];
      cmdq.queue.add(readable, [{ address: at + 0x100, byteLength: 136 }]);
    });
    if (cmdq.queue.publish()) it.kick(0);
    const answers: Uint8Array[] = [];
    while (answers.length < requests.length) {
      const used = cmdq.queue.take();
      if (used) answers.push(it.read(cmdq.buffers + answers.length * 0x200 + 0x100, used.writtenBytes));
      else if (!cmdq.queue.enableInterrupts()) await it.interrupted(0);
    }
    return answers;
  };
  return { call, cmdq, eventq };
}

const VERSION = packed(0x00a84000);
/** VOLTAGE_LEVEL_SET of domain 1, asynchronous. */
const LEVEL_SET_LATE = packed((0x17 << 10) | 7 | (9 << 18), 1, 1, 900_000);
/** PERFORMANCE_NOTIFY_LEVEL of domain 0. */
const NOTIFY_LEVEL = packed((0x13 << 10) | 0xa | (5 << 18), 0, 1);

const REGION = [BigInt(GUEST_ADDRESS), BigInt(MEMORY_BYTES), BigInt(USER_ADDRESS), BigInt(FILE_OFFSET)] as const;
const table = (...regions: readonly (readonly bigint[])[]) =>
  Uint8Array.from([...packed(regions.length, 0), ...regions.flatMap((it) => [...packed(...it)])]);

describe.skipIf(!isLinux).each(Object.entries(MODES))("%s,", (_mode, mode) => {
  beforeEach(async () => {
    open = mode;
    path = socketPath();
    gone = [];
    onGone = () => {};
    server = await open(path, (outcome, reason) => {
      gone.push({ outcome, reason });
      onGone();
    });
    front = new FrontEnd(path);
  });

  afterEach(async () => {
    front.close();
    await server.close();
  });

  describe("a guest", () => {
    test.each(FEATURES)("is answered as any agent is, with several commands in one kick, %j", async (features) => {
      const { call } = await guest(features);
      expect([...((await call(VERSION))[0] ?? [])]).toEqual([...packed(0x00a84000, 0, 0x20001)]);
      const requests = [0x10, 0x11, 0x13, 0x14].map((protocol, i) => packed((protocol << 10) | 1 | (i << 18)));
      const expected = await server.answers(requests);
      expect(await call(...requests)).toEqual(expected);
      expect(await server.counters()).toMatchObject({
        frontEnds: 1,
        received: 5,
        responses: 5,
        malformed: 0,
        refusedChains: 0,
      });
    });

    test("that fills its queue in one kick is answered, and heard afterwards", async () => {
      const { call } = await guest();
      for (let round = 0; round < 3; round++) {
        const answers = await call(...Array.from({ length: 8 }, (_, i) => packed(0x4000 | (i << 18))));
        expect(answers.map((it) => it.byteLength)).toEqual(Array(8).fill(12));
      }
      expect((await call(VERSION))[0]?.byteLength).toBe(12);
      expect(await server.counters()).toMatchObject({ received: 25, responses: 25 });
    });

    test("hears of changes through the buffers that it posted, and those that came without one are counted", async () => {
      const { call, eventq } = await guest();
      expect([...((await call(NOTIFY_LEVEL))[0] ?? [])].slice(4)).toEqual([0, 0, 0, 0]);
      await server.setLevel(0, 1400);
      expect(await server.counters()).toMatchObject({ notifications: 0, dropped: 1 });
      eventq.queue.add([], [{ address: eventq.buffers, byteLength: 136 }]);
      eventq.queue.publish();
      await server.setLevel(0, 1800);
      await front.interrupted(1);
      const used = eventq.queue.take();
      // header type 3, message 1; agent, domain, level
      expect([...front.read(eventq.buffers, used?.writtenBytes ?? 0)]).toEqual([
        ...packed((0x13 << 10) | 0x301, 0, 0, 1800),
      ]);
      expect(await server.counters()).toMatchObject({ notifications: 1, dropped: 1 });
    });

    test("hears of what took its time, without another kick", async () => {
      const { call, eventq } = await guest();
      eventq.queue.add([], [{ address: eventq.buffers, byteLength: 136 }]);
      eventq.queue.publish();
      expect([...((await call(LEVEL_SET_LATE))[0] ?? [])].slice(4)).toEqual([0, 0, 0, 0]);
      await server.advance(1);
      await front.interrupted(1);
      const used = eventq.queue.take();
      // header type 2, the command's id and token; SUCCESS, domain, level
      expect([...front.read(eventq.buffers, used?.writtenBytes ?? 0)]).toEqual([
        ...packed((0x17 << 10) | 0x207 | (9 << 18), 0, 1, 900_000),
      ]);
      expect(await server.counters()).toMatchObject({ delayedResponses: 1, notifications: 0, dropped: 0 });
    });

    test("without P2A channels is not notified, and told so, where another one is", async () => {
      const { call } = await guest(ALL, front, false);
      expect([...((await call(NOTIFY_LEVEL))[0] ?? [])].slice(4)).toEqual([...packed(0xffff_ffff)]); // NOT_SUPPORTED
      await server.setLevel(0, 1400);
      expect(await server.counters()).toMatchObject({ notifications: 0, dropped: 0 });
    });

    test("that resets its device goes on where the queue was, as an agent without settings", async () => {
      const { call, cmdq } = await guest();
      await call(NOTIFY_LEVEL);
      await call(VERSION);
      const base = await front.ask(11, packed(0, 0));
      expect([base?.getUint32(0, true), base?.getUint32(4, true)]).toEqual([0, 2]);
      await server.setLevel(0, 1800);
      expect((await server.counters()).dropped).toBe(0); // nobody is subscribed any more
      front.startQueue(0, cmdq.addresses, 2);
      expect([...((await call(VERSION))[0] ?? [])]).toEqual([...packed(0x00a84000, 0, 0x20001)]);
      expect(await server.counters()).toMatchObject({ received: 3, responses: 3 });
    });

    test("is followed by others on the same socket, any number of times", async () => {
      for (let i = 0; i < 20; i++) {
        const { call } = await guest(FEATURES[i % 4]);
        expect((await call(VERSION))[0]?.byteLength).toBe(12);
        const leaving = nextGone();
        front.close();
        await leaving;
        front = new FrontEnd(path);
      }
      expect(await server.counters()).toMatchObject({
        ended: 20,
        refused: 0,
        received: 20,
        responses: 20,
      });
    });

    test("goes on with new memory, where a machine's map changed", async () => {
      const { call } = await guest();
      await call(VERSION);
      front.shareMemory();
      expect((await call(VERSION))[0]?.byteLength).toBe(12);
    });

    test("that offers chains that are none gets them back, and is served on", async () => {
      const { call, cmdq } = await guest();
      cmdq.queue.add([{ address: 0x10, byteLength: 4 }], []);
      cmdq.queue.add([{ address: GUEST_ADDRESS + MEMORY_BYTES - 2, byteLength: 4 }], []);
      cmdq.queue.publish();
      front.kick(0);
      await front.interrupted(0);
      expect([cmdq.queue.take()?.writtenBytes, cmdq.queue.take()?.writtenBytes]).toEqual([0, 0]);
      expect((await call(VERSION))[0]?.byteLength).toBe(12);
      expect(await server.counters()).toMatchObject({ refusedChains: 2, received: 1, refused: 0 });
    });

    test("whose front end looks for answers by itself is served without interrupts, as QEMU has it without a vector", async () => {
      const { call, cmdq } = await guest();
      await call(VERSION);
      front.send(13, packed(0x100n)); // SET_VRING_CALL of queue 0: no descriptor
      expect((await front.ask(17))?.getUint32(0, true)).toBe(2);
      front.write(cmdq.buffers, VERSION);
      cmdq.queue.add([{ address: cmdq.buffers, byteLength: 4 }], [{ address: cmdq.buffers + 0x100, byteLength: 16 }]);
      cmdq.queue.publish();
      front.kick(0);
      await server.answers([VERSION]); // a turn for the kick
      while (!cmdq.queue.take()) await front.ask(17);
      expect(await server.counters()).toMatchObject({ received: 2, responses: 2, refused: 0 });
      expect(gone).toEqual([]);
    });

    test("whose ring makes no sense is sent away", async () => {
      const { cmdq } = await guest();
      front.region.data.setUint16(cmdq.addresses.available - GUEST_ADDRESS + 2, 1000, true);
      const leaving = nextGone();
      front.kick(0);
      await leaving;
      expect(gone[0]).toMatchObject({ outcome: "refused", reason: { message: /available index/ } });
    });
  });

  describe("a front end that lies is sent away, and the next one is served:", () => {
    const [address, byteLength, user, offset] = REGION;
    test.each<readonly [string, () => void]>([
      ["a version that is none", () => front.send(1, undefined, [], 2)],
      ["a payload of 4 GiB", () => front.sendRaw(packed(5, 1, 0xffff_ffff), packed(0))],
      ["a request that was never offered", () => front.send(40)],
      ["features that were never offered", () => front.send(2, packed(1n << 40n))],
      ["features without their payload", () => front.send(2)],
      ["a region of 2^60 bytes", () => front.send(5, table([address, 1n << 60n, user, 0n]), [front.memfd])],
      ["a region of 8 GiB", () => front.send(5, table([address, 1n << 33n, user, 0n]), [front.memfd])],
      [
        "a region beyond its file",
        () => front.send(5, table([address, byteLength, user, offset + 0x1000n]), [front.memfd]),
      ],
      ["a region of nothing", () => front.send(5, table([address, 0n, user, offset]), [front.memfd])],
      [
        "a region off the grid of pages",
        () => front.send(5, table([address + 8n, byteLength, user, offset]), [front.memfd]),
      ],
      [
        "an offset at the end of 64 bits",
        () => front.send(5, table([address, byteLength, user, (1n << 64n) - 0x1000n]), [front.memfd]),
      ],
      ["a table without descriptors", () => front.send(5, table(REGION))],
      ["an empty table", () => front.send(5, packed(0, 0))],
      ["a table that is cut", () => front.send(5, packed(1, 0, 1n), [front.memfd])],
      ["regions that overlap", () => front.send(5, table(REGION, REGION), [front.memfd, front.memfd])],
      ["memory that is a socket", () => front.send(5, table(REGION), [front.kicks[0]])],
      ["a queue that is not there", () => front.send(8, packed(7, 8))],
      ["a queue that is to be polled", () => front.send(12, packed(0x100n))],
      ["a kick without a descriptor", () => front.send(12, packed(0n))],
      ["an interrupt without a descriptor that claims one", () => front.send(13, packed(0n))],
      [
        "rings outside of the memory",
        () => {
          front.shareMemory();
          front.startQueue(0, { size: 8, descriptors: GUEST_ADDRESS + MEMORY_BYTES, available: 0, used: 0 });
        },
      ],
      [
        "a queue of 0 entries",
        () => {
          front.shareMemory();
          front.startQueue(0, { ...front.driver(0, ALL).addresses, size: 0 });
        },
      ],
      ["a queue of more entries than any device offers", () => front.send(8, packed(0, 2048))],
      [
        "a queue of 3 entries",
        () => {
          front.shareMemory();
          front.startQueue(0, { ...front.driver(0, ALL).addresses, size: 3 });
        },
      ],
    ])("%s", async (_, lie) => {
      const leaving = nextGone();
      lie();
      await leaving;
      expect(gone.map(({ outcome }) => outcome)).toEqual(["refused"]);
      expect(await front.gone()).toBe(true);
      front.close();
      front = new FrontEnd(path);
      const { call } = await guest();
      expect((await call(VERSION))[0]?.byteLength).toBe(12);
    });
  });

  test.each<readonly [RegExp, () => void]>([
    [
      /^vhost-user SET_VRING_NUM: expected a peer that keeps to its protocol.*at most 1024/,
      () => front.send(8, packed(0, 4096)),
    ],
    [/^vhost-user request 40: .*one that was offered/, () => front.send(40)],
    [/^vhost-user SET_VRING_KICK: .*a descriptor/, () => front.send(12, packed(0n))],
    [
      /^vhost-user SET_VRING_ADDR: .*addresses in the memory that is shared, got 0x7f1230040000/,
      () => {
        front.shareMemory();
        front.startQueue(0, { ...front.driver(0, ALL).addresses, descriptors: GUEST_ADDRESS + MEMORY_BYTES });
      },
    ],
  ])("a front end that is sent away is told of by name: %s", async (reason, lie) => {
    const leaving = nextGone();
    lie();
    await leaving;
    expect(gone[0]?.reason).toMatchObject({
      name: "ChannelError",
      reason: "refused",
      message: expect.stringMatching(reason),
    });
  });

  test("a guest with more memory than Node can look at is told so, and that the limit is ours", async () => {
    const leaving = nextGone();
    front.send(5, table([REGION[0], 1n << 33n, REGION[2], 0n]), [front.memfd]);
    await leaving;
    expect(gone[0]?.reason).toMatchObject({
      name: "RangeError",
      message: expect.stringMatching(/3\.5 GiB.*less memory/),
    });
  });

  describe("a server", () => {
    test("removes its socket, and hangs up, when it is closed; twice is once", async () => {
      await guest();
      await Promise.all([server.close(), server.close()]);
      expect(existsSync(path)).toBe(false);
      expect(await server.counters()).toMatchObject({ frontEnds: 1, closed: 1 });
    });

    test("says what is in its way", async () => {
      const reason = (at: string) => open(at, () => {}).catch(({ name, message }: Error) => ({ name, message }));
      const cannot = (why: RegExp) => ({ name: "ChannelError", message: expect.stringMatching(why) });
      expect(await reason(path)).toMatchObject(cannot(/^\/.*\.sock: expected a path .*EADDRINUSE: .*; end who/));
      expect(await reason(`/tmp/${"x".repeat(103)}`)).toMatchObject({
        name: "RangeError",
        message: expect.stringMatching(/108: \/tmp/),
      });
      expect(await reason("/nowhere/all.sock")).toMatchObject(cannot(/^\/nowhere\/all\.sock: .*ENOENT: .*; make it/));
      expect(await reason(`${BOARD}/x`)).toMatchObject(cannot(/yaml\/x: .*ENOTDIR: .*; choose/));
    });
  });
});
