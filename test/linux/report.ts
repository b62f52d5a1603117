/** A clock as Linux shows it. */
export interface ShownClock {
  readonly name: string;
  readonly rateHz: number;
  /** Whether Linux has it prepared: the only enabling that clocks have whose transport is not atomic. */
  readonly isOn: boolean;
  /** Name of its parent. */
  readonly parent: string | undefined;
}

/** The clocks of `clk_summary`, where three more columns of indentation lead from a clock to its children. */
export function clocksOf(summary: string): readonly ShownClock[] {
  const above: string[] = [];
  return summary.split("\n").flatMap((line) => {
    const [name = "", , prepared, , rate = ""] = line.trim().split(/\s+/);
    if (!/^\d+$/.test(rate)) return [];
    const depth = (line.length - line.trimStart().length - 1) / 3;
    above.length = depth;
    const parent = above[depth - 1];
    above.push(name);
    return [{ name, rateHz: Number(rate), isOn: prepared !== "0", parent }];
  });
}

/** Which power domains are on, by `pm_genpd_summary`. */
export function domainsOf(summary: string): ReadonlyMap<string, boolean> {
  return new Map(
    summary.split("\n").flatMap((line) => {
      const [, name, state] = /^(\S+)\s+(on|off)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, state === "on"] as const];
    }),
  );
}

/** What Linux says about what it cannot do, or does not: no fault of ours. */
const KNOWN: readonly RegExp[] = [
  /Abstract power scale not supported\. Skip fan/, // a powercap domain without a unit
  /SCMI protocol 2[345] not implemented/, // voltage, powercap and pins, which the tree has and older releases have not
  /multiplier for domain \d rounded/,
  // Linux 7.2 enables each temperature sensor by SENSOR_CONFIG_SET before it makes a thermal zone of it, whatever version the protocol
  // has. Version 1.0, that of SCMI 2.0, has no such command: the answer is NOT_FOUND, Linux' ENOENT, and there is no zone.
  /scmi-hwmon .*Error enabling sensor .*err=-2/,
];

/** What the kernel says of SCMI that is no good news, and not known.
 *  @param log of the kernel; what programs of the guest print comes behind "=== " and is left out */
export function complaints(log: string): readonly string[] {
  const report = log.indexOf("=== ");
  const isOfScmi = /scmi|ioremap|WARNING/i;
  const isBad =
    /error|fail|warn|invalid|expected|timed out|not implemented|rounded|skip|bug|unable|couldn|cannot|malformed|spurious/i;
  return log
    .slice(0, report < 0 ? undefined : report)
    .split("\n")
    .filter((line) => isOfScmi.test(line) && isBad.test(line))
    .filter((line) => !KNOWN.some((known) => known.test(line)));
}
