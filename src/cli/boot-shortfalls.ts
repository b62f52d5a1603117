import type { BootReport, ConsumerReport } from "../world/index.ts";

/** References that are named one by one. */
const NAMED = 3;

/** Why a board that came up without failures is not whole: what an exit code of 1 is for, a line for each instance and kind. */
export function shortfallsOf({ instances, leaks }: BootReport): readonly string[] {
  const lines: string[] = [];
  for (const { node, consumers, protocols } of instances) {
    const missing = consumers.filter(({ resolved }) => !resolved);
    if (missing.length > 0) {
      lines.push(`${node}: expected a resource behind every reference, got none for ${namesOf(missing)}`);
    }
    for (const { name, exercise } of protocols) {
      if (exercise?.problem === undefined) continue;
      lines.push(`${node}: ${[name, exercise.name, exercise.problem].filter((it) => it !== "").join(": ")}`);
    }
  }
  const left = Object.entries(leaks).filter(([, count]) => count > 0);
  if (left.length > 0) {
    lines.push(`expected nothing left behind, got ${left.map(([name, count]) => `${count} ${name}`).join(", ")}`);
  }
  return lines;
}

function namesOf(missing: readonly ConsumerReport[]): string {
  const named = missing.slice(0, NAMED).map(({ device, property, resource }) => {
    return `${device} (${property}${resource === null ? "" : ` ${resource}`})`;
  });
  const more = missing.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
