import type { Agent } from "../agent/agent.ts";
import {
  Clock,
  Performance,
  Pinctrl,
  POWER_STATE,
  Power,
  Powercap,
  PROTOCOL_ID,
  Reset,
  Sensor,
  SystemPower,
  Voltage,
} from "../protocols/index.ts";
import { orElse } from "../protocols/refusal.ts";
import { isThere } from "./resources.ts";

/** What was done with one resource of a protocol. */
export interface Exercise {
  readonly protocol: number;
  /** `undefined` where the protocol has none, or none that this agent may use. */
  readonly resource: number | undefined;
  readonly name: string;
  /** `level 1200, 1800, 1200`. */
  readonly what: string;
  /** What was wrong; absent when all was well. */
  readonly problem?: string;
}

/** What was done with a resource, in words, and what of it was read back otherwise than it was set. */
interface Steps {
  readonly what: string;
  readonly problem?: string;
}

/** Uses each protocol once, with its first resource that can be used, and leaves everything as it was. What is set is read back. The power of
 *  the system is only looked at.
 *  @returns `undefined` for a protocol that no class here speaks, and for Base
 *  @throws StatusError, DeadlineError as the protocols do */
export async function exercise(agent: Agent, protocolId: number): Promise<Exercise | undefined> {
  switch (protocolId) {
    case PROTOCOL_ID.POWER_DOMAIN:
      return powerDomain(await agent.protocol(Power));
    case PROTOCOL_ID.SYSTEM_POWER:
      return systemPower(await agent.protocol(SystemPower));
    case PROTOCOL_ID.PERFORMANCE:
      return performanceDomain(await agent.protocol(Performance));
    case PROTOCOL_ID.CLOCK:
      return clock(await agent.protocol(Clock));
    case PROTOCOL_ID.SENSOR:
      return sensor(await agent.protocol(Sensor));
    case PROTOCOL_ID.RESET_DOMAIN:
      return resetDomain(await agent.protocol(Reset));
    case PROTOCOL_ID.VOLTAGE:
      return voltageDomain(await agent.protocol(Voltage));
    case PROTOCOL_ID.POWERCAP:
      return powercap(await agent.protocol(Powercap));
    case PROTOCOL_ID.PINCTRL:
      return pinGroup(await agent.protocol(Pinctrl));
    default:
      return undefined;
  }
}

function report(
  protocol: number,
  resource: { readonly id: number; readonly name: string } | undefined,
  steps: Steps,
): Exercise {
  return { protocol, resource: resource?.id, name: resource?.name ?? "", ...steps };
}

/** Sets a value, reads it back, and restores the one before. */
async function there<T extends number | boolean>(
  noun: string,
  other: T,
  get: () => Promise<T>,
  set: (value: T) => Promise<void>,
  textOf: (value: T) => string = String,
): Promise<Steps> {
  const before = await get();
  await set(other);
  const after = await get();
  await set(before);
  const restored = await get();
  const what = `${noun} ${[before, after, restored].map(textOf).join(", ")}`;
  if (after === other && restored === before) return { what };
  return { what, problem: `${noun}: expected ${textOf(other)}, then ${textOf(before)}` };
}

const NOTHING: Steps = { what: "nothing that this agent may use" };

async function powerDomain(power: Power): Promise<Exercise> {
  const { POWER_DOMAIN } = PROTOCOL_ID;
  const domain = (await power.describeAll()).find(({ canSetSync }) => canSetSync);
  if (!domain) return report(POWER_DOMAIN, undefined, NOTHING);
  const { domainId: id, name } = domain;
  const other = (await power.getState(id)) === POWER_STATE.OFF ? POWER_STATE.ON : POWER_STATE.OFF;
  const steps = await there<number>(
    "state",
    other,
    () => power.getState(id),
    (state) => power.setState(id, state),
    (state) => (state === POWER_STATE.ON ? "on" : state === POWER_STATE.OFF ? "off" : `0x${state.toString(16)}`),
  );
  return report(POWER_DOMAIN, { id, name }, steps);
}

async function systemPower(system: SystemPower): Promise<Exercise> {
  const { canSetState, canGetState } = await system.describe();
  // Who runs on the system has nothing to ask, and hears so
  const state = canGetState ? await orElse(system.getState(), undefined) : undefined;
  const what = [
    canSetState ? "may be asked for" : "may not be asked for",
    ...(state === undefined ? [] : [`state ${state}`]),
  ];
  return report(PROTOCOL_ID.SYSTEM_POWER, undefined, { what: what.join(", ") });
}

async function performanceDomain(performance: Performance): Promise<Exercise> {
  const { PERFORMANCE } = PROTOCOL_ID;
  const domain = (await performance.describeAll()).find(({ canSetLevel }) => canSetLevel);
  if (!domain) return report(PERFORMANCE, undefined, NOTHING);
  const { domainId: id, name, levels, isLevelIndexed } = domain;
  const before = await performance.getLevel(id);
  const values = levels.map((it) => (isLevelIndexed ? (it.levelIndex ?? 0) : it.performanceLevel));
  const other = [...values].reverse().find((value) => value !== before) ?? before;
  const steps = await there<number>(
    "level",
    other,
    () => performance.getLevel(id),
    (level) => performance.setLevel(id, level),
  );
  return report(PERFORMANCE, { id, name }, steps);
}

async function clock(clocks: Clock): Promise<Exercise> {
  const found = (await clocks.describeAll()).find(({ permissions }) => permissions.state);
  if (!found) return report(PROTOCOL_ID.CLOCK, undefined, NOTHING);
  const { clockId: id, name } = found;
  const steps = await there<boolean>(
    "state",
    !(await clocks.isEnabled(id)),
    () => clocks.isEnabled(id),
    (isOn) => (isOn ? clocks.enable(id) : clocks.disable(id)),
    onOff,
  );
  return report(PROTOCOL_ID.CLOCK, { id, name }, steps);
}

async function sensor(sensors: Sensor): Promise<Exercise> {
  const [first] = (await sensors.describeAll()).filter(isThere);
  if (!first) return report(PROTOCOL_ID.SENSOR, undefined, NOTHING);
  const { sensorId: id, name, axes } = first;
  const readings = axes.length > 0 ? await sensors.readAxes(id) : [await sensors.read(id)];
  return report(PROTOCOL_ID.SENSOR, { id, name }, { what: `reads ${readings.map(({ value }) => value).join(", ")}` });
}

async function resetDomain(reset: Reset): Promise<Exercise> {
  const [first] = await reset.describeAll();
  if (!first) return report(PROTOCOL_ID.RESET_DOMAIN, undefined, NOTHING);
  const { domainId: id, name } = first;
  await reset.reset(id);
  return report(PROTOCOL_ID.RESET_DOMAIN, { id, name }, { what: "reset" });
}

async function voltageDomain(voltage: Voltage): Promise<Exercise> {
  const { VOLTAGE } = PROTOCOL_ID;
  const all = await voltage.describeAll();
  const choice = (levels: (typeof all)[number]["levels"]) =>
    levels.kind === "list" ? levels.levelsUv : [levels.lowestUv, levels.highestUv];
  const first = all.find(({ levels }) => choice(levels).length > 1) ?? all[0];
  if (!first) return report(VOLTAGE, undefined, NOTHING);
  const { domainId: id, name, levels } = first;
  const before = await voltage.getLevel(id);
  const other = choice(levels).find((level) => level !== before);
  const get = () => voltage.getLevel(id);
  const set = (levelUv: number) => voltage.setLevel(id, levelUv);
  if (other !== undefined) return report(VOLTAGE, { id, name }, await there<number>("µV", other, get, set));
  const isOn = await voltage.isEnabled(id);
  const steps = await there<boolean>(
    "state",
    !isOn,
    () => voltage.isEnabled(id),
    (value) => (value ? voltage.enable(id) : voltage.disable(id)),
    onOff,
  );
  return report(VOLTAGE, { id, name }, steps);
}

async function powercap(caps: Powercap): Promise<Exercise> {
  const { POWERCAP } = PROTOCOL_ID;
  const domain = (await caps.describeAll()).find(({ canSetCap }) => canSetCap);
  if (!domain) return report(POWERCAP, undefined, NOTHING);
  const { domainId: id, name, caps: range } = domain;
  const before = await caps.getCap(id);
  const other = before === range.lowest ? range.highest : range.lowest;
  const steps = await there<number>(
    "cap",
    other,
    () => caps.getCap(id),
    (cap) => caps.setCap(id, cap),
  );
  return report(POWERCAP, { id, name }, steps);
}

async function pinGroup(pinctrl: Pinctrl): Promise<Exercise> {
  const { PINCTRL } = PROTOCOL_ID;
  const { groups, pins, functions } = await pinctrl.describeAll();
  const [group] = groups;
  const [pin] = pins;
  const target = group ? "group" : "pin";
  const id = group?.groupId ?? pin?.pinId;
  if (id === undefined) return report(PINCTRL, undefined, NOTHING);
  const name = group?.name ?? pin?.name ?? "";
  await pinctrl.request(target, id);
  const steps = ["requested"];
  const member = functions.find((it) => (target === "group" ? it.groups : it.pins).includes(id));
  let problem: string | undefined;
  if (member) {
    const before = await pinctrl.getFunction(target, id);
    await pinctrl.configure(target, id, { functionId: member.functionId });
    const after = await pinctrl.getFunction(target, id);
    if (after !== member.functionId) problem = `function: expected ${member.functionId}, got ${after ?? "none"}`;
    if (before !== member.functionId) await pinctrl.configure(target, id, { functionId: before ?? "none" });
    steps.push(`function ${member.name}`);
  }
  await pinctrl.release(target, id);
  const what = `${target} ${[...steps, "released"].join(", ")}`;
  return report(PINCTRL, { id, name }, { what, ...(problem === undefined ? {} : { problem }) });
}

function onOff(isOn: boolean): string {
  return isOn ? "on" : "off";
}
