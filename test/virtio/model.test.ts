import { describe, expect, test } from "vitest";
import type { DeviceChain } from "../../src/virtio/index.ts";
import { Random, seeds } from "../support/random.ts";
import { FEATURES, pair, read, write } from "./kit.ts";

const STEPS = 4000;
const PIECE = 16;

/** What is under way, as anybody would note it down: chains in the order of their offering, their bytes, and who owes whom a word. */
interface Noted {
  readonly head: number;
  readonly request: readonly number[];
  readonly room: number;
  readonly place: number;
  readonly answer: number[];
}

describe.each(FEATURES)("a queue with %j does what a list would do", (features) => {
  test.each(seeds([1, 2, 3]))("seed %i", (seed) => {
    const random = new Random(seed);
    const it = pair(random.pick([1, 2, 4, 8]), features);
    const { size } = it.driver;
    const freePlaces = Array.from({ length: size }, (_, i) => i);
    const added: Noted[] = [];
    const offered: Noted[] = [];
    const held: { noted: Noted; chain: DeviceChain }[] = [];
    const given: Noted[] = [];
    const wants = { kick: it.device.enableKicks(), interrupt: it.driver.enableInterrupts() };
    wants.kick = true;
    wants.interrupt = true;
    let isDeviceAwake = false;
    let isDriverAwake = false;
    let freeDescriptors = size;

    const costOf = (pieces: number) => (features.hasIndirect && pieces > 1 ? 1 : pieces);
    const costs = new Map<Noted, number>();

    const add = () => {
      const place = freePlaces.at(-1);
      if (place === undefined) return;
      const readablePieces = random.below(3);
      const writablePieces = random.below(3);
      const pieces = readablePieces + writablePieces;
      if (pieces === 0 || pieces > size) return;
      const at = it.buffers + place * 4 * PIECE;
      const parts = Array.from({ length: readablePieces }, (_, i) =>
        random.bytes(1 + random.below(PIECE)).map((b) => b ^ i),
      );
      const readable = parts.map((bytes, i) => write(it, at + i * PIECE, bytes));
      const writable = Array.from({ length: writablePieces }, (_, i) => ({
        address: at + (readablePieces + i) * PIECE,
        byteLength: PIECE,
      }));
      const head = it.driver.add(readable, writable);
      expect(head === -1).toBe(costOf(pieces) > freeDescriptors);
      if (head === -1) return;
      freeDescriptors -= costOf(pieces);
      freePlaces.pop();
      const noted: Noted = { head, request: parts.flat(), room: writablePieces * PIECE, place, answer: [] };
      costs.set(noted, costOf(pieces));
      Object.assign(noted, { writable });
      added.push(noted);
    };
    const publish = () => {
      const isNew = added.length > 0;
      offered.push(...added.splice(0));
      if (it.driver.publish()) isDeviceAwake = true;
      if (isNew && wants.kick) expect(isDeviceAwake).toBe(true); // never lost
    };
    const take = () => {
      const chain = it.device.take();
      const noted = offered.shift();
      expect(chain?.head).toBe(noted?.head);
      if (!chain || !noted) return;
      expect([...chain.read(1000)]).toEqual(noted.request);
      expect(chain.writableBytes).toBe(noted.room);
      held.push({ noted, chain });
    };
    const give = () => {
      const [entry] = held.splice(random.below(held.length), 1);
      if (!entry) return;
      const answer = random.bytes(random.below(entry.noted.room + 1));
      entry.chain.write(Uint8Array.from(answer));
      entry.noted.answer.push(...answer);
      it.device.give(entry.chain, answer.length);
      given.push(entry.noted);
    };
    const notify = () => {
      const isNew = given.length > 0;
      if (it.device.shouldNotify()) isDriverAwake = true;
      if (isNew && wants.interrupt) expect(isDriverAwake).toBe(true); // never lost
    };
    const harvest = () => {
      const used = it.driver.take();
      const noted = given.shift();
      expect(used?.head).toBe(noted?.head);
      if (!used || !noted) return;
      expect(used.writtenBytes).toBe(noted.answer.length);
      const { writable } = noted as Noted & { readonly writable: readonly { address: number; byteLength: number }[] };
      const bytes = writable.flatMap((extent) => read(it, extent)).slice(0, noted.answer.length);
      expect(bytes).toEqual(noted.answer);
      freePlaces.push(noted.place);
      freeDescriptors += costs.get(noted) ?? 0;
    };
    const sleepDevice = () => {
      const mayHaveMore = it.device.enableKicks();
      expect(mayHaveMore).toBe(offered.length > 0);
      wants.kick = !mayHaveMore;
      isDeviceAwake = mayHaveMore;
    };
    const sleepDriver = () => {
      const mayHaveMore = it.driver.enableInterrupts();
      expect(mayHaveMore).toBe(given.length > 0);
      wants.interrupt = !mayHaveMore;
      isDriverAwake = mayHaveMore;
    };
    const disable = () => {
      it.device.disableKicks();
      it.driver.disableInterrupts();
      wants.kick = false;
      wants.interrupt = false;
    };
    const actions: readonly (readonly [number, () => void])[] = [
      ...([
        [30, add],
        [25, publish],
        [25, take],
        [25, give],
      ] as const),
      ...([
        [20, notify],
        [25, harvest],
        [10, sleepDevice],
        [10, sleepDriver],
        [3, disable],
      ] as const),
    ];
    for (let step = 0; step < STEPS; step++) random.weighted(actions)();
    expect(it.driver.inFlight).toBe(added.length + offered.length + held.length + given.length);
    expect(it.device.counters.refused).toBe(0);
    expect(it.driver.counters).toEqual({ unexpected: 0, overlong: 0 });
  });
});

test.each(FEATURES)("indices wrap after 65,536 and nobody notices, %j", (features) => {
  const it = pair(8, features);
  const readable = [{ address: it.buffers, byteLength: 4 }];
  const writable = [{ address: it.buffers + 16, byteLength: 4 }];
  const answer = new Uint8Array(4);
  it.driver.enableInterrupts();
  it.device.enableKicks();
  let kicks = 0;
  let interrupts = 0;
  const count = 66_000;
  for (let i = 0; i < count; i++) {
    it.driver.add(readable, writable);
    if (it.driver.publish()) kicks++;
    const chain = it.device.take();
    if (!chain) throw new Error(`expected a chain in round ${i}`);
    answer[0] = i;
    chain.write(answer);
    it.device.give(chain, 4);
    it.device.enableKicks();
    if (it.device.shouldNotify()) interrupts++;
    if (it.driver.take()?.writtenBytes !== 4) throw new Error(`expected the chain back in round ${i}`);
    it.driver.enableInterrupts();
  }
  expect([kicks, interrupts]).toEqual([count, count]);
  expect(it.device.next).toBe(count & 0xffff);
});
