import { describe, expect, test } from "vitest";
import { parseBoard } from "../../src/board/index.ts";
import { BoardError } from "../../src/errors.ts";
import { boardFile } from "../platform/kit.ts";

type Json = Record<string, unknown>;

const minimal = { vendor: "ACME", agents: [{ name: "OSPM" }, { name: "GUEST" }] };

function withReset(...domains: readonly Json[]) {
  return { ...minimal, reset: { domains } };
}

function withVoltage(...domains: readonly Json[]) {
  return { ...minimal, voltage: { domains } };
}

function parsed(data: Json) {
  return parseBoard(data, { file: "f" });
}

test("a reset domain is complete when the file says its name", () => {
  expect(parsed(withReset({ name: "usb0" })).reset?.domains).toEqual([
    {
      name: "usb0",
      latencyUs: undefined,
      asyncLatencyUs: undefined,
      notify: false,
      hasExplicit: true,
      isAsserted: false,
      vendorStates: [],
      deniedAgents: [],
    },
  ]);
});

test("a reset domain has all that the file says, and the time that it takes is the longest", () => {
  const all = {
    ...{ name: "a", latencyUs: 9, asyncLatencyUs: 8, notify: true, explicit: false, asserted: true },
    ...{ vendorStates: [0, 3], deniedAgents: ["GUEST"] },
  };
  const board = parsed({ ...withReset(all, { name: "b", asyncLatencyUs: 8 }), devices: [{ id: 1, resets: ["b"] }] });
  expect(board.reset?.domains[0]).toEqual({
    ...{ name: "a", latencyUs: 9, asyncLatencyUs: 8, notify: true, hasExplicit: false, isAsserted: true },
    ...{ vendorStates: [0, 3], deniedAgents: [2] },
  });
  expect(board.reset?.domains[1]?.latencyUs).toBe(8);
  expect(board.devices[0]?.resources).toEqual(new Map([[0x16, [1]]]));
});

test("a voltage domain is complete when the file says its name and levels", () => {
  const range = { lowest: -5, highest: 5, step: 2 };
  const board = parsed(withVoltage({ name: "a", levelsUv: [-3, 7] }, { name: "b", levelsUv: range }));
  expect(board.voltage?.domains).toEqual([
    {
      ...{ name: "a", levelsUv: [-3, 7], levelUv: -3, modes: [0, 7], mode: 7 },
      ...{ asyncLatencyUs: undefined, permissions: new Map() },
    },
    {
      ...{ name: "b", levelsUv: range, levelUv: -5, modes: [0, 7], mode: 7 },
      ...{ asyncLatencyUs: undefined, permissions: new Map() },
    },
  ]);
});

test("a voltage domain has all that the file says", () => {
  const permissions = { GUEST: { level: false }, OSPM: { mode: false } };
  const all = { name: "a", levelsUv: [1, 2], levelUv: 2, modes: [0, 9], mode: 0, asyncLatencyUs: 0, permissions };
  const board = parsed({ ...withVoltage(all), devices: [{ id: 1, voltages: ["a"] }] });
  expect(board.voltage?.domains[0]).toEqual({
    ...{ name: "a", levelsUv: [1, 2], levelUv: 2, modes: [0, 9], mode: 0, asyncLatencyUs: 0 },
    permissions: new Map([
      [2, { level: false, mode: true }],
      [1, { level: true, mode: false }],
    ]),
  });
  expect(board.devices[0]?.resources).toEqual(new Map([[0x17, [0]]]));
});

test("a domain without the mode on starts in its lowest", () => {
  expect(parsed(withVoltage({ name: "a", levelsUv: [1], modes: [8, 9] })).voltage?.domains[0]?.mode).toBe(8);
});

test.each([
  ["example", 5, 6],
  ["large", 64, 64],
])("our file %s has both", (name, resets, voltages) => {
  const board = boardFile(name);
  expect([board.reset?.domains.length, board.voltage?.domains.length]).toEqual([resets, voltages]);
});

test("the first voltage domain of our small board suits the regulator of a Linux guest: 0.8 to 1.0 V, for every agent", () => {
  const board = boardFile("example");
  expect(board.voltage?.domains[0]).toMatchObject({
    levelsUv: { lowest: 800000, highest: 1000000 },
    permissions: new Map(),
  });
  expect(board.devices.flatMap(({ resources }) => resources.get(0x17) ?? [])).not.toContain(0);
});

describe("a mistake is named with its place", () => {
  const range = (lowest: number, highest: number, step: number) =>
    withVoltage({ name: "a", levelsUv: { lowest, highest, step } });

  test.each<[path: string, expected: string, got: string, data: Json]>([
    ["reset.domains", "1 to 65535 items", "0 items", withReset()],
    ["reset.domains[1].name", "a name of its own", '"a"', withReset({ name: "a" }, { name: "a" })],
    [
      "reset.domains[0].latencyUs",
      "integer 0 to 4294967294",
      "4294967295",
      withReset({ name: "a", latencyUs: 2 ** 32 - 1 }),
    ],
    ["reset.domains[0].vendorStates[1]", "more than 4", "4", withReset({ name: "a", vendorStates: [4, 4] })],
    [
      "reset.domains[0].vendorStates[0]",
      "integer 0 to 2147483647",
      "2147483648",
      withReset({ name: "a", vendorStates: [2 ** 31] }),
    ],
    ["reset.domains[0].deniedAgents[0]", "the name of an agent", '"Z"', withReset({ name: "a", deniedAgents: ["Z"] })],
    [
      "devices[0].resets[0]",
      "the name of a reset domain",
      '"b"',
      { ...withReset({ name: "a" }), devices: [{ id: 1, resets: ["b"] }] },
    ],
    ["voltage.domains[0].levelsUv", "a value", "none", withVoltage({ name: "a" })],
    ["voltage.domains[0].levelsUv", "1 to 65535 items", "0 items", withVoltage({ name: "a", levelsUv: [] })],
    ["voltage.domains[0].levelsUv[1]", "more than -1", "-2", withVoltage({ name: "a", levelsUv: [-1, -2] })],
    [
      "voltage.domains[0].levelsUv[0]",
      "integer -2147483648 to 2147483647",
      "2147483648",
      withVoltage({ name: "a", levelsUv: [2 ** 31] }),
    ],
    ["voltage.domains[0].levelsUv.highest", "at least 2", "1", range(2, 1, 1)],
    ["voltage.domains[0].levelsUv.step", "at least 1", "0", range(1, 2, 0)],
    ["voltage.domains[0].levelsUv.step", "integer 0 to 2147483647", "-1", range(1, 2, -1)],
    ["voltage.domains[0].levelsUv.highest", "1 and a multiple of 2", "4", range(1, 4, 2)],
    ["voltage.domains[0].levelUv", "one of the levels", "2", withVoltage({ name: "a", levelsUv: [1], levelUv: 2 })],
    ["voltage.domains[0].modes[1]", "more than 7", "0", withVoltage({ name: "a", levelsUv: [1], modes: [7, 0] })],
    [
      "voltage.domains[0].modes[0]",
      "0 or 7 or 8 or 9 or 10 or 11 or 12 or 13 or 14 or 15",
      "1",
      withVoltage({ name: "a", levelsUv: [1], modes: [1] }),
    ],
    ["voltage.domains[0].mode", "one of the modes", "9", withVoltage({ name: "a", levelsUv: [1], mode: 9 })],
    [
      "voltage.domains[0].permissions.Z",
      "the name of an agent",
      '"Z"',
      withVoltage({ name: "a", levelsUv: [1], permissions: { Z: {} } }),
    ],
    [
      "voltage.domains[0].permissions.OSPM.rate",
      "one of level, mode",
      '"rate"',
      withVoltage({ name: "a", levelsUv: [1], permissions: { OSPM: { rate: true } } }),
    ],
  ])("%s", (path, expected, got, data) => {
    try {
      parsed(data);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      expect([error.path, error.expected, error.got]).toEqual([path, expected, got]);
      return;
    }
    throw new Error("expected a BoardError, got a board");
  });

  test("a range of one level may have no step", () => {
    expect(parsed(range(5, 5, 0)).voltage?.domains[0]?.levelUv).toBe(5);
  });
});
