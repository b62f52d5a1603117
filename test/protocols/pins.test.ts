import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import {
  BaseDiscoverListProtocols,
  baseProtocol,
  ClockAttributes,
  ClockRateGet,
  ClockRateSet,
  clockProtocol,
  PerformanceDomainAttributes,
  PerformanceDomainStatistics,
  PerformanceProtocolAttributes,
  PowercapCapSet,
  performanceProtocol,
  pinctrlProtocol,
  powercapProtocol,
  powerProtocol,
  resetProtocol,
  SensorAxisDescriptionGet,
  SensorContinuousUpdateNotify,
  SensorDescriptionGet,
  sensorProtocol,
  systemPowerProtocol,
  voltageProtocol,
} from "../../src/protocols/index.ts";
import { decode, type Layout, type Protocol, shapeOf, versionText } from "../../src/wire/index.ts";

// Agent and platform share the tables, so what no golden vector covers is pinned here by bytes, typed from the layouts of the texts.

type Role = "request" | "response" | "delayedResponse" | "notification";

const ASCII_63 = "a-name-of-63-characters-a-name-of-63-characters-a-name-of-63-ch";
const hexOfAscii = (text: string, bytes: number) => Buffer.from(text.padEnd(bytes, "\0"), "latin1").toString("hex");

const NO_SENSOR_FLAGS = {
  tripPointCount: 0,
  extendedAttributes: false,
  timestamps: false,
  timestampExponent: 0,
  extendedName: false,
  continuousUpdate: false,
  async: false,
};
const NO_INTERVAL = { updateIntervalExponent: 0, updateIntervalSeconds: 0 };

const PINS: readonly (readonly [Protocol, number, Role, number, string, unknown])[] = [
  [baseProtocol, 0x10000, "request", 0x2, "0b000000", { messageId: 0xb }],
  [baseProtocol, 0x10000, "response", 0x2, "00000000 01000080", { attributes: 0x80000001 }],
  [baseProtocol, 0x20001, "response", 0x4, `00000000 ${hexOfAscii("PM", 16)}`, { vendorIdentifier: "PM" }],
  [baseProtocol, 0x20001, "response", 0x5, "00000000 efbeadde", { implementationVersion: 0xdeadbeef }],
  [baseProtocol, 0x10000, "response", 0x7, `00000000 ${hexOfAscii("PSCI", 16)}`, { agentId: undefined, name: "PSCI" }],
  [baseProtocol, 0x10000, "request", 0x8, "01000000", { notifyEnable: true }],
  [
    baseProtocol,
    0x20000,
    "request",
    0x9,
    "02000000 05000000 01000000",
    { agentId: 2, deviceId: 5, flags: { allow: true } },
  ],
  [baseProtocol, 0x20000, "request", 0xb, "02000000 01000000", { agentId: 2, flags: { resetPermissions: true } }],
  [
    ...([baseProtocol, 0x10000, "notification", 0x0, "00000000 02000080 01500400 fdffffff 00440800 00000000"] as const),
    {
      agentId: 0,
      errorStatus: { count: 2, isFatal: true },
      reports: [
        { header: 0x00045001, status: -3 },
        { header: 0x00084400, status: 0 },
      ],
    },
  ],
  [
    ...([powerProtocol, 0x10000, "response", 0x1, "00000000 ffff0000 00004080 01000000 00010000"] as const),
    { attributes: { domainCount: 0xffff }, statisticsAddress: 0x1_8040_0000n, statisticsByteLength: 256 },
  ],
  [
    ...([powerProtocol, 0x20000, "response", 0x3, `00000000 00000060 ${hexOfAscii("gpu", 16)}`] as const),
    {
      attributes: {
        notifyStateChanged: false,
        setAsync: true,
        setSync: true,
        notifyStateChangeRequested: false,
        extendedName: false,
      },
      name: "gpu",
    },
  ],
  [
    ...([powerProtocol, 0x30001, "response", 0x3, `00000000 00000018 ${hexOfAscii("gpu", 16)}`] as const),
    {
      attributes: {
        notifyStateChanged: false,
        setAsync: false,
        setSync: false,
        notifyStateChangeRequested: true,
        extendedName: true,
      },
      name: "gpu",
    },
  ],
  [
    ...([powerProtocol, 0x10000, "request", 0x4, "01000000 03000000 05000040"] as const),
    { flags: { async: true }, domainId: 3, powerState: 0x40000005 },
  ],
  [powerProtocol, 0x10000, "response", 0x5, "00000000 00000040", { powerState: 0x40000000 }],
  [powerProtocol, 0x20000, "request", 0x7, "03000000 01000000", { domainId: 3, notifyEnable: true }],
  [
    ...([powerProtocol, 0x20000, "notification", 0x1, "02000000 03000000 00000040"] as const),
    { agentId: 2, domainId: 3, powerState: 0x40000000 },
  ],
  [systemPowerProtocol, 0x10000, "response", 0x1, "00000000 00000000", {}],
  [
    ...([systemPowerProtocol, 0x10000, "response", 0x2, "00000000 00000080"] as const),
    { attributes: { warmReset: true, suspend: false } },
  ],
  [
    ...([systemPowerProtocol, 0x10000, "request", 0x3, "00000000 010000c0"] as const),
    { flags: { graceful: false }, systemState: 0xc0000001 },
  ],
  [
    ...([performanceProtocol, 0x20000, "response", 0x1, "00000000 02000100 00000000 00000000 00000000"] as const),
    { attributes: { domainCount: 2, powerUnit: 1 }, statisticsAddress: 0n, statisticsByteLength: 0 },
  ],
  [performanceProtocol, 0x10000, "response", 0x2, "00000000 00000000", { attributes: { fastChannel: false } }],
  [
    ...([
      performanceProtocol,
      0x40000,
      "response",
      0x3,
      `00000000 00000016 ffff0f00 40420f00 64000000 ${hexOfAscii("cpu-little-0123", 16)}`,
    ] as const),
    {
      attributes: {
        setLimits: false,
        setLevel: false,
        notifyLimits: false,
        notifyLevel: true,
        fastChannel: false,
        extendedName: true,
        levelIndexing: true,
      },
      rateLimitUs: 0xfffff,
      sustainedFreqKhz: 1_000_000,
      sustainedPerfLevel: 100,
      name: "cpu-little-0123",
    },
  ],
  [performanceProtocol, 0x10000, "request", 0x6, "03000000", { domainId: 3 }],
  [performanceProtocol, 0x10000, "response", 0x6, "00000000 78050000 58020000", { rangeMax: 1400, rangeMin: 600 }],
  [performanceProtocol, 0x10000, "request", 0x8, "03000000", { domainId: 3 }],
  [performanceProtocol, 0x10000, "response", 0x8, "00000000 78050000", { performanceLevel: 1400 }],
  [performanceProtocol, 0x10000, "request", 0xa, "03000000 01000000", { domainId: 3, notifyEnable: true }],
  [performanceProtocol, 0x30000, "request", 0xc, "03000000", { domainId: 3 }],
  [performanceProtocol, 0x30000, "response", 0xc, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [
    performanceProtocol,
    0x10000,
    "notification",
    0x1,
    "02000000 03000000 78050000",
    { agentId: 2, domainId: 3, performanceLevel: 1400 },
  ],
  [
    ...([clockProtocol, 0x10000, "response", 0x3, `00000000 01000000 ${hexOfAscii("uart", 16)}`] as const),
    {
      attributes: {
        enabled: true,
        restricted: false,
        extendedConfig: false,
        parents: false,
        extendedName: false,
        notifyRateChangeRequested: false,
        notifyRateChanged: false,
      },
      name: "uart",
      clockEnableDelayUs: undefined,
    },
  ],
  [
    ...([clockProtocol, 0x20000, "response", 0x3, `00000000 00000060 ${hexOfAscii("uart", 16)} 05000000`] as const),
    {
      attributes: {
        enabled: false,
        restricted: false,
        extendedConfig: false,
        parents: false,
        extendedName: true,
        notifyRateChangeRequested: true,
        notifyRateChanged: false,
      },
      name: "uart",
      clockEnableDelayUs: 5,
    },
  ],
  [
    ...([clockProtocol, 0x10000, "request", 0x5, "06000000 01000000 00f2052a 01000000"] as const),
    {
      flags: { async: false, ignoreDelayedResponse: true, roundUp: true, roundClosest: false },
      clockId: 1,
      rateHz: 5_000_000_000,
    },
  ],
  [clockProtocol, 0x10000, "request", 0x6, "01000000", { clockId: 1 }],
  [clockProtocol, 0x10000, "response", 0x6, "00000000 00f2052a 01000000", { rateHz: 5_000_000_000 }],
  [
    ...([clockProtocol, 0x30000, "request", 0x7, "01000000 00008000"] as const),
    { clockId: 1, attributes: { state: 0, extendedConfigType: 0x80 }, extendedConfigValue: undefined },
  ],
  [clockProtocol, 0x20000, "request", 0x8, "01000000", { clockId: 1 }],
  [clockProtocol, 0x20000, "response", 0x8, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [clockProtocol, 0x20000, "request", 0xa, "01000000 01000000", { clockId: 1, notifyEnable: true }],
  [
    ...([clockProtocol, 0x30000, "response", 0xc, "00000000 010000ff 07000000"] as const),
    { numParents: { returned: 1, remaining: 255 }, parents: [7] },
  ],
  [clockProtocol, 0x30000, "request", 0xe, "01000000", { clockId: 1 }],
  [clockProtocol, 0x30000, "response", 0xe, "00000000 02000000", { parentId: 2 }],
  [
    clockProtocol,
    0x30000,
    "response",
    0xf,
    "00000000 00000040",
    { permissions: { state: false, parent: true, rate: false } },
  ],
  [
    ...([clockProtocol, 0x20000, "notification", 0x1, "02000000 01000000 00f2052a 01000000"] as const),
    { agentId: 2, clockId: 1, rateHz: 5_000_000_000 },
  ],
  [
    ...([
      sensorProtocol,
      0x30000,
      "response",
      0x3,
      // A record of each size: 28, 52 and 32 bytes, and five more to come.
      `00000000 03000500
       07000000 000000a0 02e80000 ${hexOfAscii("cpu-temperature", 16)}
       08000000 02690000 07d00000 ${hexOfAscii("gpu", 16)} 00000000 02000080 0000000000000080 ffffffffffffff7f
       09000000 00010000 00010300 ${hexOfAscii("gyro", 16)} e8030000`.replace(/\s+/g, ""),
    ] as const),
    {
      numSensors: { returned: 3, remaining: 5 },
      sensors: [
        {
          sensorId: 7,
          attributesLow: { ...NO_SENSOR_FLAGS, extendedName: true, async: true },
          attributesHigh: { ...NO_INTERVAL, sensorType: 2, axes: false, exponent: -3, axisCount: 0 },
          name: "cpu-temperature",
          ...{ sensorPowerUw: undefined, resolution: undefined, minRange: undefined, maxRange: undefined },
        },
        {
          sensorId: 8,
          attributesLow: {
            ...{ ...NO_SENSOR_FLAGS, tripPointCount: 2, extendedAttributes: true },
            ...{ timestampExponent: -6, timestamps: false },
          },
          attributesHigh: { ...NO_INTERVAL, sensorType: 7, axes: false, exponent: -6, axisCount: 0 },
          name: "gpu",
          sensorPowerUw: 0,
          resolution: { magnitude: 2, exponent: -16 },
          minRange: -(2n ** 63n),
          maxRange: 2n ** 63n - 1n,
        },
        {
          sensorId: 9,
          attributesLow: { ...NO_SENSOR_FLAGS, extendedAttributes: true },
          attributesHigh: { ...NO_INTERVAL, sensorType: 0, axes: true, exponent: 0, axisCount: 3 },
          name: "gyro",
          sensorPowerUw: 1000,
          ...{ resolution: undefined, minRange: undefined, maxRange: undefined },
        },
      ],
    },
  ],
  [
    ...([
      sensorProtocol,
      0x30000,
      "response",
      0x7,
      `00000000 02000004
       00000000 00030000 59e80000 ${hexOfAscii("x", 16)} 010000e8 80c1ffffffffffff 803e000000000000
       01000000 00000000 57000000 ${hexOfAscii("y", 16)}`.replace(/\s+/g, ""),
    ] as const),
    {
      numAxes: { returned: 2, remaining: 1 },
      axes: [
        {
          axisId: 0,
          attributesLow: { extendedAttributes: true, extendedName: true },
          attributesHigh: { sensorType: 0x59, exponent: -3 },
          name: "x",
          resolution: { magnitude: 1, exponent: -3 },
          minRange: -16000,
          maxRange: 16000,
        },
        {
          axisId: 1,
          attributesLow: { extendedAttributes: false, extendedName: false },
          attributesHigh: { sensorType: 0x57, exponent: 0 },
          name: "y",
          ...{ resolution: undefined, minRange: undefined, maxRange: undefined },
        },
      ],
    },
  ],
  [sensorProtocol, 0x20000, "request", 0x8, "03000000 02000000", { sensorId: 3, index: 2 }],
  [
    ...([sensorProtocol, 0x10000, "delayedResponse", 0x6, "00000000 03000000 24faffff ffffffff"] as const),
    { sensorId: 3, readings: [{ value: -1500, timestamp: undefined }] },
  ],
  [sensorProtocol, 0x10000, "response", 0x6, "00000000", { readings: [] }],
  [sensorProtocol, 0x30000, "request", 0xd, "03000000 01000000", { sensorId: 3, axisDescIndex: 1 }],
  [
    ...([sensorProtocol, 0x30000, "response", 0xd, `00000000 01000008 01000000 ${hexOfAscii(ASCII_63, 64)}`] as const),
    { numAxes: { returned: 1, remaining: 2 }, axes: [{ axisId: 1, name: ASCII_63 }] },
  ],
  [
    sensorProtocol,
    0x10000,
    "notification",
    0x0,
    "00000000 03000000 ff000000",
    { agentId: 0, sensorId: 3, tripPoint: { tripPointId: 255, rising: false } },
  ],
  [resetProtocol, 0x10000, "response", 0x1, "00000000 ff010000", { attributes: { domainCount: 511 } }],
  [
    ...([resetProtocol, 0x20000, "response", 0x3, `00000000 00000080 ffffffff ${hexOfAscii("mipi", 16)}`] as const),
    { attributes: { async: true, notify: false, extendedName: false }, latencyUs: 0xffffffff, name: "mipi" },
  ],
  [
    ...([resetProtocol, 0x10000, "request", 0x4, "03000000 07000000 02000080"] as const),
    {
      domainId: 3,
      flags: { autonomous: true, assert: true, async: true },
      resetState: { resetId: 2, implementationDefined: true },
    },
  ],
  [resetProtocol, 0x30000, "request", 0x6, "03000000", { domainId: 3 }],
  [resetProtocol, 0x30000, "response", 0x6, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [
    ...([resetProtocol, 0x10000, "notification", 0x0, "00000000 03000000 ffffffff"] as const),
    { agentId: 0, domainId: 3, resetState: { resetId: 0x7fffffff, implementationDefined: true } },
  ],
  [voltageProtocol, 0x10000, "response", 0x1, "00000000 ff010000", { attributes: { domainCount: 511 } }],
  [
    ...([voltageProtocol, 0x10000, "response", 0x3, `00000000 00000000 ${hexOfAscii("vdd", 16)}`] as const),
    { attributes: { async: false, extendedName: false }, name: "vdd" },
  ],
  [
    // Minus 12 V to minus 11.5 V, as the text encodes the first.
    ...([voltageProtocol, 0x10000, "response", 0x4, "00000000 03100000 00e548ff 208650ff 20a10700"] as const),
    { flags: { returned: 3, isRange: true, remaining: 0 }, levelsUv: [-12_000_000, -11_500_000, 500_000] },
  ],
  [voltageProtocol, 0x10000, "request", 0x6, "03000000", { domainId: 3 }],
  [voltageProtocol, 0x10000, "response", 0x6, "00000000 0f000000", { config: 15 }],
  [
    ...([voltageProtocol, 0x10000, "request", 0x7, "03000000 00000000 00e548ff"] as const),
    { domainId: 3, flags: { async: false }, levelUv: -12_000_000 },
  ],
  [voltageProtocol, 0x10000, "request", 0x8, "03000000", { domainId: 3 }],
  [voltageProtocol, 0x10000, "response", 0x8, "00000000 00e548ff", { levelUv: -12_000_000 }],
  [voltageProtocol, 0x20000, "request", 0x9, "03000000", { domainId: 3 }],
  [voltageProtocol, 0x20000, "response", 0x9, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [powercapProtocol, 0x10000, "response", 0x1, "00000000 05000000", { attributes: { domainCount: 5 } }],
  [powercapProtocol, 0x10000, "response", 0x2, "00000000 01000000", { attributes: { fastChannel: true } }],
  [
    ...([
      powercapProtocol,
      0x10000,
      "response",
      0x3,
      `00000000 00000094 ${hexOfAscii("pcap-long-name1", 16)} e8030000 e8030000 00000000 05000000 05000000 00000000 00000000 00000000 ffffffff`,
    ] as const),
    {
      attributes: {
        notifyCap: true,
        notifyMeasurements: false,
        asyncCapSet: false,
        extendedName: true,
        setCap: false,
        measurements: true,
        setPai: false,
        powerUnit: 0,
        fastChannel: false,
      },
      name: "pcap-long-name1",
      minPaiUs: 1000,
      maxPaiUs: 1000,
      paiStepUs: 0,
      minPowerCap: 5,
      maxPowerCap: 5,
      powerCapStep: 0,
      sustainablePower: 0,
      accuracy: 0,
      parentId: 0xffffffff,
    },
  ],
  [powercapProtocol, 0x20000, "request", 0x4, "03000000", { domainId: 3 }],
  [powercapProtocol, 0x20000, "response", 0x4, "00000000 d4300000", { powerCap: 12_500 }],
  [
    ...([powercapProtocol, 0x20000, "request", 0x5, "01000000 03000000 00000000"] as const),
    { domainId: 1, flags: { ignoreDelayedResponse: true, async: true }, powerCap: 0 },
  ],
  [powercapProtocol, 0x10000, "request", 0x6, "03000000", { domainId: 3 }],
  [powercapProtocol, 0x10000, "response", 0x6, "00000000 a0860100", { paiUs: 100_000 }],
  [powercapProtocol, 0x10000, "request", 0x7, "03000000 00000000 a0860100", { domainId: 3, paiUs: 100_000 }],
  [powercapProtocol, 0x10000, "request", 0x8, "03000000", { domainId: 3 }],
  [powercapProtocol, 0x10000, "response", 0x8, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [powercapProtocol, 0x10000, "request", 0xa, "03000000 01000000", { domainId: 3, notifyEnable: true }],
  [
    ...([powercapProtocol, 0x10000, "notification", 0x0, "02000000 03000000 d4300000 a0860100"] as const),
    { agentId: 2, domainId: 3, powerCap: 12_500, paiUs: 100_000 },
  ],
  [
    ...([pinctrlProtocol, 0x10000, "response", 0x3, `00000000 03000180 ${hexOfAscii("uart0", 16)}`] as const),
    { attributes: { count: 3, pinOnly: true, gpio: false, extendedName: true }, name: "uart0" },
  ],
  [
    ...([pinctrlProtocol, 0x10000, "request", 0x5, "11000000 14050100"] as const),
    { identifier: 17, attributes: { configType: 20, skipConfigs: 5, selector: 1, what: 0 } },
  ],
  [
    ...([pinctrlProtocol, 0x10000, "response", 0x5, "00000000 ffffffff 01000013 14000000 02000000"] as const),
    {
      functionSelected: 0xffffffff,
      numConfigs: { returned: 1, misplacedRemaining: 0, remaining: 19 },
      configs: [{ type: 20, value: 2 }],
    },
  ],
  [
    ...([pinctrlProtocol, 0x10000, "request", 0x6, "11000000 ffffffff 01000000"] as const),
    {
      identifier: 17,
      functionId: 0xffffffff,
      attributes: { selector: 1, configCount: 0, functionValid: false },
      configs: [],
    },
  ],
  [pinctrlProtocol, 0x10000, "request", 0x8, "11000000 00000000", { identifier: 17, flags: { selector: 0 } }],
  [pinctrlProtocol, 0x10000, "request", 0x9, "11000000 02000000", { identifier: 17, flags: { selector: 2 } }],
  [pinctrlProtocol, 0x10000, "response", 0x9, `00000000 00000000 ${hexOfAscii(ASCII_63, 64)}`, { name: ASCII_63 }],
  [
    ...([pinctrlProtocol, 0x10000, "request", 0xa, "02000000 11000000 05000000"] as const),
    { agentId: 2, identifier: 17, flags: { selector: 1, allow: true } },
  ],
];

function layoutOf(protocol: Protocol, version: number, role: Role, id: number): Layout<unknown> {
  const set = protocol.at(version);
  const layout = role === "notification" ? set.notificationById(id)?.payload : set.commandById(id)?.[role];
  if (!layout) throw new Error(`expected a ${role} with id ${id}, got none`);
  return layout;
}

test.each(
  PINS.map(([protocol, version, role, id, hex, value]) => {
    const layout = layoutOf(protocol, version, role, id);
    return [`${layout.message} ${role} in ${versionText(version)}`, layout, hex, value] as const;
  }),
)("%s has the bytes of its text", (_name, layout, hex, value) => {
  const plain = hex.replaceAll(" ", "");
  const view = new DataView(new ArrayBuffer(256));
  new Uint8Array(view.buffer).fill(0xaa);
  const written = layout.encode(view, 0, value);
  expect(Buffer.from(new Uint8Array(view.buffer, 0, written)).toString("hex")).toBe(plain);
  expect(layout.decode(view, 0, written)).toStrictEqual(value);
});

/** Every bit that a word has a use for, in each version that changes it, as the texts number them. What is not listed is reserved. */
const WORDS: readonly (readonly [Protocol, number, Role, string, Readonly<Record<number, number>>])[] = [
  [baseProtocol, 0x1, "response", "attributes", { 65536: 0x0000ffff }],
  [baseProtocol, 0x8, "request", "notifyEnable", { 65536: 1 }],
  [baseProtocol, 0x9, "request", "flags", { 131072: 1 }],
  [baseProtocol, 0xa, "request", "protocolId", { 131072: 0xff }],
  [baseProtocol, 0xa, "request", "flags", { 131072: 1 }],
  [baseProtocol, 0xb, "request", "flags", { 131072: 1 }],
  [baseProtocol, 0x0, "notification", "errorStatus", { 65536: 0x800003ff }],
  [powerProtocol, 0x1, "response", "attributes", { 65536: 0xffff }],
  [
    ...([powerProtocol, 0x3, "response", "attributes"] as const),
    { 65536: 0xe0000000, 131072: 0xe0000000, 196608: 0xf8000000, 196609: 0xf8000000 },
  ],
  [powerProtocol, 0x4, "request", "flags", { 65536: 1 }],
  [powerProtocol, 0x6, "request", "notifyEnable", { 65536: 1 }],
  [powerProtocol, 0x7, "request", "notifyEnable", { 131072: 1 }],
  [systemPowerProtocol, 0x2, "response", "attributes", { 65536: 0xc0000000, 131072: 0xc0000000 }],
  [systemPowerProtocol, 0x3, "request", "flags", { 65536: 1 }],
  [systemPowerProtocol, 0x5, "request", "notifyEnable", { 65536: 1 }],
  [systemPowerProtocol, 0x0, "notification", "flags", { 65536: 1, 131072: 1 }],
  [
    performanceProtocol,
    0x1,
    "response",
    "attributes",
    { 65536: 0x1ffff, 131072: 0x1ffff, 196608: 0x3ffff, 262144: 0x3ffff },
  ],
  [performanceProtocol, 0x2, "response", "attributes", { 65536: 0, 131072: 1, 262144: 1 }],
  [
    ...([performanceProtocol, 0x3, "response", "attributes"] as const),
    { 65536: 0xf0000000, 131072: 0xf8000000, 196608: 0xfc000000, 262144: 0xfe000000 },
  ],
  [performanceProtocol, 0x3, "response", "rateLimitUs", { 65536: 0xfffff, 262144: 0xfffff }],
  [performanceProtocol, 0x4, "response", "numLevels", { 65536: 0xffff0fff, 262144: 0xffff0fff }],
  [performanceProtocol, 0x9, "request", "notifyEnable", { 65536: 1 }],
  [performanceProtocol, 0xa, "request", "notifyEnable", { 65536: 1 }],
  [performanceProtocol, 0xb, "response", "attributes", { 131072: 7 }],
  [performanceProtocol, 0xb, "response", "rateLimitUs", { 131072: 0xfffff }],
  [clockProtocol, 0x1, "response", "attributes", { 65536: 0xffffff }],
  [clockProtocol, 0x3, "response", "attributes", { 65536: 1, 131072: 0xe0000001, 196608: 0xf8000003 }],
  [clockProtocol, 0x4, "response", "numRates", { 65536: 0xffff1fff, 196608: 0xffff1fff }],
  [clockProtocol, 0x5, "request", "flags", { 65536: 0xf, 196608: 0xf }],
  [clockProtocol, 0x7, "request", "attributes", { 65536: 1, 131072: 1, 196608: 0x00ff0003 }],
  [clockProtocol, 0x9, "request", "notifyEnable", { 131072: 1 }],
  [clockProtocol, 0xa, "request", "notifyEnable", { 131072: 1 }],
  [clockProtocol, 0xb, "request", "flags", { 196608: 0xff }],
  [clockProtocol, 0xb, "response", "config", { 196608: 1 }],
  [clockProtocol, 0xc, "response", "numParents", { 196608: 0xff0000ff }],
  [clockProtocol, 0xf, "response", "permissions", { 196608: 0xe0000000 }],
  [sensorProtocol, 0x1, "response", "attributes", { 65536: 0x00ffffff, 196609: 0x00ffffff }],
  [sensorProtocol, 0x3, "response", "numSensors", { 65536: 0xffff0fff, 196609: 0xffff0fff }],
  [sensorProtocol, 0x4, "request", "notifyEnable", { 65536: 1, 196609: 1 }],
  [sensorProtocol, 0x5, "request", "tripPoint", { 65536: 0x00000ff3, 196609: 0x00000ff3 }],
  [sensorProtocol, 0x6, "request", "flags", { 65536: 1, 196609: 1 }],
  [sensorProtocol, 0x7, "response", "numAxes", { 131072: 0xfc00003f }],
  [sensorProtocol, 0x8, "response", "numIntervals", { 131072: 0xffff1fff }],
  [sensorProtocol, 0x9, "response", "sensorConfig", { 131072: 0xfffff803 }],
  [sensorProtocol, 0xa, "request", "sensorConfig", { 131072: 0xfffffe03 }],
  [sensorProtocol, 0xb, "request", "notifyEnable", { 131072: 1 }],
  [sensorProtocol, 0xd, "response", "numAxes", { 196608: 0xfc00003f }],
  [sensorProtocol, 0x0, "notification", "tripPoint", { 65536: 0x000100ff }],
  [resetProtocol, 0x1, "response", "attributes", { 65536: 0xffff }],
  [
    ...([resetProtocol, 0x3, "response", "attributes"] as const),
    { 65536: 0xc0000000, 131072: 0xc0000000, 196608: 0xe0000000, 196609: 0xe0000000 },
  ],
  [resetProtocol, 0x4, "request", "flags", { 65536: 7, 196609: 7 }],
  [resetProtocol, 0x4, "request", "resetState", { 65536: 0xffffffff, 196609: 0xffffffff }],
  [resetProtocol, 0x5, "request", "notifyEnable", { 65536: 1 }],
  [resetProtocol, 0x0, "notification", "resetState", { 65536: 0xffffffff }],
  [voltageProtocol, 0x1, "response", "attributes", { 65536: 0xffff }],
  [voltageProtocol, 0x3, "response", "attributes", { 65536: 0, 131072: 0xc0000000, 131073: 0xc0000000 }],
  [voltageProtocol, 0x4, "response", "flags", { 65536: 0xffff1fff, 131073: 0xffff1fff }],
  [voltageProtocol, 0x5, "request", "config", { 65536: 0xf, 131073: 0xf }],
  [voltageProtocol, 0x6, "response", "config", { 65536: 0xf, 131073: 0xf }],
  [voltageProtocol, 0x7, "request", "flags", { 65536: 0, 131072: 1, 131073: 1 }],
  [powercapProtocol, 0x1, "response", "attributes", { 65536: 0xffff, 131072: 0xffff }],
  [powercapProtocol, 0x2, "response", "attributes", { 65536: 1, 131072: 1 }],
  [powercapProtocol, 0x3, "response", "attributes", { 65536: 0xffc00000, 131072: 0xffc00000 }],
  [powercapProtocol, 0x5, "request", "flags", { 65536: 3, 131072: 3 }],
  [powercapProtocol, 0xa, "request", "notifyEnable", { 65536: 1, 131072: 1 }],
  [powercapProtocol, 0xb, "request", "notifyEnable", { 65536: 1, 131072: 1 }],
  [powercapProtocol, 0xc, "response", "attributes", { 65536: 7, 131072: 7 }],
  [powercapProtocol, 0xc, "response", "rateLimitUs", { 65536: 0xfffff, 131072: 0xfffff }],
  [pinctrlProtocol, 0x1, "response", "attributesLow", { 65536: 0xffffffff }],
  [pinctrlProtocol, 0x1, "response", "attributesHigh", { 65536: 0xffff }],
  [pinctrlProtocol, 0x3, "request", "identifier", { 65536: 0xffff }],
  [pinctrlProtocol, 0x3, "request", "flags", { 65536: 3 }],
  [pinctrlProtocol, 0x3, "response", "attributes", { 65536: 0x8003ffff }],
  [pinctrlProtocol, 0x4, "request", "flags", { 65536: 3 }],
  [pinctrlProtocol, 0x4, "response", "flags", { 65536: 0xffff0fff }],
  [pinctrlProtocol, 0x5, "request", "attributes", { 65536: 0xfffff }],
  // 23:16 are reserved, and SCP-firmware puts what remains there.
  [pinctrlProtocol, 0x5, "response", "numConfigs", { 65536: 0xffff00ff }],
  [pinctrlProtocol, 0x6, "request", "attributes", { 65536: 0x7ff }],
  [pinctrlProtocol, 0x7, "request", "flags", { 65536: 3 }],
  [pinctrlProtocol, 0x8, "request", "flags", { 65536: 3 }],
  [pinctrlProtocol, 0x9, "request", "flags", { 65536: 3 }],
  [pinctrlProtocol, 0xa, "request", "flags", { 65536: 7 }],
];

const words = WORDS.map(([protocol, id, role, field, masks]) => {
  return [`${protocol.name} 0x${id.toString(16)} ${role}`, protocol, id, role, field, masks] as const;
});

describe.each(words)("%s", (_name, protocol, id, role, field, masks) => {
  test.each(Object.entries(masks).map(([version, mask]) => [Number(version), mask] as const))(
    `${field} in 0x%x uses the bits of its text`,
    (version, mask) => {
      const shape = shapeOf(layoutOf(protocol, version, role, id).type);
      const type = shape.kind === "struct" ? shape.fields.find(({ name }) => name === field)?.type : undefined;
      const word = type && shapeOf(type);
      const used =
        word?.kind === "bits"
          ? ~word.reservedMask >>> 0
          : word?.kind === "uint"
            ? 2 ** word.width - 1
            : word?.kind === "bit"
              ? 2 ** word.position
              : undefined;
      expect(used).toBe(mask);
    },
  );
});

test("each flag of CLOCK_RATE_SET has its own bit", () => {
  const { request } = clockProtocol.at(0x30000).command(ClockRateSet);
  const view = new DataView(new ArrayBuffer(16));
  const none = { async: false, ignoreDelayedResponse: false, roundUp: false, roundClosest: false };
  const wordOf = (flags: typeof none) => {
    request.encode(view, 0, { flags, clockId: 0, rateHz: 0 });
    return view.getUint32(0, true);
  };
  expect(wordOf({ ...none, async: true })).toBe(1);
  expect(wordOf({ ...none, ignoreDelayedResponse: true })).toBe(2);
  expect(wordOf({ ...none, roundUp: true })).toBe(4);
  expect(wordOf({ ...none, roundClosest: true })).toBe(8);
});

test("each flag of POWERCAP_CAP_SET has its own bit, and not those of CLOCK_RATE_SET", () => {
  const { request } = powercapProtocol.at(0x20000).command(PowercapCapSet);
  const view = new DataView(new ArrayBuffer(12));
  const wordOf = (flags: { async: boolean; ignoreDelayedResponse: boolean }) => {
    request.encode(view, 0, { domainId: 0, flags, powerCap: 0 });
    return view.getUint32(4, true);
  };
  expect(wordOf({ async: true, ignoreDelayedResponse: false })).toBe(2);
  expect(wordOf({ async: false, ignoreDelayedResponse: true })).toBe(1);
});

test("each right and each ability of a domain, clock or pin has its own bit", () => {
  const bitsOf = (protocol: Protocol, id: number, field: string) => {
    const shape = shapeOf(layoutOf(protocol, protocol.newestVersion, "response", id).type);
    const type = shape.kind === "struct" ? shape.fields.find(({ name }) => name === field)?.type : undefined;
    const word = type && shapeOf(type);
    return word?.kind === "bits" ? Object.fromEntries(word.fields.map(({ name, first }) => [name, first])) : {};
  };
  expect(bitsOf(powerProtocol, 0x3, "attributes")).toEqual({
    notifyStateChanged: 31,
    setAsync: 30,
    setSync: 29,
    notifyStateChangeRequested: 28,
    extendedName: 27,
  });
  expect(bitsOf(systemPowerProtocol, 0x2, "attributes")).toEqual({ warmReset: 31, suspend: 30 });
  expect(bitsOf(performanceProtocol, 0x3, "attributes")).toEqual({
    setLimits: 31,
    setLevel: 30,
    notifyLimits: 29,
    notifyLevel: 28,
    fastChannel: 27,
    extendedName: 26,
    levelIndexing: 25,
  });
  expect(bitsOf(clockProtocol, 0x3, "attributes")).toEqual({
    enabled: 0,
    restricted: 1,
    extendedConfig: 27,
    parents: 28,
    extendedName: 29,
    notifyRateChangeRequested: 30,
    notifyRateChanged: 31,
  });
  expect(bitsOf(clockProtocol, 0xf, "permissions")).toEqual({ state: 31, parent: 30, rate: 29 });
  expect(bitsOf(resetProtocol, 0x3, "attributes")).toEqual({ async: 31, notify: 30, extendedName: 29 });
  expect(bitsOf(voltageProtocol, 0x3, "attributes")).toEqual({ async: 31, extendedName: 30 });
  expect(bitsOf(powercapProtocol, 0x3, "attributes")).toEqual({
    notifyCap: 31,
    notifyMeasurements: 30,
    asyncCapSet: 29,
    extendedName: 28,
    setCap: 27,
    measurements: 26,
    setPai: 25,
    powerUnit: 23,
    fastChannel: 22,
  });
  expect(bitsOf(pinctrlProtocol, 0x3, "attributes")).toEqual({ count: 0, pinOnly: 16, gpio: 17, extendedName: 31 });
});

test.each<[string, number, Readonly<Record<string, Readonly<Record<number, number>>>>]>([
  [
    "sensors",
    0x3,
    {
      attributesLow: { 65536: 0x800000ff, 131072: 0xc0007fff, 196608: 0xe0007fff },
      attributesHigh: { 65536: 0xffc0f8ff, 131072: 0x003ff9ff, 196608: 0x003ff9ff },
    },
  ],
  ["axes", 0x7, { attributesLow: { 131072: 0x100, 196608: 0x300 }, attributesHigh: { 131072: 0xf8ff } }],
  ["intervals", 0x8, { "": { 131072: 0x001fffff } }],
])("the records of %s use the bits of their text", (list, id, words) => {
  for (const [name, masks] of Object.entries(words)) {
    for (const [version, mask] of Object.entries(masks)) {
      const shape = shapeOf(layoutOf(sensorProtocol, Number(version), "response", id).type);
      const type = shape.kind === "struct" ? shape.fields.find((it) => it.name === list)?.type : undefined;
      const array = type && shapeOf(type);
      const element = array?.kind === "array" ? shapeOf(array.element) : undefined;
      const field = element?.kind === "struct" ? element.fields.find((it) => it.name === name)?.type : undefined;
      const word = field ? shapeOf(field) : element;
      expect(word?.kind === "bits" ? ~word.reservedMask >>> 0 : undefined, `${name} in ${version}`).toBe(mask);
    }
  }
});

describe("quirks that real firmware needs", () => {
  const rates = clockProtocol.at(0x30000).commandById(0x4)?.response;
  const triplet = "00366e0100000000 008c864700000000 40420f0000000000".replaceAll(" ", "");

  test.each([0, 1, 3])("three rates of a range are taken whole though %i are counted", (returned) => {
    const view = viewOf(`00000000 0${returned}100000 ${triplet}`);
    expect(rates?.decode(view, 0, 32)).toEqual({
      numRates: { returned, isRange: true, remaining: 0 },
      ratesHz: [24_000_000, 1_200_000_000, 1_000_000],
    });
  });

  test("a list, a range with rates to come, and other lengths are judged by their count", () => {
    expect(() => rates?.decode(viewOf(`00000000 01000000 ${triplet}`), 0, 32)).toThrow(
      "CLOCK_DESCRIBE_RATES: response at",
    );
    expect(() => rates?.decode(viewOf(`00000000 01100100 ${triplet}`), 0, 32)).toThrow(MessageError);
    expect(() => rates?.decode(viewOf(`00000000 03100000 ${triplet.slice(16)}`), 0, 24)).toThrow(MessageError);
  });

  test("a v2 CLOCK_ATTRIBUTES without its delay is accepted, as OP-TEE sends it", () => {
    const { response } = clockProtocol.at(0x20000).command(ClockAttributes);
    const view = viewOf(`00000000 01000000 ${hexOfAscii("uart", 16)}`);
    expect(response.decode(view, 0, 24)).toMatchObject({ name: "uart", clockEnableDelayUs: undefined });
  });

  test("a v1 CLOCK_ATTRIBUTES of 28 bytes is too long, one of 24 from a v1 platform is right", () => {
    const { response } = clockProtocol.at(0x10000).command(ClockAttributes);
    const view = viewOf(`00000000 01000000 ${hexOfAscii("uart", 16)} 05000000`);
    expect(() => response.decode(view, 0, 28)).toThrow(MessageError);
    expect(response.decode(view, 0, 24)).toMatchObject({ name: "uart" });
  });

  test("the words that SCMI 4.0 appends to PERFORMANCE_DOMAIN_ATTRIBUTES are left alone", () => {
    const { response } = performanceProtocol.at(0x40000).command(PerformanceDomainAttributes);
    const view = viewOf(
      `00000000 00000040 00000000 00000000 00000000 ${hexOfAscii("gpu", 16)} 01000000 02000000 ffffffff`,
    );
    expect(response.decode(view, 0, 48)).toMatchObject({ name: "gpu", attributes: { setLevel: true } });
  });

  test("a list of pins that is padded to whole words is taken, as EPAM sends it, and what remains may be misplaced", () => {
    const set = pinctrlProtocol.at(0x10000);
    const pins = viewOf("00000000 01000000 11000000");
    expect(set.commandById(0x4)?.response.decode(pins, 0, 12)).toMatchObject({ identifiers: [17] });
    const settings = viewOf("00000000 00000000 01000500 04000000 01000000");
    expect(set.commandById(0x5)?.response.decode(settings, 0, 20)).toMatchObject({
      numConfigs: { returned: 1, misplacedRemaining: 5, remaining: 0 },
    });
  });

  test("the upper half of an identifier is left alone", () => {
    const view = viewOf("1100adde 01000000");
    expect(pinctrlProtocol.at(0x10000).commandById(0x3)?.request.decode(view, 0, 8)).toMatchObject({ identifier: 17 });
  });

  test("bytes behind the listed protocols are left alone", () => {
    const { response } = baseProtocol.at(0x20000).command(BaseDiscoverListProtocols);
    expect(response.decode(viewOf("00000000 01000000 13000000 14151600"), 0, 16)).toEqual({
      numProtocols: 1,
      protocols: [0x13],
    });
  });

  test("a record of 52 bytes whose flags say 28 is read as 28 when it comes alone, as SCP-firmware sends it", () => {
    const { response } = sensorProtocol.at(0x20000).command(SensorDescriptionGet);
    const record = `00000000 02000000 02e80000 ${hexOfAscii("soc_temp", 16)} ${"01".repeat(24)}`;
    expect(response.decode(viewOf(`00000000 01000000 ${record}`), 0, 60)).toMatchObject({
      sensors: [{ sensorId: 0, name: "soc_temp", sensorPowerUw: undefined }],
    });
  });

  test("a record behind those that are counted is left alone, as TF-A sends it", () => {
    const { response } = sensorProtocol.at(0x20000).command(SensorDescriptionGet);
    const record = `00000000 00010000 02e80000 ${hexOfAscii("soc", 16)} ${"00".repeat(24)}`;
    expect(response.decode(viewOf(`00000000 01000000 ${record} ${record}`), 0, 112).sensors).toHaveLength(1);
  });

  test("an axis of 48 bytes whose flags say 28 is read as 28, as SCP-firmware sends it", () => {
    const { response } = sensorProtocol.at(0x20000).command(SensorAxisDescriptionGet);
    const record = `00000000 00000000 59e80000 ${hexOfAscii("x", 16)} ${"01".repeat(20)}`;
    expect(response.decode(viewOf(`00000000 01000000 ${record}`), 0, 56).axes).toMatchObject([{ name: "x" }]);
  });

  test("the word too many of a SENSOR_CONTINUOUS_UPDATE_NOTIFY response is left alone, as vhost-device sends it", () => {
    const { response } = sensorProtocol.at(0x30000).command(SensorContinuousUpdateNotify);
    expect(response.decode(viewOf("00000000 01000000"), 0, 8)).toEqual({});
  });

  test("a rate that no number holds exactly is refused, never rounded", () => {
    const { response } = clockProtocol.at(0x30000).command(ClockRateGet);
    expect(() => response.decode(viewOf("00000000 00000000 00002000"), 0, 12)).toThrow(
      "CLOCK_RATE_GET: response.rateHz at byte 4: expected at most 2^53 - 1, got 9007199254740992",
    );
  });

  test("garbage in an address that a flag declares meaningless does no harm", () => {
    const { response } = performanceProtocol.at(0x40000).command(PerformanceProtocolAttributes);
    expect(response.decode(viewOf("00000000 02000200 ffffffff ffffffff 00000000"), 0, 20)).toMatchObject({
      statisticsAddress: 2n ** 64n - 1n,
    });
  });

  test("a statistics block may lie at an offset of 4, with more behind it", () => {
    const view = viewOf(`aaaaaaaa 0000 0000 00000000 0700000000000000 bbbbbbbb`);
    expect(decode(PerformanceDomainStatistics, view, 4, 20)).toMatchObject({
      levelCount: 0,
      lastChangeUs: 7,
      levels: [],
    });
  });
});

function viewOf(hex: string): DataView {
  return new DataView(Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")).buffer);
}
