import { describe, expect, test } from "vitest";
import { parseBoard } from "../../src/board/index.ts";
import { PIN_SETTING_TYPE } from "../../src/board/pin-settings.ts";
import { BoardError } from "../../src/errors.ts";
import { PINCTRL_CONFIG } from "../../src/protocols/index.ts";
import { boardOf } from "../platform/kit.ts";

const CAPS = { lowest: 10, highest: 20, step: 5 };
const PAIS = { lowest: 100, highest: 100 };

function withPowercap(...domains: object[]) {
  const all = domains.map((domain, i) => ({ name: `d${i}`, caps: CAPS, paisUs: PAIS, ...domain }));
  return { powercap: { domains: all } };
}

function withPins(more: object) {
  return { pinctrl: { pins: [{ name: "a", settings: { biasPullUp: 1 } }, { name: "b" }], ...more } };
}

function failure(data: object): BoardError {
  try {
    parseBoard({ vendor: "ACME", agents: [{ name: "OSPM" }], ...data }, { file: "test" });
  } catch (error) {
    if (error instanceof BoardError) return error;
    throw error;
  }
  throw new Error("expected a BoardError, got a board");
}

describe("defaults", () => {
  test("of a powercap domain: milliwatts, the highest cap, the shortest interval, measured, for all agents", () => {
    const { powercap } = boardOf(withPowercap({ paisUs: { lowest: 3, highest: 9, step: 2 } }));
    expect(powercap?.domains[0]).toMatchObject({
      unit: "milliwatt",
      cap: 20,
      paiUs: 3,
      isMonitored: true,
      controlAgents: [1],
      demand: 0,
      parent: undefined,
      asyncLatencyUs: undefined,
    });
  });

  test("a single value has a step of 0, whatever the file says", () => {
    const { powercap } = boardOf(withPowercap({ caps: { lowest: 7, highest: 7, step: 3 } }));
    expect(powercap?.domains[0]?.caps).toEqual({ lowest: 7, highest: 7, step: 0 });
  });

  test("pins know which functions they can have, and settings ascend by type", () => {
    const settings = { slewRate: 1, oem: { 255: 9, 192: 8 }, biasPullUp: 2 };
    const { pinctrl } = boardOf({
      pinctrl: {
        pins: [{ name: "a", settings, function: "f1" }, { name: "b" }],
        groups: [{ name: "g", pins: ["b", "a"] }],
        functions: [
          { name: "f0", pins: ["b"] },
          { name: "f1", groups: ["g"] },
        ],
      },
    });
    expect(pinctrl?.groups[0]?.pins).toEqual([0, 1]);
    expect(pinctrl?.pins.map(({ functionId, functionIds }) => [functionId, functionIds])).toEqual([
      [1, [1]],
      [undefined, [0, 1]],
    ]);
    expect([...(pinctrl?.pins[0]?.settings ?? [])]).toEqual([
      [4, 2],
      [20, 1],
      [192, 8],
      [255, 9],
    ]);
  });
});

test("settings have the types of the protocol", () => {
  const camel = (name: string) => name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const { DEFAULT: _, ...types } = PINCTRL_CONFIG;
  expect(Object.fromEntries(Object.entries(types).map(([name, type]) => [camel(name), type]))).toEqual(
    PIN_SETTING_TYPE,
  );
});

test.each<readonly [path: string, expected: string, got: string, data: object]>([
  ["powercap.domains[0].caps.highest", "at least 10", "9", withPowercap({ caps: { lowest: 10, highest: 9 } })],
  [
    "powercap.domains[0].caps.lowest",
    "integer 1 to 4294967294",
    "0",
    withPowercap({ caps: { lowest: 0, highest: 9 } }),
  ],
  [
    "powercap.domains[0].caps.step",
    "a divisor of 10",
    "3",
    withPowercap({ caps: { lowest: 10, highest: 20, step: 3 } }),
  ],
  ["powercap.domains[0].cap", "one of the caps", "12", withPowercap({ cap: 12 })],
  ["powercap.domains[0].paiUs", "one of the intervals", "99", withPowercap({ paiUs: 99 })],
  [
    "powercap.domains[0].monitored",
    "true, or caps that can be set",
    "false",
    withPowercap({ caps: { lowest: 1, highest: 1 }, monitored: false }),
  ],
  ["powercap.domains[0].parent", "the name of a powercap domain", '"x"', withPowercap({ parent: "x" })],
  ["powercap.domains[0].parent", "a domain that is not below it", '"d0"', withPowercap({ parent: "d0" })],
  [
    "powercap.domains[0].parent",
    "a domain that is not below it",
    '"d1"',
    withPowercap({ parent: "d1" }, { parent: "d0" }),
  ],
  [
    "powercap.domains[1].unit",
    "milliwatt, as its parent",
    '"microwatt"',
    withPowercap({}, { parent: "d0", unit: "microwatt" }),
  ],
  [
    "powercap.domains[1].parent",
    "one with a unit of power",
    '"d0"',
    withPowercap({ unit: "abstract" }, { parent: "d0", unit: "abstract" }),
  ],
  ["powercap.domains[0].control[0]", "the name of an agent", '"X"', withPowercap({ control: ["X"] })],
  [
    "powercap.domains[0].fastChannels.capSet.address",
    "a multiple of 4 below 2^64",
    "2",
    withPowercap({ fastChannels: { capSet: { address: 2 } } }),
  ],
  [
    "pinctrl.functions[1].gpio",
    "false, for b has a GPIO function already",
    "true",
    withPins({
      functions: [
        { name: "in", gpio: true, pins: ["b"] },
        { name: "out", gpio: true, pins: ["a", "b"] },
      ],
    }),
  ],
  [
    "pinctrl.functions[1].gpio",
    "false, for g has a GPIO function already",
    "true",
    withPins({
      groups: [{ name: "g", pins: ["a", "b"] }],
      functions: [
        { name: "in", gpio: true, groups: ["g"] },
        { name: "out", gpio: true, groups: ["g"] },
      ],
    }),
  ],
  [
    "pinctrl.pins[0].settings.driveOpenDrain",
    "integer 0 to 1",
    "2",
    withPins({ pins: [{ name: "a", settings: { driveOpenDrain: 2 } }] }),
  ],
  ["pinctrl.groups[0].pins[1]", "the name of a pin", '"c"', withPins({ groups: [{ name: "g", pins: ["a", "c"] }] })],
  [
    "pinctrl.groups[1].name",
    "a name of its own",
    '"g"',
    withPins({
      groups: [
        { name: "g", pins: ["a"] },
        { name: "g", pins: ["b"] },
      ],
    }),
  ],
  ["pinctrl.functions[0]", "either groups or pins", '"neither"', withPins({ functions: [{ name: "f" }] })],
  [
    "pinctrl.functions[0].groups[0]",
    "the name of a group of pins",
    '"g"',
    withPins({ functions: [{ name: "f", groups: ["g"] }] }),
  ],
  ["pinctrl.groups[0].pins", "1 to 4095 items", "0 items", withPins({ groups: [{ name: "g", pins: [] }] })],
  [
    "pinctrl.pins[0].function",
    "a function that the pin can have",
    '"f"',
    withPins({ pins: [{ name: "a", function: "f" }, { name: "b" }], functions: [{ name: "f", pins: ["b"] }] }),
  ],
  [
    "pinctrl.pins[0].settings.oem.191",
    "a type 192 to 255",
    '"191"',
    withPins({ pins: [{ name: "a", settings: { oem: { 191: 1 } } }] }),
  ],
])("a mistake at %s is named", (path, expected, got, data) => {
  expect(failure(data)).toMatchObject({ path, expected, got });
});
