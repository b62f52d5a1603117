import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Agent } from "../../src/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { PINCTRL_CONFIG, Pinctrl, type Release } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile, boardOf, type Client, hex, PROTOCOL, rig, unhex, words } from "./kit.ts";

const P = PROTOCOL.PINCTRL;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, OUT_OF_RANGE, PROTOCOL_ERROR, IN_USE] = [
  -1, -2, -3, -4, -5, -10, -11,
] as const;
const [PIN, GROUP, FUNCTION] = [0, 1, 2];
const NONE = 0xffffffff;

const VECTORS = new Map<string, string>(
  (
    JSON.parse(readFileSync(new URL("../vectors/19-pinctrl.json", import.meta.url), "utf8")) as {
      messages: { id: string; payload: string }[];
    }
  ).messages.map(({ id, payload }) => [id, payload]),
);

const named = (what: string, count: number) => Array.from({ length: count }, (_, i) => ({ name: `${what}${i}` }));

/** A board that matches the worked examples: 120 pins, 40 groups, 12 functions. */
function worked(maxPayload = 100) {
  const pins = named("pin", 120).map((pin, i) =>
    i === 17 ? { ...pin, settings: { biasPullUp: 0, driveStrength: 2 } } : pin,
  );
  const groups = named("group", 40).map((group, i) => ({
    ...group,
    pins: i === 3 ? ["pin17", "pin18", "pin19"] : [`pin${20 + i}`],
  }));
  const functions = named("function", 12).map((it, i) => {
    if (i === 5) return { name: "gpio", gpio: true, groups: ["group0", "group1"] };
    return { ...it, groups: [i === 2 ? "group3" : `group${i + 4}`] };
  });
  const agents = [{ name: "OSPM" }, { name: "OTHER" }];
  return rig(boardOf({ agents, pinctrl: { pins, groups, functions } }), { maxPayload });
}

function exchange(client: Client, message: number, request: string, response: string): void {
  const answer = client.bytes(P, message, unhex(VECTORS.get(request) as string));
  expect(hex(answer), response).toBe(VECTORS.get(response));
}

describe("the worked examples", () => {
  test.each([
    ["19-9.1", 0x1],
    ["19-9.2", 0x3],
    ["19-9.4", 0x6],
  ])("%s is answered byte for byte", (example, message) => {
    exchange(worked().agent(1), message, `${example}-request`, `${example}-response`);
  });

  test("19-9.3: a list of pins in two parts, and not padded", () => {
    // Whoever can send the request has room for two ids, so the first part of the text is not to be had
    expect(
      hex(
        worked(12)
          .agent(1)
          .bytes(P, 0x4, words(3, GROUP, 0)),
      ),
    ).toBe("000000000200010011001200");
    expect(
      hex(
        worked(12)
          .agent(1)
          .bytes(P, 0x4, words(3, GROUP, 2)),
      ),
    ).toBe("00000000010000001300");
    exchange(worked(12).agent(1), 0x4, "19-9.3-request-2", "19-9.3-response-2");
  });

  test("19-9.5: what 9.4 has set is read back", () => {
    const client = worked().agent(1);
    client.bytes(P, 0x6, unhex(VECTORS.get("19-9.4-request") as string));
    exchange(client, 0x5, "19-9.5-request", "19-9.5-response");
  });

  test("19-9.6: a group belongs to one agent, and then to nobody", () => {
    const { agent } = worked();
    exchange(agent(1), 0x7, "19-9.6-request-1", "19-9.6-response-1");
    exchange(agent(2), 0x7, "19-9.6-request-2", "19-9.6-response-2");
    exchange(agent(1), 0x8, "19-9.6-request-3", "19-9.6-response-3");
    exchange(agent(2), 0x7, "19-9.6-request-1", "19-9.6-response-1");
  });
});

// Of examples/boards/example.yaml: pins 0 and 1 uart0, 2 and 3 i2c1, 4 led, 5 general purpose, 6 boot mode (kept from agent 3); groups 0
// uart0, 1 i2c1, 2 all four, 3 straps; functions 0 uart0, 1 i2c1, 2 gpio, 3 trace. Agent 2 is trusted.

function example(profile: Release = "3.2") {
  return rig(boardFile("example"), { profile });
}

/** `attributes` of `PINCTRL_SETTINGS_CONFIGURE`. */
const change = (selector: number, count: number, selects = false) => selector | (count << 2) | (selects ? 0x400 : 0);

describe("statuses, in the order of their checks", () => {
  test.each<readonly [string, number, number, readonly number[], number]>([
    ["attributes of a pin that is not there", 1, 0x3, [7, PIN], NOT_FOUND],
    ["attributes of a group that is not there", 1, 0x3, [4, GROUP], NOT_FOUND],
    ["attributes of a function that is not there", 1, 0x3, [4, FUNCTION], NOT_FOUND],
    ["attributes of a reserved kind", 1, 0x3, [0, 3], NOT_FOUND],
    ["attributes of a denied pin", 3, 0x3, [6, PIN], DENIED],
    ["attributes of a group with a denied pin", 3, 0x3, [3, GROUP], DENIED],
    ["the upper half of an identifier, which is ignored", 1, 0x3, [0xabcd0000, PIN], 0],
    ["a list of a pin", 1, 0x4, [0, PIN, 0], NOT_FOUND],
    ["a list of a reserved kind", 1, 0x4, [0, 3, 0], NOT_FOUND],
    ["a list of nothing", 1, 0x4, [4, GROUP, 0], NOT_FOUND],
    ["a list of a denied group", 3, 0x4, [3, GROUP, 0], DENIED],
    ["a list from its end on", 1, 0x4, [0, GROUP, 2], OUT_OF_RANGE],
    ["settings of a function", 1, 0x5, [0, (1 << 18) | (FUNCTION << 16)], INVALID_PARAMETERS],
    ["settings of a reserved kind, before the pin", 1, 0x5, [99, 3 << 16], INVALID_PARAMETERS],
    ["settings of a pin that is not there, before reserved bits", 1, 0x5, [7, 1 << 31], NOT_FOUND],
    ["settings with reserved bits", 1, 0x5, [0, 1 << 20], INVALID_PARAMETERS],
    ["settings of a denied pin", 3, 0x5, [6, 1 << 18], DENIED],
    ["settings asked for in the reserved way", 1, 0x5, [0, 3 << 18], INVALID_PARAMETERS],
    ["a setting that a pin has not", 1, 0x5, [0, 12], NOT_SUPPORTED],
    ["more settings skipped than there are", 1, 0x5, [0, (1 << 18) | (4 << 8)], INVALID_PARAMETERS],
    ["all settings skipped", 1, 0x5, [0, (1 << 18) | (3 << 8)], 0],
    ["a change of nothing but the upper half of an identifier", 1, 0x6, [0x70000, 0, change(PIN, 0, true)], 0],
    ["a change of a function", 1, 0x6, [0, NONE, change(FUNCTION, 1), 4, 0], INVALID_PARAMETERS],
    ["a change of a pin that is not there, before reserved bits", 1, 0x6, [7, 0, 1 << 31], NOT_FOUND],
    ["a change with reserved bits", 1, 0x6, [0, NONE, change(PIN, 1) | (1 << 11), 4, 0], INVALID_PARAMETERS],
    ["a change with reserved bits beside a type", 1, 0x6, [0, NONE, change(PIN, 1), 0x104, 0], INVALID_PARAMETERS],
    ["a change of a denied pin", 3, 0x6, [6, NONE, change(PIN, 1), 6, 0], DENIED],
    ["a change of nothing", 1, 0x6, [0, 0, change(PIN, 0)], INVALID_PARAMETERS],
    ["a count that is too high", 1, 0x6, [0, NONE, change(PIN, 2), 4, 0], PROTOCOL_ERROR],
    ["a count that is too low", 1, 0x6, [0, NONE, change(PIN, 0), 4, 0], PROTOCOL_ERROR],
    ["a function that is not there", 1, 0x6, [0, 4, change(PIN, 0, true)], NOT_FOUND],
    ["a function that a pin cannot have", 1, 0x6, [0, 2, change(PIN, 0, true)], INVALID_PARAMETERS],
    ["a function that a group cannot have", 1, 0x6, [0, 1, change(GROUP, 0, true)], INVALID_PARAMETERS],
    ["a function of single pins for a group of such", 1, 0x6, [1, 2, change(GROUP, 0, true)], 0],
    ["a function of groups for one of their pins", 1, 0x6, [0, 3, change(PIN, 0, true)], 0],
    ["a setting to change that a pin has not", 1, 0x6, [0, NONE, change(PIN, 1), 12, 0], NOT_SUPPORTED],
    [
      "a setting to change that not all pins of a group have",
      1,
      0x6,
      [0, NONE, change(GROUP, 1), 20, 0],
      NOT_SUPPORTED,
    ],
    ["a switch set to 2", 1, 0x6, [2, NONE, change(PIN, 1), 7, 2], INVALID_PARAMETERS],
    ["an input value to change", 1, 0x6, [4, NONE, change(PIN, 1), 14, 1], INVALID_PARAMETERS],
    ["the default for a pin", 1, 0x6, [0, NONE, change(PIN, 1), 0, 99], 0],
    ["pairs out of order, as U-Boot sends them", 1, 0x6, [4, NONE, change(PIN, 3), 18, 1, 12, 0, 4, 1], 0],
    ["a request of a function", 1, 0x7, [0, FUNCTION], INVALID_PARAMETERS],
    ["a request of a pin that is not there, before reserved bits", 1, 0x7, [7, 4], NOT_FOUND],
    ["a request with reserved bits", 1, 0x7, [0, 4], INVALID_PARAMETERS],
    ["a request with the upper half of an identifier", 1, 0x7, [0x10001, PIN], 0],
    ["a request of a denied pin", 3, 0x7, [6, PIN], DENIED],
    ["a release of a function", 1, 0x8, [0, FUNCTION], INVALID_PARAMETERS],
    ["a release of a group that is not there", 1, 0x8, [4, GROUP], NOT_FOUND],
    ["a release with reserved bits", 1, 0x8, [0, 8], INVALID_PARAMETERS],
    ["a release of what is free", 1, 0x8, [0, PIN], 0],
    ["the long name of a short one", 1, 0x9, [0, PIN], NOT_FOUND],
    ["the long name of nothing", 1, 0x9, [0, 3], NOT_FOUND],
    ["permissions of the platform", 2, 0xa, [0, 0, PIN], NOT_FOUND],
    ["permissions of an agent that is not there", 2, 0xa, [4, 0, PIN], NOT_FOUND],
    ["permissions for a reserved kind", 2, 0xa, [1, 0, 3], INVALID_PARAMETERS],
    ["permissions for a pin that is not there", 2, 0xa, [1, 7, PIN], NOT_FOUND],
    ["permissions with reserved bits", 2, 0xa, [1, 0, 8], INVALID_PARAMETERS],
    ["permissions from an agent that is not trusted", 1, 0xa, [3, 0, PIN], DENIED],
    ["an unknown message", 1, 0xb, [], NOT_FOUND],
    ["a message of another size", 1, 0x3, [0], PROTOCOL_ERROR],
    ["a configuration without its head", 1, 0x6, [0, 0], PROTOCOL_ERROR],
  ])("%s", (_, agentId, message, parameters, status) => {
    expect(
      example()
        .agent(agentId)
        .status(P, message, ...parameters),
    ).toBe(status);
  });

  test("a change that is refused changes nothing", () => {
    const { agent, platform } = example();
    const settings = [4, 0, 10, 16, 12, 1]; // the last one is not there
    expect(agent(1).status(P, 0x6, 0, 3, change(PIN, 3, true), ...settings)).toBe(NOT_SUPPORTED);
    expect(platform.pinctrl.functionOf(0)).toBe(0);
    expect(platform.pinctrl.setting(0, 4)).toBe(1);
    expect(platform.pinctrl.setting(0, 12)).toBeUndefined();
  });
});

describe("release", () => {
  test.each(["1.0", "2.0", "3.0", "3.1"] as const)("%s has no pin control", (profile) => {
    expect(example(profile).agent(1).status(P, 0)).toBe(NOT_SUPPORTED);
  });

  test("3.2 has version 1.0 with every message", () => {
    const { agent } = example();
    expect(agent(1).call(P, 0)).toEqual([0, 0x10000]);
    expect(Array.from({ length: 0xb }, (_, id) => agent(1).status(P, 0x2, id))).toEqual(Array(11).fill(0));
    expect(agent(1).status(P, 0x10, 0x10000)).toBe(0);
    expect(agent(1).status(P, 0x10, 0x20000)).toBe(NOT_SUPPORTED);
  });
});

describe("settings", () => {
  test("come in parts of eleven in 100 bytes, ascending by type, and as the board has them", () => {
    const { agent } = example();
    const pairs = (payload: readonly number[]) => payload.filter((_, i) => i % 2 === 0);
    const first = agent(1).call(P, 0x5, 5, 1 << 18);
    expect(first.slice(0, 3)).toEqual([0, NONE, 11 | (4 << 24)]);
    const second = agent(1).call(P, 0x5, 5, (1 << 18) | (11 << 8));
    expect(second.slice(0, 3)).toEqual([0, NONE, 4]);
    const types = [...pairs(first.slice(3)), ...pairs(second.slice(3))];
    expect(types).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 192, 255]);
    expect(agent(1).call(P, 0x5, 5, 255)).toEqual([0, NONE, 1, 255, 7]);
    expect(agent(1).call(P, 0x5, 4, 2 << 18)).toEqual([0, 2, 0]);
  });

  test("of a group are set on all of its pins, and are those that all have", () => {
    const { agent, platform } = example();
    expect(agent(1).status(P, 0x6, 0, NONE, change(GROUP, 1, true), 10, 12)).toBe(0);
    expect([0, 1].map((pin) => platform.pinctrl.setting(pin, PINCTRL_CONFIG.DRIVE_STRENGTH))).toEqual([12, 12]);
    expect([0, 1].map((pin) => platform.pinctrl.functionOf(pin))).toEqual([undefined, undefined]);
    expect(agent(1).call(P, 0x5, 0, (1 << 18) | (GROUP << 16))).toEqual([0, NONE, 2, 4, 1, 10, 12]);
  });

  test("go back to the board's with type 0, in the order of the message", () => {
    const { agent, platform } = example();
    agent(1).status(P, 0x6, 0, NONE, change(PIN, 2), 10, 12, 4, 0);
    agent(1).status(P, 0x6, 0, NONE, change(PIN, 2), 0, 0, 20, 3);
    expect([4, 10, 20].map((type) => platform.pinctrl.setting(0, type))).toEqual([1, 8, 3]);
  });

  test("are observed, and the outside world can drive a pin", () => {
    const { agent, platform } = example();
    const seen: unknown[] = [];
    platform.on("pinConfigured", ({ agentId, pinId, functionId, settings }) =>
      seen.push([agentId, pinId, functionId, settings.get(14), settings.get(18)]),
    );
    platform.pinctrl.drive(4, 1);
    expect(agent(1).call(P, 0x5, 4, 14)).toEqual([0, 2, 1, 14, 1]);
    agent(1).status(P, 0x6, 4, NONE, change(PIN, 1), 18, 1);
    expect(seen).toEqual([
      [0, 4, 2, 1, 0],
      [1, 4, 2, 1, 1],
    ]);
    expect(() => platform.pinctrl.drive(0, 1)).toThrow(RangeError);
    expect(() => platform.pinctrl.owner(7)).toThrow(RangeError);
  });
});

describe("ownership", () => {
  test("of a group covers its pins, and groups that share one", () => {
    const { agent, platform } = example();
    expect(agent(1).status(P, 0x7, 0, GROUP)).toBe(0);
    expect(agent(1).status(P, 0x7, 0, GROUP)).toBe(0); // once more
    expect(agent(1).status(P, 0x7, 0, PIN)).toBe(0); // ours already
    const refused: readonly (readonly [number, number])[] = [
      [0, GROUP],
      [2, GROUP],
      [0, PIN],
      [1, PIN],
    ];
    for (const what of refused) expect(agent(3).status(P, 0x7, ...what)).toBe(IN_USE);
    expect(agent(3).status(P, 0x6, 1, NONE, change(PIN, 1), 4, 1)).toBe(IN_USE);
    expect(agent(3).status(P, 0x6, 2, NONE, change(GROUP, 1), 4, 1)).toBe(IN_USE);
    expect(agent(3).status(P, 0x5, 1, 1 << 18)).toBe(0); // everybody may look
    expect(agent(3).status(P, 0x8, 0, GROUP)).toBe(IN_USE);
    expect(agent(3).status(P, 0x8, 1, PIN)).toBe(IN_USE);
    expect(agent(3).status(P, 0x7, 1, GROUP)).toBe(0); // no pin in common
    expect(agent(1).status(P, 0x7, 2, GROUP)).toBe(IN_USE);
    expect(agent(1).status(P, 0x8, 0, GROUP)).toBe(0);
    expect([0, 1, 2].map((pin) => platform.pinctrl.owner(pin))).toEqual([1, undefined, 3]);
  });

  test("and settings go back with the agent's reset", () => {
    const { agent, platform } = example();
    const seen: unknown[] = [];
    platform.on("pinReleased", ({ agentId, target, id }) => seen.push([agentId, target, id]));
    agent(1).status(P, 0x7, 0, GROUP);
    agent(1).status(P, 0x7, 4, PIN);
    agent(1).status(P, 0x6, 0, NONE, change(PIN, 1, true), 10, 16);
    agent(3).status(P, 0x6, 2, NONE, change(PIN, 1), 10, 16);
    agent(2).status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(seen).toEqual([
      [1, "group", 0],
      [1, "pin", 4],
    ]);
    expect([0, 4].map((pin) => platform.pinctrl.owner(pin))).toEqual([undefined, undefined]);
    expect([platform.pinctrl.functionOf(0), platform.pinctrl.setting(0, 10)]).toEqual([0, 8]);
    expect(platform.pinctrl.setting(2, 10)).toBe(16); // another agent's
  });
});

describe("permissions", () => {
  test("no command reaches a pin that is denied with its device, nor a group that holds it", () => {
    const { agent, platform } = example();
    const requests: readonly (readonly [number, readonly number[]])[] = [
      [0x3, [6, PIN]],
      [0x3, [3, GROUP]],
      [0x4, [3, GROUP, 0]],
      [0x5, [6, 6]],
      [0x5, [3, (GROUP << 16) | 6]],
      [0x6, [6, NONE, change(PIN, 1), 6, 0]],
      [0x6, [3, NONE, change(GROUP, 1), 6, 0]],
      [0x7, [6, PIN]],
      [0x7, [3, GROUP]],
      [0x8, [6, PIN]],
      [0x8, [3, GROUP]],
      [0x9, [6, PIN]],
      [0x9, [3, GROUP]],
    ];
    for (const [id, parameters] of requests) expect(agent(3).call(P, id, ...parameters), `0x${id}`).toEqual([DENIED]);
    expect([platform.pinctrl.setting(6, 6), platform.pinctrl.owner(6)]).toEqual([1, undefined]);
  });

  test("end with what the agent may use: Linux asks for the name of each pin, and fails on a refusal", () => {
    const { agent } = example();
    expect(agent(1).call(P, 0x1)).toEqual([0, 7 | (4 << 16), 4]);
    expect(agent(3).call(P, 0x1)).toEqual([0, 6 | (3 << 16), 4]);
    agent(2).status(PROTOCOL.BASE, 0x9, 3, 24, 1);
    expect(agent(3).status(P, 0x3, 6, PIN)).toBe(0);
    expect(agent(3).call(P, 0x1)).toEqual([0, 7 | (4 << 16), 4]);
  });

  test("are given and taken one by one by a trusted agent, until they are restored", () => {
    const { agent } = example();
    const set = (kind: number, id: number, allow: boolean) => agent(2).status(P, 0xa, 3, id, kind | (allow ? 4 : 0));
    expect(set(PIN, 6, true)).toBe(0);
    expect([agent(3).status(P, 0x3, 6, PIN), agent(3).status(P, 0x3, 3, GROUP)]).toEqual([0, 0]);
    expect(set(PIN, 0, false)).toBe(0);
    expect([0, 1, 2].map((group) => agent(3).status(P, 0x3, group, GROUP))).toEqual([DENIED, 0, DENIED]);
    expect(set(GROUP, 1, false)).toBe(0);
    expect([agent(3).status(P, 0x7, 1, GROUP), agent(3).status(P, 0x7, 2, PIN)]).toEqual([DENIED, 0]);
    expect(set(FUNCTION, 2, false)).toBe(0);
    expect(agent(3).status(P, 0x6, 4, 2, change(PIN, 0, true))).toBe(DENIED);
    expect(agent(1).status(P, 0x6, 4, 2, change(PIN, 0, true))).toBe(0);
    expect(set(GROUP, 1, true)).toBe(0);
    expect(agent(3).status(P, 0x3, 1, GROUP)).toBe(0);
    agent(2).status(PROTOCOL.BASE, 0xb, 3, 1);
    expect([agent(3).status(P, 0x3, 6, PIN), agent(3).status(P, 0x3, 0, PIN)]).toEqual([DENIED, 0]);
  });

  test("take the protocol away with the last pin", () => {
    const { agent } = rig(
      boardOf({ agents: [{ name: "A" }, { name: "B", trusted: true }], pinctrl: { pins: named("pin", 1) } }),
    );
    agent(2).status(P, 0xa, 1, 0, PIN);
    expect(agent(1).status(P, 0x1)).toBe(DENIED);
    agent(2).status(P, 0xa, 1, 0, 4);
    expect(agent(1).status(P, 0x1)).toBe(0);
  });
});

test("the large board fits its numbers into the messages", () => {
  const { agent } = rig(boardFile("large"));
  expect(agent(1).call(P, 0x1)).toEqual([0, 200 | (40 << 16), 21]);
  expect(agent(1).call(P, 0x3, 20, FUNCTION)[1]).toBe(100 | (1 << 16) | (1 << 17));
  const ids: number[] = [];
  for (let more = true; more; ) {
    const answer = agent(1).bytes(P, 0x4, words(20, FUNCTION, ids.length));
    const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
    const flags = view.getUint32(4, true);
    expect(answer.byteLength).toBe(8 + 2 * (flags & 0xfff));
    expect(answer.byteLength).toBeLessThanOrEqual(100);
    for (let i = 0; i < (flags & 0xfff); i++) ids.push(view.getUint16(8 + 2 * i, true));
    more = flags >>> 16 > 0;
  }
  expect(ids).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
});

test("story: pins are handed from one agent to another", async () => {
  const board = boardFile("example");
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board, { connections: 2 }), xfers: 64 } });
  const platform = Platform.open(core, board, { clock });
  const events: unknown[] = [];
  platform.on("pinRequested", ({ agentId, target, id }) => events.push(["requested", agentId, target, id]));
  platform.on("pinReleased", ({ agentId, target, id }) => events.push(["released", agentId, target, id]));
  const open = async (id: number) => {
    const agent = await Agent.open(core, loopback(platform.connect(id)), { clock });
    return { agent, pins: await agent.protocol(Pinctrl) };
  };
  const [os, guest] = [await open(1), await open(3)];

  const { pins, groups, functions } = await os.pins.describeAll();
  expect(pins.map(({ name }) => name)[5]).toBe("general-purpose-input-and-output-5");
  expect(groups[2]).toEqual({ groupId: 2, name: "all-four-pins-of-the-debug-connector", pins: [0, 1, 2, 3] });
  expect(functions[2]).toMatchObject({ name: "gpio", isGpio: true, isPinOnly: true, pins: [2, 3, 4, 5] });
  expect(functions[1]).toMatchObject({ groups: [1, 2], pins: [] });
  expect((await guest.pins.describeAll()).pins).toHaveLength(6);
  expect((await os.pins.getSettings("pin", 5)).settings).toHaveLength(15);

  await os.pins.request("group", 1);
  await os.pins.configure("group", 1, { functionId: 1, settings: [{ type: PINCTRL_CONFIG.BIAS_PULL_UP, value: 1 }] });
  await expect(guest.pins.request("pin", 2)).rejects.toMatchObject({ statusName: "IN_USE" });
  await expect(guest.pins.configure("pin", 3, { functionId: 2 })).rejects.toMatchObject({ statusName: "IN_USE" });
  await os.pins.configure("group", 1, { functionId: "none" });
  await os.pins.release("group", 1);
  await guest.pins.request("pin", 2);
  const gpio = [
    { type: PINCTRL_CONFIG.DRIVE_OPEN_DRAIN, value: 0 },
    { type: PINCTRL_CONFIG.BIAS_PULL_UP, value: 0 },
  ];
  await guest.pins.configure("pin", 2, { functionId: 2, settings: gpio });
  expect(await os.pins.getFunction("pin", 2)).toBe(2);
  expect(await os.pins.getSetting("pin", 2, PINCTRL_CONFIG.DRIVE_OPEN_DRAIN)).toBe(0);
  await expect(os.pins.request("group", 1)).rejects.toMatchObject({ statusName: "IN_USE" });
  await guest.pins.release("pin", 2);
  await os.pins.request("group", 1);
  expect(events).toEqual([
    ["requested", 1, "group", 1],
    ["released", 1, "group", 1],
    ["requested", 3, "pin", 2],
    ["released", 3, "pin", 2],
    ["requested", 1, "group", 1],
  ]);

  for (const { agent } of [os, guest]) await agent.close();
  platform.close();
  expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  expect(clock.pending).toBe(0);
});
