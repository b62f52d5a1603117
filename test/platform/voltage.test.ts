import { describe, expect, test } from "vitest";
import { MODE } from "../../src/board/parse-voltage.ts";
import { RELEASE_NAMES, type Release, VOLTAGE_MODE } from "../../src/protocols/index.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

const V = PROTOCOL.VOLTAGE;
const [SUCCESS, NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, OUT_OF_RANGE] = [0, -1, -2, -3, -4, -5] as const;
const PROTOCOL_ERROR = -10;

/** Domains of examples/boards/example.yaml. */
const [CPU, GPU, MEMORY, VEE, IO, SECURE, UNKNOWN] = [0, 1, 2, 3, 4, 5, 6] as const;

/** A word as the wire has it. */
const u32 = (value: number) => value >>> 0;

describe("two faults at once", () => {
  test.each([UNKNOWN, 0x10000, 0xffffffff])("a domain that is not there (%i) comes first", (domain) => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, domain],
      [0x4, domain, 9999],
      [0x5, domain, 0xffffffff],
      [0x6, domain],
      [0x7, domain, 0xffffffff, 1],
      [0x8, domain],
      [0x9, domain],
    ] as const) {
      expect(agent(3).status(V, id, ...words), `0x${id.toString(16)}`).toBe(NOT_FOUND);
    }
  });

  test("then a domain that the agent may not use at all", () => {
    const { agent, platform } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, SECURE],
      [0x4, SECURE, 9999],
      [0x5, SECURE, 0xffffffff],
      [0x5, SECURE, 0],
      [0x6, SECURE],
      [0x7, SECURE, 0xffffffff, 1],
      [0x7, SECURE, 0, 950000],
      [0x8, SECURE],
      [0x9, SECURE],
    ] as const) {
      expect(agent(3).status(V, id, ...words), `0x${id.toString(16)}`).toBe(DENIED);
    }
    expect(platform.voltage.mode(SECURE)).toBe(VOLTAGE_MODE.ON);
    expect(agent(1).status(V, 0x5, SECURE, 0)).toBe(SUCCESS);
  });

  test("then one that it may only look at", () => {
    const { agent, platform } = rig(boardFile("example"));
    expect(agent(3).call(V, 0x8, IO)).toEqual([0, 1800000]);
    expect(agent(3).call(V, 0x6, IO)).toEqual([0, 0]);
    for (const [flags, level] of [
      [0, 3300000],
      [1, 3300000],
      [2, 3300000],
      [0, 5],
    ] as const) {
      expect(agent(3).status(V, 0x7, IO, flags, level)).toBe(DENIED);
    }
    for (const config of [7, 1, 0x10]) expect(agent(3).status(V, 0x5, IO, config)).toBe(DENIED);
    expect([platform.voltage.level(IO), platform.voltage.mode(IO)]).toEqual([1800000, 0]);
  });

  test("then reserved flags, then an asynchronous change that is not to be had, then the level", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(V, 0x7, CPU, 3, 5)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(V, 0x7, CPU, 1, 5)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(V, 0x7, CPU, 0, 5)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(V, 0x7, GPU, 1, 5)).toBe(INVALID_PARAMETERS);
  });
});

describe("VOLTAGE_DESCRIBE_LEVELS", () => {
  test("gives a range whole, signed, whatever the index", () => {
    const { agent } = rig(boardFile("example"));
    for (const index of [0, 1, 3, 0xffffffff]) {
      expect(agent(1).call(V, 0x4, CPU, index)).toEqual([0, 0x1003, 800000, 1000000, 12500]);
      expect(agent(1).call(V, 0x4, VEE, index)).toEqual([0, 0x1003, u32(-12000000), u32(-5000000), 250000]);
    }
  });

  test("gives a list in parts that fit 100 bytes: 23 levels, then the rest, and nothing past the end", () => {
    const { agent } = rig(boardFile("example"));
    const all = Array.from({ length: 29 }, (_, i) => 500000 + 25000 * i);
    expect(agent(1).call(V, 0x4, MEMORY, 0)).toEqual([0, 23 | (6 << 16), ...all.slice(0, 23)]);
    expect(agent(1).call(V, 0x4, MEMORY, 23)).toEqual([0, 6, ...all.slice(23)]);
    expect(agent(1).call(V, 0x4, MEMORY, 28)).toEqual([0, 1, 1200000]);
    for (const index of [29, 30, 0xffffffff]) expect(agent(1).call(V, 0x4, MEMORY, index)).toEqual([OUT_OF_RANGE]);
    expect(agent(1).call(V, 0x4, SECURE, 0)).toEqual([0, 1, 950000]);
    expect(agent(1).call(V, 0x4, SECURE, 1)).toEqual([OUT_OF_RANGE]);
  });

  test.each([8, 12, 16, 20, 24, 100])(
    "never sends half of a range, or an empty page, through %i bytes",
    (maxPayload) => {
      const { agent } = rig(boardFile("example"), { maxPayload });
      const page = agent(1).call(V, 0x4, GPU, 0);
      const count = Math.min(5, (maxPayload - 8) / 4);
      if (count === 0) expect(page).toEqual([PROTOCOL_ERROR]);
      else expect(page.slice(0, 2)).toEqual([0, count | ((5 - count) << 16)]);
      if (count > 0) expect(page).toHaveLength(2 + count);
      expect(agent(1).status(V, 0x4, CPU, 0)).toBe(maxPayload < 20 ? PROTOCOL_ERROR : SUCCESS);
    },
  );

  test("counts what remains of the longest list that a board can have", () => {
    const levelsUv = Array.from({ length: 65535 }, (_, i) => i - 40000);
    const { agent } = rig(boardOf({ voltage: { domains: [{ name: "a", levelsUv }] } }));
    expect(agent(1).call(V, 0x4, 0, 0).slice(0, 3)).toEqual([0, u32(23 | ((65535 - 23) << 16)), u32(-40000)]);
    expect(agent(1).call(V, 0x4, 0, 65534)).toEqual([0, 1, 25534]);
  });
});

describe("VOLTAGE_LEVEL_SET", () => {
  test.each([
    ["a range", CPU, [800000, 812500, 1000000], [799999, 812499, 812501, 1000001, 1012500, 0, -1, -812500]],
    ["a list", GPU, [600000, 650000, 900000], [599999, 625000, 750000, 900001, 0x7fffffff, -0x80000000]],
    ["a range below zero", VEE, [-12000000, -11750000, -5000000], [-12250000, -12000001, -4999999, 0, 12000000]],
    ["a single level", SECURE, [950000], [949999, 950001, 0]],
  ] as const)("takes the levels of %s and no others", (_, domain, good, bad) => {
    const { agent, platform } = rig(boardFile("example"));
    for (const level of good) {
      expect(agent(1).status(V, 0x7, domain, 0, level), `${level}`).toBe(SUCCESS);
      expect(agent(1).call(V, 0x8, domain)).toEqual([0, u32(level)]);
      expect(platform.voltage.level(domain)).toBe(level);
      for (const other of bad) expect(agent(1).status(V, 0x7, domain, 0, other), `${other}`).toBe(INVALID_PARAMETERS);
      expect(platform.voltage.level(domain)).toBe(level);
    }
  });

  test("reaches from the lowest word to the highest", () => {
    const [lowest, highest] = [-0x80000000, 0x7fffffff];
    const domains = [{ name: "a", levelsUv: { lowest, highest, step: 0x7fffffff } }];
    expect(() => boardOf({ voltage: { domains } })).toThrow("and a multiple of"); // 2^32 - 1 is none
    const whole = boardOf({ voltage: { domains: [{ name: "a", levelsUv: { lowest, highest, step: 5 } }] } });
    const { agent, platform } = rig(whole);
    expect(platform.voltage.level(0)).toBe(lowest);
    expect(agent(1).status(V, 0x7, 0, 0, highest)).toBe(SUCCESS);
    expect(agent(1).status(V, 0x7, 0, 0, highest - 1)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(V, 0x7, 0, 0, lowest + 5)).toBe(SUCCESS);
    expect(agent(1).call(V, 0x8, 0)).toEqual([0, 0x80000005]);
  });

  test("takes no reserved flag", () => {
    const { agent } = rig(boardFile("example"));
    for (let bit = 1; bit < 32; bit++) {
      for (const flags of [0, 1]) {
        expect(agent(1).status(V, 0x7, GPU, u32(2 ** bit + flags), 700000)).toBe(INVALID_PARAMETERS);
      }
    }
  });

  test("is queued, and answered later, in order and with its token", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    const one = agent(1);
    expect(one.status(V, 0x7, GPU, 1, 800000)).toBe(SUCCESS);
    expect(one.status(V, 0x7, GPU, 1, 900000)).toBe(SUCCESS);
    expect(platform.voltage.level(GPU)).toBe(700000);
    const tokens = one.heard.map(({ token }) => token);
    one.takeP2a();
    clock.advance(0.3);
    expect(platform.voltage.level(GPU)).toBe(800000);
    clock.advance(0.3);
    expect(platform.voltage.level(GPU)).toBe(900000);
    expect(one.takeP2a()).toMatchObject([
      { type: 2, protocolId: V, messageId: 0x7, token: tokens[0], words: [0, GPU, 800000] },
      { type: 2, protocolId: V, messageId: 0x7, token: tokens[1], words: [0, GPU, 900000] },
    ]);
    expect(one.status(V, 0x7, GPU, 0, 600000)).toBe(SUCCESS); // synchronously, too
    expect(platform.voltage.level(GPU)).toBe(600000);
    clock.advance(10);
    expect(one.takeP2a()).toEqual([]);
  });

  test("comes before a synchronous change that follows", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(V, 0x7, GPU, 1, 800000);
    agent(1).takeP2a();
    expect(agent(2).status(V, 0x7, GPU, 0, 600000)).toBe(SUCCESS);
    expect(platform.voltage.level(GPU)).toBe(600000);
    expect(agent(1).takeP2a()).toMatchObject([{ type: 2, words: [0, GPU, 800000] }]);
    clock.advance(10);
    expect(platform.voltage.level(GPU)).toBe(600000);
    expect(clock.pending).toBe(0);
  });

  test("answers sooner than it says that it is accepted where it takes no time", () => {
    const { agent } = rig(boardFile("example"));
    agent(1).status(V, 0x7, IO, 1, 3300000);
    expect(agent(1).heard.map(({ type, words }) => [type, ...words])).toEqual([
      [2, 0, IO, 3300000],
      [0, 0],
    ]);
  });

  test("is finished, not forgotten, when its agent is reset", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(V, 0x7, GPU, 1, 800000);
    agent(1).takeP2a();
    agent(1).status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(
      agent(1)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[0, GPU, 800000]]);
    expect(platform.voltage.level(GPU)).toBe(800000); // and stays: others may rely on it
    expect(clock.pending).toBe(0);
  });
});

describe("VOLTAGE_CONFIG_SET", () => {
  test("takes the modes of a domain and no others, reserved bits least of all", () => {
    const { agent } = rig(boardFile("example"));
    for (const [domain, modes] of [
      [CPU, [0, 7]],
      [GPU, [0, 7, 9]],
    ] as const) {
      for (let mode = 0; mode <= 0x1f; mode++) {
        const isLegal = modes.some((it) => it === mode);
        const status = isLegal ? SUCCESS : INVALID_PARAMETERS;
        expect(agent(1).status(V, 0x5, domain, mode), `0x${mode.toString(16)}`).toBe(status);
        if (isLegal) expect(agent(1).call(V, 0x6, domain)).toEqual([0, mode]);
      }
      for (let bit = 4; bit < 32; bit++) {
        expect(agent(1).status(V, 0x5, domain, u32(2 ** bit + 7))).toBe(INVALID_PARAMETERS);
      }
    }
  });

  test("puts the highest mode into force that an agent wants, and leaves the level alone", () => {
    const { agent, platform } = rig(boardFile("example"));
    const heard: unknown[] = [];
    platform.on("voltageModeChanged", ({ agentId, domainId, mode }) => heard.push([agentId, domainId, mode]));
    const mode = () => agent(3).call(V, 0x6, GPU)[1];
    expect(mode()).toBe(7); // as the board says
    agent(1).status(V, 0x5, GPU, 0);
    expect(mode()).toBe(0);
    agent(2).status(V, 0x5, GPU, 9);
    agent(1).status(V, 0x5, GPU, 7);
    expect(mode()).toBe(9);
    agent(2).status(V, 0x5, GPU, 0);
    expect(mode()).toBe(7);
    agent(1).status(V, 0x5, GPU, 0);
    expect(mode()).toBe(0);
    expect(agent(1).call(V, 0x8, GPU)).toEqual([0, 700000]);
    expect(heard).toEqual([
      [1, GPU, 0],
      [2, GPU, 9],
      [2, GPU, 7],
      [1, GPU, 0],
    ]);
  });

  test("forgets what an agent wanted when it is reset", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(V, 0x5, IO, 7);
    agent(2).status(V, 0x5, IO, 0);
    expect(platform.voltage.mode(IO)).toBe(7);
    agent(1).status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(platform.voltage.mode(IO)).toBe(0);
    agent(2).status(V, 0x5, IO, 7);
    agent(2).status(PROTOCOL.BASE, 0xb, 2, 0);
    expect(platform.voltage.mode(IO)).toBe(0); // nobody wants anything: as the board says
  });
});

describe("the owner of a platform", () => {
  test("hears of every change, not of what stays", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    const heard: unknown[] = [];
    platform.on("voltageChanged", (event) => heard.push(event));
    clock.advance(2);
    agent(1).status(V, 0x7, VEE, 0, -5000000);
    agent(1).status(V, 0x7, VEE, 0, -5000000);
    platform.voltage.setLevel(VEE, -12000000);
    agent(2).status(V, 0x7, GPU, 1, 800000);
    clock.advance(1);
    expect(heard).toEqual([
      { agentId: 1, domainId: VEE, beforeUv: -12000000, levelUv: -5000000, time: 2e6 },
      { agentId: 0, domainId: VEE, beforeUv: -5000000, levelUv: -12000000, time: 2e6 },
      { agentId: 2, domainId: GPU, beforeUv: 700000, levelUv: 800000, time: 2.3e6 },
    ]);
  });

  test("overrules what agents wanted", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(V, 0x5, CPU, 7);
    platform.voltage.setMode(CPU, 0);
    expect(agent(1).call(V, 0x6, CPU)).toEqual([0, 0]);
    agent(2).status(V, 0x5, CPU, 0);
    expect(platform.voltage.mode(CPU)).toBe(0);
  });

  test("is told of mistakes", () => {
    const { platform } = rig(boardFile("example"));
    expect(() => platform.voltage.level(UNKNOWN)).toThrow(RangeError);
    expect(() => platform.voltage.setLevel(CPU, 812501)).toThrow('"levelUv" expected a level of domain 0, got 812501');
    expect(() => platform.voltage.setLevel(CPU, Number.NaN)).toThrow(RangeError);
    expect(() => platform.voltage.setMode(CPU, 9)).toThrow(RangeError);
    platform.close();
    expect(() => platform.voltage.mode(CPU)).toThrow("closed");
    expect(() => rig(boardFile("example"), { profile: "2.0" }).platform.voltage).toThrow("Voltage domain management");
  });

  test("finds level and mode in the core, in the words of docs/memory-map.md", () => {
    const { core, agent, platform } = rig(boardFile("example"));
    agent(1).status(V, 0x7, VEE, 0, -11750000);
    const saved = core.memory.bytes.slice();
    platform.voltage.setLevel(VEE, -5000000);
    platform.voltage.setMode(VEE, 0);
    core.memory.bytes.set(saved);
    expect([platform.voltage.level(VEE), platform.voltage.mode(VEE)]).toEqual([-11750000, 7]);
  });
});

test("a board numbers modes as the protocol does", () => {
  expect(MODE).toEqual({ off: VOLTAGE_MODE.OFF, on: VOLTAGE_MODE.ON });
});

/** Version word, attributes of the GPU's supply and of the memory's. */
const LOOKS: Readonly<Record<Release, readonly [version: number, gpu: number, memory: number] | undefined>> = {
  "1.0": undefined,
  "2.0": undefined,
  "3.0": [0x10000, 0, 0],
  "3.1": [0x20000, 0x80000000, 0x40000000],
  "3.2": [0x20001, 0x80000000, 0x40000000],
};

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  test("has voltage domains that look exactly like that", () => {
    const { agent } = rig(boardFile("example"), { profile });
    const look = LOOKS[profile];
    if (!look) {
      for (const id of [0, 1, 3, 4]) expect(agent(1).status(V, id)).toBe(NOT_SUPPORTED);
      return;
    }
    const [version, gpu, memory] = look;
    expect(agent(1).call(V, 0x0)).toEqual([0, version]);
    expect(agent(1).call(V, 0x1)).toEqual([0, 6]);
    const name = (text: string) => [0, 4, 8, 12].map((at) => Buffer.from(text.padEnd(16, "\0")).readUInt32LE(at));
    expect(agent(1).call(V, 0x3, CPU)).toEqual([0, 0, ...name("vdd_cpu")]);
    expect(agent(1).call(V, 0x3, GPU)).toEqual([0, gpu, ...name("vdd_gpu")]);
    expect(agent(1).call(V, 0x3, MEMORY)).toEqual([0, memory, ...name("supply-of-the-m")]);
    const isFirst = version === 0x10000;
    expect(agent(1).status(V, 0x7, GPU, 1, 800000)).toBe(isFirst ? INVALID_PARAMETERS : SUCCESS);
    expect(agent(1).call(V, 0x9, MEMORY)).toHaveLength(isFirst ? 1 : 18);
    expect(agent(1).status(V, 0x9, CPU)).toBe(isFirst ? NOT_FOUND : NOT_SUPPORTED);
    for (let id = 0; id <= 9; id++) {
      expect(agent(1).call(V, 0x2, id)).toEqual(id < 9 || !isFirst ? [0, 0] : [NOT_FOUND]);
    }
  });

  test("serves an agent that agreed on version 1.0 like one of that version", () => {
    if (profile !== "3.2") return;
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).status(V, 0x10, 0x10000)).toBe(SUCCESS);
    expect(agent(1).call(V, 0x3, GPU)[1]).toBe(0);
    expect(agent(1).status(V, 0x7, GPU, 1, 800000)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(V, 0x7, GPU, 0, 800000)).toBe(SUCCESS);
    expect(agent(1).status(V, 0x9, MEMORY)).toBe(NOT_FOUND);
    expect(agent(2).status(V, 0x7, GPU, 1, 900000)).toBe(SUCCESS);
  });

  // What spec 17 says of Arm's suite of 2021: sections 3 to 6
  test("passes what is known of Arm's compliance tests", () => {
    if (profile !== "3.0") return;
    const { agent } = rig(boardFile("example"), { profile });
    const one = agent(1);
    const count = (one.call(V, 0x1)[1] as number) & 0xffff;
    expect(one.status(V, 0x9)).toBe(NOT_FOUND); // no message of 3.0
    expect(one.status(V, 0x2, 0x3) + one.status(V, 0x2, 0x4)).toBe(0);
    for (let domain = 0; domain < count; domain++) {
      expect(one.call(V, 0x3, domain).slice(0, 2)).toEqual([SUCCESS, 0]);
      const [status, flags = 0, ...levels] = one.call(V, 0x4, domain, 0);
      expect([status, flags & 0xfff]).toEqual([SUCCESS, levels.length]);
      const isRange = ((flags >>> 12) & 1) === 1;
      const settable = isRange ? levels.slice(0, 2) : levels;
      for (const level of settable) {
        expect(one.status(V, 0x7, domain, 0, level)).toBe(SUCCESS);
        expect(one.call(V, 0x8, domain)).toEqual([SUCCESS, level]);
        expect(one.status(V, 0x7, domain, 1, level)).toBe(INVALID_PARAMETERS);
      }
      expect(one.status(V, 0x7, domain, 0, (settable.at(-1) as number) + 1)).toBe(INVALID_PARAMETERS);
      if (!isRange) expect(one.status(V, 0x4, domain, 0xffff)).toBe(OUT_OF_RANGE);
      for (const config of [0, 7]) {
        expect(one.status(V, 0x5, domain, config)).toBe(SUCCESS);
        expect(one.call(V, 0x6, domain)).toEqual([SUCCESS, config]);
      }
      expect(one.status(V, 0x5, domain, 1)).toBe(INVALID_PARAMETERS);
    }
    for (const [id, ...words] of [[0x3], [0x4, 0], [0x5, 7], [0x6], [0x7, 0, 900000], [0x8]] as const) {
      expect(one.status(V, id, count, ...words)).toBe(NOT_FOUND);
    }
  });
});
