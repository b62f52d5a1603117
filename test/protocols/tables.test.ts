import { describe, expect, test } from "vitest";
import {
  baseProtocol,
  clockProtocol,
  PROTOCOLS,
  performanceProtocol,
  pinctrlProtocol,
  powercapProtocol,
  powerProtocol,
  RELEASE_NAMES,
  RELEASES,
  resetProtocol,
  sensorProtocol,
  systemPowerProtocol,
  versionIn,
  voltageProtocol,
} from "../../src/protocols/index.ts";
import { GENERIC_STATUSES, type Protocol, type Shape, shapeOf, type Type } from "../../src/wire/index.ts";

// What the reference texts say, typed anew: id, name, version that brought it, mandatory from which version (0 = never), then the sizes of
// request and response in bytes, "8+" where a list follows, and a "|" between versions that differ.

type Row = readonly [id: number, name: string, since: number, mandatory: number, request: string, response: string];

const V = { "1.0": 0x10000, "2.0": 0x20000, "2.1": 0x20001, "3.0": 0x30000, "3.1": 0x30001, "4.0": 0x40000 } as const;

const BASE: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "BASE_DISCOVER_VENDOR", V["1.0"], V["1.0"], "0", "20"],
  [0x4, "BASE_DISCOVER_SUB_VENDOR", V["1.0"], 0, "0", "20"],
  [0x5, "BASE_DISCOVER_IMPLEMENTATION_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x6, "BASE_DISCOVER_LIST_PROTOCOLS", V["1.0"], V["1.0"], "4", "8+"],
  [0x7, "BASE_DISCOVER_AGENT", V["1.0"], 0, "4", "20|24|24"],
  [0x8, "BASE_NOTIFY_ERRORS", V["1.0"], 0, "4", "4"],
  [0x9, "BASE_SET_DEVICE_PERMISSIONS", V["2.0"], 0, "12", "4"],
  [0xa, "BASE_SET_PROTOCOL_PERMISSIONS", V["2.0"], 0, "16", "4"],
  [0xb, "BASE_RESET_AGENT_CONFIGURATION", V["2.0"], 0, "8", "4"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["2.1"], V["2.1"], "4", "4"],
];

const POWER: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "20"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "POWER_DOMAIN_ATTRIBUTES", V["1.0"], V["1.0"], "4", "24"],
  [0x4, "POWER_STATE_SET", V["1.0"], V["1.0"], "12", "4"],
  [0x5, "POWER_STATE_GET", V["1.0"], V["1.0"], "4", "8"],
  [0x6, "POWER_STATE_NOTIFY", V["1.0"], 0, "8", "4"],
  [0x7, "POWER_STATE_CHANGE_REQUESTED_NOTIFY", V["2.0"], 0, "8", "4"],
  [0x8, "POWER_DOMAIN_NAME_GET", V["3.0"], 0, "4", "72"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["3.1"], V["3.1"], "4", "4"],
];

const SYSTEM_POWER: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "SYSTEM_POWER_STATE_SET", V["1.0"], V["1.0"], "8", "4"],
  [0x4, "SYSTEM_POWER_STATE_GET", V["1.0"], V["1.0"], "0", "8"],
  [0x5, "SYSTEM_POWER_STATE_NOTIFY", V["1.0"], 0, "4", "4"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["2.1"], V["2.1"], "4", "4"],
];

const PERFORMANCE: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "20"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "PERFORMANCE_DOMAIN_ATTRIBUTES", V["1.0"], V["1.0"], "4", "36"],
  [0x4, "PERFORMANCE_DESCRIBE_LEVELS", V["1.0"], V["1.0"], "8", "8+"],
  [0x5, "PERFORMANCE_LIMITS_SET", V["1.0"], V["1.0"], "12", "4"],
  [0x6, "PERFORMANCE_LIMITS_GET", V["1.0"], V["1.0"], "4", "12"],
  [0x7, "PERFORMANCE_LEVEL_SET", V["1.0"], V["1.0"], "8", "4"],
  [0x8, "PERFORMANCE_LEVEL_GET", V["1.0"], V["1.0"], "4", "8"],
  [0x9, "PERFORMANCE_NOTIFY_LIMITS", V["1.0"], 0, "8", "4"],
  [0xa, "PERFORMANCE_NOTIFY_LEVEL", V["1.0"], 0, "8", "4"],
  [0xb, "PERFORMANCE_DESCRIBE_FASTCHANNEL", V["2.0"], 0, "8", "48"],
  [0xc, "PERFORMANCE_DOMAIN_NAME_GET", V["3.0"], 0, "4", "72"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["4.0"], V["4.0"], "4", "4"],
];

const CLOCK: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "CLOCK_ATTRIBUTES", V["1.0"], V["1.0"], "4", "24|24-28|24-28"],
  [0x4, "CLOCK_DESCRIBE_RATES", V["1.0"], V["1.0"], "8", "8+"],
  [0x5, "CLOCK_RATE_SET", V["1.0"], V["1.0"], "16", "4"],
  [0x6, "CLOCK_RATE_GET", V["1.0"], V["1.0"], "4", "12"],
  [0x7, "CLOCK_CONFIG_SET", V["1.0"], V["1.0"], "8|8|8-12", "4"],
  [0x8, "CLOCK_NAME_GET", V["2.0"], 0, "4", "72"],
  [0x9, "CLOCK_RATE_NOTIFY", V["2.0"], 0, "8", "4"],
  [0xa, "CLOCK_RATE_CHANGE_REQUESTED_NOTIFY", V["2.0"], 0, "8", "4"],
  [0xb, "CLOCK_CONFIG_GET", V["3.0"], 0, "8", "16"],
  [0xc, "CLOCK_POSSIBLE_PARENTS_GET", V["3.0"], 0, "8", "8+"],
  [0xd, "CLOCK_PARENT_SET", V["3.0"], 0, "8", "4"],
  [0xe, "CLOCK_PARENT_GET", V["3.0"], 0, "4", "8"],
  [0xf, "CLOCK_GET_PERMISSIONS", V["3.0"], 0, "4", "8"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["3.0"], V["3.0"], "4", "4"],
];

const SENSOR: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "20"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "SENSOR_DESCRIPTION_GET", V["1.0"], V["1.0"], "4", "8+"],
  [0x4, "SENSOR_TRIP_POINT_NOTIFY", V["1.0"], 0, "8", "4"],
  [0x5, "SENSOR_TRIP_POINT_CONFIG", V["1.0"], 0, "16", "4"],
  [0x6, "SENSOR_READING_GET", V["1.0"], V["1.0"], "8", "4-12|4+|4+|4+"],
  [0x7, "SENSOR_AXIS_DESCRIPTION_GET", V["2.0"], 0, "8", "8+"],
  [0x8, "SENSOR_LIST_UPDATE_INTERVALS", V["2.0"], 0, "8", "8+"],
  [0x9, "SENSOR_CONFIG_GET", V["2.0"], V["2.0"], "4", "8"],
  [0xa, "SENSOR_CONFIG_SET", V["2.0"], V["2.0"], "8", "4"],
  [0xb, "SENSOR_CONTINUOUS_UPDATE_NOTIFY", V["2.0"], 0, "8", "4"],
  [0xc, "SENSOR_NAME_GET", V["3.0"], 0, "4", "72"],
  [0xd, "SENSOR_AXIS_NAME_GET", V["3.0"], 0, "8", "8+"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["3.1"], V["3.1"], "4", "4"],
];

const RESET: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "RESET_DOMAIN_ATTRIBUTES", V["1.0"], V["1.0"], "4", "28"],
  [0x4, "RESET", V["1.0"], V["1.0"], "12", "4"],
  [0x5, "RESET_NOTIFY", V["1.0"], 0, "8", "4"],
  [0x6, "RESET_DOMAIN_NAME_GET", V["3.0"], 0, "4", "72"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["3.1"], V["3.1"], "4", "4"],
];

const VOLTAGE: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "VOLTAGE_DOMAIN_ATTRIBUTES", V["1.0"], V["1.0"], "4", "24"],
  [0x4, "VOLTAGE_DESCRIBE_LEVELS", V["1.0"], V["1.0"], "8", "8+"],
  [0x5, "VOLTAGE_CONFIG_SET", V["1.0"], V["1.0"], "8", "4"],
  [0x6, "VOLTAGE_CONFIG_GET", V["1.0"], V["1.0"], "4", "8"],
  [0x7, "VOLTAGE_LEVEL_SET", V["1.0"], V["1.0"], "12", "4"],
  [0x8, "VOLTAGE_LEVEL_GET", V["1.0"], V["1.0"], "4", "8"],
  [0x9, "VOLTAGE_DOMAIN_NAME_GET", V["2.0"], 0, "4", "72"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["2.1"], V["2.1"], "4", "4"],
];

const POWERCAP: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "8"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "POWERCAP_DOMAIN_ATTRIBUTES", V["1.0"], V["1.0"], "4", "60"],
  [0x4, "POWERCAP_CAP_GET", V["1.0"], 0, "4", "8"],
  [0x5, "POWERCAP_CAP_SET", V["1.0"], 0, "12", "4"],
  [0x6, "POWERCAP_PAI_GET", V["1.0"], 0, "4", "8"],
  [0x7, "POWERCAP_PAI_SET", V["1.0"], 0, "12", "4"],
  [0x8, "POWERCAP_DOMAIN_NAME_GET", V["1.0"], 0, "4", "72"],
  [0x9, "POWERCAP_MEASUREMENTS_GET", V["1.0"], 0, "4", "12"],
  [0xa, "POWERCAP_CAP_NOTIFY", V["1.0"], 0, "8", "4"],
  [0xb, "POWERCAP_MEASUREMENTS_NOTIFY", V["1.0"], 0, "16", "4"],
  [0xc, "POWERCAP_DESCRIBE_FASTCHANNEL", V["1.0"], 0, "8", "48"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["2.0"], V["2.0"], "4", "4"],
];

const PINCTRL: readonly Row[] = [
  [0x0, "PROTOCOL_VERSION", V["1.0"], V["1.0"], "0", "8"],
  [0x1, "PROTOCOL_ATTRIBUTES", V["1.0"], V["1.0"], "0", "12"],
  [0x2, "PROTOCOL_MESSAGE_ATTRIBUTES", V["1.0"], V["1.0"], "4", "8"],
  [0x3, "PINCTRL_ATTRIBUTES", V["1.0"], V["1.0"], "8", "24"],
  [0x4, "PINCTRL_LIST_ASSOCIATIONS", V["1.0"], 0, "12", "8+"],
  [0x5, "PINCTRL_SETTINGS_GET", V["1.0"], V["1.0"], "8", "12+"],
  [0x6, "PINCTRL_SETTINGS_CONFIGURE", V["1.0"], V["1.0"], "12+", "4"],
  [0x7, "PINCTRL_REQUEST", V["1.0"], 0, "8", "4"],
  [0x8, "PINCTRL_RELEASE", V["1.0"], 0, "8", "4"],
  [0x9, "PINCTRL_NAME_GET", V["1.0"], 0, "8", "72"],
  [0xa, "PINCTRL_SET_PERMISSIONS", V["1.0"], 0, "12", "4"],
  [0x10, "NEGOTIATE_PROTOCOL_VERSION", V["1.0"], V["1.0"], "4", "4"],
];

const PROTOCOL_ROWS = [
  { protocol: baseProtocol, id: 0x10, versions: [V["1.0"], V["2.0"], V["2.1"]], rows: BASE },
  { protocol: powerProtocol, id: 0x11, versions: [V["1.0"], V["2.0"], V["3.0"], V["3.1"]], rows: POWER },
  { protocol: systemPowerProtocol, id: 0x12, versions: [V["1.0"], V["2.0"], V["2.1"]], rows: SYSTEM_POWER },
  { protocol: performanceProtocol, id: 0x13, versions: [V["1.0"], V["2.0"], V["3.0"], V["4.0"]], rows: PERFORMANCE },
  { protocol: clockProtocol, id: 0x14, versions: [V["1.0"], V["2.0"], V["3.0"]], rows: CLOCK },
  { protocol: sensorProtocol, id: 0x15, versions: [V["1.0"], V["2.0"], V["3.0"], V["3.1"]], rows: SENSOR },
  { protocol: resetProtocol, id: 0x16, versions: [V["1.0"], V["2.0"], V["3.0"], V["3.1"]], rows: RESET },
  { protocol: voltageProtocol, id: 0x17, versions: [V["1.0"], V["2.0"], V["2.1"]], rows: VOLTAGE },
  { protocol: powercapProtocol, id: 0x18, versions: [V["1.0"], V["2.0"]], rows: POWERCAP },
  { protocol: pinctrlProtocol, id: 0x19, versions: [V["1.0"]], rows: PINCTRL },
] as const;

function sizeText(layouts: readonly { minBytes: number; maxBytes: number }[]): string {
  const texts = layouts.map(({ minBytes, maxBytes }) => {
    if (maxBytes === Number.POSITIVE_INFINITY) return `${minBytes}+`;
    return minBytes === maxBytes ? `${minBytes}` : `${minBytes}-${maxBytes}`;
  });
  return new Set(texts).size === 1 ? (texts[0] ?? "") : texts.join("|");
}

describe.each(PROTOCOL_ROWS)("the table of $protocol.name", ({ protocol, id, versions, rows }) => {
  test("has the protocol's id and versions", () => {
    expect([protocol.id, protocol.versions]).toEqual([id, versions]);
  });

  test("has every command of the text, from the version on that it says, with its sizes", () => {
    const found = protocol.commands.map((command): Row => {
      const since = protocol.sinceOf(command);
      const layouts = versions.filter((it) => it >= since).map((it) => protocol.at(it).command(command));
      const mandatory = versions.find((it) => it >= since && protocol.at(it).command(command).isMandatory) ?? 0;
      const [request, response] = [layouts.map((it) => it.request), layouts.map((it) => it.response)];
      return [command.id, command.name, since, mandatory, sizeText(request), sizeText(response)];
    });
    expect(found).toEqual(rows);
  });

  test("changes only at versions that it lists", () => {
    const words = new Set<number>();
    for (const command of protocol.commands) {
      for (const part of [command.request, command.response, command.delayedResponse?.payload]) versionsIn(part, words);
      if (command.since) words.add(command.since);
    }
    for (const notification of protocol.notifications) {
      versionsIn(notification.payload, words);
      if (notification.since) words.add(notification.since);
    }
    const known: readonly number[] = versions;
    expect([...words].filter((it) => !known.includes(it))).toEqual([]);
  });

  test("names fields that exist: resources, counts, flags, and the commands that switch notifications on", () => {
    const newest = protocol.at(protocol.newestVersion);
    for (const { command, request, response } of newest.commands) {
      const { resource, multiPart, delayedResponse } = command;
      const wanted = [resource, multiPart?.index, delayedResponse?.when, delayedResponse?.unless];
      const answered = [multiPart?.returned, multiPart?.remaining, multiPart?.items];
      for (const path of wanted) if (path) expect(pathsIn(request.type), command.name).toContain(path);
      for (const path of answered) if (path) expect(pathsIn(response.type), command.name).toContain(path);
    }
    const names = newest.commands.map((it) => it.command.name);
    for (const { notification, payload } of newest.notifications) {
      expect(names).toContain(notification.enabledBy);
      if (notification.resource) expect(pathsIn(payload.type)).toContain(notification.resource);
    }
  });
});

/** Version words of options anywhere below a type or a versioned part; the spec of a struct is private, so ask it at every minor. */
function versionsIn(part: unknown, words: Set<number>): void {
  const signatureAt = (version: number) => {
    const option = isVersioned(part) ? part.options.filter(([it]) => it <= version).at(-1)?.[1] : part;
    return option ? JSON.stringify((option as Type<unknown>).at(version)) : "";
  };
  if (part === undefined) return;
  for (let major = 0; major <= 6; major++) {
    for (let minor = 0; minor <= 2; minor++) {
      const version = major * 0x10000 + minor;
      if (version > 0x10000 && signatureAt(version) !== signatureAt(minor > 0 ? version - 1 : version - 0x10000 + 2)) {
        words.add(version);
      }
    }
  }
}

function isVersioned(part: unknown): part is { options: readonly (readonly [number, unknown])[] } {
  return typeof part === "object" && part !== null && "options" in part && "hasGap" in part;
}

function pathsIn(type: Type<unknown>): string[] {
  const shape: Shape = shapeOf(type);
  if (shape.kind !== "struct") return [];
  return shape.fields.flatMap(({ name, type: field }) => {
    const inner = field && shapeOf(field);
    return inner?.kind === "bits" ? [name, ...inner.fields.map((it) => `${name}.${it.name}`)] : [name];
  });
}

test("notifications have the ids, versions and sizes of the text", () => {
  const found = PROTOCOLS.flatMap(({ name, notifications, ...it }) =>
    notifications.map((notification) => {
      const { payload } = protocolOf(name).at(protocolOf(name).newestVersion).notification(notification);
      return [
        it.id,
        notification.id,
        notification.name,
        notification.since,
        notification.enabledBy,
        sizeText([payload]),
      ];
    }),
  );
  expect(found).toEqual([
    [0x10, 0x0, "BASE_ERROR_EVENT", 0, "BASE_NOTIFY_ERRORS", "8+"],
    [0x11, 0x0, "POWER_STATE_CHANGED", 0, "POWER_STATE_NOTIFY", "12"],
    [0x11, 0x1, "POWER_STATE_CHANGE_REQUESTED", V["2.0"], "POWER_STATE_CHANGE_REQUESTED_NOTIFY", "12"],
    [0x12, 0x0, "SYSTEM_POWER_STATE_NOTIFIER", 0, "SYSTEM_POWER_STATE_NOTIFY", "16"],
    [0x13, 0x0, "PERFORMANCE_LIMITS_CHANGED", 0, "PERFORMANCE_NOTIFY_LIMITS", "16"],
    [0x13, 0x1, "PERFORMANCE_LEVEL_CHANGED", 0, "PERFORMANCE_NOTIFY_LEVEL", "12"],
    [0x14, 0x0, "CLOCK_RATE_CHANGED", V["2.0"], "CLOCK_RATE_NOTIFY", "16"],
    [0x14, 0x1, "CLOCK_RATE_CHANGE_REQUESTED", V["2.0"], "CLOCK_RATE_CHANGE_REQUESTED_NOTIFY", "16"],
    [0x15, 0x0, "SENSOR_TRIP_POINT_EVENT", 0, "SENSOR_TRIP_POINT_NOTIFY", "12"],
    [0x15, 0x1, "SENSOR_UPDATE", V["2.0"], "SENSOR_CONTINUOUS_UPDATE_NOTIFY", "8+"],
    [0x16, 0x0, "RESET_ISSUED", 0, "RESET_NOTIFY", "12"],
    [0x18, 0x0, "POWERCAP_CAP_CHANGED", 0, "POWERCAP_CAP_NOTIFY", "16"],
    [0x18, 0x1, "POWERCAP_MEASUREMENTS_CHANGED", 0, "POWERCAP_MEASUREMENTS_NOTIFY", "12"],
  ]);
});

function protocolOf(name: string): Protocol {
  const found = PROTOCOLS.find((it) => it.name === name);
  if (!found) throw new Error(`expected the table of ${name}, got none`);
  return found;
}

test("the notifier of system power grows from 12 to 16 bytes with version 2.0", () => {
  const bytes = systemPowerProtocol.versions.map(
    (it) => systemPowerProtocol.at(it).notificationById(0)?.payload.maxBytes,
  );
  expect(bytes).toEqual([12, 16, 16]);
});

test("entries of DESCRIBE_LEVELS grow from 12 to 20 bytes with version 4.0", () => {
  const entryBytes = [0x10000, 0x20000, 0x30000, 0x40000].map((version) => {
    const { type } = performanceProtocol.at(version).commandById(4)?.response ?? {};
    const shape = type && shapeOf(type);
    const levels = shape?.kind === "struct" ? shape.fields.find(({ name }) => name === "levels")?.type : undefined;
    return levels && shapeOf(levels).kind === "array"
      ? (levels as never as { element: Type<unknown> }).element.minBytes
      : 0;
  });
  expect(entryBytes).toEqual([12, 12, 12, 20]);
});

test("records of sensors and axes have the sizes that their flags say, 28 bytes in version 1.0", () => {
  const sizes = (version: number, id: number, list: string) => {
    const { type } = sensorProtocol.at(version).commandById(id)?.response ?? {};
    const shape = type && shapeOf(type);
    const field = shape?.kind === "struct" ? shape.fields.find(({ name }) => name === list)?.type : undefined;
    const array = field && shapeOf(field);
    return array?.kind === "array" ? [array.element.minBytes, array.element.maxBytes] : [];
  };
  expect([0x10000, 0x20000, 0x30000].map((it) => sizes(it, 3, "sensors"))).toEqual([
    [28, 28],
    [28, 52],
    [28, 52],
  ]);
  expect([0x20000, 0x30000].map((it) => sizes(it, 7, "axes"))).toEqual([
    [28, 48],
    [28, 48],
  ]);
  expect(sizes(0x30000, 0xd, "axes")).toEqual([68, 68]);
});

test("delayed responses have the sizes of the text, and are asked for and waived by the flags that it names", () => {
  const commands = PROTOCOLS.flatMap(({ commands }) => commands).filter(({ delayedResponse }) => delayedResponse);
  expect(commands.map(({ name, delayedResponse }) => [name, delayedResponse])).toMatchObject([
    ["CLOCK_RATE_SET", { name: "CLOCK_RATE_SET_COMPLETE", when: "flags.async", unless: "flags.ignoreDelayedResponse" }],
    ["SENSOR_READING_GET", { name: "SENSOR_READING_COMPLETE", when: "flags.async" }],
    ["RESET", { name: "RESET_COMPLETE", when: "flags.async" }],
    ["VOLTAGE_LEVEL_SET", { name: "VOLTAGE_LEVEL_SET_COMPLETE", when: "flags.async" }],
    [
      "POWERCAP_CAP_SET",
      { name: "POWERCAP_CAP_SET_COMPLETE", when: "flags.async", unless: "flags.ignoreDelayedResponse" },
    ],
  ]);
  expect(clockProtocol.at(0x10000).commandById(5)?.delayedResponse?.maxBytes).toBe(16);
  expect(sensorProtocol.at(0x10000).commandById(6)?.delayedResponse?.maxBytes).toBe(16);
  expect(resetProtocol.at(0x10000).commandById(4)?.delayedResponse?.maxBytes).toBe(8);
  expect(voltageProtocol.at(0x20000).commandById(7)?.delayedResponse?.maxBytes).toBe(12);
  expect(powercapProtocol.at(0x10000).commandById(5)?.delayedResponse?.maxBytes).toBe(12);
});

test("FastChannels exist for limits and levels of performance, and for caps and intervals, with the sizes of the text", () => {
  const able = PROTOCOLS.flatMap(({ commands }) => commands).filter(({ fastChannel }) => fastChannel);
  expect(able.map(({ name, fastChannel }) => [name, fastChannel?.access, fastChannel?.memory.maxBytes])).toEqual([
    ["PERFORMANCE_LIMITS_SET", "set", 8],
    ["PERFORMANCE_LIMITS_GET", "get", 8],
    ["PERFORMANCE_LEVEL_SET", "set", 4],
    ["PERFORMANCE_LEVEL_GET", "get", 4],
    ["POWERCAP_CAP_GET", "get", 4],
    ["POWERCAP_CAP_SET", "set", 4],
    ["POWERCAP_PAI_GET", "get", 4],
    ["POWERCAP_PAI_SET", "set", 4],
  ]);
});

test("lists come in parts by the fields that the texts name", () => {
  const lists = PROTOCOLS.flatMap(({ commands }) => commands).filter(({ multiPart }) => multiPart);
  expect(lists.map(({ name, multiPart }) => [name, ...Object.values(multiPart ?? {})])).toEqual([
    ["BASE_DISCOVER_LIST_PROTOCOLS", "skip", "numProtocols", "protocols"],
    ["PERFORMANCE_DESCRIBE_LEVELS", "levelIndex", "numLevels.returned", "numLevels.remaining", "levels"],
    ["CLOCK_DESCRIBE_RATES", "rateIndex", "numRates.returned", "numRates.remaining", "ratesHz"],
    ["CLOCK_POSSIBLE_PARENTS_GET", "skipParents", "numParents.returned", "numParents.remaining", "parents"],
    ["SENSOR_DESCRIPTION_GET", "descIndex", "numSensors.returned", "numSensors.remaining", "sensors"],
    ["SENSOR_AXIS_DESCRIPTION_GET", "axisDescIndex", "numAxes.returned", "numAxes.remaining", "axes"],
    ["SENSOR_LIST_UPDATE_INTERVALS", "index", "numIntervals.returned", "numIntervals.remaining", "intervals"],
    ["SENSOR_AXIS_NAME_GET", "axisDescIndex", "numAxes.returned", "numAxes.remaining", "axes"],
    ["VOLTAGE_DESCRIBE_LEVELS", "levelIndex", "flags.returned", "flags.remaining", "levelsUv"],
    ["PINCTRL_LIST_ASSOCIATIONS", "index", "flags.returned", "flags.remaining", "identifiers"],
    ["PINCTRL_SETTINGS_GET", "attributes.skipConfigs", "numConfigs.returned", "numConfigs.remaining", "configs"],
  ]);
});

test("the hot commands are those that the core serves", () => {
  const hot = new Set(
    PROTOCOLS.flatMap(({ commands }) => commands.filter(({ isHot }) => isHot).map(({ name }) => name)),
  );
  expect([...hot]).toEqual([
    "PROTOCOL_VERSION",
    "POWER_STATE_SET",
    "POWER_STATE_GET",
    "PERFORMANCE_LIMITS_SET",
    "PERFORMANCE_LIMITS_GET",
    "PERFORMANCE_LEVEL_SET",
    "PERFORMANCE_LEVEL_GET",
    "CLOCK_RATE_SET",
    "CLOCK_RATE_GET",
    "SENSOR_READING_GET",
    "VOLTAGE_LEVEL_SET",
    "VOLTAGE_LEVEL_GET",
    "POWERCAP_CAP_GET",
    "POWERCAP_MEASUREMENTS_GET",
  ]);
});

test("a command about a domain, clock or agent may answer NOT_FOUND, and no list holds SUCCESS", () => {
  for (const { name, resource, statuses } of PROTOCOLS.flatMap(({ commands }) => commands)) {
    if (resource) expect(statuses, name).toContain("NOT_FOUND");
    expect([...statuses, ...GENERIC_STATUSES], name).not.toContain("SUCCESS");
  }
});

describe("releases", () => {
  test("have the version words of the text", () => {
    const [base, power, system, perf, clock, sensor, reset, voltage, powercap, pinctrl] = Array.from(
      { length: 10 },
      (_, i) => 0x10 + i,
    );
    const words = (...pairs: (readonly [number | undefined, number])[]) => pairs;
    const rows: Readonly<Record<string, ReturnType<typeof words>>> = {
      "1.0": words(
        [base, 0x10000],
        [power, 0x10000],
        [system, 0x10000],
        [perf, 0x10000],
        [clock, 0x10000],
        [sensor, 0x10000],
      ),
      "2.0": words(
        [base, 0x20000],
        [power, 0x20000],
        [system, 0x10000],
        [perf, 0x20000],
        [clock, 0x10000],
        [sensor, 0x10000],
        [reset, 0x10000],
      ),
      "3.0": words(
        [base, 0x20000],
        [power, 0x20000],
        [system, 0x10000],
        [perf, 0x20000],
        [clock, 0x10000],
        [sensor, 0x20000],
        [reset, 0x20000],
        [voltage, 0x10000],
      ),
      "3.1": words(
        [base, 0x20000],
        [power, 0x30000],
        [system, 0x20000],
        [perf, 0x30000],
        [clock, 0x20000],
        [sensor, 0x30000],
        [reset, 0x30000],
        [voltage, 0x20000],
        [powercap, 0x10000],
      ),
      "3.2": words(
        [base, 0x20001],
        [power, 0x30001],
        [system, 0x20001],
        [perf, 0x40000],
        [clock, 0x30000],
        [sensor, 0x30001],
        [reset, 0x30001],
        [voltage, 0x20001],
        [powercap, 0x20000],
        [pinctrl, 0x10000],
      ),
    };
    expect(Object.fromEntries(RELEASE_NAMES.map((it) => [it, [...RELEASES[it]]]))).toEqual(rows);
  });

  test("name only versions that the tables know", () => {
    for (const { id, versions } of PROTOCOLS) {
      const words = RELEASE_NAMES.map((release) => versionIn(release, id)).filter((it) => it !== undefined);
      expect(words.length).toBeGreaterThan(0);
      for (const word of words) expect(versions).toContain(word);
    }
    expect(versionIn("2.0", 0x17)).toBeUndefined();
  });

  test("are told to who asks for another release", () => {
    const expected = new RangeError("release of SCMI: expected one of 1.0, 2.0, 3.0, 3.1, 3.2, got 3");
    expect(() => Reflect.apply(versionIn, undefined, ["3", 0x17])).toThrow(expected);
  });
});
