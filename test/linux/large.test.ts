import { describe, expect, test } from "vitest";
import { boardFile } from "../platform/kit.ts";
import { Guest } from "./guest.ts";
import { device, guestTree, thermalZone } from "./guest-tree.ts";
import { hasLinux } from "./kernels.ts";
import { clocksOf, complaints, domainsOf } from "./report.ts";
import { expectSameCounts } from "./same-counts.ts";

const board = boardFile("large");
const OFF = 0x40000000;
const KINDS = [0x2, 0x5, 0x6, 0x7, 0x8]; // °C, V, A, W, J: what hwmon has a place for
const tree = guestTree(board, {
  consumers: [thermalZone(0, { hot: 80_000, critical: 110_000 }), device("gadget", [])],
});
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

// The two ends: names that are cut, and everything that there is. What each release shows otherwise, the boots of the small board compare
describe.skipIf(!hasLinux)("a board of the size of a server (skipped without SCMI_LINUX_DIR)", () => {
  test.for(["2.0", "3.2"] as const)("is all there in a Linux on SCMI %s", async (profile, context) => {
    await using guest = await Guest.startFor(context, { board, tree, profile });
    const { clock, power } = guest.platform;
    expect(complaints(guest.console.text)).toEqual([]);

    const clocks = clocksOf(await guest.run("cat /sys/kernel/debug/clk/clk_summary"));
    const all = board.clock?.clocks ?? [];
    expect(new Set(clocks.map(({ name }) => name)).size).toBe(all.length);
    expect(sorted(clocks.map(({ rateHz }) => rateHz))).toEqual(sorted(all.map((_, id) => clock.rate(id))));
    expect(all.some((_, id) => clock.isEnabled(id))).toBe(false); // Linux has switched off what it does not use

    const domains = board.power?.domains ?? [];
    const shown = domainsOf(await guest.run("cat /sys/kernel/debug/pm_genpd/pm_genpd_summary"));
    expect(shown.size).toBe(domains.length + (board.performance?.domains.length ?? 0));
    expect(domains.filter(({ hasSync }, id) => hasSync && power.state(id) !== OFF)).toEqual([]);

    const labels = (await guest.run("cat /sys/class/hwmon/*/*_label")).split("\n");
    const sensors = (board.sensor?.sensors ?? []).filter(({ sensorType }) => KINDS.includes(sensorType));
    expect(new Set(labels).size).toBe(sensors.length);
    if (profile === "3.2") {
      const caps = (await guest.run("cat /sys/class/powercap/*/constraint_0_power_limit_uw")).split("\n").map(Number);
      const capped = (board.powercap?.domains ?? []).map(
        ({ unit }, id) => guest.platform.powercap.cap(id) * (unit === "milliwatt" ? 1000 : 1),
      );
      expect(sorted(caps)).toEqual(sorted(capped));
    }
    await expectSameCounts(guest);
  });
});
