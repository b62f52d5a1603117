import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BOARD_SCHEMA, parseBoard, type Schema } from "../../src/board/index.ts";
import { EXTENDED_CONFIG_TYPE } from "../../src/board/parse-clock.ts";
import { BoardError } from "../../src/errors.ts";
import { CLOCK_EXTENDED_CONFIG } from "../../src/protocols/index.ts";
import { boardFile, source } from "../platform/kit.ts";

type Json = Record<string, unknown>;

function failure(data: unknown): Pick<BoardError, "path" | "expected" | "got"> {
  try {
    parseBoard(data, { file: "board.yaml" });
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    expect(error.file).toBe("board.yaml");
    const { path, expected, got } = error;
    return { path, expected, got };
  }
  throw new Error("expected a BoardError, got a board");
}

const minimal = { vendor: "ACME", agents: [{ name: "OSPM" }] };
const level = (value: number) => ({ level: value });

function withDomain(domain: Json): Json {
  return { ...minimal, performance: { domains: [{ name: "cpu", levels: [level(1), level(2)], ...domain }] } };
}

function withClock(clock: Json, more: Json = {}): Json {
  return {
    ...minimal,
    clock: { ...more, clocks: [{ name: "clk", rates: [10, 20] }, { name: "other", rates: [1] }, clock] },
  };
}

function withSensor(sensor: Json): Json {
  return { ...minimal, sensor: { sensors: [{ name: "s", ...sensor }] } };
}

describe("a board", () => {
  test("is complete when the file says the least", () => {
    expect(parseBoard(minimal, { file: "f" })).toEqual({
      file: "f",
      vendor: "ACME",
      subVendor: undefined,
      implementationVersion: 0,
      maxPayload: undefined,
      agents: [{ name: "OSPM", isTrusted: false, deniedProtocols: [] }],
      devices: [],
      performance: undefined,
      clock: undefined,
      sensor: undefined,
    });
  });

  test("takes what is not said from what is", () => {
    const board = parseBoard(withDomain({}), { file: "f" });
    expect(board.performance?.domains[0]).toMatchObject({
      sustainedLevel: 2,
      sustainedFreqKhz: 2000,
      level: 2,
      levels: [
        { level: 1, index: 0, frequencyKhz: 1000, power: 0, latencyUs: 0 },
        { level: 2, index: 1, frequencyKhz: 2000 },
      ],
      setLevelAgent: undefined,
    });
    const clocks = parseBoard(
      withClock({ name: "c", rates: { lowest: 5, highest: 9, step: 2 }, parents: ["other", "clk"] }),
      {
        file: "f",
      },
    ).clock?.clocks;
    expect(clocks?.[0]?.rate).toBe(10n);
    expect(clocks?.[2]).toMatchObject({ rate: 5n, parents: [0, 1], parent: 1 });
  });

  test("starts a sensor at any interval of its range", () => {
    const data = withSensor({ intervalsUs: { lowest: 10_000, highest: 100_000, step: 10_000 }, intervalUs: 30_000 });
    const [sensor] = parseBoard(data, { file: "f" }).sensor?.sensors ?? [];
    expect(sensor?.interval).toEqual({ seconds: 30, exponent: -3 });
  });

  test("numbers extended configurations as the protocol does", () => {
    expect(EXTENDED_CONFIG_TYPE).toEqual({
      dutyCycle: CLOCK_EXTENDED_CONFIG.DUTY_CYCLE,
      phase: CLOCK_EXTENDED_CONFIG.PHASE,
    });
  });

  test("takes 64-bit words as numbers and as text", () => {
    const board = parseBoard(
      withDomain({
        fastChannels: { levelSet: { address: "0xffff800000000010", doorbell: { widthBits: 16, set: 0x8001 } } },
      }),
      { file: "f" },
    );
    expect(board.performance?.domains[0]?.fastChannels.levelSet).toMatchObject({
      address: 0xffff800000000010n,
      pollUs: 4000,
      doorbell: { set: 0x8001n, preserve: 0x7ffen, widthBits: 16 },
    });
  });

  test.each([
    ["example", 3, 5, 6],
    ["large", 2, 64, 512],
  ])("comes from our file %s", (name, agents, domains, clocks) => {
    const board = boardFile(name);
    expect([board.agents.length, board.performance?.domains.length, board.clock?.clocks.length]).toEqual([
      agents,
      domains,
      clocks,
    ]);
  });
});

describe("a mistake is named with its place", () => {
  test.each<[path: string, expected: string | RegExp, got: string, data: unknown]>([
    ["", "an object", "none", undefined],
    ["", "an object", "2 items", [1, 2]],
    ["vendor", "a value", "none", { agents: [{ name: "A" }] }],
    ["vendor", "a string", "5", { ...minimal, vendor: 5 }],
    ["vendor", "0 to 15 characters", '"0123456789abcdef"', { ...minimal, vendor: "0123456789abcdef" }],
    ["colour", /^one of vendor, /, '"colour"', { ...minimal, colour: "red" }],
    ["constructor", /^one of /, '"constructor"', { ...minimal, constructor: 1 }],
    ["agents", /255 items/, "0 items", { ...minimal, agents: [] }],
    ["agents[0].name", /characters/, '""', { ...minimal, agents: [{ name: "" }] }],
    ["agents[0].name", /^text like/, '"ä"', { ...minimal, agents: [{ name: "ä" }] }],
    ["agents[1].name", "a name of its own", '"A"', { ...minimal, agents: [{ name: "A" }, { name: "A" }] }],
    ["agents[0].trusted", "a boolean", '"yes"', { ...minimal, agents: [{ name: "A", trusted: "yes" }] }],
    [
      "agents[0].deniedProtocols[0]",
      /^power or systemPower or performance or clock/,
      '"base"',
      { ...minimal, agents: [{ name: "A", deniedProtocols: ["base"] }] },
    ],
    ["implementationVersion", "integer 0 to 4294967295", "-1", { ...minimal, implementationVersion: -1 }],
    ["implementationVersion", "an integer", "1.5", { ...minimal, implementationVersion: 1.5 }],
    ["maxPayload", "integer 8 to 65536", "4", { ...minimal, maxPayload: 4 }],
    ["devices[1].id", "an id of its own", "7", { ...minimal, devices: [{ id: 7 }, { id: 7 }] }],
    ["devices[0].clocks[0]", "the name of a clock", '"x"', { ...minimal, devices: [{ id: 7, clocks: ["x"] }] }],
    [
      "devices[0].deniedAgents[1]",
      "every name once",
      '"OSPM"',
      { ...minimal, devices: [{ id: 7, deniedAgents: ["OSPM", "OSPM"] }] },
    ],
    ["performance.domains[0].levels[1].level", "more than 5", "5", withDomain({ levels: [level(5), level(5)] })],
    [
      "performance.domains[0].levels[1].index",
      "more than 4",
      "4",
      withDomain({
        levels: [
          { level: 5, index: 4 },
          { level: 6, index: 4 },
        ],
      }),
    ],
    [
      "performance.domains[0].levels[0].latencyUs",
      "integer 0 to 65535",
      "70000",
      withDomain({ levels: [{ level: 5, latencyUs: 70000 }] }),
    ],
    ["performance.domains[0].level", "one of the levels", "3", withDomain({ level: 3 })],
    [
      "performance.domains[0].sustained.level",
      "one of the levels",
      "3",
      withDomain({ sustained: { level: 3, frequencyKhz: 1 } }),
    ],
    ["performance.domains[0].setLevel", "the name of an agent", '"Z"', withDomain({ setLevel: "Z" })],
    ["performance.domains[0].setLimits[0]", "the name of an agent", '"Z"', withDomain({ setLimits: ["Z"] })],
    [
      "performance.domains[0].fastChannels.levelGet.doorbell",
      /^one of/,
      '"doorbell"',
      withDomain({ fastChannels: { levelGet: { doorbell: { set: 1 } } } }),
    ],
    [
      "performance.domains[0].fastChannels.levelSet.address",
      "a multiple of 4 below 2^64",
      "6",
      withDomain({ fastChannels: { levelSet: { address: 6 } } }),
    ],
    [
      "performance.domains[0].fastChannels.levelSet.doorbell.set",
      "1 to 8 bits of the register",
      "256",
      withDomain({ fastChannels: { levelSet: { doorbell: { set: 256, widthBits: 8 } } } }),
    ],
    [
      "performance.domains[0].fastChannels.levelSet.doorbell.set",
      "an integer or a string",
      "true",
      withDomain({ fastChannels: { levelSet: { doorbell: { set: true } } } }),
    ],
    ["clock.clocks[2].rates", "an array or an object", "5", withClock({ name: "c", rates: 5 })],
    ["clock.clocks[2].rates[1]", "more than 9", "9", withClock({ name: "c", rates: [9, 9] })],
    [
      "clock.clocks[2].rates.highest",
      "at least 9",
      "8",
      withClock({ name: "c", rates: { lowest: 9, highest: 8, step: 1 } }),
    ],
    ["clock.clocks[2].rates.step", "a value", "none", withClock({ name: "c", rates: { lowest: 9, highest: 10 } })],
    [
      "clock.clocks[2].rate",
      "one of the rates",
      "8",
      withClock({ name: "c", rates: { lowest: 5, highest: 10, step: 2 }, rate: 8 }),
    ],
    [
      "clock.clocks[2].asyncLatencyUs",
      "clock.asyncDepth above 0 beside it",
      "0",
      withClock({ name: "c", rates: [1], asyncLatencyUs: 5 }),
    ],
    ["clock.clocks[2].parents[0]", "the name of a clock", '"x"', withClock({ name: "c", rates: [1], parents: ["x"] })],
    [
      "clock.clocks[2].parent",
      "one of the parents",
      '"other"',
      withClock({ name: "c", rates: [1], parents: ["clk"], parent: "other" }),
    ],
    ["clock.clocks[2].name", "a name of its own", '"clk"', withClock({ name: "clk", rates: [1] })],
    [
      "clock.clocks[2].extendedConfig.oem.5",
      "a type 0x80 to 0xff",
      '"5"',
      withClock({ name: "c", rates: [1], extendedConfig: { oem: { 5: 1 } } }),
    ],
    [
      "clock.clocks[2].permissions.Z",
      "the name of an agent",
      '"Z"',
      withClock({ name: "c", rates: [1], permissions: { Z: {} } }),
    ],
    [
      "clock.clocks[2].permissions.OSPM.all",
      /^one of state/,
      '"all"',
      withClock({ name: "c", rates: [1], permissions: { OSPM: { all: false } } }),
    ],
    ...[15_000, 9_000, 110_000].map((intervalUs): [string, string, string, Json] => [
      "sensor.sensors[0].intervalUs",
      "one of the intervals",
      `${intervalUs}`,
      withSensor({ intervalsUs: { lowest: 10_000, highest: 100_000, step: 10_000 }, intervalUs }),
    ]),
    [
      "performance.domains[0].levels[1].level",
      "integer 1 to 4294967294",
      "4294967295",
      withDomain({ levels: [level(1), level(0xffffffff)] }),
    ],
  ])("%s", (path, expected, got, data) => {
    const found = failure(data);
    expect(found.path).toBe(path);
    if (typeof expected === "string") expect(found.expected).toBe(expected);
    else expect(found.expected).toMatch(expected);
    expect(found.got).toBe(got);
  });

  test("wherever a value of our example is replaced by one of another kind", () => {
    const original = source("example");
    const missed: string[] = [];
    const visit = (value: unknown, path: readonly (string | number)[]) => {
      if (path.length > 0) {
        const copy = structuredClone(original);
        let at = copy as Record<string | number, unknown>;
        for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
        at[path.at(-1) as string | number] = null;
        try {
          parseBoard(copy, { file: "board.yaml" });
          missed.push(path.join("."));
        } catch (error) {
          if (!(error instanceof BoardError)) throw error;
        }
      }
      if (typeof value !== "object" || value === null) return;
      for (const [key, member] of Object.entries(value))
        visit(member, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    visit(original, []);
    expect(missed).toEqual([]);
  });
});

describe("the schema", () => {
  const KEYWORDS = new Set([
    ...[
      "$schema",
      "$id",
      "title",
      "description",
      "type",
      "enum",
      "anyOf",
      "minimum",
      "maximum",
      "minLength",
      "maxLength",
    ],
    ...["pattern", "minItems", "maxItems", "items", "required", "properties", "additionalProperties", "default"],
  ]);

  test("uses only what the validator knows, and forbids what it does not name", () => {
    const wrong: string[] = [];
    const visit = (schema: Schema, path: string) => {
      for (const key of Object.keys(schema)) if (!KEYWORDS.has(key)) wrong.push(`${path}: ${key}`);
      if (schema.type === "object" && schema.additionalProperties === undefined) wrong.push(`${path}: open`);
      for (const key of schema.required ?? [])
        if (!schema.properties?.[key]) wrong.push(`${path}: ${key} required, unknown`);
      const types = schema.anyOf?.map(({ type }) => type) ?? [];
      if (new Set(types).size !== types.length) wrong.push(`${path}: alternatives of the same type`);
      for (const [key, member] of Object.entries(schema.properties ?? {})) visit(member, `${path}.${key}`);
      if (schema.items) visit(schema.items, `${path}[]`);
      if (schema.additionalProperties) visit(schema.additionalProperties, `${path}.*`);
      schema.anyOf?.forEach((it, i) => {
        visit(it, `${path}|${i}`);
      });
    };
    visit(BOARD_SCHEMA, "");
    expect(wrong).toEqual([]);
  });

  test("is published as it is", () => {
    const published = JSON.parse(readFileSync(new URL("../../dist/board.schema.json", import.meta.url), "utf8"));
    expect(published).toEqual(JSON.parse(JSON.stringify(BOARD_SCHEMA)));
  });
});
