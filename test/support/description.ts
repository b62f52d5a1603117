import * as layout from "../../assembly/layout.ts";
import type { TestCore } from "./core.ts";
import { checked, words } from "./core.ts";

export interface ConstantReply {
  readonly kind: "constant";
  /** Return values, status excluded. */
  readonly reply: readonly number[];
  readonly requestBytes?: number;
}

export interface HostMessage {
  readonly kind: "host";
}

export interface BuiltIn {
  readonly kind: keyof typeof HANDLERS;
}

export type MessageSpec = ConstantReply | HostMessage | BuiltIn;

export interface PerformanceDomain {
  /** Ascending; empty = any value within the limits. */
  readonly levels: readonly number[];
  readonly level: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface Clock {
  readonly rates: readonly bigint[] | { readonly lowest: bigint; readonly highest: bigint; readonly step: bigint };
  readonly rate: bigint;
  /** Pending asynchronous changes that the platform allows. */
  readonly asyncDepth?: number;
}

export interface PowerDomain {
  /** Empty = any word without reserved bits. */
  readonly states: readonly number[];
  readonly state: number;
  /** What STATE_SET can do. */
  readonly modes: readonly ("sync" | "async")[];
}

/** Microvolts, signed. */
export interface Voltage {
  readonly levels: readonly number[] | { readonly lowest: number; readonly highest: number; readonly step: number };
  readonly level: number;
  readonly hasAsync?: boolean;
}

export interface Sensor {
  readonly reading: bigint;
  readonly timestamp: bigint;
  readonly hasAsync?: boolean;
}

export interface Powercap {
  readonly cap: number;
  readonly power: number;
  readonly interval: number;
  readonly isMonitored?: boolean;
}

export interface ProtocolSpec {
  readonly id: number;
  readonly version: number;
  /** By message id; ids that are missing below the highest are HANDLER_NONE. */
  readonly messages: Readonly<Record<number, MessageSpec>>;
  readonly performance?: readonly PerformanceDomain[];
  readonly clocks?: readonly Clock[];
  readonly power?: readonly PowerDomain[];
  readonly voltages?: readonly Voltage[];
  readonly sensors?: readonly Sensor[];
  readonly powercaps?: readonly Powercap[];
  /** `permissions[agent - 1][domain]`; what is left out may use and set. */
  readonly permissions?: readonly (readonly number[])[];
}

export interface PlatformSpec {
  readonly agents: number;
  readonly protocols: readonly ProtocolSpec[];
  /** By agent - 1: bit i set when the agent may use the i-th protocol; what is left out may use all. */
  readonly protocolMasks?: readonly number[];
}

const HANDLERS = {
  version: [layout.HANDLER_PROTOCOL_VERSION, 0],
  levelSet: [layout.HANDLER_PERFORMANCE_LEVEL_SET, 8],
  levelGet: [layout.HANDLER_PERFORMANCE_LEVEL_GET, 4],
  rateSet: [layout.HANDLER_CLOCK_RATE_SET, 16],
  rateGet: [layout.HANDLER_CLOCK_RATE_GET, 4],
  limitsSet: [layout.HANDLER_PERFORMANCE_LIMITS_SET, 12],
  limitsGet: [layout.HANDLER_PERFORMANCE_LIMITS_GET, 4],
  stateSet: [layout.HANDLER_POWER_STATE_SET, 12],
  stateGet: [layout.HANDLER_POWER_STATE_GET, 4],
  voltageSet: [layout.HANDLER_VOLTAGE_LEVEL_SET, 12],
  voltageGet: [layout.HANDLER_VOLTAGE_LEVEL_GET, 4],
  readingGet: [layout.HANDLER_SENSOR_READING_GET, 8],
  capGet: [layout.HANDLER_POWERCAP_CAP_GET, 4],
  measurementsGet: [layout.HANDLER_POWERCAP_MEASUREMENTS_GET, 4],
} as const;

/** The rows of a protocol's domains, of whichever kind. */
export function domainsOf(protocol: ProtocolSpec): readonly unknown[] {
  const { performance, clocks, power, voltages, sensors, powercaps } = protocol;
  return performance ?? clocks ?? power ?? voltages ?? sensors ?? powercaps ?? [];
}

/** Bytes with room taken piece by piece; offsets come out aligned. */
class Image {
  readonly #bytes: number[];

  constructor(byteLength: number) {
    this.#bytes = new Array<number>(byteLength).fill(0);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  take(byteLength: number, align = 16): number {
    while (this.#bytes.length % align !== 0) this.#bytes.push(0);
    const offset = this.#bytes.length;
    for (let added = 0; added < byteLength; added++) this.#bytes.push(0);
    return offset;
  }

  put(offset: number, values: readonly number[]): void {
    for (const [index, value] of values.entries()) this.#bytes[offset + index] = value;
  }

  u32(offset: number, value: number): void {
    this.put(offset, words(value));
  }

  u64(offset: number, value: bigint): void {
    this.put(offset, words(Number(value & 0xffffffffn), Number(value >> 32n)));
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The bytes of a platform's description (DESCRIPTION_*), with the image of its first state in it. */
export function describePlatform(spec: PlatformSpec): Uint8Array {
  const description = new Image(layout.DESCRIPTION_PROTOCOL_TABLE + spec.protocols.length * layout.PROTOCOL_BYTES);
  const state = new Image(0);

  const masks = state.take(spec.agents * 4);
  for (let agent = 0; agent < spec.agents; agent++) {
    state.u32(masks + agent * 4, spec.protocolMasks?.[agent] ?? 0xffffffff);
  }

  for (const [index, protocol] of spec.protocols.entries()) {
    description.put(layout.DESCRIPTION_MAP + protocol.id, [index + 1]);
    const record = layout.DESCRIPTION_PROTOCOL_TABLE + index * layout.PROTOCOL_BYTES;
    const domains = domainsOf(protocol).length;
    const messageCount = Math.max(-1, ...Object.keys(protocol.messages).map(Number)) + 1;

    description.u32(record + layout.PROTOCOL_VERSION_WORD, protocol.version);
    description.u32(record + layout.PROTOCOL_ID, protocol.id);
    description.u32(record + layout.PROTOCOL_DOMAINS, domains);
    description.u32(record + layout.PROTOCOL_MESSAGE_COUNT, messageCount);

    const messages = description.take(messageCount * layout.MESSAGE_BYTES);
    description.u32(record + layout.PROTOCOL_MESSAGES, messages);
    for (const [id, message] of Object.entries(protocol.messages)) {
      putMessage(description, messages + Number(id) * layout.MESSAGE_BYTES, message);
    }

    const domainTable = description.take(domains * layout.DOMAIN_BYTES);
    const domainStates = state.take(domains * layout.DOMAIN_STATE_BYTES);
    const permissions = state.take(spec.agents * domains);
    description.u32(record + layout.PROTOCOL_DOMAIN_TABLE, domainTable);
    description.u32(record + layout.PROTOCOL_STATE, domainStates);
    description.u32(record + layout.PROTOCOL_PERMISSIONS, permissions);
    for (let domain = 0; domain < domains; domain++) {
      for (let agent = 0; agent < spec.agents; agent++) {
        const all = layout.PERMISSION_USE | layout.PERMISSION_SET | layout.PERMISSION_LIMITS;
        state.put(permissions + agent * domains + domain, [protocol.permissions?.[agent]?.[domain] ?? all]);
      }
      const at = domainTable + domain * layout.DOMAIN_BYTES;
      const stateAt = domainStates + domain * layout.DOMAIN_STATE_BYTES;
      const performance = protocol.performance?.[domain];
      if (performance) putPerformanceDomain(description, at, state, stateAt, performance);
      const clock = protocol.clocks?.[domain];
      if (clock) putClock(description, at, state, stateAt, clock);
      const power = protocol.power?.[domain];
      if (power) putPowerDomain(description, at, state, stateAt, power);
      const voltage = protocol.voltages?.[domain];
      if (voltage) putVoltage(description, at, state, stateAt, voltage);
      const sensor = protocol.sensors?.[domain];
      if (sensor) {
        description.u32(at + layout.SENSOR_HAS_ASYNC, sensor.hasAsync ? 1 : 0);
        state.u64(stateAt + layout.SENSOR_STATE_READING, BigInt.asUintN(64, sensor.reading));
        state.u64(stateAt + layout.SENSOR_STATE_TIMESTAMP, sensor.timestamp);
      }
      const powercap = protocol.powercaps?.[domain];
      if (powercap) {
        description.u32(at + layout.POWERCAP_HAS_MONITORING, powercap.isMonitored ? 1 : 0);
        state.u32(stateAt + layout.POWERCAP_STATE_CAP, powercap.cap);
        state.u32(stateAt + layout.POWERCAP_STATE_POWER, powercap.power);
        state.u32(stateAt + layout.POWERCAP_STATE_INTERVAL, powercap.interval);
      }
    }
  }

  state.take(0);
  const initial = description.take(state.byteLength);
  description.put(initial, Array.from(state.bytes()));
  description.u32(layout.DESCRIPTION_STATE_BYTES, state.byteLength);
  description.u32(layout.DESCRIPTION_INITIAL_STATE, initial);
  description.u32(layout.DESCRIPTION_AGENTS, spec.agents);
  description.u32(layout.DESCRIPTION_PROTOCOLS, spec.protocols.length);
  description.u32(layout.DESCRIPTION_PROTOCOL_MASKS, masks);
  description.u32(layout.DESCRIPTION_TOTAL_BYTES, description.byteLength);
  return description.bytes();
}

function putMessage(description: Image, at: number, message: MessageSpec): void {
  if (message.kind === "host") {
    description.put(at + layout.MESSAGE_HANDLER, [layout.HANDLER_HOST, 0]);
    description.put(at + layout.MESSAGE_REQUEST_BYTES, words(layout.MESSAGE_ANY_BYTES).slice(0, 2));
    return;
  }
  if (message.kind === "constant") {
    const reply = description.take(message.reply.length);
    description.put(reply, message.reply);
    description.put(at + layout.MESSAGE_HANDLER, [layout.HANDLER_CONSTANT, 0]);
    description.put(at + layout.MESSAGE_REQUEST_BYTES, words(message.requestBytes ?? 0).slice(0, 2));
    description.u32(at + layout.MESSAGE_REPLY, reply);
    description.u32(at + layout.MESSAGE_REPLY_BYTES, message.reply.length);
    return;
  }
  const [handler, requestBytes] = HANDLERS[message.kind];
  description.put(at + layout.MESSAGE_HANDLER, [handler, 0]);
  description.put(at + layout.MESSAGE_REQUEST_BYTES, words(requestBytes).slice(0, 2));
}

function putPerformanceDomain(
  description: Image,
  at: number,
  state: Image,
  stateAt: number,
  domain: PerformanceDomain,
): void {
  const levels = description.take(domain.levels.length * 4);
  for (const [index, level] of domain.levels.entries()) description.u32(levels + index * 4, level);
  description.u32(at + layout.PERFORMANCE_LEVEL_COUNT, domain.levels.length);
  description.u32(at + layout.PERFORMANCE_LEVELS, levels);
  description.u32(at + layout.PERFORMANCE_HIGHEST, domain.maximum);
  description.u32(at + layout.PERFORMANCE_LOWEST, domain.minimum);
  state.u32(stateAt + layout.PERFORMANCE_STATE_LEVEL, domain.level);
  state.u32(stateAt + layout.PERFORMANCE_STATE_MAX, domain.maximum);
  state.u32(stateAt + layout.PERFORMANCE_STATE_MIN, domain.minimum);
}

function putClock(description: Image, at: number, state: Image, stateAt: number, clock: Clock): void {
  const isList = "length" in clock.rates;
  const values = "length" in clock.rates ? clock.rates : [clock.rates.lowest, clock.rates.highest, clock.rates.step];
  const rates = description.take(values.length * 8);
  for (const [index, rate] of values.entries()) description.u64(rates + index * 8, rate);
  description.u32(at + layout.CLOCK_FORMAT, isList ? layout.CLOCK_FORMAT_LIST : layout.CLOCK_FORMAT_RANGE);
  description.u32(at + layout.CLOCK_RATE_COUNT, values.length);
  description.u32(at + layout.CLOCK_RATES, rates);
  description.u32(at + layout.CLOCK_ASYNC_DEPTH, clock.asyncDepth ?? 0);
  state.u64(stateAt + layout.CLOCK_STATE_RATE, clock.rate);
  state.u32(stateAt + layout.CLOCK_STATE_ENABLED, 1);
}

function putPowerDomain(description: Image, at: number, state: Image, stateAt: number, domain: PowerDomain): void {
  const states = description.take(domain.states.length * 4);
  for (const [index, legal] of domain.states.entries()) description.u32(states + index * 4, legal);
  description.u32(at + layout.POWER_LEGAL_COUNT, domain.states.length);
  description.u32(at + layout.POWER_LEGAL, states);
  const modes = { sync: layout.POWER_SYNC, async: layout.POWER_ASYNC };
  description.u32(
    at + layout.POWER_MODES,
    domain.modes.reduce((bits, mode) => bits | modes[mode], 0),
  );
  state.u32(stateAt + layout.POWER_STATE, domain.state);
}

function putVoltage(description: Image, at: number, state: Image, stateAt: number, voltage: Voltage): void {
  const { levels } = voltage;
  const isList = "length" in levels;
  const values = isList ? levels : [levels.lowest, levels.highest, levels.step];
  const list = description.take(values.length * 4);
  for (const [index, value] of values.entries()) description.u32(list + index * 4, value);
  description.u32(at + layout.VOLTAGE_FORMAT, isList ? layout.VOLTAGE_FORMAT_LIST : layout.VOLTAGE_FORMAT_RANGE);
  description.u32(at + layout.VOLTAGE_LEVEL_COUNT, values.length);
  description.u32(at + layout.VOLTAGE_LEVELS, list);
  description.u32(at + layout.VOLTAGE_HAS_ASYNC, voltage.hasAsync ? 1 : 0);
  state.u32(stateAt + layout.VOLTAGE_STATE_LEVEL, voltage.level);
}

/** Puts a description into the region of a core and opens one state from it. */
export function installPlatform(core: TestCore, spec: PlatformSpec): { description: number; state: number } {
  const bytes = describePlatform(spec);
  const description = core.reserve(bytes.length);
  core.write(description, bytes);
  const state = checked("openState", core.exports.openState(core.base, description));
  return { description, state };
}
