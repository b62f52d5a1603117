import {
  array,
  bits,
  command,
  name,
  type Protocol,
  protocol,
  reserved,
  struct,
  u16,
  u32,
  uint,
} from "../wire/index.ts";

/** Version word of the pin control protocol: SCMI 3.2. */
const V1 = 0x10000;

/** `selector`: what an identifier names. Pins, groups and functions are numbered apart. */
export const PINCTRL_SELECTOR = { PIN: 0, GROUP: 1, FUNCTION: 2 } as const;

/** `what` of {@link PinctrlSettingsGet}: the value of one configuration type, all of them, or only the function. */
export const PINCTRL_WHAT = { ONE: 0, ALL: 1, FUNCTION: 2 } as const;

/** Stands for "no function" where a function is selected or told. */
export const PINCTRL_NO_FUNCTION = 0xffffffff;

/** Types of a configuration; 192 to 255 are the vendor's. What a value counts (ohms, milliamperes, microseconds …) is the platform's
 *  business. DEN0056E, pin configuration types */
export const PINCTRL_CONFIG = {
  DEFAULT: 0,
  BIAS_BUS_HOLD: 1,
  BIAS_DISABLE: 2,
  BIAS_HIGH_IMPEDANCE: 3,
  BIAS_PULL_UP: 4,
  BIAS_PULL_DEFAULT: 5,
  BIAS_PULL_DOWN: 6,
  DRIVE_OPEN_DRAIN: 7,
  DRIVE_OPEN_SOURCE: 8,
  DRIVE_PUSH_PULL: 9,
  DRIVE_STRENGTH: 10,
  INPUT_DEBOUNCE: 11,
  INPUT_MODE: 12,
  PULL_MODE: 13,
  INPUT_VALUE: 14,
  INPUT_SCHMITT: 15,
  LOW_POWER_MODE: 16,
  OUTPUT_MODE: 17,
  OUTPUT_VALUE: 18,
  POWER_SOURCE: 19,
  SLEW_RATE: 20,
} as const;

/** A configuration type and its value. */
const Setting = /* @__PURE__ */ struct({ type: uint(8), value: u32 });

/** `PROTOCOL_ATTRIBUTES` of the pin control protocol: how many pins, groups and functions there are. DEN0056E, Pin control
 *  `PROTOCOL_ATTRIBUTES` */
export const PinctrlProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({
    attributesLow: bits({ pinCount: [0, 16], groupCount: [16, 16] }),
    attributesHigh: bits({ functionCount: [0, 16] }),
  }),
});

/** `PINCTRL_ATTRIBUTES`: what a pin, group or function is. `count` is 1 for a pin; the pins of a group; the groups of a function, or
 *  its pins where it is `pinOnly`. DEN0056E, `PINCTRL_ATTRIBUTES` */
export const PinctrlAttributes = /* @__PURE__ */ command("PINCTRL_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ identifier: uint(16), flags: bits({ selector: [0, 2] }) }),
  response: struct({
    attributes: bits({ count: [0, 16], pinOnly: 16, gpio: 17, extendedName: 31 }),
    name: name(16),
  }),
  // Which of the last two a bad selector gets depends on the firmware.
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "PROTOCOL_ERROR"],
  resource: "identifier",
});

/** `PINCTRL_LIST_ASSOCIATIONS`: the pins of a group, or the groups of a function (its pins where it is `pinOnly`), ascending. Some
 *  firmware pads the list to whole words. DEN0056E, `PINCTRL_LIST_ASSOCIATIONS` */
export const PinctrlListAssociations = /* @__PURE__ */ command("PINCTRL_LIST_ASSOCIATIONS", 0x4, {
  request: struct({ identifier: uint(16), flags: bits({ selector: [0, 2] }), index: u32 }),
  response: struct(
    {
      flags: bits({ returned: [0, 12], remaining: [16, 16] }),
      identifiers: array(u16, { count: "flags.returned" }),
    },
    { grows: true },
  ),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "OUT_OF_RANGE", "DENIED", "PROTOCOL_ERROR"],
  resource: "identifier",
  multiPart: { index: "index", returned: "flags.returned", remaining: "flags.remaining", items: "identifiers" },
});

/** `PINCTRL_SETTINGS_GET`: the selected function ({@link PINCTRL_NO_FUNCTION} = none) and the settings of a pin or group, as far as
 *  `what` ({@link PINCTRL_WHAT}) asks for them. `configType` counts for one setting, `skipConfigs` for all. Firmware of Arm puts what
 *  remains 8 bits too low, into `misplacedRemaining`, which the specification leaves reserved. DEN0056E, `PINCTRL_SETTINGS_GET` */
export const PinctrlSettingsGet = /* @__PURE__ */ command("PINCTRL_SETTINGS_GET", 0x5, {
  mandatory: true,
  request: struct({
    identifier: uint(16),
    attributes: bits({ configType: [0, 8], skipConfigs: [8, 8], selector: [16, 2], what: [18, 2] }),
  }),
  response: struct({
    functionSelected: u32,
    numConfigs: bits({ returned: [0, 8], misplacedRemaining: [16, 8], remaining: [24, 8] }),
    configs: array(Setting, { count: "numConfigs.returned" }),
  }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "OUT_OF_RANGE"],
  resource: "identifier",
  multiPart: {
    index: "attributes.skipConfigs",
    returned: "numConfigs.returned",
    remaining: "numConfigs.remaining",
    items: "configs",
  },
});

/** `PINCTRL_SETTINGS_CONFIGURE`: with `functionValid` selects a function ({@link PINCTRL_NO_FUNCTION} = none) for a pin or group, and
 *  changes settings, sorted by type. DEN0056E, `PINCTRL_SETTINGS_CONFIGURE` */
export const PinctrlSettingsConfigure = /* @__PURE__ */ command("PINCTRL_SETTINGS_CONFIGURE", 0x6, {
  mandatory: true,
  request: struct({
    identifier: uint(16),
    functionId: u32,
    attributes: bits({ selector: [0, 2], configCount: [2, 8], functionValid: 10 }),
    configs: array(Setting, { count: "attributes.configCount" }),
  }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "IN_USE", "PROTOCOL_ERROR"],
  resource: "identifier",
});

/** `PINCTRL_REQUEST`: gives this agent a pin or group for itself until {@link PinctrlRelease}. DEN0056E, `PINCTRL_REQUEST` */
export const PinctrlRequest = /* @__PURE__ */ command("PINCTRL_REQUEST", 0x7, {
  request: struct({ identifier: uint(16), flags: bits({ selector: [0, 2] }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "IN_USE"],
  resource: "identifier",
});

/** `PINCTRL_RELEASE`: gives a pin or group back. DEN0056E, `PINCTRL_RELEASE` */
export const PinctrlRelease = /* @__PURE__ */ command("PINCTRL_RELEASE", 0x8, {
  request: struct({ identifier: uint(16), flags: bits({ selector: [0, 2] }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "IN_USE"],
  resource: "identifier",
});

/** `PINCTRL_NAME_GET`: the long name of a pin, group or function that has `extendedName`. DEN0056E, `PINCTRL_NAME_GET` */
export const PinctrlNameGet = /* @__PURE__ */ command("PINCTRL_NAME_GET", 0x9, {
  request: struct({ identifier: uint(16), flags: bits({ selector: [0, 2] }) }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS"],
  resource: "identifier",
});

/** `PINCTRL_SET_PERMISSIONS`: lets an agent use a pin, group or function, or not; for trusted agents. The bits of its flags come from
 *  one source only. DEN0056E, `PINCTRL_SET_PERMISSIONS` */
export const PinctrlSetPermissions = /* @__PURE__ */ command("PINCTRL_SET_PERMISSIONS", 0xa, {
  request: struct({ agentId: u32, identifier: uint(16), flags: bits({ selector: [0, 2], allow: 2 }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "identifier",
});

/** Pin control, 0x19. DEN0056E, pin control protocol */
export const pinctrlProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x19,
  name: "pinctrl",
  title: "Pin control",
  versions: [V1],
  negotiableSince: V1,
  commands: [
    PinctrlProtocolAttributes,
    PinctrlAttributes,
    PinctrlListAssociations,
    PinctrlSettingsGet,
    PinctrlSettingsConfigure,
    PinctrlRequest,
    PinctrlRelease,
    PinctrlNameGet,
    PinctrlSetPermissions,
  ],
});
