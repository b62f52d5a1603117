/** Lines of a section of a report: `=== NAME`, then lines until the next. */
export function section(text: string, name: string): readonly string[] {
  const start = text.indexOf(`=== ${name}\n`);
  if (start < 0) throw new TypeError(`guest: expected a section "${name}", got ${text.slice(-2000)}`);
  const rest = text.slice(start + name.length + 5);
  const end = rest.indexOf("\n=== ");
  return rest.slice(0, end < 0 ? undefined : end).split("\n");
}

/** Name and rate of each clock in `clk_summary`, and whether Linux has it prepared: the only enabling that SCMI clocks without atomic
 *  transports have. */
export function clocksOf(
  lines: readonly string[],
): readonly (readonly [name: string, rateHz: number, isOn: boolean])[] {
  return lines.flatMap((line) => {
    const [name = "", , prepared, , rate = ""] = line.trim().split(/\s+/);
    return /^\d+$/.test(rate) ? [[name, Number(rate), prepared !== "0"] as const] : [];
  });
}

/** Which power domains are on, by `pm_genpd_summary`. */
export function domainsOf(lines: readonly string[]): ReadonlyMap<string, boolean> {
  return new Map(
    lines.flatMap((line) => {
      const [, name, state] = /^(\S+)\s+(on|off)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, state === "on"] as const];
    }),
  );
}

/** What Linux says about what it cannot do, or does not: no fault of ours. */
const KNOWN: readonly RegExp[] = [
  /Abstract power scale not supported\. Skip fan/, // a powercap domain without a unit
  /SCMI protocol 2[34] not implemented/, // voltage and powercap, which the tree has and SCMI 2.0 not
  /multiplier for domain \d rounded/,
  // Linux 7.2 enables each temperature sensor by SENSOR_CONFIG_SET before it makes a thermal zone of it, whatever version the
  // protocol has. Version 1.0, which is that of SCMI 2.0, has no such command, so the answer has to be NOT_SUPPORTED: -2 below is ENOENT,
  // for Linux sees by itself that the command is not there. No zone is made. A platform cannot do anything about it.
  /scmi-hwmon .*Error enabling sensor .*err=-2/,
];

/** What the kernel says of SCMI that is no good news, and not known.
 *  @param log of the kernel; what programs print comes behind "=== " and is left out */
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
