import { words } from "../support/core.ts";
import {
  domainsOf,
  type MessageSpec,
  type PlatformSpec,
  type ProtocolSpec,
  type Voltage,
} from "../support/description.ts";
import type { Answer, Change } from "./platform-reference.ts";

const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const DENIED = -3;
const NOT_FOUND = -4;
const OUT_OF_RANGE = -5;
const PROTOCOL_ERROR = -10;

const MAY_USE = 0;
const MAY_SET = 1;
const MAY_LIMIT = 2;
const HOST_GETS = 3;
const HOST_SETS = 4;
const HOST_LIMITS = 5;

interface Limits {
  readonly max: bigint;
  readonly min: bigint;
}

/**
 * The second half of the reference platform: limits, power states, voltages, readings and caps, from the message tables of
 * the performance, power domain, voltage, sensor and powercap texts. Numbers are bigints, bits are looked up one by one,
 * and a step is on its grid when counting up from the lowest reaches it.
 */
export class FurtherReference {
  readonly limits = new Map<string, Limits>();
  readonly states = new Map<string, bigint>();
  readonly voltages = new Map<string, bigint>();
  readonly #levels: Map<string, bigint>;
  readonly #changes: Change[];

  /** @param levels of performance domains, by protocol and domain; shared with the other half */
  constructor(spec: PlatformSpec, levels: Map<string, bigint>, changes: Change[]) {
    this.#levels = levels;
    this.#changes = changes;
    for (const { id, performance = [], power = [], voltages = [] } of spec.protocols) {
      performance.forEach(({ maximum, minimum }, domain) => {
        this.limits.set(`${id}/${domain}`, { max: BigInt(maximum), min: BigInt(minimum) });
      });
      for (const [domain, { state }] of power.entries()) this.states.set(`${id}/${domain}`, BigInt(state));
      for (const [domain, { level }] of voltages.entries()) this.voltages.set(`${id}/${domain}`, BigInt(level));
    }
  }

  limitsOf(protocol: number, domain: number): Limits {
    return this.limits.get(`${protocol}/${domain}`) ?? { max: -1n, min: 0n };
  }

  answer(kind: MessageSpec["kind"], agent: number, protocol: ProtocolSpec, request: readonly number[]): Answer {
    const rule = RULES[kind];
    if (!rule) throw new Error(`no rule for ${kind}`);
    const given = Array.from({ length: Math.floor(request.length / 4) }, (_, i) => wordAt(request, i));
    if (request.length !== rule.words * 4) return words(PROTOCOL_ERROR);
    const domain = Number(given[rule.domain]);
    if (domain >= domainsOf(protocol).length) return words(NOT_FOUND);
    const granted = BigInt(protocol.permissions?.[agent - 1]?.[domain] ?? 0b111);
    const has = (bit: number) => ((granted >> BigInt(bit)) & 1n) === 1n;
    if (!has(MAY_USE) || (rule.needs !== undefined && !has(rule.needs))) return words(DENIED);
    if (has(rule.host)) return "host";
    const answer = rule.run(this, { protocol, agent, domain, key: `${protocol.id}/${domain}` }, given);
    return typeof answer === "number" ? words(answer) : answer;
  }

  setLimits({ protocol, agent, domain, key }: Target, wantedMax: bigint, wantedMin: bigint): number {
    const { levels = [], maximum = 0, minimum = 0 } = protocol.performance?.[domain] ?? {};
    const inForce = this.limitsOf(protocol.id, domain);
    let [max, min] = [wantedMax, wantedMin];
    if (protocol.version >= 0x30000) {
      if (max === 0n && min === 0n) return OUT_OF_RANGE;
      if (max === 0n) max = inForce.max;
      if (min === 0n) min = inForce.min;
    }
    if (min > max) return INVALID_PARAMETERS;
    const isDescribed = (limit: bigint) =>
      levels.length > 0 ? levels.map(BigInt).includes(limit) : BigInt(minimum) <= limit && limit <= BigInt(maximum);
    if (!isDescribed(max) || !isDescribed(min)) return OUT_OF_RANGE;
    const level = this.#levels.get(key) ?? 0n;
    const [, moved = 0n] = [min, level, max].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changes.push({
      ...{ kind: "limits", agent, domain, levels: [level, moved] },
      ...{ before: inForce.min * 2n ** 32n + inForce.max, after: min * 2n ** 32n + max },
    });
    this.limits.set(key, { max, min });
    this.#levels.set(key, moved);
    return SUCCESS;
  }

  setState({ protocol, agent, domain, key }: Target, flags: bigint, state: bigint): number | "host" {
    const { states = [], modes = [] } = protocol.power?.[domain] ?? {};
    if (flags > 1n) return INVALID_PARAMETERS;
    const isLegal =
      states.length > 0 ? states.map(BigInt).includes(state) : [31n, 29n, 28n].every((bit) => !((state >> bit) & 1n));
    if (!isLegal) return INVALID_PARAMETERS;
    if (flags === 1n) return modes.includes("async") ? "host" : NOT_SUPPORTED;
    if (!modes.includes("sync")) return NOT_SUPPORTED;
    this.#changes.push({ kind: "state", agent, domain, before: this.states.get(key) ?? 0n, after: state });
    this.states.set(key, state);
    return SUCCESS;
  }

  setVoltage({ protocol, agent, domain, key }: Target, flags: bigint, word: bigint): number | "host" {
    const voltage = protocol.voltages?.[domain];
    const known = protocol.version >= 0x20000 ? 1n : 0n;
    if (flags > known) return INVALID_PARAMETERS;
    if (flags === 1n) return voltage?.hasAsync ? "host" : NOT_SUPPORTED;
    const level = word >= 2n ** 31n ? word - 2n ** 32n : word;
    if (!voltage || !isLevel(voltage, level)) return INVALID_PARAMETERS;
    this.#changes.push({ kind: "voltage", agent, domain, before: this.voltages.get(key) ?? 0n, after: level });
    this.voltages.set(key, level);
    return SUCCESS;
  }
}

function isLevel({ levels }: Voltage, level: bigint): boolean {
  if ("length" in levels) return levels.map(BigInt).includes(level);
  const [lowest, highest, step] = [levels.lowest, levels.highest, levels.step].map(BigInt) as [bigint, bigint, bigint];
  if (level < lowest || level > highest) return false;
  return step === 0n || lowest + ((level - lowest) / step) * step === level;
}

interface Target {
  readonly protocol: ProtocolSpec;
  readonly agent: number;
  readonly domain: number;
  readonly key: string;
}

interface Rule {
  /** Parameters. */
  readonly words: number;
  /** Which of them is the domain. */
  readonly domain: number;
  /** Permission beside MAY_USE. */
  readonly needs?: number;
  readonly host: number;
  readonly run: (state: FurtherReference, target: Target, given: readonly bigint[]) => Answer | number;
}

const low = (value: bigint) => Number(BigInt.asUintN(32, value));
const high = (value: bigint) => Number(BigInt.asUintN(64, value) >> 32n);
const get = (run: Rule["run"]): Rule => ({ words: 1, domain: 0, host: HOST_GETS, run });

const RULES: Partial<Record<MessageSpec["kind"], Rule>> = {
  limitsSet: {
    ...{ words: 3, domain: 0, needs: MAY_LIMIT, host: HOST_LIMITS },
    run: (state, target, [, max = 0n, min = 0n]) => state.setLimits(target, max, min),
  },
  limitsGet: get((state, { protocol, domain }) => {
    const { max, min } = state.limitsOf(protocol.id, domain);
    return words(SUCCESS, Number(max), Number(min));
  }),
  stateSet: {
    ...{ words: 3, domain: 1, needs: MAY_SET, host: HOST_SETS },
    run: (state, target, [flags = 0n, , wanted = 0n]) => state.setState(target, flags, wanted),
  },
  stateGet: get((state, { key }) => words(SUCCESS, Number(state.states.get(key)))),
  voltageSet: {
    ...{ words: 3, domain: 0, needs: MAY_SET, host: HOST_SETS },
    run: (state, target, [, flags = 0n, wanted = 0n]) => state.setVoltage(target, flags, wanted),
  },
  voltageGet: get((state, { key }) => words(SUCCESS, Number(state.voltages.get(key)))),
  readingGet: {
    ...{ words: 2, domain: 0, host: HOST_GETS },
    run: (_, { protocol, domain }, [, flags = 0n]) => {
      const sensor = protocol.sensors?.[domain];
      if (!sensor || flags > 1n) return INVALID_PARAMETERS;
      if (flags === 1n) return sensor.hasAsync ? "host" : NOT_SUPPORTED;
      const { reading, timestamp } = sensor;
      const value = words(SUCCESS, low(reading), high(reading));
      return protocol.version < 0x20000 ? value : [...value, ...words(low(timestamp), high(timestamp))];
    },
  },
  capGet: get((_, { protocol, domain }) => words(SUCCESS, protocol.powercaps?.[domain]?.cap ?? -1)),
  measurementsGet: get((_, { protocol, domain }) => {
    const { isMonitored = false, power = 0, interval = 0 } = protocol.powercaps?.[domain] ?? {};
    return isMonitored ? words(SUCCESS, power, interval) : NOT_SUPPORTED;
  }),
};

function wordAt(bytes: readonly number[], index: number): bigint {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(4 * index, 4 * index + 4).map(BigInt);
  return BigInt(a) + 256n * BigInt(b) + 65_536n * BigInt(c) + 16_777_216n * BigInt(d);
}
