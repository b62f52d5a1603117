import { describe, expect, test } from "vitest";
import { boardFile, Client, PROTOCOL, rig } from "./kit.ts";

const { BASE, POWER, SYSTEM_POWER, PERFORMANCE, CLOCK, SENSOR, RESET, VOLTAGE, POWERCAP } = PROTOCOL;
const [SUCCESS, NOT_SUPPORTED, NOT_FOUND] = [0, -1, -4];
const MESSAGE_ATTRIBUTES = 0x2;

/** Commands that switch notifications, as notifications.md lists them: protocol, command, source. */
const SWITCHES: readonly (readonly [name: string, protocol: number, command: number, source: number[]])[] = [
  ["BASE_NOTIFY_ERRORS", BASE, 0x8, []],
  ["POWER_STATE_NOTIFY", POWER, 0x6, [0]],
  ["POWER_STATE_CHANGE_REQUESTED_NOTIFY", POWER, 0x7, [0]],
  ["SYSTEM_POWER_STATE_NOTIFY", SYSTEM_POWER, 0x5, []],
  ["PERFORMANCE_NOTIFY_LIMITS", PERFORMANCE, 0x9, [0]],
  ["PERFORMANCE_NOTIFY_LEVEL", PERFORMANCE, 0xa, [0]],
  ["CLOCK_RATE_NOTIFY", CLOCK, 0x9, [1]],
  ["CLOCK_RATE_CHANGE_REQUESTED_NOTIFY", CLOCK, 0xa, [1]],
  ["SENSOR_TRIP_POINT_NOTIFY", SENSOR, 0x4, [0]],
  ["SENSOR_CONTINUOUS_UPDATE_NOTIFY", SENSOR, 0xb, [4]],
  ["RESET_NOTIFY", RESET, 0x5, [0]],
  ["POWERCAP_CAP_NOTIFY", POWERCAP, 0xa, [0]],
];

/** Commands with a delayed response: the same words with and without the flag that asks for it. */
const LATE: readonly (readonly [name: string, protocol: number, command: number, late: number[], prompt: number[]])[] =
  [
    ["CLOCK_RATE_SET", CLOCK, 0x5, [1, 1, 600e6, 0], [0, 1, 600e6, 0]],
    ["SENSOR_READING_GET", SENSOR, 0x6, [5, 1], [5, 0]],
    ["RESET", RESET, 0x4, [0, 5, 0], [0, 1, 0]],
    ["VOLTAGE_LEVEL_SET", VOLTAGE, 0x7, [1, 1, 900_000], [1, 0, 900_000]],
    ["POWERCAP_CAP_SET", POWERCAP, 0x5, [1, 2, 20_000], [1, 0, 20_000]],
  ];

/** Attributes that would offer either: protocol, command, parameters, word of the response, bits. */
const OFFERS: readonly (readonly [string, number, number, number[], word: number, bits: number])[] = [
  ["POWER_DOMAIN_ATTRIBUTES", POWER, 0x3, [0], 1, 0x9000_0000],
  ["PERFORMANCE_DOMAIN_ATTRIBUTES", PERFORMANCE, 0x3, [0], 1, 0x3000_0000],
  ["CLOCK PROTOCOL_ATTRIBUTES", CLOCK, 0x1, [], 1, 0x00ff_0000],
  ["CLOCK_ATTRIBUTES", CLOCK, 0x3, [1], 1, 0xc000_0000],
  ["SENSOR PROTOCOL_ATTRIBUTES", SENSOR, 0x1, [], 1, 0x00ff_0000],
  ["SENSOR_DESCRIPTION_GET", SENSOR, 0x3, [5], 3, 0xc000_0000],
  ["RESET_DOMAIN_ATTRIBUTES", RESET, 0x3, [0], 1, 0xc000_0000],
  ["VOLTAGE_DOMAIN_ATTRIBUTES", VOLTAGE, 0x3, [1], 1, 0x8000_0000],
  ["POWERCAP_DOMAIN_ATTRIBUTES", POWERCAP, 0x3, [1], 1, 0xe000_0000],
];

function machine() {
  const { platform, agent, clock } = rig(boardFile("example"));
  return { platform, clock, other: agent(1), agent: new Client(platform, 1, false) };
}

describe("to an agent without P2A channel", () => {
  test.each(SWITCHES)("%s does not exist: on is NOT_SUPPORTED, off is what it is", (_, protocol, command, source) => {
    const { agent, other } = machine();
    expect(other.status(protocol, MESSAGE_ATTRIBUTES, command)).toBe(SUCCESS);
    expect(agent.status(protocol, MESSAGE_ATTRIBUTES, command)).toBe(NOT_FOUND);
    expect(other.status(protocol, command, ...source, 1)).toBe(SUCCESS);
    expect(agent.status(protocol, command, ...source, 1)).toBe(NOT_SUPPORTED);
    expect(agent.status(protocol, command, ...source, 0)).toBe(SUCCESS);
  });

  test("POWERCAP_MEASUREMENTS_NOTIFY, which has thresholds behind the switch, does not exist either", () => {
    const { agent } = machine();
    expect(agent.status(POWERCAP, 0xb, 0, 1, 0, 0)).toBe(NOT_SUPPORTED);
    expect(agent.status(POWERCAP, MESSAGE_ATTRIBUTES, 0xb)).toBe(NOT_FOUND);
  });

  test.each(LATE)("%s is done at once or NOT_SUPPORTED", (_, protocol, command, late, prompt) => {
    const { agent, other, clock } = machine();
    expect(other.status(protocol, command, ...late)).toBe(SUCCESS);
    clock.advance(10);
    expect(other.takeP2a().map(({ type, messageId }) => [type, messageId])).toEqual([[2, command]]);
    expect(agent.status(protocol, command, ...late)).toBe(NOT_SUPPORTED);
    expect(agent.status(protocol, command, ...prompt)).toBe(SUCCESS);
    expect(agent.status(protocol, MESSAGE_ATTRIBUTES, command)).toBe(SUCCESS);
    clock.advance(10);
    expect(agent.takeP2a()).toEqual([]);
  });

  test("a delayed response that is waived stands in nobody's way", () => {
    const { agent, clock, platform } = machine();
    expect(agent.status(CLOCK, 0x5, 3, 1, 700e6, 0)).toBe(SUCCESS);
    clock.advance(10);
    expect(platform.clock.rate(1)).toBe(700e6);
    expect(agent.takeP2a()).toEqual([]);
  });

  test.each(OFFERS)(
    "%s offers neither, and says else what it always says",
    (_, protocol, command, asked, word, bits) => {
      const { agent, other } = machine();
      const [with_, without] = [other, agent].map((it) => it.call(protocol, command, ...asked).slice(0, 8));
      expect(with_?.[0]).toBe(SUCCESS);
      expect(((with_?.[word] ?? 0) & bits) >>> 0).not.toBe(0);
      const expected = with_?.map((value, i) => (i === word ? (value & ~bits) >>> 0 : value));
      expect(without).toEqual(expected);
    },
  );

  test("nothing goes that another connection of the same agent asked for", () => {
    const { agent, other, platform } = machine();
    other.status(PERFORMANCE, 0xa, 0, 1);
    other.takeP2a();
    platform.performance.setLevel(0, 1400);
    expect(other.takeP2a()).toHaveLength(1);
    expect(agent.takeP2a()).toEqual([]);
  });

  test("a command that is too short is a PROTOCOL_ERROR, as ever", () => {
    expect(machine().agent.status(PERFORMANCE, 0xa, 0)).toBe(-10);
  });
});
