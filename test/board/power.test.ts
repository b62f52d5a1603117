import { describe, expect, test } from "vitest";
import { parseBoard } from "../../src/board/index.ts";
import { DEFAULT_POWER_STATES, POWER_STATE_BITS } from "../../src/board/parse-power.ts";
import { BoardError } from "../../src/errors.ts";
import { encodePowerState, POWER_STATE } from "../../src/protocols/index.ts";
import { boardFile } from "../platform/kit.ts";

const minimal = { vendor: "ACME", agents: [{ name: "A" }, { name: "B" }] };
const parsed = (data: object) => parseBoard({ ...minimal, ...data }, { file: "board.yaml" });
const withDomains = (...domains: readonly object[]) => ({
  power: { domains: domains.map((it, i) => ({ name: `d${i}`, ...it })) },
});

test("a power domain that says the least can be set by everybody, on and off, synchronously", () => {
  expect(parsed(withDomains({})).power).toEqual({
    statistics: undefined,
    domains: [
      {
        name: "d0",
        states: [POWER_STATE.ON, POWER_STATE.OFF],
        state: POWER_STATE.ON,
        hasSync: true,
        asyncLatencyUs: undefined,
        setStateAgents: [1, 2],
        notifyChanged: false,
        notifyRequested: false,
        parent: undefined,
      },
    ],
  });
});

test("a system that says the least can be shut down and reset by everybody", () => {
  expect(parsed({ systemPower: {} }).systemPower).toEqual({
    ...{ hasWarmReset: false, hasSuspend: false, vendorStates: [], gracefulTimeoutMs: 0, transitionUs: 0 },
    ...{ setStateAgents: [1, 2], powerUpAgents: [], getStateAgents: [], notifyAgents: [1, 2], psciAgent: undefined },
  });
});

test("states are those of the protocol", () => {
  expect(DEFAULT_POWER_STATES).toEqual([POWER_STATE.ON, POWER_STATE.OFF]);
  expect(POWER_STATE_BITS).toBe(encodePowerState({ stateId: 0x0fffffff, isContextLost: true }));
});

test("devices name power domains, and agents may be kept from both protocols", () => {
  const board = parsed({
    agents: [{ name: "A" }, { name: "B", deniedProtocols: ["power", "systemPower"] }],
    devices: [{ id: 4, power: ["d1"], deniedAgents: ["A"] }],
    systemPower: {},
    ...withDomains({}, { parent: "d0", setState: [] }),
  });
  expect([...(board.devices[0]?.resources ?? [])]).toEqual([[0x11, [1]]]);
  expect(board.agents[1]?.deniedProtocols).toEqual([0x11, 0x12]);
  expect(board.power?.domains[1]).toMatchObject({ parent: 0, setStateAgents: [] });
});

test("our boards mix every kind", () => {
  const { power, systemPower } = boardFile("example");
  const kinds = power?.domains.map(({ hasSync, asyncLatencyUs }) => `${hasSync} ${asyncLatencyUs !== undefined}`);
  expect(new Set(kinds)).toEqual(new Set(["true true", "true false", "false true", "false false"]));
  expect(power?.domains.some(({ name }) => name.length > 15)).toBe(true);
  expect(systemPower?.gracefulTimeoutMs).toBe(5000);
  const large = boardFile("large");
  expect(large.power?.domains).toHaveLength(64);
  expect(large.devices.flatMap(({ resources }) => resources.get(0x11) ?? [])).toHaveLength(64);
});

describe("a mistake is named with its place", () => {
  test.each<readonly [path: string, expected: string | RegExp, got: string, data: object]>([
    ["power.domains", "1 to 65535 items", "0 items", withDomains()],
    ["power.domains[0].name", "1 to 63 characters", '""', withDomains({ name: "" })],
    ["power.domains[1].name", "a name of its own", '"x"', withDomains({ name: "x" }, { name: "x" })],
    ["power.domains[0].states", "1 to 255 items", "0 items", withDomains({ states: [] })],
    ["power.domains[0].states[1]", /^integer 0/, "2147483648", withDomains({ states: [0, 0x80000000] })],
    ["power.domains[0].states[0]", "a word without reserved bits", "268435456", withDomains({ states: [0x10000000] })],
    ["power.domains[0].states[1]", "every state once", "5", withDomains({ states: [5, 5] })],
    ["power.domains[0].state", "one of the states", "1", withDomains({ state: 1 })],
    ["power.domains[0].setState[0]", "the name of an agent", '"Z"', withDomains({ setState: ["Z"] })],
    ["power.domains[0].asyncLatencyUs", /^integer/, "-1", withDomains({ asyncLatencyUs: -1 })],
    ["power.domains[0].parent", "the name of a power domain", '"z"', withDomains({ parent: "z" })],
    ["power.domains[0].parent", "a domain that is not below this one", '"d0"', withDomains({ parent: "d0" })],
    [
      "power.domains[0].parent",
      "a domain that is not below this one",
      '"d1"',
      withDomains({ parent: "d1" }, { parent: "d2" }, { parent: "d0" }),
    ],
    [
      "power.statistics.address",
      /multiple of 8/,
      "4",
      { power: { statistics: { address: 4 }, domains: [{ name: "a" }] } },
    ],
    ["systemPower.vendorStates[0]", /^integer 2147483648/, "5", { systemPower: { vendorStates: [5] } }],
    ["systemPower.psci", "the name of an agent", '"Z"', { systemPower: { psci: "Z" } }],
    ["systemPower.powerUp[0]", "the name of an agent", '"Z"', { systemPower: { powerUp: ["Z"] } }],
    ["systemPower.notify[1]", "every name once", '"A"', { systemPower: { notify: ["A", "A"] } }],
    ["devices[0].power[0]", "the name of a power domain", '"z"', { devices: [{ id: 1, power: ["z"] }] }],
  ])("%s", (path, expected, got, data) => {
    let error: unknown;
    try {
      parsed(data);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(BoardError);
    const found = error as BoardError;
    expect([found.path, found.got]).toEqual([path, got]);
    if (typeof expected === "string") expect(found.expected).toBe(expected);
    else expect(found.expected).toMatch(expected);
  });
});
