import { describe } from "./describe.mjs";
import { L } from "./layout.mjs";

/** Levels that every described performance domain with a list allows; bench/peers/driver.h has the same. */
export const LEVELS = [300, 600, 900, 1200, 1500, 1800, 2100, 2400];

const USE = L.PERMISSION_USE;
const ALL = L.PERMISSION_USE | L.PERMISSION_SET;
const LIMITS = L.PERMISSION_USE | L.PERMISSION_SET | L.PERMISSION_LIMITS;

/** PERFORMANCE_DESCRIBE_LEVELS as a constant: 7 levels of 12 bytes and their count, 88 bytes. */
const DESCRIBED_LEVELS = [7, ...LEVELS.slice(0, 7).flatMap((level) => [level, level / 3, 10])];

const VERSION = { handler: L.HANDLER_PROTOCOL_VERSION, requestBytes: 0 };
const constant = (requestBytes, words) => ({ handler: L.HANDLER_CONSTANT, requestBytes, reply: words });

const PERFORMANCE_MESSAGES = {
  0: VERSION,
  4: constant(8, DESCRIBED_LEVELS),
  5: { handler: L.HANDLER_PERFORMANCE_LIMITS_SET, requestBytes: 12 },
  6: { handler: L.HANDLER_PERFORMANCE_LIMITS_GET, requestBytes: 4 },
  7: { handler: L.HANDLER_PERFORMANCE_LEVEL_SET, requestBytes: 8 },
  8: { handler: L.HANDLER_PERFORMANCE_LEVEL_GET, requestBytes: 4 },
};

/** Takes anything, gives 0, 8, 32 and 96 bytes back: for the halves of an exchange on their own. */
const VENDOR = {
  id: 0x80,
  version: 0x10000,
  messages: {
    0: VERSION,
    ...Object.fromEntries([0, 8, 32, 96].map((bytes, i) => [4 + i, constant(L.MESSAGE_ANY_BYTES, words(bytes))])),
  },
};

/** Reset and lost context, as POWER_STATE_SET says it: off. */
const OFF = 0x4000_0000;

/** Protocols of versions before rules or layouts changed, under ids of vendors: a zero limit is a limit, a voltage request has no
 *  flags, a reading has no timestamp. */
const OLDER = [
  {
    id: 0x93,
    version: 0x20000,
    messages: PERFORMANCE_MESSAGES,
    domains: [{ levels: LEVELS, level: 300, min: 300, max: 2400, permissions: [LIMITS, USE] }],
  },
  {
    id: 0x95,
    version: 0x10000,
    messages: { 6: { handler: L.HANDLER_SENSOR_READING_GET, requestBytes: 8 } },
    domains: [{ reading: 7n, timestamp: 8n, permissions: [USE, USE] }],
  },
  {
    id: 0x97,
    version: 0x10000,
    messages: { 7: { handler: L.HANDLER_VOLTAGE_LEVEL_SET, requestBytes: 12 } },
    domains: [{ levelsUv: [1, 2], levelUv: 1, permissions: [ALL, ALL] }],
  },
];

/** Two agents, the second with fewer rights; every rule that the hot handlers know can be broken. */
export function boardDescription() {
  return describe(2, [
    { id: 0x10, version: 0x20001, messages: { 0: VERSION } },
    {
      id: 0x13,
      version: 0x40000,
      messages: PERFORMANCE_MESSAGES,
      domains: [
        { levels: LEVELS, level: 300, min: 300, max: 2400, permissions: [LIMITS, USE] },
        { levels: LEVELS, level: 600, min: 300, max: 2400, permissions: [LIMITS, 0] },
        { levels: [], level: 500, min: 100, max: 1000, permissions: [ALL, LIMITS] },
        { levels: LEVELS, level: 900, min: 600, max: 1200, permissions: [USE, LIMITS] },
      ],
    },
    {
      id: 0x14,
      version: 0x30000,
      agents: [true, false],
      messages: {
        0: VERSION,
        5: { handler: L.HANDLER_CLOCK_RATE_SET, requestBytes: 16 },
        6: { handler: L.HANDLER_CLOCK_RATE_GET, requestBytes: 4 },
      },
      domains: [
        { rates: [24_000_000n, 200_000_000n, 5_000_000_000n], rate: 24_000_000n, permissions: [ALL, ALL] },
        { range: [1_000_000n, 10_000_000n, 3_000_000n], rate: 1_000_000n, permissions: [USE, ALL] },
        { range: [1n, 1000n, 300n], rate: 1n, permissions: [ALL, ALL] },
        { range: [100n, 0x1_0000_0000n, 0n], rate: 100n, permissions: [ALL, ALL] },
        { rates: [7n], rate: 7n, permissions: [0, ALL] },
      ],
    },
    VENDOR,
    {
      id: 0x11,
      version: 0x30001,
      messages: {
        0: VERSION,
        4: { handler: L.HANDLER_POWER_STATE_SET, requestBytes: 12 },
        5: { handler: L.HANDLER_POWER_STATE_GET, requestBytes: 4 },
      },
      domains: [
        { states: [0, OFF], state: OFF, hasSync: true, permissions: [ALL, USE] },
        { states: [], state: 1, hasSync: true, permissions: [ALL, ALL] },
        { states: [0, OFF], state: 0, hasSync: false, permissions: [ALL, 0] },
      ],
    },
    {
      id: 0x15,
      version: 0x30001,
      messages: { 0: VERSION, 6: { handler: L.HANDLER_SENSOR_READING_GET, requestBytes: 8 } },
      domains: [
        { reading: -1500n, timestamp: 1_234_567_890n, permissions: [USE, 0] },
        { reading: 2n ** 63n - 1n, timestamp: 2n ** 64n - 1n, permissions: [0, USE] },
      ],
    },
    {
      id: 0x17,
      version: 0x20001,
      messages: {
        0: VERSION,
        7: { handler: L.HANDLER_VOLTAGE_LEVEL_SET, requestBytes: 12 },
        8: { handler: L.HANDLER_VOLTAGE_LEVEL_GET, requestBytes: 4 },
      },
      domains: [
        { levelsUv: [700_000, 800_000, 900_000, 1_000_000], levelUv: 700_000, permissions: [ALL, USE] },
        { rangeUv: [-50, 51, 7], levelUv: -50, permissions: [ALL, 0] },
        { rangeUv: [-0x8000_0000, 0x7fff_ffff, 0x4000_0001], levelUv: 1, permissions: [USE, ALL] },
        { rangeUv: [-3, 3, 0], levelUv: 0, permissions: [ALL, ALL] },
      ],
    },
    {
      id: 0x18,
      version: 0x20000,
      messages: {
        0: VERSION,
        4: { handler: L.HANDLER_POWERCAP_CAP_GET, requestBytes: 4 },
        9: { handler: L.HANDLER_POWERCAP_MEASUREMENTS_GET, requestBytes: 4 },
      },
      domains: [
        { cap: 12_500, power: 7421, interval: 100_000, isMonitored: true, permissions: [USE, 0] },
        { cap: 0xffff_ffff, power: 1, interval: 2, isMonitored: false, permissions: [USE, USE] },
      ],
    },
    ...OLDER,
  ]);
}

/** One agent, one performance domain: what each of 100,000 platforms has. */
export function fleetDescription() {
  const domains = [{ levels: LEVELS, level: 300, min: 300, max: 2400, permissions: [ALL] }];
  return describe(1, [{ id: 0x13, version: 0x40000, messages: PERFORMANCE_MESSAGES, domains }, VENDOR]);
}

function words(bytes) {
  return Array.from({ length: bytes / 4 }, (_, i) => 0x01010101 * (i + 1));
}
