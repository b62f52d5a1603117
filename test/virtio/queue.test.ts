import { describe, expect, test } from "vitest";
import {
  BufferRegion,
  DeviceQueue,
  DriverQueue,
  layOut,
  RegionMemory,
  VIRTIO_ID_SCMI,
  VirtioBus,
  type VirtioDevice,
} from "../../src/virtio/index.ts";
import { isEventPassed } from "../../src/virtio/layout.ts";
import { describeRaw, endless, FEATURES, offerRaw, pair, read, usedRaw, write } from "./kit.ts";

const PLAIN = { hasIndirect: false, hasEventIndex: false };

describe("the layout of a split virtqueue", () => {
  test("places 16 bytes a descriptor, 6 + 2 an available entry, 6 + 8 a used entry, aligned", () => {
    // OASIS virtio: 16 × size; 6 + 2 × size; 6 + 8 × size, on 16, 2 and 4 bytes
    expect(layOut(0x1000, 4)).toEqual({
      size: 4,
      descriptors: 0x1000,
      available: 0x1040,
      used: 0x1050, // 0x1040 + 14, rounded up
      end: 0x1050 + 38,
    });
  });

  test("stands in memory, byte by byte", () => {
    const it = pair(4, PLAIN);
    const request = write(it, it.buffers, [1, 2, 3, 4]);
    const head = it.driver.add([request], [{ address: it.buffers + 16, byteLength: 12 }]);
    it.driver.publish();
    const { address } = it.region;
    const word = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
    expect(head).toBe(0);
    expect(read(it, { address, byteLength: 32 })).toEqual([
      ...[...word(it.buffers), 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 1, 0], // goes on at 1
      ...[...word(it.buffers + 16), 0, 0, 0, 0, 12, 0, 0, 0, 2, 0, 2, 0], // to be written
    ]);
    expect(read(it, { address: it.addresses.available, byteLength: 6 })).toEqual([0, 0, 1, 0, 0, 0]);
    const chain = it.device.take();
    if (!chain) throw new Error("expected a chain");
    chain.write(new Uint8Array([9, 8, 7]));
    it.device.give(chain, 3);
    expect(read(it, { address: it.addresses.used, byteLength: 12 })).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0]);
    expect(it.driver.take()).toEqual({ head: 0, writtenBytes: 3 });
    expect(read(it, { address: it.buffers + 16, byteLength: 4 })).toEqual([9, 8, 7, 0]);
  });

  test("has a table of descriptors behind one entry, where that was negotiated", () => {
    const it = pair(4, { hasIndirect: true, hasEventIndex: false });
    it.driver.add([write(it, it.buffers, [1, 2])], [{ address: it.buffers + 16, byteLength: 8 }]);
    it.driver.publish();
    const view = it.region.data;
    expect([view.getUint32(8, true), view.getUint16(12, true)]).toEqual([32, 4]); // INDIRECT, and no NEXT
    const chain = it.device.take();
    expect([chain?.readableBytes, chain?.writableBytes, [...(chain?.read(100) ?? [])]]).toEqual([2, 8, [1, 2]]);
  });

  test.each([
    ["a size that is no power of two", 3, 0, 0x100, 0x200],
    ["a table that is not on 16 bytes", 4, 8, 0x100, 0x200],
    ["an available ring on an odd byte", 4, 0, 0x101, 0x200],
    ["a used ring that is not on 4 bytes", 4, 0, 0x100, 0x202],
    ["a used ring that ends behind the memory", 4, 0, 0x100, 0x3fc],
    ["a table at no memory", 4, 0x10000, 0x100, 0x200],
  ])("refuses %s", (_, size, descriptors, available, used) => {
    const memory = new RegionMemory();
    memory.add(new BufferRegion(0, new ArrayBuffer(0x400)));
    const addresses = { size, descriptors, available, used };
    expect(() => new DeviceQueue(memory, addresses, PLAIN)).toThrow(RangeError);
    expect(() => new DriverQueue(memory, addresses, PLAIN)).toThrow(RangeError);
  });
});

describe("who is told when", () => {
  test.each([
    // event, now, before: told when the step from before to now passed event
    [0, 1, 0, true],
    [1, 1, 0, false],
    [0, 3, 1, false],
    [2, 3, 1, true],
    [0xffff, 0, 0xffff, true],
    [0xfffe, 0, 0xffff, false],
    [5, 2, 0xfffe, false],
    [0, 2, 0xfffe, true],
  ])("event %i, index %i after %i: %s", (event, now, before, isTold) => {
    expect(isEventPassed(event, now, before)).toBe(isTold);
  });

  test.each(FEATURES)("a side that asks not to be told is not, and is when it asks again, %j", (features) => {
    const it = pair(4, features);
    const buffer = { address: it.buffers, byteLength: 4 };
    it.driver.enableInterrupts();
    it.device.enableKicks();
    const exchange = () => {
      it.driver.add([], [buffer]);
      const isKicked = it.driver.publish();
      const chain = it.device.take();
      if (chain) it.device.give(chain, 0);
      const isInterrupted = it.device.shouldNotify();
      it.driver.take();
      return [isKicked, isInterrupted];
    };
    expect(exchange()).toEqual([true, true]);
    it.driver.disableInterrupts();
    it.device.disableKicks();
    expect(exchange()).toEqual([false, false]);
    expect(exchange()).toEqual([false, false]);
    expect([it.driver.enableInterrupts(), it.device.enableKicks()]).toEqual([false, false]);
    expect(exchange()).toEqual([true, true]);
  });

  test.each(FEATURES)("what came while nobody was told shows when asking again, %j", (features) => {
    const it = pair(4, features);
    it.device.disableKicks();
    it.driver.add([], [{ address: it.buffers, byteLength: 4 }]);
    it.driver.publish();
    expect(it.device.enableKicks()).toBe(true);
    const chain = it.device.take();
    if (chain) it.device.give(chain, 0);
    expect(it.device.enableKicks()).toBe(false);
    expect(it.driver.enableInterrupts()).toBe(true);
  });
});

describe("a driver that lies", () => {
  const NEXT = 1;
  const WRITE = 2;
  const INDIRECT = 4;

  /** Chains that are none, each from head 0 in a queue of 4 with tables. */
  const lies: readonly (readonly [string, string, (it: ReturnType<typeof pair>) => void])[] = [
    [
      "a loop of one",
      "loop",
      (it) =>
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 4, flags: NEXT, next: 0 }),
    ],
    [
      "a loop of two",
      "loop",
      (it) => {
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 4, flags: NEXT, next: 1 });
        describeRaw(it, it.addresses.descriptors, 1, { address: it.buffers, byteLength: 4, flags: NEXT, next: 0 });
      },
    ],
    [
      "a next outside of the table",
      "index",
      (it) =>
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 4, flags: NEXT, next: 4 }),
    ],
    [
      "a buffer at no memory",
      "outside",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: 0x1000, byteLength: 4 }),
    ],
    [
      "a buffer that starts in memory and ends behind it",
      "outside",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: it.region.address + 0x7ffe, byteLength: 4 }),
    ],
    [
      "a length of 4 GiB",
      "outside",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 0xffff_ffff }),
    ],
    [
      "an address at the end of 64 bits",
      "outside",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: 0xffff_ffff_ffff_fffcn, byteLength: 8 }),
    ],
    [
      "readable after writable",
      "order",
      (it) => {
        describeRaw(it, it.addresses.descriptors, 0, {
          ...{ address: it.buffers, byteLength: 4, flags: NEXT | WRITE, next: 1 },
        });
        describeRaw(it, it.addresses.descriptors, 1, { address: it.buffers, byteLength: 4 });
      },
    ],
    [
      "a table whose length is no multiple of 16",
      "indirect",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 24, flags: INDIRECT }),
    ],
    [
      "an empty table",
      "indirect",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 0, flags: INDIRECT }),
    ],
    [
      "a table that is longer than the queue",
      "indirect",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 80, flags: INDIRECT }),
    ],
    [
      "a table that goes on",
      "indirect",
      (it) =>
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT | NEXT }),
    ],
    [
      "a table in a table",
      "indirect",
      (it) => {
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT });
        describeRaw(it, it.buffers, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT });
      },
    ],
    [
      "a table at no memory",
      "outside",
      (it) => describeRaw(it, it.addresses.descriptors, 0, { address: 0x10, byteLength: 32, flags: INDIRECT }),
    ],
    [
      "a loop in a table",
      "loop",
      (it) => {
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT });
        describeRaw(it, it.buffers, 0, { address: it.buffers, byteLength: 4, flags: NEXT, next: 1 });
        describeRaw(it, it.buffers, 1, { address: it.buffers, byteLength: 4, flags: NEXT, next: 0 });
      },
    ],
    [
      "a next outside of its table",
      "index",
      (it) => {
        describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT });
        describeRaw(it, it.buffers, 0, { address: it.buffers, byteLength: 4, flags: NEXT, next: 2 });
      },
    ],
  ];

  test.each(lies)("gets %s back empty, and is served on: %s", (_, fault, lie) => {
    const it = pair(4, { hasIndirect: true, hasEventIndex: false });
    lie(it);
    describeRaw(it, it.addresses.descriptors, 3, { address: it.buffers, byteLength: 4 });
    offerRaw(it, [0, 3]);
    expect(it.device.take()?.head).toBe(3);
    expect(usedRaw(it)).toEqual([[0, 0]]);
    expect(it.device.counters).toEqual({ taken: 1, used: 1, refused: 1, faults: { [fault]: 1 } });
  });

  test("may not use tables that were not negotiated", () => {
    const it = pair(4, PLAIN);
    describeRaw(it, it.addresses.descriptors, 0, { address: it.buffers, byteLength: 32, flags: INDIRECT });
    offerRaw(it, [0]);
    expect(it.device.take()).toBeUndefined();
    expect(it.device.counters.faults).toEqual({ indirect: 1 });
  });

  test("gets nothing back for a head outside of the table, or one that the device has", () => {
    const it = pair(4, PLAIN);
    describeRaw(it, it.addresses.descriptors, 1, { address: it.buffers, byteLength: 4 });
    offerRaw(it, [0xffff, 1, 1, 4]);
    expect(it.device.take()?.head).toBe(1);
    expect(it.device.take()).toBeUndefined();
    expect(usedRaw(it)).toEqual([]);
    expect(it.device.counters.faults).toEqual({ head: 2, twice: 1 });
  });

  test("breaks the queue, and nothing else, with more than the queue has", () => {
    const it = pair(4, PLAIN);
    offerRaw(it, [0, 1, 2, 3], 5);
    expect([it.device.take(), it.device.isBroken, it.device.enableKicks()]).toEqual([undefined, true, false]);
    offerRaw(it, [0], 1);
    expect(it.device.take()).toBeUndefined();
  });

  test("is given no more than it asked for", () => {
    const it = pair(4, PLAIN);
    it.driver.add([], [{ address: it.buffers, byteLength: 4 }]);
    it.driver.publish();
    const chain = it.device.take();
    expect(() => chain?.write(new Uint8Array(5))).toThrow(RangeError);
    expect(read(it, { address: it.buffers, byteLength: 8 })).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("a device that lies", () => {
  test("is counted when it returns what it does not have, and believed in nothing", () => {
    const it = pair(4, PLAIN);
    it.driver.add([], [{ address: it.buffers, byteLength: 4 }]);
    it.driver.publish();
    const at = it.addresses.used - it.region.address;
    for (const [i, [id, byteLength]] of [
      [7, 4],
      [0xffff_ffff, 4],
      [0, 0xffff_fff0],
      [0, 4],
    ].entries()) {
      it.region.data.setUint32(at + 4 + i * 8, id as number, true);
      it.region.data.setUint32(at + 8 + i * 8, byteLength as number, true);
    }
    it.region.data.setUint16(at + 2, 4, true);
    expect(it.driver.take()).toEqual({ head: 0, writtenBytes: 4 });
    expect(it.driver.take()).toBeUndefined();
    expect(it.driver.counters).toEqual({ unexpected: 3, overlong: 1 });
    expect(it.driver.inFlight).toBe(0);
  });

  test("breaks the queue, and nothing else, with more than the queue has", () => {
    const it = pair(4, PLAIN);
    it.region.data.setUint16(it.addresses.used - it.region.address + 2, 9, true);
    expect([it.driver.take(), it.driver.isBroken, it.driver.enableInterrupts()]).toEqual([undefined, true, false]);
  });
});

test("a driver that adds what is no chain faster than it is refused gets back no more than the queue holds at a time", () => {
  const { device, counters } = endless(pair(8, PLAIN), PLAIN);
  expect(device.take()).toBeUndefined();
  expect(counters.added).toBeLessThanOrEqual(17);
  expect([device.enableKicks(), device.isBroken]).toEqual([true, false]);
});

test("a driver is told when the descriptors do not suffice, and they come back", () => {
  const it = pair(4, PLAIN);
  const buffer = { address: it.buffers, byteLength: 4 };
  expect([it.driver.add([buffer], [buffer]), it.driver.add([buffer], [buffer])]).toEqual([0, 2]);
  expect(it.driver.add([], [buffer])).toBe(-1);
  it.driver.publish();
  const chain = it.device.take();
  if (chain) it.device.give(chain, 0);
  it.driver.take();
  expect(it.driver.add([buffer, buffer], [])).toBe(0);
  expect(() => it.driver.add([], [])).toThrow(RangeError);
});

test("long chains that a driver makes of every descriptor leave nothing behind, short ones are used again", () => {
  const it = pair(64, PLAIN);
  const buffer = { address: it.buffers, byteLength: 1 };
  const heads: number[] = [];
  const take = (count: number) => {
    it.driver.add(
      Array.from({ length: count }, () => buffer),
      [],
    );
    it.driver.publish();
    const chain = it.device.take();
    if (!chain) throw new Error("expected a chain");
    heads.push(chain.head);
    it.device.give(chain, 0);
    it.driver.take();
    return chain;
  };
  expect(take(2)).toBe(take(2));
  const long = take(60);
  expect([long.readableBytes, take(60) === long]).toEqual([60, false]);
  expect(new Set(heads).size).toBe(1);
});

test("a chain that was put back comes again", () => {
  const it = pair(4, PLAIN);
  it.driver.add([], [{ address: it.buffers, byteLength: 4 }]);
  it.driver.publish();
  const chain = it.device.take();
  if (chain) it.device.putBack(chain);
  expect(it.device.next).toBe(0);
  expect(it.device.take()?.head).toBe(0);
});

test("a region that was let go of holds nothing, also for those who kept it", () => {
  const memory = new RegionMemory();
  const region = new BufferRegion(0x1000, new ArrayBuffer(64));
  memory.add(region);
  expect(() => memory.add(new BufferRegion(0x1030, new ArrayBuffer(64)))).toThrow(RangeError);
  expect(memory.find(0x1000, 64)).toBe(region);
  region.detach();
  expect(memory.find(0x1000, 1)).toBeUndefined();
  expect(() => region.bytes.set([1], 0)).toThrow(RangeError);
});

test("a bus tells of devices that are there, come and go, its last listener first", () => {
  const bus = new VirtioBus();
  const device = (name: string): VirtioDevice => ({
    ...{ name, deviceId: VIRTIO_ID_SCMI, features: 0n, queueSizes: [], isSync: true },
    open: () => {
      throw new RangeError("not opened here");
    },
  });
  const heard: string[] = [];
  const one = device("virtio0");
  const removeOne = bus.add(one);
  const stop = bus.watch({
    added: ({ name }) => heard.push(`1 +${name}`),
    removed: ({ name }) => heard.push(`1 -${name}`),
  });
  bus.watch({ removed: ({ name }) => heard.push(`2 -${name} of ${bus.devices.length}`) });
  bus.add(device("virtio1"));
  bus.add(one);
  removeOne();
  removeOne();
  stop();
  bus.add(device("virtio2"));
  expect(heard).toEqual(["1 +virtio0", "1 +virtio1", "2 -virtio0 of 2", "1 -virtio0"]);
  expect(bus.devices.map(({ name }) => name)).toEqual(["virtio1", "virtio2"]);
});
