import * as layout from "../../assembly/layout.ts";
import type { HotKind, PermissionDescription, ProtocolDescription } from "./description.ts";
import type { DescriptionWriter } from "./description-writer.ts";

const I32_MIN = -0x80000000;
const I32_MAX = 0x7fffffff;
const U32_MAX = 0xffffffff;
const I64_MIN = -0x8000000000000000n;
const I64_MAX = 0x7fffffffffffffffn;
const U64_MAX = 0xffffffffffffffffn;

/** Properties of a description that hold domains. */
export const KINDS = [
  "performanceDomains",
  "clocks",
  "powerDomains",
  "voltages",
  "sensors",
  "powercaps",
  "domains",
] as const;

/** One of {@link KINDS}. */
export type DomainKind = (typeof KINDS)[number];

/** A message that the core can answer. */
export interface HotMessage {
  readonly id: number;
  /** HANDLER_* */
  readonly handler: number;
  readonly requestBytes: number;
}

const message = (id: number, handler: number, requestBytes: number): HotMessage => ({ id, handler, requestBytes });

/** What the core answers for each kind of domains. */
export const HOT_MESSAGES: Readonly<Record<DomainKind, readonly HotMessage[]>> = {
  performanceDomains: [
    message(0x5, layout.HANDLER_PERFORMANCE_LIMITS_SET, 12),
    message(0x6, layout.HANDLER_PERFORMANCE_LIMITS_GET, 4),
    message(0x7, layout.HANDLER_PERFORMANCE_LEVEL_SET, 8),
    message(0x8, layout.HANDLER_PERFORMANCE_LEVEL_GET, 4),
  ],
  clocks: [message(0x5, layout.HANDLER_CLOCK_RATE_SET, 16), message(0x6, layout.HANDLER_CLOCK_RATE_GET, 4)],
  powerDomains: [message(0x4, layout.HANDLER_POWER_STATE_SET, 12), message(0x5, layout.HANDLER_POWER_STATE_GET, 4)],
  voltages: [message(0x7, layout.HANDLER_VOLTAGE_LEVEL_SET, 12), message(0x8, layout.HANDLER_VOLTAGE_LEVEL_GET, 4)],
  sensors: [message(0x6, layout.HANDLER_SENSOR_READING_GET, 8)],
  powercaps: [
    message(0x4, layout.HANDLER_POWERCAP_CAP_GET, 4),
    message(0x9, layout.HANDLER_POWERCAP_MEASUREMENTS_GET, 4),
  ],
  domains: [],
};

/** Where the rows of a protocol's domains go. */
export interface Rows {
  readonly out: DescriptionWriter;
  readonly state: DescriptionWriter;
  /** Descriptions, DOMAIN_BYTES each, in `out`. */
  readonly domainsAt: number;
  /** States, DOMAIN_STATE_BYTES each, in `state`. */
  readonly stateAt: number;
}

/** Writes the rows of a kind of domains; docs/memory-map.md. */
export const DOMAIN_WRITERS: Readonly<Record<DomainKind, (rows: Rows, protocol: ProtocolDescription) => void>> = {
  performanceDomains(rows, { performanceDomains = [] }) {
    for (const [index, { levels, level, max, min }] of performanceDomains.entries()) {
      for (const word of [...levels, level, max, min]) expectInteger("level", word, 0, U32_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      rows.out.setU32(row + layout.PERFORMANCE_LEVEL_COUNT, levels.length);
      rows.out.setU32(row + layout.PERFORMANCE_LEVELS, appendWords(rows.out, levels));
      rows.out.setU32(row + layout.PERFORMANCE_HIGHEST, max);
      rows.out.setU32(row + layout.PERFORMANCE_LOWEST, min);
      const current = rows.stateAt + index * layout.DOMAIN_STATE_BYTES;
      rows.state.setU32(current + layout.PERFORMANCE_STATE_LEVEL, level);
      rows.state.setU32(current + layout.PERFORMANCE_STATE_MAX, max);
      rows.state.setU32(current + layout.PERFORMANCE_STATE_MIN, min);
    }
  },
  clocks(rows, { clocks = [] }) {
    for (const [index, { rates, rate, asyncDepth = 0 }] of clocks.entries()) {
      const isRange = "lowest" in rates;
      const listed = isRange ? [rates.lowest, rates.highest, rates.step] : rates;
      for (const it of [...listed, rate]) expectWide("rate", it, 0n, U64_MAX);
      expectInteger("asyncDepth", asyncDepth, 0, U32_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      const ratesAt = rows.out.reserve(listed.length * 8);
      for (const [i, it] of listed.entries()) rows.out.setU64(ratesAt + i * 8, it);
      rows.out.setU32(row + layout.CLOCK_FORMAT, isRange ? layout.CLOCK_FORMAT_RANGE : layout.CLOCK_FORMAT_LIST);
      rows.out.setU32(row + layout.CLOCK_RATE_COUNT, listed.length);
      rows.out.setU32(row + layout.CLOCK_RATES, ratesAt);
      rows.out.setU32(row + layout.CLOCK_ASYNC_DEPTH, asyncDepth);
      rows.state.setU64(rows.stateAt + index * layout.DOMAIN_STATE_BYTES + layout.CLOCK_STATE_RATE, rate);
    }
  },
  powerDomains(rows, { powerDomains = [] }) {
    for (const [index, { states = [], state, hasSync = true, hasAsync = false }] of powerDomains.entries()) {
      for (const word of [...states, state]) expectInteger("state", word, 0, U32_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      rows.out.setU32(row + layout.POWER_LEGAL_COUNT, states.length);
      rows.out.setU32(row + layout.POWER_LEGAL, appendWords(rows.out, states));
      const modes = (hasSync ? layout.POWER_SYNC : 0) | (hasAsync ? layout.POWER_ASYNC : 0);
      rows.out.setU32(row + layout.POWER_MODES, modes);
      rows.state.setU32(rows.stateAt + index * layout.DOMAIN_STATE_BYTES + layout.POWER_STATE, state);
    }
  },
  voltages(rows, { voltages = [] }) {
    for (const [index, { levelsUv, levelUv, config = 0, hasAsync = false }] of voltages.entries()) {
      const isRange = "lowest" in levelsUv;
      const listed = isRange ? [levelsUv.lowest, levelsUv.highest, levelsUv.step] : levelsUv;
      for (const word of [...listed, levelUv]) expectInteger("levelUv", word, I32_MIN, I32_MAX);
      if (isRange) expectInteger("step", levelsUv.step, 0, I32_MAX);
      expectInteger("config", config, 0, U32_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      const format = isRange ? layout.VOLTAGE_FORMAT_RANGE : layout.VOLTAGE_FORMAT_LIST;
      rows.out.setU32(row + layout.VOLTAGE_FORMAT, format);
      rows.out.setU32(row + layout.VOLTAGE_LEVEL_COUNT, listed.length);
      rows.out.setU32(row + layout.VOLTAGE_LEVELS, appendWords(rows.out, listed));
      rows.out.setU32(row + layout.VOLTAGE_HAS_ASYNC, hasAsync ? 1 : 0);
      const current = rows.stateAt + index * layout.DOMAIN_STATE_BYTES;
      rows.state.setU32(current + layout.VOLTAGE_STATE_LEVEL, levelUv);
      rows.state.setU32(current + layout.VOLTAGE_STATE_CONFIG, config);
    }
  },
  sensors(rows, { sensors = [] }) {
    for (const [index, { reading = 0n, timestamp = 0n, hasAsync = false }] of sensors.entries()) {
      expectWide("reading", reading, I64_MIN, I64_MAX);
      expectWide("timestamp", timestamp, 0n, U64_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      rows.out.setU32(row + layout.SENSOR_HAS_ASYNC, hasAsync ? 1 : 0);
      const current = rows.stateAt + index * layout.DOMAIN_STATE_BYTES;
      rows.state.setU64(current + layout.SENSOR_STATE_READING, reading);
      rows.state.setU64(current + layout.SENSOR_STATE_TIMESTAMP, timestamp);
    }
  },
  powercaps(rows, { powercaps = [] }) {
    for (const [index, { cap, power = 0, paiUs = 0, intervalUs = paiUs, isMonitored }] of powercaps.entries()) {
      for (const word of [cap, power, paiUs, intervalUs]) expectInteger("powercap", word, 0, U32_MAX);
      const row = rows.domainsAt + index * layout.DOMAIN_BYTES;
      rows.out.setU32(row + layout.POWERCAP_HAS_MONITORING, isMonitored ? 1 : 0);
      const current = rows.stateAt + index * layout.DOMAIN_STATE_BYTES;
      rows.state.setU32(current + layout.POWERCAP_STATE_CAP, cap);
      rows.state.setU32(current + layout.POWERCAP_STATE_POWER, power);
      rows.state.setU32(current + layout.POWERCAP_STATE_PAI, paiUs);
      rows.state.setU32(current + layout.POWERCAP_STATE_INTERVAL, intervalUs);
    }
  },
  domains(rows, { domains = [] }) {
    for (const [index, { state: words = [] }] of domains.entries()) {
      expectInteger("words of state", words.length, 0, layout.DOMAIN_STATE_BYTES / 4);
      for (const [i, word] of words.entries()) {
        expectInteger("state", word, I32_MIN, U32_MAX);
        rows.state.setU32(rows.stateAt + index * layout.DOMAIN_STATE_BYTES + i * 4, word);
      }
    }
  },
};

const HOST_BITS: Readonly<Record<HotKind, number>> = {
  get: layout.PERMISSION_HOST_GET,
  set: layout.PERMISSION_HOST_SET,
  limits: layout.PERMISSION_HOST_LIMITS,
};

/** PERMISSION_HOST_* bits. */
export function hostBits(kinds: readonly HotKind[]): number {
  return kinds.reduce((bits, kind) => bits | HOST_BITS[kind], 0);
}

/** The permission byte of an agent on a domain. */
export function permissionBits(domain: PermissionDescription, agentId: number): number {
  const { deniedAgents = [], readOnlyAgents = [], hostAnswers = [] } = domain;
  const change = readOnlyAgents.includes(agentId) ? 0 : layout.PERMISSION_SET | layout.PERMISSION_LIMITS;
  return hostBits(hostAnswers) | (deniedAgents.includes(agentId) ? 0 : layout.PERMISSION_USE | change);
}

export function expectInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`"${name}" expected integer ${min} … ${max}, got ${value}`);
}

function expectWide(name: string, value: bigint, min: bigint, max: bigint): void {
  if (value < min || value > max) throw new RangeError(`"${name}" expected ${min} … ${max}, got ${value}`);
}

function appendWords(out: DescriptionWriter, words: readonly number[]): number {
  const at = out.reserve(words.length * 4);
  for (const [i, word] of words.entries()) out.setU32(at + i * 4, word);
  return at;
}
