import type { Agent } from "../agent/agent.ts";
import {
  Base,
  Clock,
  Performance,
  Pinctrl,
  Power,
  Powercap,
  PROTOCOL_ID,
  Reset,
  Sensor,
  type SensorInfo,
  SystemPower,
  Voltage,
} from "../protocols/index.ts";

/** A resource as the agent found it. */
export interface ResourceReport {
  readonly id: number;
  readonly name: string;
  /** Facts of its protocol: `rateHz`, `levels` … */
  readonly [fact: string]: unknown;
}

/** Asks a platform for all resources of a protocol, and for the state that they are in.
 *  @returns `undefined` for a protocol that no class here speaks */
export async function enumerate(
  agent: Agent,
  protocolId: number,
): Promise<{ readonly version: number; readonly resources: readonly ResourceReport[] } | undefined> {
  switch (protocolId) {
    case PROTOCOL_ID.BASE:
      return { version: (await agent.protocol(Base)).version, resources: [] };
    case PROTOCOL_ID.POWER_DOMAIN:
      return powerDomains(await agent.protocol(Power));
    case PROTOCOL_ID.SYSTEM_POWER:
      return { version: (await agent.protocol(SystemPower)).version, resources: [] };
    case PROTOCOL_ID.PERFORMANCE:
      return performanceDomains(await agent.protocol(Performance));
    case PROTOCOL_ID.CLOCK:
      return clocks(await agent.protocol(Clock));
    case PROTOCOL_ID.SENSOR:
      return sensors(await agent.protocol(Sensor));
    case PROTOCOL_ID.RESET_DOMAIN:
      return resetDomains(await agent.protocol(Reset));
    case PROTOCOL_ID.VOLTAGE:
      return voltageDomains(await agent.protocol(Voltage));
    case PROTOCOL_ID.POWERCAP:
      return powercapDomains(await agent.protocol(Powercap));
    case PROTOCOL_ID.PINCTRL:
      return pins(await agent.protocol(Pinctrl));
    default:
      return undefined;
  }
}

async function powerDomains(power: Power) {
  const resources: ResourceReport[] = [];
  for (const { domainId, name } of await power.describeAll()) {
    resources.push({ id: domainId, name, powerState: await power.getState(domainId) });
  }
  return { version: power.version, resources };
}

async function performanceDomains(performance: Performance) {
  const resources: ResourceReport[] = [];
  for (const { domainId, name, levels, isLevelIndexed, sustainedFreqKhz } of await performance.describeAll()) {
    resources.push({
      ...{ id: domainId, name, isLevelIndexed, sustainedFreqKhz },
      level: await performance.getLevel(domainId),
      levels: levels.map(({ performanceLevel, indicativeFrequencyKhz, powerCost, levelIndex }) => ({
        level: performanceLevel,
        ...(levelIndex === undefined ? {} : { index: levelIndex }),
        ...(indicativeFrequencyKhz === undefined ? {} : { frequencyKhz: indicativeFrequencyKhz }),
        powerCost,
      })),
    });
  }
  return { version: performance.version, resources };
}

async function clocks(clock: Clock) {
  const resources: ResourceReport[] = [];
  for (const { clockId, name, rates, parents } of await clock.describeAll()) {
    const { kind: _, ...range } = rates;
    resources.push({
      ...{ id: clockId, name, rateHz: await clock.getRate(clockId), ...range },
      ...(parents.length > 0 ? { parents } : {}),
    });
  }
  return { version: clock.version, resources };
}

async function sensors(sensor: Sensor) {
  const resources: ResourceReport[] = [];
  for (const { sensorId, name, unit, exponent } of (await sensor.describeAll()).filter(isThere)) {
    resources.push({ id: sensorId, name, unit, exponent });
  }
  return { version: sensor.version, resources };
}

async function resetDomains(reset: Reset) {
  const resources = (await reset.describeAll()).map(({ domainId, name, isAsync, latencyUs }) => ({
    ...{ id: domainId, name, isAsync },
    ...(latencyUs === undefined ? {} : { latencyUs }),
  }));
  return { version: reset.version, resources };
}

async function voltageDomains(voltage: Voltage) {
  const resources: ResourceReport[] = [];
  for (const { domainId, name, levels } of await voltage.describeAll()) {
    const { kind: _, ...range } = levels;
    resources.push({ id: domainId, name, levelUv: await voltage.getLevel(domainId), ...range });
  }
  return { version: voltage.version, resources };
}

async function powercapDomains(powercap: Powercap) {
  const resources: ResourceReport[] = [];
  for (const { domainId, name, powerUnit, caps } of await powercap.describeAll()) {
    resources.push({ id: domainId, name, powerUnit, cap: await powercap.getCap(domainId), caps });
  }
  return { version: powercap.version, resources };
}

async function pins(pinctrl: Pinctrl) {
  const { pins: all, groups, functions } = await pinctrl.describeAll();
  const resources: readonly ResourceReport[] = [
    ...all.map(({ pinId, name }) => ({ id: pinId, name, kind: "pin" })),
    ...groups.map(({ groupId, name, pins: its }) => ({ id: groupId, name, kind: "group", pins: its })),
    ...functions.map(({ functionId, name, groups: its }) => ({ id: functionId, name, kind: "function", groups: its })),
  ];
  return { version: pinctrl.version, resources };
}

/** Descriptions come in a row, so a sensor that an agent may not have is in it without anything to say. */
export function isThere({ name, unit }: Pick<SensorInfo, "name" | "unit">): boolean {
  return name !== "" || unit !== "none";
}
