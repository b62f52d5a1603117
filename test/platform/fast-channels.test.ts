import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { compiledModule, importedMemoryLimits } from "../support/core.ts";
import { boardFile, boardOf, Client, PROTOCOL, rig } from "./kit.ts";

const P = PROTOCOL.PERFORMANCE;
const [NOT_SUPPORTED, NOT_FOUND] = [-1, -4] as const;

/** Sets a bit of a word, sees to it that it stays, and takes it back, until it is told to stop. */
const RINGER = `
const { parentPort, workerData: { words, at, control } } = require("node:worker_threads");
parentPort.postMessage("ringing");
while (Atomics.load(control, 0) === 0) {
  Atomics.or(words, at, 2);
  for (let look = 0; look < 5; look++) if ((Atomics.load(words, at) & 2) === 0) Atomics.add(control, 2, 1);
  Atomics.and(words, at, ~2);
  control[1]++;
}
Atomics.store(words, at, 2);
`;

function build(board = boardFile("example")) {
  const made = rig(board);
  const { core, platform, clock } = made;
  const port = platform.connect(1);
  const describeChannel = (agentId: number, domain: number, message: number) => {
    const [status, attributes = 0, rateLimitUs = 0, low = 0, high = 0, bytes = 0, ...doorbell] = made
      .agent(agentId)
      .call(P, 0xb, domain, message);
    return { status, attributes, rateLimitUs, address: BigInt(low) | (BigInt(high) << 32n), bytes, doorbell };
  };
  /** A FastChannel of agent 1, opened as an agent would. */
  const open = (domain: number, message: number) => {
    const { address, bytes, attributes, doorbell } = describeChannel(1, domain, message);
    const cell = port.resolve(address, bytes) as number;
    const widthBits = [8, 16, 32, 64][(attributes >>> 1) & 3] as 8 | 16 | 32 | 64;
    const word = (i: number) => BigInt(doorbell[i] ?? 0) | (BigInt(doorbell[i + 1] ?? 0) << 32n);
    const register = attributes & 1 ? (port.resolve(word(0), widthBits / 8) as number) : 0;
    const index = core.openFastChannel(port.a2p, {
      cell,
      cellBytes: bytes as 4 | 8,
      ...(attributes & 1 ? { doorbell: { register, widthBits, set: word(2), preserve: word(4) } } : {}),
    });
    return {
      cell,
      write: (first: number, second = 0) => core.writeFastChannel(index, first, second, clock.now()),
      read: () => core.readFastChannel(index, clock.now()),
    };
  };
  return { ...made, port, open, describe: describeChannel };
}

describe("PERFORMANCE_DESCRIBE_FASTCHANNEL", () => {
  test("describes what there is, to whom may use it", () => {
    const { describe: ask, agent } = build();
    const sizes = [0x5, 0x6, 0x7, 0x8].map((message) => ask(1, 0, message).bytes);
    expect(sizes).toEqual([8, 8, 4, 4]);
    expect([ask(1, 0, 0x5), ask(1, 0, 0x7)].map(({ attributes, rateLimitUs }) => [attributes, rateLimitUs])).toEqual([
      [5, 200],
      [0, 200],
    ]);
    for (const message of [0x0, 0x1, 0x2, 0x3, 0x4, 0x9, 0xa, 0xb, 0xc, 0x10]) {
      expect(agent(1).call(P, 0xb, 0, message), `0x${message.toString(16)}`).toEqual([NOT_SUPPORTED]);
    }
    for (const message of [0xd, 0xf, 0x11, 0xff, 0x107, 0xffffffff]) {
      expect(agent(1).call(P, 0xb, 0, message)).toEqual([NOT_FOUND]);
    }
    expect(agent(1).call(P, 0xb, 1, 0x7)).toEqual([NOT_SUPPORTED]);
    expect(agent(1).call(P, 0xb, 5, 0x7)).toEqual([NOT_FOUND]);
    expect(agent(2).call(P, 0xb, 0, 0x7)).toEqual([NOT_SUPPORTED]); // may not set the level
    expect(ask(2, 0, 0x5).status).toBe(0);
  });

  test("is announced where it succeeds, and nowhere else", () => {
    const { agent } = build();
    for (const id of [1, 2, 3]) {
      for (let domain = 0; domain < 5; domain++) {
        const isAnnounced = ((agent(id).call(P, 0x3, domain)[1] as number) >>> 27) & 1;
        const isThere = [5, 6, 7, 8].some((message) => agent(id).status(P, 0xb, domain, message) === 0);
        expect(isAnnounced, `agent ${id}, domain ${domain}`).toBe(isThere ? 1 : 0);
      }
    }
  });

  test("gives every agent cells of its own, at addresses that no other can reach", () => {
    const { describe: ask, platform } = build();
    const [mine, theirs] = [ask(1, 0, 0x5).address, ask(2, 0, 0x5).address];
    expect(mine).not.toBe(theirs);
    const port = platform.connect(2);
    expect(port.resolve(theirs, 8)).toBeDefined();
    expect(port.resolve(mine, 8)).toBeUndefined();
    expect(port.resolve(theirs, 9)).toBeUndefined();
    expect(port.resolve(theirs - 4n, 8)).toBeUndefined();
    expect(port.resolve(0n, 4)).toBeUndefined();
  });

  test("gives a wide doorbell its wide masks", () => {
    const { describe: ask } = build();
    const { attributes, doorbell } = ask(3, 3, 0x7);
    expect(attributes).toBe(1 | (3 << 1));
    expect(doorbell.slice(2)).toEqual([0, 0x80000000, 0, 0]);
  });
});

describe("a FastChannel", () => {
  test("that is polled sets a level when the platform looks", () => {
    const { open, platform, clock, agent } = build();
    agent(2).status(P, 0xa, 0, 1);
    const level = open(0, 0x7);
    agent(2).takeP2a();
    level.write(1800);
    expect(platform.performance.level(0)).toBe(1000);
    clock.advance(3.999);
    expect(platform.performance.level(0)).toBe(1000);
    clock.advance(0.001);
    expect(platform.performance.level(0)).toBe(1800);
    expect(
      agent(2)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[1, 0, 1800]]);
  });

  test("is looked at again and again", () => {
    const { open, platform, clock } = build();
    const level = open(0, 0x7);
    for (const wanted of [600, 1800, 1400]) {
      level.write(wanted);
      clock.advance(4);
      expect(platform.performance.level(0)).toBe(wanted);
    }
    expect(clock.pending).toBe(1);
  });

  test("takes level index 0 for what it is", () => {
    const board = boardOf({
      performance: {
        domains: [
          {
            name: "a",
            levelIndexing: true,
            levels: [{ level: 5 }, { level: 6 }],
            setLevel: "OSPM",
            fastChannels: { levelSet: {} },
          },
        ],
      },
    });
    const { open, platform } = build(board);
    expect(platform.performance.level(0)).toBe(1);
    open(0, 0x7).write(0);
    platform.poll();
    expect(platform.performance.level(0)).toBe(0);
  });

  test("takes the same request again after a message has said otherwise, and only then", () => {
    const { open, platform, agent } = build();
    const level = open(0, 0x7);
    level.write(1800);
    platform.poll();
    agent(1).status(P, 0x7, 0, 600);
    platform.poll();
    expect(platform.performance.level(0)).toBe(600);
    level.write(1800);
    platform.poll();
    expect(platform.performance.level(0)).toBe(1800);
  });

  test("ignores what a message would be refused for", () => {
    const { open, platform, agent } = build();
    const level = open(0, 0x7);
    agent(1).status(P, 0x5, 0, 1400, 600);
    for (const wrong of [0, 1, 1800, 99999, 0xfffffffe]) {
      level.write(wrong);
      platform.poll();
      expect(platform.performance.level(0)).toBe(1000);
    }
    const limits = open(0, 0x5);
    for (const [max, min] of [
      [0, 0],
      [600, 1400],
      [1401, 600],
    ] as const) {
      limits.write(max, min);
      platform.poll();
      expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 600 });
    }
    limits.write(0, 1000);
    platform.poll();
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 1000 });
    agent(2).status(PROTOCOL.BASE, 0x9, 1, 0, 0);
    level.write(1400);
    platform.poll();
    expect(platform.performance.level(0)).toBe(1000);
  });

  test("lowers limits through its doorbell, while another agent watches", () => {
    const { open, platform, port, agent, core } = build();
    agent(2).status(P, 0x9, 0, 1);
    const limits = open(0, 0x5);
    agent(2).takeP2a();
    core.memory.setU32(core.base + limits.cell, 1400);
    core.memory.setU32(core.base + limits.cell + 4, 600);
    port.doorbell();
    platform.poll();
    expect(platform.performance.limits(0)).toEqual({ max: 1800, min: 600 }); // nobody has rung
    limits.write(1400, 600);
    port.doorbell();
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 600 });
    expect(
      agent(2)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[1, 0, 1400, 600]]);
    port.doorbell();
    expect(agent(2).takeP2a()).toEqual([]);
    core.memory.setU32(core.base + limits.cell, 1000);
    core.memory.setU32(core.base + limits.cell + 4, 600);
    platform.poll(); // rung once, for the request before
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 600 });
  });

  /** One domain whose two SET channels ring in one register. */
  const ringingAt = (register: string, levelBits: number, limitsBits: number) =>
    boardOf({
      performance: {
        domains: [
          {
            name: "a",
            levels: [{ level: 1 }, { level: 2 }, { level: 3 }],
            setLevel: "OSPM",
            setLimits: ["OSPM"],
            fastChannels: {
              levelSet: { doorbell: { address: register, set: levelBits } },
              limitsSet: { doorbell: { address: register, set: limitsBits } },
            },
          },
        ],
      },
    });

  test("shares the register of its doorbell with another, whose bit it leaves alone", () => {
    const { open, platform, port } = build(ringingAt("0x2c400010", 1, 2));
    const level = open(0, 0x7);
    const limits = open(0, 0x5);
    limits.write(3, 2);
    port.doorbell();
    expect(platform.performance.limits(0)).toEqual({ max: 3, min: 2 });
    expect(platform.performance.level(0)).toBe(3);
    level.write(2);
    limits.write(2, 1);
    port.doorbell();
    expect(platform.performance.level(0)).toBe(2);
    expect(platform.performance.limits(0)).toEqual({ max: 2, min: 1 });
  });

  test.each([
    [1, 1],
    [1, 3],
    [3, 1],
  ])("may share the bits as well: %i and %i", (levelBits, limitsBits) => {
    const { open, platform, port, clock } = build(ringingAt("0x2c400010", levelBits, limitsBits));
    const level = open(0, 0x7);
    const limits = open(0, 0x5);
    for (const ring of [() => port.doorbell(), () => clock.advance(4), () => platform.poll()]) {
      for (const [wanted, max] of [
        [2, 3],
        [1, 2],
      ] as const) {
        limits.write(max, 1);
        level.write(wanted);
        ring();
        expect([platform.performance.level(0), platform.performance.limits(0).max]).toEqual([wanted, max]);
      }
    }
  });

  test("loses no other bit of its register that another thread sets meanwhile", async () => {
    const board = ringingAt("0x2c400010", 1, 2);
    const memory = new WebAssembly.Memory({
      ...importedMemoryLimits(new Uint8Array()),
      ...{ maximum: 32767, shared: true },
    });
    const core = Core.createSync({
      ...{ module: compiledModule("threads"), memory, capacity: Platform.capacityFor(board, { connections: 2 }) },
    });
    const platform = Platform.open(core, board, { clock: new SimulatedClock() });
    const port = platform.connect(1);
    new Client(platform, 1).call(P, 0xb, 0, 0x7); // of the other nobody knows, so its bit is to stay
    const words = new Int32Array(memory.buffer);
    const at = (core.base + (port.resolve(0x2c400010n, 4) as number)) / 4;
    const control = new Int32Array(new SharedArrayBuffer(12)); // stop, turns, bits lost
    const worker = new Worker(RINGER, { eval: true, workerData: { words, at, control } });
    try {
      await once(worker, "message");
      for (let round = 0; round < 500_000 && control[2] === 0; round++) {
        Atomics.or(words, at, 1);
        port.doorbell();
      }
    } finally {
      Atomics.store(control, 0, 1);
      await once(worker, "exit");
    }
    expect(control[1]).toBeGreaterThan(0);
    expect(control[2]).toBe(0);
    expect(words[at]).toBe(2);
  });

  test("waits for both halves of a pair", () => {
    const board = boardOf({
      performance: {
        domains: [
          { name: "a", levels: [{ level: 1 }, { level: 2 }], setLimits: ["OSPM"], fastChannels: { limitsSet: {} } },
        ],
      },
    });
    const { open, platform, core } = build(board);
    const { cell } = open(0, 0x5);
    core.memory.setU32(core.base + cell, 1);
    platform.poll();
    expect(platform.performance.limits(0)).toEqual({ max: 2, min: 1 });
    core.memory.setU32(core.base + cell + 4, 1);
    platform.poll();
    expect(platform.performance.limits(0)).toEqual({ max: 1, min: 1 });
  });

  test("for reading is always what is in force, whoever changed it", () => {
    const { open, agent, platform } = build();
    const level = open(0, 0x8);
    const limits = open(0, 0x6);
    expect([level.read()[0], limits.read()]).toEqual([1000, [1800, 600]]);
    agent(1).status(P, 0x7, 0, 1400);
    expect(level.read()[0]).toBe(1400);
    platform.performance.setLimits(0, { max: 600, min: 600 });
    expect([level.read()[0], limits.read()]).toEqual([600, [600, 600]]);
  });

  test("is not there for an agent without level indices where the domain goes by them", () => {
    const board = boardOf({
      performance: {
        domains: [
          { name: "a", levelIndexing: true, levels: [{ level: 5 }, { level: 6 }], fastChannels: { levelGet: {} } },
        ],
      },
    });
    const { agent } = rig(board);
    expect(agent(1).status(P, 0xb, 0, 0x8)).toBe(0);
    agent(1).status(P, 0x10, 0x30000);
    expect(agent(1).status(P, 0xb, 0, 0x8)).toBe(NOT_SUPPORTED);
    expect(((agent(1).call(P, 0x3, 0)[1] as number) >>> 27) & 1).toBe(0);
    expect(agent(1).call(P, 0x2, 0x8)).toEqual([0, 0]);
  });
});

describe("the statistics region", () => {
  test("counts how often and how long each level was in force", () => {
    const { agent, platform, clock, core } = rig(boardFile("example"));
    const [, , low = 0, high = 0, bytes = 0] = agent(1).call(P, 0x1);
    const at = core.base + (platform.connect(1).resolve(BigInt(low) | (BigInt(high) << 32n), bytes) as number);
    clock.advance(5);
    agent(1).status(P, 0x7, 0, 1800);
    clock.advance(2);
    agent(1).status(P, 0x7, 0, 1000);
    const { data } = core.memory;
    expect([data.getUint32(at, true), data.getUint16(at + 8, true)]).toEqual([0x50455246, 5]);
    const block = at + data.getUint32(at + 16, true);
    expect([data.getUint16(block, true), data.getUint16(block + 2, true)]).toEqual([4, 1]);
    expect(data.getBigUint64(block + 8, true)).toBe(7000n);
    const level = (i: number) => {
      const record = block + 16 + 24 * i;
      return [data.getUint32(record, true), data.getBigUint64(record + 8, true), data.getBigUint64(record + 16, true)];
    };
    expect([0, 1, 2, 3].map(level)).toEqual([
      [0, 0n, 0n],
      [1, 2n, 5000n],
      [2, 0n, 0n],
      [3, 1n, 2000n],
    ]);
    const last = at + data.getUint32(at + 16 + 16, true);
    expect(last + 16 + 24 * 2).toBe(at + bytes);
  });

  test("is empty where the board has none", () => {
    const { agent } = rig(boardFile("large"));
    expect(agent(1).call(P, 0x1)).toEqual([0, 64 | (2 << 16), 0, 0, 0]);
  });
});
