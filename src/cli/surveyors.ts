import type { CallOptions } from "../index.ts";
import {
  Clock,
  Performance,
  type PerformanceDomainInfo,
  Pinctrl,
  POWER_STATE,
  POWERCAP_UNIT,
  Power,
  Powercap,
  type PowercapDomainInfo,
  Reset,
  type ResetDomainInfo,
  Sensor,
  type SensorReading,
  SYSTEM_STATE,
  SystemPower,
  type SystemPowerInfo,
  Voltage,
} from "../protocols/index.ts";
import { kindOf, type Surveyor, surveyorOf } from "./survey.ts";

/** Words that are there, with commas. */
function listed(...words: readonly (string | false | undefined)[]): string {
  return words.filter((it) => typeof it === "string" && it !== "").join(", ");
}

/** `n` and its noun, with an s unless it is one. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `24 MHz`, exactly. */
function hertz(rateHz: number): string {
  for (const [unit, factor] of [
    ["GHz", 1e9],
    ["MHz", 1e6],
    ["kHz", 1e3],
  ] as const) {
    if (rateHz >= factor) return `${rateHz / factor} ${unit}`;
  }
  return `${rateHz} Hz`;
}

function volts(levelUv: number): string {
  return `${levelUv / 1e6} V`;
}

const power = surveyorOf(Power, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "domain",
    count: ({ domainCount }) => domainCount,
    describe: (it: Power, id, options) => it.describe(id, options),
    state: { powerState: (it, { domainId }, options) => it.getState(domainId, options) },
    summary: ({ canSetSync, canSetAsync }, { powerState }) =>
      listed(
        powerState !== undefined && powerStateText(powerState),
        !canSetSync && (canSetAsync ? "asynchronous" : "read-only"),
      ),
  }),
]);

function powerStateText(powerState: number): string {
  if (powerState === POWER_STATE.ON) return "on";
  return powerState === POWER_STATE.OFF ? "off" : `state 0x${powerState.toString(16)}`;
}

const systemPower = surveyorOf(SystemPower, async () => ({}), [
  kindOf({
    kind: "system",
    count: () => 1,
    describe: async (it: SystemPower, _id, options): Promise<SystemPowerInfo & { readonly name: string }> => ({
      name: "system",
      ...(await it.describe(options)),
    }),
    state: { systemState: async (it, { canGetState }, options) => (canGetState ? it.getState(options) : undefined) },
    summary: (info, { systemState }) =>
      listed(
        systemState !== undefined && systemStateText(systemState),
        info.canSetState && "settable",
        info.canWarmReset && "warm reset",
        info.canSuspend && "suspend",
        info.canNotify && "notifies",
      ),
  }),
]);

function systemStateText(systemState: number): string {
  const name = Object.entries(SYSTEM_STATE).find(([, it]) => it === systemState)?.[0];
  return name?.toLowerCase().replace("_", " ") ?? `state 0x${systemState.toString(16)}`;
}

const performance = surveyorOf(Performance, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "domain",
    count: ({ domainCount }) => domainCount,
    describe: (it: Performance, id, options) => it.describe(id, options),
    state: {
      performanceLevel: (it, { domainId }, options) => it.getLevel(domainId, options),
      limits: (it, { domainId }, options) => it.getLimits(domainId, options),
    },
    summary: (info, { performanceLevel, limits }) => {
      const { levels, canSetLevel, canSetLimits, fastChannels } = info;
      const channels = Object.keys(fastChannels).length;
      return listed(
        performanceLevel !== undefined && `level ${levelText(info, performanceLevel)}`,
        levels.length > 0 && `of ${levels.map((it) => it.performanceLevel).join(" ")}`,
        limits && `limits ${levelText(info, limits.rangeMin)} to ${levelText(info, limits.rangeMax)}`,
        !canSetLevel && !canSetLimits && "read-only",
        channels > 0 && counted(channels, "FastChannel"),
      );
    },
  }),
]);

/** A level; where the domain goes by level indices, the one behind the index. */
function levelText({ levels, isLevelIndexed }: PerformanceDomainInfo, key: number): string {
  if (!isLevelIndexed) return String(key);
  const level = levels.find(({ levelIndex }) => levelIndex === key)?.performanceLevel;
  return level === undefined ? `index ${key}` : String(level);
}

const clock = surveyorOf(Clock, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "clock",
    count: ({ clockCount }) => clockCount,
    describe: (it: Clock, id, options) => it.describe(id, options),
    state: {
      rateHz: (it, { clockId }, options) => it.getRate(clockId, options),
      isEnabled: (it, { clockId }, options) => it.isEnabled(clockId, options),
      parent: async (it, { clockId, parents }, options) =>
        parents.length > 0 ? it.getParent(clockId, options) : undefined,
    },
    summary: ({ rates, permissions }, { rateHz, isEnabled, parent }) =>
      listed(
        rateHz !== undefined && hertz(rateHz),
        isEnabled !== undefined && (isEnabled ? "on" : "off"),
        rates.kind === "list"
          ? rates.ratesHz.length > 1 && counted(rates.ratesHz.length, "rate")
          : `${hertz(rates.lowestHz)} to ${hertz(rates.highestHz)}`,
        parent !== undefined && `parent ${parent}`,
        !permissions.rate && !permissions.state && "read-only",
      ),
  }),
]);

const sensor = surveyorOf(Sensor, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "sensor",
    count: ({ sensorCount }) => sensorCount,
    describe: (it: Sensor, id, options) => it.describe(id, options),
    state: {
      isEnabled: async (it, { sensorId }, options) => (await it.getConfig(sensorId, options)).isEnabled,
      readings: async (it, { sensorId, axes, isAsync }, options) =>
        (await isOff(it, sensorId, options)) ? undefined : readings(it, sensorId, axes.length > 0, isAsync, options),
    },
    summary: ({ unit, axes, tripPointCount }, state) =>
      listed(
        state.readings !== undefined &&
          `${state.readings.map(({ value }) => value).join(" ")} ${axes[0]?.unit ?? unit}`,
        state.readings === undefined && (axes[0]?.unit ?? unit),
        state.isEnabled === false && "off",
        axes.length > 0 && `${axes.length} ${axes.length === 1 ? "axis" : "axes"}`,
        tripPointCount > 0 && counted(tripPointCount, "trip point"),
      ),
  }),
]);

async function isOff(it: Sensor, sensorId: number, options: CallOptions): Promise<boolean> {
  try {
    return !(await it.getConfig(sensorId, options)).isEnabled;
  } catch {
    return false; // its reading will tell
  }
}

/** Without the raw value, which is the same number once more. */
async function readings(
  it: Sensor,
  sensorId: number,
  hasAxes: boolean,
  isAsync: boolean,
  options: CallOptions,
): Promise<readonly Omit<SensorReading, "raw">[]> {
  const all = hasAxes
    ? await it.readAxes(sensorId, { ...options, isAsync })
    : [await it.read(sensorId, { ...options, isAsync })];
  return all.map(({ value, timestampS }) => ({ value, timestampS }));
}

const reset = surveyorOf(Reset, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "domain",
    count: ({ domainCount }) => domainCount,
    describe: (it: Reset, id, options): Promise<ResetDomainInfo> => it.describe(id, options),
    state: {},
    summary: ({ latencyUs, isAsync, notifiesIssued }) =>
      listed(latencyUs !== undefined && `${latencyUs} µs`, isAsync && "asynchronous", notifiesIssued && "notifies"),
  }),
]);

const voltage = surveyorOf(Voltage, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "domain",
    count: ({ domainCount }) => domainCount,
    describe: (it: Voltage, id, options) => it.describe(id, options),
    state: {
      levelUv: (it, { domainId }, options) => it.getLevel(domainId, options),
      isEnabled: (it, { domainId }, options) => it.isEnabled(domainId, options),
    },
    summary: ({ levels, isAsync }, { levelUv, isEnabled }) =>
      listed(
        levelUv !== undefined && volts(levelUv),
        isEnabled !== undefined && (isEnabled ? "on" : "off"),
        levels.kind === "list"
          ? counted(levels.levelsUv.length, "level")
          : `${volts(levels.lowestUv)} to ${volts(levels.highestUv)}`,
        isAsync && "asynchronous",
      ),
  }),
]);

const powercap = surveyorOf(Powercap, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "domain",
    count: ({ domainCount }) => domainCount,
    describe: (it: Powercap, id, options) => it.describe(id, options),
    state: {
      powerCap: (it, { domainId }, options) => it.getCap(domainId, options),
      paiUs: (it, { domainId }, options) => it.getPai(domainId, options),
      measurements: async (it, { domainId, canMeasure }, options) =>
        canMeasure ? it.getMeasurements(domainId, options) : undefined,
    },
    summary: (info, { powerCap, measurements }) =>
      listed(
        powerCap !== undefined && `cap ${inUnit(info, powerCap)}`,
        `${info.caps.lowest} to ${inUnit(info, info.caps.highest)}`,
        measurements && `uses ${inUnit(info, measurements.power)}`,
        info.parentId !== undefined && `parent ${info.parentId}`,
        !info.canSetCap && "read-only",
      ),
  }),
]);

function inUnit({ powerUnit }: PowercapDomainInfo, value: number): string {
  if (powerUnit === POWERCAP_UNIT.ABSTRACT) return String(value);
  return `${value} ${powerUnit === POWERCAP_UNIT.MICROWATT ? "µW" : "mW"}`;
}

const pinctrl = surveyorOf(Pinctrl, (it, options) => it.getProtocolAttributes(options), [
  kindOf({
    kind: "pin",
    count: ({ pinCount }) => pinCount,
    describe: (it: Pinctrl, id, options) => it.describePin(id, options),
    state: { settings: (it, { pinId }, options) => it.getSettings("pin", pinId, options) },
    summary: (_info, { settings }) =>
      listed(
        settings && `function ${settings.functionId ?? "none"}`,
        settings && counted(settings.settings.length, "setting"),
      ),
  }),
  kindOf({
    kind: "group",
    count: ({ groupCount }) => groupCount,
    describe: (it: Pinctrl, id, options) => it.describeGroup(id, options),
    state: {},
    summary: ({ pins }) => `pins ${pins.join(" ")}`,
  }),
  kindOf({
    kind: "function",
    count: ({ functionCount }) => functionCount,
    describe: (it: Pinctrl, id, options) => it.describeFunction(id, options),
    state: {},
    summary: ({ groups, pins, isGpio }) =>
      listed(
        groups.length > 0 && `groups ${groups.join(" ")}`,
        pins.length > 0 && `pins ${pins.join(" ")}`,
        isGpio && "GPIO",
      ),
  }),
]);

/** One for each protocol whose resources can be asked for. */
export const SURVEYORS: readonly Surveyor[] = [
  ...[power, systemPower, performance, clock, sensor, reset, voltage, powercap, pinctrl],
];
