import type { DeviceTree, Node, ScmiConsumer } from "../../devicetree/index.ts";
import type { ClockSource } from "../source.ts";
import { operatingPointsOf } from "./operating-points.ts";
import type { Origins } from "./origin.ts";
import { calledBy, type NameMaker, type Wanted } from "./resource.ts";

/** What devices of a kind are usually clocked with, where the tree does not say. */
const USUAL_HZ: readonly (readonly [RegExp, number])[] = [
  [/^(serial|uart)/, 48_000_000],
  [/^(mmc|sdhci|sdmmc|usdhc)/, 200_000_000],
  [/^(i2c|spi|i3c)/, 24_000_000],
  [/^gpu/, 600_000_000],
  [/^cpu/, 1_000_000_000],
  [/^(ethernet|eth)/, 125_000_000],
  [/^(display|ltdc|vop|hdmi|lvds|dsi)/, 148_500_000],
];
const FALLBACK_HZ = 100_000_000;

/** The clocks that a tree refers to. Rates are those of `assigned-clock-rates` and of the OPP tables of devices that scale by their clock,
 *  parents those of `assigned-clock-parents`.
 *  @param scaled devices with a performance domain, whose OPP tables are about that */
export function clocksOf(
  tree: DeviceTree,
  wanted: readonly Wanted[],
  names: NameMaker,
  origins: Origins,
  scaled: ReadonlySet<Node>,
): readonly ClockSource[] {
  const called = wanted.map(({ id, consumers }) =>
    names.make(consumers.length > 0 ? calledBy(consumers, "clock-names", "clocks") : `unused-${id}`),
  );
  return wanted.map(({ id, consumers }) => {
    const path = `clock.clocks[${id}]`;
    const assigned = consumers.map(assignedRate).filter((rate) => rate !== undefined);
    const operating = consumers.flatMap((it) => (scaled.has(it.device) ? [] : operatingRates(tree, it)));
    const stated = [...new Set([...assigned, ...operating])].sort((a, b) => a - b);
    const rate = assigned.length > 0 ? Math.max(...assigned) : undefined;
    const rates =
      stated.length === 0
        ? origins.invent(`${path}.rates`, usualRates(consumers))
        : operating.length > 0
          ? stated
          : ladder(stated);
    const parents = parentsOf(consumers, id).filter((parent) => parent < wanted.length && parent !== id);
    return {
      name: called[id] as string,
      rates,
      rate: rate ?? (rates.at(-1) as number),
      enabled: false,
      ...(parents.length > 0 ? { parents: parents.map((parent) => called[parent] as string) } : {}),
    };
  });
}

/** The rates that a device goes through. Its first clock is the one that its OPP table means. */
function operatingRates(tree: DeviceTree, { device, property, index }: ScmiConsumer): readonly number[] {
  return property === "clocks" && index === 0 ? operatingPointsOf(tree, device).map(({ hz }) => hz) : [];
}

/** What `assigned-clock-rates` asks for beside an entry of `assigned-clocks`. */
function assignedRate({ device, property, index }: ScmiConsumer): number | undefined {
  if (property !== "assigned-clocks") return undefined;
  const wide = device.cells("assigned-clock-rates-u64");
  if (wide) {
    const rate = (wide[2 * index] ?? 0) * 2 ** 32 + (wide[2 * index + 1] ?? 0);
    return rate > 0 && Number.isSafeInteger(rate) ? rate : undefined;
  }
  return device.cells("assigned-clock-rates")?.[index] || undefined; // 0 = as it is
}

/** Clock ids of the parents that devices assign to a clock, in the order of the tree. */
function parentsOf(consumers: readonly ScmiConsumer[], clockId: number): readonly number[] {
  const parents = new Set<number>();
  for (const { device, property, index, provider } of consumers) {
    if (property !== "assigned-clocks") continue;
    const phandle = provider.cell("phandle");
    const cells = device.cells("assigned-clock-parents") ?? [];
    // Only lists of entries of this very provider can be told apart without the whole tree: a phandle and one cell each
    const isPlain = cells.length > 2 * index + 1 && cells.every((cell, i) => i % 2 === 1 || cell === phandle);
    const parent = isPlain ? cells[2 * index + 1] : undefined;
    if (parent !== undefined && parent !== clockId) parents.add(parent);
  }
  return [...parents];
}

/** The rates, and what dividers by 2, 4 and 8 make of the lowest. */
function ladder(rates: readonly number[]): readonly number[] {
  const lowest = rates[0] as number;
  const divided = [8, 4, 2].map((divisor) => lowest / divisor).filter((rate) => rate >= 1 && Number.isInteger(rate));
  return [...divided, ...rates];
}

function usualRates(consumers: readonly ScmiConsumer[]): readonly number[] {
  const baseName = consumers[0]?.device.baseName ?? "";
  return ladder([USUAL_HZ.find(([kind]) => kind.test(baseName))?.[1] ?? FALLBACK_HZ]);
}
