/** A value over time that messages tell of. */
export interface CounterSource {
  /** `clock 3 rate` */
  readonly name: string;
  /** As Perfetto's UI writes it behind values; empty where the platform defines the unit. */
  readonly unit: string;
  readonly value: number;
}

interface Rule {
  /** Which field numbers the domain, `clockId`. */
  readonly domain: string;
  /** Which field has the value; of sensors the first reading. */
  readonly value: string;
  readonly title: string;
  readonly what: string;
  readonly unit: string;
}

const LEVEL = { domain: "domainId", value: "performanceLevel", title: "performance domain", what: "level", unit: "" };
const RATE = { domain: "clockId", value: "rateHz", title: "clock", what: "rate", unit: "Hz" };
const VOLTAGE = { domain: "domainId", value: "levelUv", title: "voltage domain", what: "level", unit: "µV" };
const POWER = { domain: "domainId", value: "power", title: "powercap domain", what: "power", unit: "" };
const CAP = { domain: "domainId", value: "powerCap", title: "powercap domain", what: "cap", unit: "" };
const STATE = { domain: "domainId", value: "powerState", title: "power domain", what: "state", unit: "" };
const READING = { domain: "sensorId", value: "readings", title: "sensor", what: "reading", unit: "" };

/** By spec name of the message that tells the value. */
const RULES: Readonly<Record<string, Rule>> = {
  ...{ PERFORMANCE_LEVEL_SET: LEVEL, PERFORMANCE_LEVEL_GET: LEVEL, PERFORMANCE_LEVEL_CHANGED: LEVEL },
  ...{ CLOCK_RATE_SET: RATE, CLOCK_RATE_GET: RATE, CLOCK_RATE_SET_COMPLETE: RATE, CLOCK_RATE_CHANGED: RATE },
  ...{ VOLTAGE_LEVEL_SET: VOLTAGE, VOLTAGE_LEVEL_GET: VOLTAGE, VOLTAGE_LEVEL_SET_COMPLETE: VOLTAGE },
  ...{ POWERCAP_MEASUREMENTS_GET: POWER, POWERCAP_MEASUREMENTS_CHANGED: POWER },
  ...{ POWERCAP_CAP_GET: CAP, POWERCAP_CAP_SET: CAP, POWERCAP_CAP_SET_COMPLETE: CAP, POWERCAP_CAP_CHANGED: CAP },
  ...{ POWER_STATE_SET: STATE, POWER_STATE_GET: STATE, POWER_STATE_CHANGED: STATE },
  ...{ SENSOR_READING_GET: READING, SENSOR_READING_COMPLETE: READING, SENSOR_UPDATE: READING },
};

/** What a message says about a value: `undefined` for most messages.
 *  @param message spec name
 *  @param request fields of the command, for a response; a value that was set is in force once that says SUCCESS
 *  @param fields of the message itself */
export function counterOf(message: string, request: unknown, fields: unknown): CounterSource | undefined {
  const rule = RULES[message];
  if (rule === undefined) return undefined;
  const all = { ...asRecord(request), ...asRecord(fields) };
  if (asRecord(all.flags).async === true && fieldOf(fields, rule.value) === undefined) return undefined; // the delayed response tells
  const domain = all[rule.domain];
  const value = firstReading(all[rule.value]);
  if (typeof domain !== "number" || (typeof value !== "number" && typeof value !== "bigint")) return undefined;
  return { name: `${rule.title} ${domain} ${rule.what}`, unit: rule.unit, value: Number(value) };
}

function firstReading(value: unknown): unknown {
  return Array.isArray(value) ? fieldOf(value[0], "value") : value;
}

function fieldOf(value: unknown, name: string): unknown {
  return asRecord(value)[name];
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
