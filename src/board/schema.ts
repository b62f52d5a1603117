import { PIN_SETTING_TYPE, PIN_SWITCHES } from "./pin-settings.ts";
import { SECTIONS } from "./sections.ts";

/** The keywords of JSON Schema (draft 2020-12) that board files need. */
export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: "object" | "array" | "string" | "integer" | "boolean";
  readonly enum?: readonly (string | number)[];
  /** Its members differ in `type`. */
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly default?: string | number | boolean;
}

const U32: Schema = { type: "integer", minimum: 0, maximum: 0xffffffff };
const I32: Schema = { type: "integer", minimum: -0x80000000, maximum: 0x7fffffff };
const U16: Schema = { type: "integer", minimum: 0, maximum: 0xffff };
/** What a number in a board file can say exactly. */
const RATE: Schema = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const BOOLEAN: Schema = { type: "boolean", default: false };
const ASCII = "^[ -~]+$";
const SHORT_NAME: Schema = { type: "string", minLength: 1, maxLength: 15, pattern: ASCII };
const LONG_NAME: Schema = { type: "string", minLength: 1, maxLength: 63, pattern: ASCII };
const NAMES: Schema = { type: "array", items: LONG_NAME };

function described(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

function word64(description: string): Schema {
  return {
    description,
    anyOf: [
      { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      { type: "string", pattern: "^0x[0-9a-fA-F]{1,16}$" },
    ],
  };
}

const ADDRESS = word64("Physical address as agents see it; a multiple of 4. Without one the platform chooses.");

function record(
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, Schema>>,
): Schema {
  return { type: "object", description, required, properties, additionalProperties: false };
}

function fastChannel(description: string, isSet: boolean): Schema {
  const get = {
    address: ADDRESS,
    rateLimitUs: described({ type: "integer", minimum: 0, maximum: 0xfffff, default: 0 }, "Least time between writes"),
  };
  if (!isSet) return record(description, [], get);
  return record(description, [], {
    ...get,
    pollUs: described({ type: "integer", minimum: 1, maximum: 0xffffffff, default: 4000 }, "How often it is looked at"),
    doorbell: record("Rung by the agent after each write", ["set"], {
      address: ADDRESS,
      widthBits: { type: "integer", enum: [8, 16, 32, 64], default: 32 },
      set: word64("Bits to set; not 0"),
      preserve: word64("Bits to keep; by default all others"),
    }),
  });
}

const DEVICE = record("Resources that permissions are given for together", ["id"], {
  id: described(U32, "As in BASE_SET_DEVICE_PERMISSIONS"),
  ...Object.fromEntries(
    SECTIONS.flatMap(({ resources }) =>
      resources ? [[resources.device, described(NAMES, `Names of ${resources.what.replace(/^an? /, "")}s`)]] : [],
    ),
  ),
  deniedAgents: described({ type: "array", items: SHORT_NAME }, "Agents that may not use it at start"),
});

const AGENTS: Schema = { type: "array", items: SHORT_NAME };
/** A state without reserved bits ends at 0x4fffffff; which bits those are, the parser says. */
const POWER_STATE: Schema = { type: "integer", minimum: 0, maximum: 0x4fffffff };

const POWER_DOMAIN = record("A power domain", ["name"], {
  name: LONG_NAME,
  states: {
    type: "array",
    minItems: 1,
    maxItems: 255,
    items: POWER_STATE,
    description:
      "Power state words, the most powered first: of several wishes the first one counts; by default on and off",
  },
  state: described(POWER_STATE, "At start; by default the first"),
  sync: { type: "boolean", default: true, description: "It can be set synchronously" },
  asyncLatencyUs: described(U32, "Asynchronous changes take so long; without it there are none"),
  setState: described(AGENTS, "Agents that may set the state; all by default"),
  notifyChanged: described(BOOLEAN, "POWER_STATE_CHANGED"),
  notifyRequested: described(BOOLEAN, "POWER_STATE_CHANGE_REQUESTED, since SCMI 2.0"),
  parent: described(LONG_NAME, "The power domain that is on while this one is"),
});

const SYSTEM_POWER = record("The system power protocol", [], {
  warmReset: BOOLEAN,
  suspend: BOOLEAN,
  vendorStates: {
    type: "array",
    items: { type: "integer", minimum: 0x80000000, maximum: 0xffffffff },
    description: "States of the vendor that can be asked for",
  },
  setState: described(AGENTS, "Agents that may ask for a state; all by default"),
  powerUp: described(AGENTS, "Agents of these that may power the system up; none by default"),
  getState: described(AGENTS, "Agents that do not run on the system, and may ask for its state; none by default"),
  notify: described(AGENTS, "Agents that may hear of requests; all by default"),
  psci: described(SHORT_NAME, "The agent whose requests are final: it asks when there is nobody left to shut down"),
  gracefulTimeoutMs: described({ ...U32, default: 0 }, "A graceful shutdown is forced then, 0 = never"),
  transitionUs: described({ ...U32, default: 0 }, "From the answer to a request until it is carried out"),
});

const LEVEL = record("A performance level", ["level"], {
  // The word that is left is no request in a FastChannel
  level: described({ ...U32, minimum: 1, maximum: 0xfffffffe }, "Its value"),
  power: described({ ...U32, default: 0 }, "Cost in the power unit, 0 = not stated"),
  latencyUs: described({ ...U16, default: 0 }, "Worst case to get there"),
  frequencyKhz: described(U32, "Indicative frequency; by default from the sustained level"),
  index: described({ ...U32, maximum: 0xfffffffe }, "By default its position"),
});

const DOMAIN = record("A performance domain", ["name", "levels"], {
  name: LONG_NAME,
  levels: { type: "array", minItems: 1, maxItems: 4095, items: LEVEL, description: "Ascending" },
  levelIndexing: described(BOOLEAN, "Since SCMI 3.2: messages carry the index of a level"),
  sustained: record("By default the highest level, and its value in MHz", ["level", "frequencyKhz"], {
    level: described(U32, "Value of a level"),
    frequencyKhz: U32,
  }),
  rateLimitUs: described({ type: "integer", minimum: 0, maximum: 0xfffff, default: 0 }, "Reported"),
  level: described(U32, "Value at start; by default the sustained one"),
  setLevel: described(SHORT_NAME, "The one agent that may set the level"),
  setLimits: described({ type: "array", items: SHORT_NAME }, "Agents that may set the limits"),
  notifyLevel: BOOLEAN,
  notifyLimits: BOOLEAN,
  transitionUs: described({ ...U32, default: 0 }, "From the acceptance of a level until it is in force"),
  fastChannels: record("Since SCMI 2.0", [], {
    limitsSet: fastChannel("Replaces PERFORMANCE_LIMITS_SET", true),
    limitsGet: fastChannel("Replaces PERFORMANCE_LIMITS_GET", false),
    levelSet: fastChannel("Replaces PERFORMANCE_LEVEL_SET", true),
    levelGet: fastChannel("Replaces PERFORMANCE_LEVEL_GET", false),
  }),
});

const PERMISSIONS = record("What the agent may change; everything by default", [], {
  state: { type: "boolean", default: true },
  parent: { type: "boolean", default: true },
  rate: { type: "boolean", default: true },
});

const CLOCK = record("A clock; rates in Hz", ["name", "rates"], {
  name: LONG_NAME,
  rates: {
    description: "A list, ascending, or a range",
    anyOf: [
      { type: "array", minItems: 1, maxItems: 4095, items: RATE },
      record("A range; step 0 = every rate of it", ["lowest", "highest", "step"], {
        lowest: RATE,
        highest: RATE,
        step: RATE,
      }),
    ],
  },
  rate: described(RATE, "At start; by default the lowest"),
  enabled: BOOLEAN,
  enableDelayUs: described({ ...U32, default: 0 }, "Reported since SCMI 3.1, 0 = not stated"),
  parents: described({ ...NAMES, maxItems: 255 }, "Names of clocks; since SCMI 3.2"),
  parent: described(LONG_NAME, "At start; by default the first parent"),
  asyncLatencyUs: described(U32, "Asynchronous rate changes take so long; without it there are none"),
  notifyChanged: described(BOOLEAN, "CLOCK_RATE_CHANGED, since SCMI 3.1"),
  notifyRequested: described(BOOLEAN, "CLOCK_RATE_CHANGE_REQUESTED, since SCMI 3.1"),
  extendedConfig: record("Values at start; since SCMI 3.2", [], {
    dutyCycle: { type: "integer", minimum: 0, maximum: 100 },
    phase: U32,
    oem: { type: "object", description: "By type, 0x80 to 0xff", additionalProperties: U32 },
  }),
  permissions: { type: "object", description: "By name of an agent", additionalProperties: PERMISSIONS },
});

const VALUE: Schema = {
  type: "integer",
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
};
const EXPONENT: Schema = { type: "integer", minimum: -16, maximum: 15 };
const DURATION: Schema = { type: "integer", minimum: 1, maximum: 0xffffffff };

const SIGNAL: Schema = {
  description: "What it measures over time: a constant, or",
  anyOf: [
    VALUE,
    record("A signal that moves", ["kind"], {
      kind: { type: "string", enum: ["ramp", "sine", "noise", "csv"] },
      from: described(VALUE, "Of a ramp"),
      to: described(VALUE, "Of a ramp"),
      durationMs: described(DURATION, "Of a ramp"),
      repeat: described(BOOLEAN, "A ramp begins anew"),
      mean: described(VALUE, "Of sine and noise"),
      amplitude: described(VALUE, "Of sine and noise"),
      periodMs: described(DURATION, "Of a sine"),
      stepMs: described(DURATION, "Noise changes so often"),
      seed: described({ ...U32, default: 0 }, "Of noise"),
      csv: { type: "string", description: "Lines of time in ms and value" },
      hold: described(BOOLEAN, "Steps between the points of csv, not lines"),
    }),
  ],
};

const QUANTITY = {
  name: LONG_NAME,
  type: {
    description: "Unit: a code, or a name as celsius, volt, ampere, watt, metre-per-second-squared",
    anyOf: [
      { type: "integer", minimum: 0, maximum: 255 },
      { type: "string", minLength: 1, maxLength: 63 },
    ],
  },
  exponent: described({ ...EXPONENT, default: 0 }, "Values are multiples of 10^exponent of the unit"),
  resolution: record("Since SCMI 3.0: magnitude × 10^exponent of the unit", ["magnitude", "exponent"], {
    magnitude: { type: "integer", minimum: 1, maximum: 0x7ffffff },
    exponent: EXPONENT,
  }),
  range: record("Since SCMI 3.0", ["min", "max"], { min: VALUE, max: VALUE }),
  signal: SIGNAL,
} as const satisfies Readonly<Record<string, Schema>>;

const SENSOR = record("A sensor; values in the scale of its readings", ["name"], {
  ...QUANTITY,
  axes: {
    ...{ type: "array", minItems: 1, maxItems: 63, description: "Since SCMI 3.0; type and exponent as of the sensor" },
    items: record("An axis", ["name"], QUANTITY),
  },
  powerUw: described({ ...U32, minimum: 1 }, "While enabled; since SCMI 3.0"),
  tripPoints: described({ type: "integer", minimum: 0, maximum: 255, default: 0 }, "Their number"),
  enabled: { type: "boolean", default: true, description: "At start; before SCMI 3.0 always" },
  timestampExponent: described(
    EXPONENT,
    "Timestamps of 10^exponent seconds, since SCMI 3.0; without it there are none",
  ),
  continuousUpdates: described(BOOLEAN, "SENSOR_UPDATE, since SCMI 3.0"),
  asyncLatencyUs: described(U32, "Asynchronous readings take so long; without it there are none"),
  intervalsUs: {
    description: "Update intervals: a list, ascending, or a range",
    anyOf: [
      { type: "array", minItems: 1, maxItems: 4095, items: DURATION },
      record("A range", ["lowest", "highest", "step"], { lowest: DURATION, highest: DURATION, step: DURATION }),
    ],
  },
  intervalUs: described(DURATION, "At start; by default the lowest"),
  readOnly: described({ type: "array", items: SHORT_NAME }, "Agents that may not set trip points and configuration"),
});

const RESET_DOMAIN = record("A reset domain", ["name"], {
  name: LONG_NAME,
  latencyUs: described(
    { ...U32, maximum: 0xfffffffe },
    "Longest time that a reset takes; by default that of an asynchronous one, else not known",
  ),
  asyncLatencyUs: described(U32, "Asynchronous resets take so long; without it there are none"),
  notify: described(BOOLEAN, "RESET_ISSUED"),
  explicit: { type: "boolean", default: true, description: "Agents may assert and deassert the signal, too" },
  asserted: described(BOOLEAN, "The signal at start"),
  vendorStates: {
    type: "array",
    items: { type: "integer", minimum: 0, maximum: 0x7fffffff },
    description: "Implementation-defined reset ids, ascending; the cold reset is there always",
  },
  deniedAgents: described({ type: "array", items: SHORT_NAME }, "Agents that see it and may not reset it"),
});

const MODE: Schema = { type: "integer", enum: [0, 7, 8, 9, 10, 11, 12, 13, 14, 15] };

const VOLTAGE_DOMAIN = record("A voltage domain; levels in µV, signed", ["name", "levelsUv"], {
  name: LONG_NAME,
  levelsUv: {
    description: "A list, ascending, or a range",
    anyOf: [
      { type: "array", minItems: 1, maxItems: 65_535, items: I32 },
      record("A range; step 0 only where it has one level", ["lowest", "highest", "step"], {
        lowest: I32,
        highest: I32,
        step: { ...I32, minimum: 0 },
      }),
    ],
  },
  levelUv: described(I32, "At start; by default the lowest"),
  modes: described({ type: "array", minItems: 1, items: MODE }, "0 = off, 7 = on, 8 to 15 = its own; default 0 and 7"),
  mode: described(MODE, "At start; by default on, else the lowest"),
  asyncLatencyUs: described(U32, "Asynchronous changes take so long; without it there are none; since SCMI 3.1"),
  permissions: {
    type: "object",
    description: "By name of an agent",
    additionalProperties: record("What the agent may change; everything by default", [], {
      level: { type: "boolean", default: true },
      mode: { type: "boolean", default: true },
    }),
  },
});

function powercapRange(description: string): Schema {
  // 0 would mean "no cap", and a FastChannel needs one word that is no value
  const value: Schema = { type: "integer", minimum: 1, maximum: 0xfffffffe };
  return record(description, ["lowest", "highest"], {
    lowest: value,
    highest: described(value, "The same as the lowest where nothing can be set"),
    step: { ...value, default: 1 },
  });
}

const POWERCAP_DOMAIN = record("A powercap domain; power in its unit", ["name", "caps", "paisUs"], {
  name: LONG_NAME,
  unit: { type: "string", enum: ["abstract", "milliwatt", "microwatt"], default: "milliwatt" },
  parent: described(LONG_NAME, "The domain that it is part of"),
  caps: powercapRange("Caps that can be set"),
  cap: described(U32, "In force until an agent asks for one; by default the highest"),
  paisUs: powercapRange("Power averaging intervals that can be set"),
  paiUs: described(U32, "At start; by default the shortest"),
  monitored: { type: "boolean", default: true, description: "Its power is measured" },
  sustainablePower: described({ ...U32, default: 0 }, "Reported, 0 = not stated"),
  accuracy: described({ ...U32, default: 0 }, "Of measurements in 0.001 %, 0 = not stated"),
  demand: described({ ...U32, default: 0 }, "Drawn at start where nothing limits it, without its children"),
  control: described({ type: "array", items: SHORT_NAME }, "Agents that may set cap and interval; all by default"),
  notifyCap: described(BOOLEAN, "POWERCAP_CAP_CHANGED"),
  notifyMeasurements: described(BOOLEAN, "POWERCAP_MEASUREMENTS_CHANGED"),
  asyncLatencyUs: described(U32, "Asynchronous changes take so long; without it there are none"),
  fastChannels: record("In place of messages", [], {
    capGet: fastChannel("Replaces POWERCAP_CAP_GET", false),
    capSet: fastChannel("Replaces POWERCAP_CAP_SET", true),
    paiGet: fastChannel("Replaces POWERCAP_PAI_GET", false),
    paiSet: fastChannel("Replaces POWERCAP_PAI_SET", true),
  }),
});

const PIN = record("A pin", ["name"], {
  name: LONG_NAME,
  settings: record("The settings that it has, with their values at start", [], {
    ...Object.fromEntries(
      Object.entries(PIN_SETTING_TYPE).map(([name, type]) => [
        name,
        described(PIN_SWITCHES.has(type) ? { ...U32, maximum: 1 } : U32, `Type ${type}`),
      ]),
    ),
    oem: { type: "object", description: "By type, 192 to 255", additionalProperties: U32 },
  }),
  function: described(LONG_NAME, "At start; none by default"),
});

const MEMBERS: Schema = { ...NAMES, minItems: 1, maxItems: 0xfff };

const PIN_GROUP = record("Pins that go together", ["name", "pins"], { name: LONG_NAME, pins: MEMBERS });

const PIN_FUNCTION = record("What groups, or else single pins, can be used for", ["name"], {
  name: LONG_NAME,
  gpio: described(BOOLEAN, "It behaves as a GPIO"),
  groups: described(MEMBERS, "Groups that can have it"),
  pins: described(MEMBERS, "In place of groups: pins that can have it"),
});

/** The JSON Schema of board files, as data; published as `scmi-wasm/board.schema.json`. What it cannot say (names that must
 *  exist, levels that ascend), {@link parseBoard} checks. */
export const BOARD_SCHEMA: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "SCMI board",
  ...record("What a simulated SCMI platform consists of", ["vendor", "agents"], {
    vendor: described({ ...SHORT_NAME, minLength: 0, pattern: "^[ -~]*$" }, "BASE_DISCOVER_VENDOR"),
    subVendor: described({ ...SHORT_NAME, minLength: 0, pattern: "^[ -~]*$" }, "BASE_DISCOVER_SUB_VENDOR"),
    implementationVersion: { ...U32, default: 0 },
    maxPayload: { type: "integer", minimum: 8, maximum: 65_536, description: "Of its channels, in bytes" },
    supplier: {
      type: "string",
      minLength: 1,
      description: "The TEE, virtio device or conduit behind which it is: the path of its node, or another name of it",
    },
    agents: {
      type: "array",
      minItems: 1,
      maxItems: 255,
      items: record("Its id is its position, from 1", ["name"], {
        name: SHORT_NAME,
        trusted: described(BOOLEAN, "May change permissions and reset others"),
        deniedProtocols: { type: "array", items: { type: "string", enum: SECTIONS.map(({ key }) => key) } },
      }),
    },
    devices: { type: "array", items: DEVICE },
    power: record("The power domain protocol", ["domains"], {
      statistics: record("A statistics region; since SCMI 2.0", [], { address: ADDRESS }),
      domains: { type: "array", minItems: 1, maxItems: 65_535, items: POWER_DOMAIN },
    }),
    systemPower: SYSTEM_POWER,
    performance: record("The performance protocol", ["domains"], {
      powerUnit: { type: "string", enum: ["abstract", "milliwatt", "microwatt"], default: "abstract" },
      statistics: record("A statistics region", [], { address: ADDRESS }),
      domains: { type: "array", minItems: 1, maxItems: 4095, items: DOMAIN },
    }),
    clock: record("The clock protocol", ["clocks"], {
      asyncDepth: described({ type: "integer", minimum: 0, maximum: 255, default: 0 }, "Pending changes of an agent"),
      clocks: { type: "array", minItems: 1, maxItems: 65_535, items: CLOCK },
    }),
    sensor: record("The sensor protocol", ["sensors"], {
      asyncDepth: described({ type: "integer", minimum: 0, maximum: 255, default: 0 }, "Pending readings of an agent"),
      sensors: { type: "array", minItems: 1, maxItems: 65_535, items: SENSOR },
    }),
    reset: record("The reset domain protocol; since SCMI 2.0", ["domains"], {
      domains: { type: "array", minItems: 1, maxItems: 65_535, items: RESET_DOMAIN },
    }),
    voltage: record("The voltage domain protocol; since SCMI 3.0", ["domains"], {
      domains: { type: "array", minItems: 1, maxItems: 65_535, items: VOLTAGE_DOMAIN },
    }),
    powercap: record("The powercap protocol; since SCMI 3.1", ["domains"], {
      domains: { type: "array", minItems: 1, maxItems: 65_535, items: POWERCAP_DOMAIN },
    }),
    pinctrl: record("The pin control protocol; since SCMI 3.2", ["pins"], {
      pins: { type: "array", minItems: 1, maxItems: 65_535, items: PIN },
      groups: { type: "array", maxItems: 65_535, items: PIN_GROUP },
      functions: { type: "array", maxItems: 65_535, items: PIN_FUNCTION },
    }),
  }),
};
