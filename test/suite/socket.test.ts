import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { COMMANDS, VERSIONS } from "./messages.ts";
import { type RawClient, type Served, STATUS, serve, textAt, words, wordsOf } from "./raw-client.ts";

// What Arm's compliance tests and a careful driver look at, over the socket of `scmi serve`, from the reference texts alone.

const { SUCCESS, NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, OUT_OF_RANGE, PROTOCOL_ERROR } = STATUS;
const [BASE, POWER, SYSTEM, PERFORMANCE, CLOCK, SENSOR, RESET] = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16] as const;
const [ON, OFF] = [0, 0x40000000] as const;
const AGENTS = ["platform", "OSPM", "MANAGEMENT", "GUEST"] as const;
const TRUSTED = 2;

const RUNS = Object.keys(VERSIONS).flatMap((profile) => [1, 2, 3].map((agent) => [profile, agent] as const));

describe.each(RUNS)("SCMI %s, agent %i", (profile, agentId) => {
  const versions = VERSIONS[profile] ?? {};
  const versionOf = (protocol: number) => versions[protocol] ?? 0;
  const has = (protocol: number) => versionOf(protocol) > 0;
  let served: Served;
  let it: RawClient;

  beforeAll(async () => {
    served = await serve(profile, agentId);
    it = await served.open();
  });
  beforeEach(() => void it.takeP2a());
  afterAll(async () => {
    it.close();
    expect(await served.stop()).toBe(0);
  });

  const countOf = async (protocol: number) => ((await it.call(protocol, 0x1))[1] as number) & 0xffff;

  /** Runs for every resource of a protocol, with the words of its attributes, the status first. */
  async function forEach(protocol: number, run: (id: number, attributes: number[]) => Promise<void>): Promise<void> {
    const count = await countOf(protocol);
    expect(count).toBeGreaterThan(0);
    for (let id = 0; id < count; id++) {
      const attributes = await it.call(protocol, 0x3, id);
      expect(attributes[0], `attributes of ${id}`).toBe(SUCCESS);
      await run(id, attributes);
    }
  }

  test("the list of protocols, its pages, its end, and the version of each", async () => {
    const [status, attributes] = await it.call(BASE, 0x1);
    const count = (attributes as number) & 0xff;
    expect([status, (attributes as number) >>> 8]).toEqual([SUCCESS, 3]);
    const page = await it.bytes(BASE, 0x6, words(0));
    expect(page.length).toBe(8 + 4 * Math.ceil(count / 4));
    const ids = [...page.subarray(8)];
    expect([page.readUInt32LE(4), ...ids.slice(count)]).toEqual([count, ...ids.slice(count).map(() => 0)]);
    const all = Object.keys(versions).map(Number);
    expect(ids.slice(0, count)).toEqual(all.filter((id) => id !== BASE));
    for (let skip = 0; skip <= count; skip++) {
      const rest = await it.bytes(BASE, 0x6, words(skip));
      expect(rest.readUInt32LE(4)).toBe(count - skip);
      expect([...rest.subarray(8, 8 + count - skip)]).toEqual(ids.slice(skip, count));
    }
    for (const skip of [count + 1, 0xffffffff]) expect(await it.call(BASE, 0x6, skip)).toEqual([INVALID_PARAMETERS]);
    for (const id of [BASE, ...ids.slice(0, count)]) expect(await it.call(id, 0x0)).toEqual([SUCCESS, versionOf(id)]);
    for (const id of [0x00, 0x0f, 0x1a, 0x1b, 0x7f, 0x80, 0xff])
      expect(await it.call(id, 0x0)).toEqual([NOT_SUPPORTED]);
  });

  test("vendor, sub-vendor and implementation version", async () => {
    for (const [id, text] of [
      [0x3, "scmi-wasm"],
      [0x4, "example"],
    ] as const) {
      const payload = await it.bytes(BASE, id, words());
      expect([payload.length, textAt(payload, 4, 16)]).toEqual([20, text]);
    }
    expect(await it.call(BASE, 0x5)).toEqual([SUCCESS, 0x10000]);
  });

  test("agents by id, oneself, and nobody", async () => {
    const hasId = versionOf(BASE) >= 0x20000;
    for (const [id, name] of AGENTS.entries()) {
      const payload = await it.bytes(BASE, 0x7, words(id));
      expect([payload.length, textAt(payload, hasId ? 8 : 4, 16)]).toEqual([hasId ? 24 : 20, name]);
      if (hasId) expect(payload.readUInt32LE(4)).toBe(id);
    }
    const own = await it.call(BASE, 0x7, 0xffffffff);
    expect(own.slice(0, 2)).toEqual(hasId ? [SUCCESS, agentId] : [NOT_FOUND]);
    for (const id of [AGENTS.length, 99, 0x10001, 0xfffffffe])
      expect(await it.call(BASE, 0x7, id)).toEqual([NOT_FOUND]);
  });

  test("headers come back to the bit, tokens may repeat, other message types are refused", async () => {
    for (const token of [0, 1, 1023, 1023]) {
      const header = ((token << 18) | (CLOCK << 10)) >>> 0;
      expect((await it.send(header, words())).header).toBe(header);
    }
    const reserved = (0xf0000000 | (BASE << 10)) >>> 0;
    expect((await it.send(reserved, words())).header).toBe(reserved);
    const typed = (BASE << 10) | (1 << 8);
    const answer = await it.send(typed, words());
    expect([answer.header, ...wordsOf(answer.payload)]).toEqual([typed, PROTOCOL_ERROR]);
  });

  describe.each(Object.keys(COMMANDS).map(Number))("protocol 0x%x", (protocol) => {
    const version = versionOf(protocol);
    const known = (COMMANDS[protocol] ?? []).filter(({ since }) => version >= since);
    const unknown = Array.from({ length: 0x14 }, (_, id) => id).filter((id) => !known.some((row) => row.id === id));

    test.skipIf(version === 0)(
      "an unknown message is NOT_FOUND before its size is judged, and in the attributes",
      async () => {
        for (const id of [...unknown, 0x7f, 0xff]) {
          for (const payload of [words(), words(0), words(1, 2, 3, 4), Buffer.from([1, 2, 3])]) {
            expect(wordsOf(await it.bytes(protocol, id, payload)), `message ${id}`).toEqual([NOT_FOUND]);
          }
          expect(await it.call(protocol, 0x2, id)).toEqual([NOT_FOUND]);
        }
        for (const id of [0x100, 0x103, 0xffffffff]) expect(await it.call(protocol, 0x2, id)).toEqual([NOT_FOUND]);
      },
    );

    test.skipIf(version === 0)(
      "a known message has its attributes, and is a PROTOCOL_ERROR of any other size",
      async () => {
        for (const { id, size } of known) {
          const [status, ...rest] = await it.call(protocol, 0x2, id);
          const isSystem = protocol === SYSTEM;
          if (isSystem && id === 0x5 && status === NOT_SUPPORTED) continue;
          // FastChannels are not offered over a socket; of system power one message has bits
          const isSet = isSystem && id === 0x3 && agentId !== 3; // the guest may ask for no state
          expect([status, ...rest], `message ${id}`).toEqual([SUCCESS, isSet ? 0xc0000000 : 0]);
          const isLonger = protocol === CLOCK && id === 0x7 && version >= 0x30000 ? 4 : 0;
          for (const bytes of [size - 4, size - 1, size + isLonger + 1, size + isLonger + 4, size + isLonger + 40]) {
            if (bytes < 0) continue;
            const answer = await it.bytes(protocol, id, Buffer.alloc(bytes));
            expect(wordsOf(answer), `${bytes} bytes for message ${id}`).toEqual([PROTOCOL_ERROR]);
          }
        }
      },
    );

    test.skipIf(version === 0)("a resource that is not there comes before all that is wrong besides", async () => {
      const resources = known.filter(({ resource }) => resource !== undefined);
      if (resources.length === 0) return;
      const count = await countOf(protocol);
      for (const { id, size, resource } of resources) {
        for (const bad of [count + 1, 0xffff, 0x10000, 0xffffffff]) {
          for (const filling of [0, 0xffffffff]) {
            // CLOCK_CONFIG_SET may leave its third word out when that says nothing
            const length = protocol === CLOCK && id === 0x7 && version >= 0x30000 ? 3 : size / 4;
            const parameters = Array.from({ length }, (_, i) => (i === resource ? bad : filling));
            expect(await it.call(protocol, id, ...parameters), `message ${id}, ${bad}`).toEqual([NOT_FOUND]);
          }
        }
      }
    });
  });

  test("nobody is told of errors with reserved bits, and permissions change for those who are trusted", async () => {
    for (const bits of [0xf, 2, 0x80000001]) expect(await it.status(BASE, 0x8, bits)).toBe(INVALID_PARAMETERS);
    expect(await it.status(BASE, 0x8, 1)).toBe(SUCCESS);
    expect(await it.status(BASE, 0x8, 0)).toBe(SUCCESS);
    if (versionOf(BASE) < 0x20000) return;
    expect(await it.status(BASE, 0xb, agentId, 0)).toBe(SUCCESS);
    expect(await it.status(BASE, 0xb, agentId, 0xf)).toBe(INVALID_PARAMETERS);
    expect(await it.status(BASE, 0xb, 4, 0)).toBe(NOT_FOUND);
    if (agentId !== TRUSTED) {
      expect(await it.status(BASE, 0x9, agentId, 0, 1)).toBe(DENIED);
      expect(await it.status(BASE, 0xa, agentId, 0, CLOCK, 1)).toBe(DENIED);
      expect(await it.status(BASE, 0xb, TRUSTED, 1)).toBe(DENIED);
      return;
    }
    expect(await it.status(BASE, 0x9, 4, 0, 1)).toBe(NOT_FOUND);
    expect(await it.status(BASE, 0x9, agentId, 0xffff, 1)).toBe(NOT_FOUND);
    expect(await it.status(BASE, 0x9, agentId, 0, 0xf)).toBe(INVALID_PARAMETERS);
    expect(await it.status(BASE, 0xa, agentId, 0, BASE, 0)).toBe(NOT_FOUND);
    expect(await it.status(BASE, 0xa, agentId, 0, CLOCK, 0xf)).toBe(INVALID_PARAMETERS);
    // Device 5 is all that has a reset: with it goes the protocol
    const [, before] = await it.call(BASE, 0x1);
    for (const [deny, allow] of [
      [
        [0x9, agentId, 5, 0],
        [0x9, agentId, 5, 1],
      ],
      [
        [0xa, agentId, 5, RESET, 0],
        [0xa, agentId, 5, RESET, 1],
      ],
      [
        [0x9, agentId, 5, 0],
        [0xb, agentId, 1],
      ],
    ] as const) {
      expect(await it.status(BASE, deny[0], ...deny.slice(1))).toBe(SUCCESS);
      expect(await it.call(RESET, 0x0)).toEqual([DENIED]);
      expect(await it.call(BASE, 0x1)).toEqual([SUCCESS, (before as number) - 1]);
      expect(await it.status(BASE, allow[0], ...allow.slice(1))).toBe(SUCCESS);
      expect(await it.call(RESET, 0x0)).toEqual([SUCCESS, versionOf(RESET)]);
    }
  });

  test("power: attributes, illegal words, the modes that attributes offer, and every state back", async () => {
    const reserved = versionOf(POWER) >= 0x30000 ? 0x07ffffff : 0x1fffffff;
    expect((await it.bytes(POWER, 0x1, words())).length).toBe(20);
    await forEach(POWER, async (id, [, word = 0, ...name]) => {
      expect([word & reserved, name.length]).toEqual([0, 4]);
      const [isSync, isAsync] = [(word & 0x20000000) !== 0, (word & 0x40000000) !== 0];
      for (const flags of [0xf, 0xe, 0x80000000]) {
        expect(await it.status(POWER, 0x4, flags, id, ON)).toBe(INVALID_PARAMETERS);
      }
      for (const state of [0xff000000, 0x10000000, 0x80000000]) {
        expect(await it.status(POWER, 0x4, 0, id, state)).toBe(INVALID_PARAMETERS);
      }
      if (!isSync) expect(await it.status(POWER, 0x4, 0, id, ON)).toBe(NOT_SUPPORTED);
      if (!isAsync) expect(await it.status(POWER, 0x4, 1, id, ON)).toBe(NOT_SUPPORTED);
      if (!isSync) return;
      for (const state of [OFF, ON, ON]) {
        expect(await it.status(POWER, 0x4, 0, id, state)).toBe(SUCCESS);
        expect(await it.call(POWER, 0x5, id)).toEqual([SUCCESS, state]);
      }
    });
  });

  test("power: notifications are of whom the attributes say, are told, and stop", async () => {
    await forEach(POWER, async (id, [, word = 0]) => {
      const isNotifying = (word & 0x80000000) !== 0;
      for (const message of versionOf(POWER) >= 0x20000 ? [0x6, 0x7] : [0x6]) {
        expect(await it.status(POWER, message, id, 0xf)).toBe(INVALID_PARAMETERS);
      }
      expect(await it.status(POWER, 0x6, id, 1)).toBe(isNotifying ? SUCCESS : NOT_SUPPORTED);
      if (!isNotifying || (word & 0x20000000) === 0) return;
      const [, before] = await it.call(POWER, 0x5, id);
      const other = before === ON ? OFF : ON;
      it.takeP2a();
      expect(await it.status(POWER, 0x4, 0, id, other)).toBe(SUCCESS);
      const told = await it.heard();
      expect([told.header & ~0x0ffc0000, told.payload.length]).toEqual([(POWER << 10) | (3 << 8), 12]);
      const changes = [told, ...it.takeP2a()].map(({ payload }) => [0, 4, 8].map((at) => payload.readUInt32LE(at)));
      expect(changes).toContainEqual([agentId, id, other]);
      expect(await it.status(POWER, 0x6, id, 0)).toBe(SUCCESS);
      expect(await it.status(POWER, 0x4, 0, id, before as number)).toBe(SUCCESS);
      await it.call(BASE, 0x0);
      expect(it.takeP2a().filter(({ payload }) => payload.readUInt32LE(4) === id)).toEqual([]);
    });
  });

  test("system power: flags before rights, reserved states, and a state that nobody here may ask for", async () => {
    expect(await it.call(SYSTEM, 0x1)).toEqual([SUCCESS, 0]);
    expect(await it.status(SYSTEM, 0x3, 0xf, 0)).toBe(INVALID_PARAMETERS);
    if (agentId !== 3)
      for (const state of [5, 0x7fffffff]) expect(await it.status(SYSTEM, 0x3, 0, state)).toBe(INVALID_PARAMETERS);
    expect(await it.call(SYSTEM, 0x4)).toEqual([NOT_SUPPORTED]);
    const canListen = (await it.status(SYSTEM, 0x2, 0x5)) === SUCCESS;
    expect(await it.status(SYSTEM, 0x5, 1)).toBe(canListen ? SUCCESS : NOT_SUPPORTED);
    if (canListen) expect(await it.status(SYSTEM, 0x5, 0xf)).toBe(INVALID_PARAMETERS);
  });

  test("performance: levels ascend to their end, limits and levels are judged by them, and come back", async () => {
    const version = versionOf(PERFORMANCE);
    const attributes = await it.bytes(PERFORMANCE, 0x1, words());
    expect([attributes.length, ...wordsOf(attributes).slice(2)]).toEqual([20, 0, 0, 0]);
    await forEach(PERFORMANCE, async (id, [, word = 0, rateLimit = 0, ...rest]) => {
      expect([rest.length, rateLimit >>> 20]).toEqual([6, 0]);
      expect(word & (version >= 0x40000 ? 0x01ffffff : version >= 0x30000 ? 0x03ffffff : 0x07ffffff)).toBe(0);
      const isIndexed = (word & 0x02000000) !== 0;
      const size = version >= 0x40000 ? 5 : 3;
      const keys: number[] = [];
      const values: number[] = [];
      for (let remaining = 1; remaining > 0; ) {
        const [status, counts = 0, ...entries] = await it.call(PERFORMANCE, 0x4, id, keys.length);
        expect([status, entries.length, counts & 0xf000]).toEqual([SUCCESS, (counts & 0xfff) * size, 0]);
        for (let i = 0; i < entries.length; i += size) {
          values.push(entries[i] as number);
          keys.push((isIndexed ? entries[i + 4] : entries[i]) as number);
          expect((entries[i + 2] as number) >>> 16).toBe(0);
        }
        remaining = counts >>> 16;
      }
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
      const past = version >= 0x30000 ? OUT_OF_RANGE : INVALID_PARAMETERS;
      expect(await it.call(PERFORMANCE, 0x4, id, keys.length)).toEqual([past]);
      const [min, max] = [keys[0] as number, keys.at(-1) as number];
      const [maySetLimits, maySetLevel] = [(word & 0x80000000) !== 0, (word & 0x40000000) !== 0];
      if (maySetLimits) {
        expect(await it.status(PERFORMANCE, 0x5, id, max + 1, min)).toBe(OUT_OF_RANGE);
        if (!isIndexed) expect(await it.status(PERFORMANCE, 0x5, id, min, max)).toBe(INVALID_PARAMETERS);
        if (version >= 0x30000) expect(await it.status(PERFORMANCE, 0x5, id, 0, 0)).toBe(OUT_OF_RANGE);
        expect(await it.status(PERFORMANCE, 0x5, id, max, keys[1] as number)).toBe(SUCCESS);
        expect(await it.call(PERFORMANCE, 0x6, id)).toEqual([SUCCESS, max, keys[1]]);
        if (maySetLevel) expect(await it.status(PERFORMANCE, 0x7, id, min)).toBe(OUT_OF_RANGE);
        expect(await it.status(PERFORMANCE, 0x5, id, max, isIndexed ? (keys[1] as number) : min)).toBe(SUCCESS);
      } else {
        expect(await it.call(PERFORMANCE, 0x5, id, max, min)).toEqual([DENIED]);
        const [status, top = 0, bottom = 0] = await it.call(PERFORMANCE, 0x6, id);
        expect([status, top >= bottom]).toEqual([SUCCESS, true]);
      }
      if (maySetLevel) {
        expect(await it.status(PERFORMANCE, 0x7, id, max + 1)).toBe(OUT_OF_RANGE);
        for (const key of [max, keys.at(-2) as number, max]) {
          expect(await it.status(PERFORMANCE, 0x7, id, key)).toBe(SUCCESS);
          expect(await it.call(PERFORMANCE, 0x8, id)).toEqual([SUCCESS, key]);
        }
      } else {
        expect(await it.call(PERFORMANCE, 0x7, id, max)).toEqual([DENIED]);
      }
      for (const [message, bit] of [
        [0x9, 0x20000000],
        [0xa, 0x10000000],
      ] as const) {
        expect(await it.status(PERFORMANCE, message, id, 0xff)).toBe(INVALID_PARAMETERS);
        expect(await it.status(PERFORMANCE, message, id, 1)).toBe((word & bit) !== 0 ? SUCCESS : NOT_SUPPORTED);
      }
      if (!maySetLevel || (word & 0x10000000) === 0) return;
      it.takeP2a();
      expect(await it.status(PERFORMANCE, 0x7, id, keys.at(-2) as number)).toBe(SUCCESS);
      const told = await it.heard();
      expect([told.message, ...[0, 4, 8].map((at) => told.payload.readUInt32LE(at))]).toEqual([
        1,
        agentId,
        id,
        keys.at(-2),
      ]);
      expect(told.payload.length).toBe(12);
    });
  });

  test("clock: rates to their end, set and read back in both modes, switched on and off", async () => {
    const version = versionOf(CLOCK);
    const depth = (((await it.call(CLOCK, 0x1))[1] as number) >>> 16) & 0xff;
    expect(depth).toBeGreaterThan(1);
    await forEach(CLOCK, async (id, [, word = 0, ...rest]) => {
      expect(rest.length).toBe(version >= 0x20000 ? 5 : 4);
      if (version < 0x20000) expect(word >>> 1).toBe(0);
      const rates: bigint[] = [];
      let isRange = false;
      for (let remaining = 1; remaining > 0; ) {
        const payload = await it.bytes(CLOCK, 0x4, words(id, rates.length));
        const counts = payload.readUInt32LE(4);
        isRange = (counts & 0x1000) !== 0;
        expect([payload.length, counts & 0xe000]).toEqual([8 + 8 * (counts & 0xfff), 0]);
        for (let at = 8; at < payload.length; at += 8) rates.push(payload.readBigUInt64LE(at));
        remaining = counts >>> 16;
      }
      if (isRange) expect(rates.length).toBe(3);
      else expect(await it.call(CLOCK, 0x4, id, rates.length)).toEqual([OUT_OF_RANGE]);
      const [lowest, highest] = [rates[0] as bigint, (isRange ? rates[1] : rates.at(-1)) as bigint];
      const half = (rate: bigint) => [Number(rate & 0xffffffffn), Number(rate >> 32n)] as const;
      expect(await it.status(CLOCK, 0x5, 0, id, ...half(highest + 0x1_0000_0001n))).toBe(INVALID_PARAMETERS);
      for (const flags of [0xff, 0x10])
        expect(await it.status(CLOCK, 0x5, flags, id, ...half(lowest))).toBe(INVALID_PARAMETERS);
      for (const rate of [lowest, highest]) {
        expect(await it.status(CLOCK, 0x5, 0, id, ...half(rate))).toBe(SUCCESS);
        expect(await it.call(CLOCK, 0x6, id)).toEqual([SUCCESS, ...half(rate)]);
        it.takeP2a();
        expect(await it.status(CLOCK, 0x5, 1, id, ...half(rate))).toBe(SUCCESS);
        const done = await it.heard();
        expect([done.type, done.message, ...wordsOf(done.payload)]).toEqual([2, 5, SUCCESS, id, ...half(rate)]);
      }
      expect(await it.status(CLOCK, 0x7, id, version >= 0x30000 ? 2 : 0xf)).toBe(INVALID_PARAMETERS);
      for (const enable of [1, 0, 1]) {
        expect(await it.status(CLOCK, 0x7, id, enable)).toBe(SUCCESS);
        expect(((await it.call(CLOCK, 0x3, id))[1] as number) & 1).toBe(enable);
        if (version >= 0x30000) expect((await it.call(CLOCK, 0xb, id, 0)).slice(0, 3)).toEqual([SUCCESS, 0, enable]);
      }
      if (version < 0x20000) return;
      for (const [message, bit] of [
        [0x9, 0x80000000],
        [0xa, 0x40000000],
      ] as const) {
        expect(await it.status(CLOCK, message, id, 0xf)).toBe(INVALID_PARAMETERS);
        expect(await it.status(CLOCK, message, id, 1)).toBe((word & bit) !== 0 ? SUCCESS : NOT_SUPPORTED);
        expect(await it.status(CLOCK, message, id, 0)).toBe((word & bit) !== 0 ? SUCCESS : NOT_SUPPORTED);
      }
    });
  });

  test("sensor: descriptions to their end, by the sizes of their bits, readings, and trip points", async () => {
    const version = versionOf(SENSOR);
    const isV2 = version >= 0x20000;
    const count = await countOf(SENSOR);
    expect((await it.bytes(SENSOR, 0x1, words())).length).toBe(20);
    const found: { readonly low: number; readonly high: number }[] = [];
    for (let remaining = 1; remaining > 0; ) {
      const payload = await it.bytes(SENSOR, 0x3, words(found.length));
      const counts = payload.readUInt32LE(4);
      let at = 8;
      for (let i = 0; i < (counts & 0xfff); i++) {
        expect(payload.readUInt32LE(at)).toBe(found.length);
        const [low, high] = [payload.readUInt32LE(at + 4), payload.readUInt32LE(at + 8)];
        if (isV2) expect(high >>> 22).toBe(0);
        else expect([(low >>> 8) & 0x7fffff, high & 0x003f0700]).toEqual([0, 0]);
        textAt(payload, at + 12, 16);
        at += 28 + (isV2 && low & 0x100 ? (high & 0x100 ? 4 : 24) : 0);
        found.push({ low, high });
      }
      expect(at).toBe(payload.length);
      remaining = counts >>> 16;
    }
    expect(found.length).toBe(count);
    expect(await it.call(SENSOR, 0x3, count)).toEqual([INVALID_PARAMETERS]);
    for (const [id, { low, high }] of found.entries()) {
      const trips = low & 0xff;
      expect(await it.status(SENSOR, 0x4, id, 0xf)).toBe(INVALID_PARAMETERS);
      expect(await it.status(SENSOR, 0x4, id, 1)).toBe(trips > 0 ? SUCCESS : NOT_SUPPORTED);
      expect(await it.status(SENSOR, 0x5, id, (trips + 1) << 4, 0, 0)).toBe(INVALID_PARAMETERS);
      expect(await it.status(SENSOR, 0x5, id, 0xf, 0, 0)).toBe(INVALID_PARAMETERS);
      for (let trip = 0; trip < trips; trip++) expect(await it.status(SENSOR, 0x5, id, trip << 4, 0, 0)).toBe(SUCCESS);
      expect(await it.status(SENSOR, 0x6, id, 0xf)).toBe(INVALID_PARAMETERS);
      if ((low & 0x80000000) === 0) expect(await it.call(SENSOR, 0x6, id, 1)).toEqual([NOT_SUPPORTED]);
      const [, config = 0] = isV2 ? await it.call(SENSOR, 0x9, id) : [SUCCESS, 1];
      if ((config & 1) === 0) {
        expect(await it.call(SENSOR, 0x6, id, 0)).toEqual([PROTOCOL_ERROR]); // it is off
        continue;
      }
      const axes = isV2 ? Math.max(1, (high >>> 16) & 0x3f) : 1;
      const reading = await it.bytes(SENSOR, 0x6, words(id, 0));
      expect([reading.readInt32LE(0), reading.length]).toEqual([SUCCESS, isV2 ? 4 + 16 * axes : 12]);
      if ((low & 0x80000000) === 0) continue;
      it.takeP2a();
      expect(await it.call(SENSOR, 0x6, id, 1)).toEqual([SUCCESS]);
      const done = await it.heard();
      expect([done.type, done.message, ...wordsOf(done.payload).slice(0, 2)]).toEqual([2, 6, SUCCESS, id]);
      expect(done.payload.length).toBe(isV2 ? 8 + 16 * axes : 16);
    }
  });

  test.skipIf(!has(RESET))(
    "reset: flags and states before all else, the modes of the attributes, and notifications",
    async () => {
      await forEach(RESET, async (id, [, word = 0, , ...name]) => {
        expect([word & (versionOf(RESET) >= 0x30000 ? 0x1fffffff : 0x3fffffff), name.length]).toEqual([0, 4]);
        for (const flags of [0xf8, 4, 6, 0x80000001]) {
          expect(await it.status(RESET, 0x4, id, flags, 0)).toBe(INVALID_PARAMETERS);
        }
        for (const state of [0xff, 1]) expect(await it.status(RESET, 0x4, id, 0, state)).toBe(INVALID_PARAMETERS);
        const isAsync = (word & 0x80000000) !== 0;
        if (!isAsync) expect(await it.status(RESET, 0x4, id, 5, 0)).toBe(NOT_SUPPORTED);
        expect(await it.status(RESET, 0x5, id, 0xf)).toBe(INVALID_PARAMETERS);
        const isNotifying = (word & 0x40000000) !== 0;
        expect(await it.status(RESET, 0x5, id, 1)).toBe(isNotifying ? SUCCESS : NOT_SUPPORTED);
        const status = await it.status(RESET, 0x4, id, 1, 0);
        expect(agentId === 3 ? [SUCCESS, DENIED] : [SUCCESS]).toContain(status);
        if (isNotifying && status === SUCCESS) {
          const told = await it.heard();
          expect([told.type, told.message, ...[0, 4, 8].map((at) => told.payload.readUInt32LE(at))]).toEqual([
            3,
            0,
            agentId,
            id,
            0,
          ]);
          expect(await it.status(RESET, 0x5, id, 0)).toBe(SUCCESS);
        }
        if (!isAsync) return;
        it.takeP2a();
        expect(await it.call(RESET, 0x4, id, 5, 0)).toEqual([SUCCESS]);
        const done = await it.heard();
        expect([done.type, done.message, done.payload.length, ...wordsOf(done.payload)]).toEqual([
          2,
          4,
          8,
          SUCCESS,
          id,
        ]);
      });
    },
  );
});
