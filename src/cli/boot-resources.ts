import type { ProtocolReport, ResourceReport } from "../world/index.ts";

/** How many a person wants to see of a kind, unless asked for all. */
const SHOWN = 6;

/** What the resources of a protocol are called. */
const NOUNS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  power: ["domain", "domains"],
  performance: ["domain", "domains"],
  clock: ["clock", "clocks"],
  sensor: ["sensor", "sensors"],
  reset: ["domain", "domains"],
  voltage: ["domain", "domains"],
  powercap: ["domain", "domains"],
};

/** `4 clocks` */
export function countText({ name, resources }: ProtocolReport): string {
  if (name === "pinctrl") {
    const of = (kind: string) => resources.filter((it) => it.kind === kind).length;
    return `${counted(of("pin"), "pin", "pins")}, ${counted(of("group"), "group", "groups")}, ${counted(of("function"), "function", "functions")}`;
  }
  const noun = NOUNS[name];
  return noun ? counted(resources.length, ...noun) : "";
}

/** Resources, each with what is most worth to know of it; `*` marks values that no file states. */
export function resourceLines({ name, resources }: ProtocolReport, isAll: boolean): readonly string[] {
  const kinds = name === "pinctrl" && !isAll ? resources.filter(({ kind }) => kind === "group") : resources;
  const shown = isAll || kinds.length <= SHOWN + 1 ? kinds : kinds.slice(0, SHOWN);
  const rows = shown.map((it) => [`${it.id}`, nameText(it), factText(name, it)] as const);
  const widths = [0, 1].map((i) => Math.max(0, ...rows.map((row) => (row[i] ?? "").length)));
  const lines = rows.map(([id, title, fact]) =>
    `${id.padStart(widths[0] ?? 0)}  ${title.padEnd(widths[1] ?? 0)}  ${fact}`.trimEnd(),
  );
  const left = kinds.length - shown.length;
  return left > 0 ? [...lines, `… and ${left} more (--all)`] : lines;
}

/** Whether any value of a protocol is invented. */
export function hasInvented({ resources }: ProtocolReport): boolean {
  return resources.some(({ invented }) => invented !== undefined);
}

/** `1 clock`, `2 clocks` */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function nameText({ name, invented }: ResourceReport): string {
  return invented === undefined ? name : `${name}*`;
}

function factText(protocol: string, resource: ResourceReport): string {
  switch (protocol) {
    case "clock":
      return joined([hertz(resource.rateHz), among(resource.ratesHz, resource.lowestHz, resource.highestHz, hertz)]);
    case "performance":
      return levelsText(resource);
    case "voltage":
      return joined([volts(resource.levelUv), among(resource.levelsUv, resource.lowestUv, resource.highestUv, volts)]);
    case "power":
      return resource.powerState === 0 ? "on" : resource.powerState === 0x40000000 ? "off" : "";
    case "sensor":
      return typeof resource.unit === "string" ? resource.unit : "";
    case "powercap":
      return `cap ${String(resource.cap)}`;
    case "pinctrl":
      return typeof resource.kind === "string" ? pinText(resource) : "";
    default:
      return "";
  }
}

function levelsText({ level, levels }: ResourceReport): string {
  if (!Array.isArray(levels) || levels.length === 0) return "";
  const values = levels.map((it: { readonly level?: unknown }) => String(it.level));
  return `level ${String(level)} of ${values.length > SHOWN ? `${values[0]} … ${values.at(-1)}` : values.join(" ")}`;
}

function pinText({ kind, pins, groups }: ResourceReport): string {
  if (kind === "group" && Array.isArray(pins)) return counted(pins.length, "pin", "pins");
  if (kind === "function" && Array.isArray(groups)) return `function of ${counted(groups.length, "group", "groups")}`;
  return String(kind);
}

function among(list: unknown, lowest: unknown, highest: unknown, textOf: (value: unknown) => string): string {
  if (Array.isArray(list)) return list.length > 1 ? `of ${textOf(list[0])} … ${textOf(list.at(-1))}` : "";
  return lowest === undefined ? "" : `of ${textOf(lowest)} … ${textOf(highest)}`;
}

function joined(parts: readonly string[]): string {
  return parts.filter((it) => it !== "").join(" ");
}

function hertz(value: unknown): string {
  if (typeof value !== "number") return "";
  const [divisor, unit] =
    value >= 1e9 ? [1e9, "GHz"] : value >= 1e6 ? [1e6, "MHz"] : value >= 1e3 ? [1e3, "kHz"] : [1, "Hz"];
  return `${Number((value / divisor).toFixed(3))} ${unit}`;
}

function volts(value: unknown): string {
  return typeof value === "number" ? `${Number((value / 1e6).toFixed(4))} V` : "";
}
