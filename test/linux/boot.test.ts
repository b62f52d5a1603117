import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boardFile } from "../platform/kit.ts";
import { Guest } from "./guest.ts";
import { device, guestTree, thermalZone } from "./guest-tree.ts";
import { hasLinux, KERNELS } from "./kernels.ts";
import { clocksOf, complaints, domainsOf, type ShownClock } from "./report.ts";
import { expectSameCounts } from "./same-counts.ts";

const PROFILES = ["2.0", "3.0", "3.1", "3.2"] as const;
type Profile = (typeof PROFILES)[number];
const OFF = 0x40000000;
const MODE_ON = 7;
const CELSIUS = 2;

/** Drivers that have a device, by what each release has. */
const DRIVERS: Readonly<Record<Profile, readonly string[]>> = (() => {
  const two = ["scmi-clocks", "scmi-hwmon", "scmi-perf-domain", "scmi-power-domain", "scmi-reset", "scmi-system-power"];
  const three = [...two, "scmi-regulator", "scmi-sensor-iiodev"];
  const capped = [...three, "scmi-powercap"];
  return { "2.0": two, "3.0": three, "3.1": capped, "3.2": [...capped, "scmi-pinctrl"] };
})();

const board = boardFile("example");
/** A device at the supply of domain 0, which switches it on, and a thermal zone of sensor 0. */
const tree = guestTree(board, {
  consumers: [thermalZone(0, { hot: 80_000, critical: 110_000 }), device("gadget", [])],
});
/** Names have 15 characters before SCMI 3.1 */
const named = (profile: Profile, name: string) => (profile < "3.1" ? name.slice(0, 15) : name);

describe.skipIf(!hasLinux)("an unmodified Linux (skipped without SCMI_LINUX_DIR)", () => {
  const cases = KERNELS.flatMap((kernel) => PROFILES.map((profile) => ({ kernel, profile })));
  describe.each(cases)("$kernel on a platform of SCMI $profile", ({ kernel, profile }) => {
    let guest: Guest;
    beforeAll(async () => {
      guest = await Guest.start({ kernel, profile, board, tree });
    });
    afterAll(() => guest?.[Symbol.asyncDispose]());

    test("starts with nothing to complain of", () => {
      const { text } = guest.console;
      const { counters } = guest.server;
      expect(complaints(text)).toEqual([]);
      expect(text).toMatch(/SCMI Protocol v2\.[01] 'scmi-wasm:example' Firmware version 0x10000/);
      expect(text).toMatch(
        new RegExp(`scmi-perf-domain .*Initialized ${board.performance?.domains.length} performance domains`),
      );
      expect(counters).toMatchObject({ refused: 0, refusedChains: 0, malformed: 0, overlong: 0, dropped: 0 });
      expect(counters.received).toBe(counters.responses);
    });

    describe("in its programs", () => {
      beforeEach((context) => guest.needPrograms(context));

      test("binds a driver to each device that the release has", async () => {
        const drivers = await guest.run(
          "for d in /sys/bus/scmi_protocol/devices/*/driver; do basename $(readlink $d); done",
        );
        expect(drivers.split("\n").sort()).toEqual([...DRIVERS[profile]].sort());
      });

      test("shows the sensors that the platform has, with their readings", async () => {
        const lines = await guest.run(
          "for f in $(ls /sys/class/hwmon/*/*_label); do echo $(cat $f)=$(cat $(echo $f | sed s/label/input/)); done",
        );
        const kinds = [0x2, 0x5, 0x6, 0x7, 0x8]; // °C, V, A, W, J: what hwmon has a place for
        const readings = new Map(lines.split("\n").map((line) => line.split("=") as [string, string]));
        const shown = (board.sensor?.sensors ?? [])
          .map((it, id) => ({ ...it, id, label: named(profile, it.name) }))
          .filter(({ sensorType }) => kinds.includes(sensorType));
        expect([...readings.keys()].sort()).toEqual(shown.map(({ label }) => label).sort());
        const still = shown.filter(({ signal }) => signal.kind === "constant");
        expect(still.length).toBeGreaterThan(0);
        for (const { id, label, sensorType, exponent } of still) {
          const toHwmon = sensorType === 0x7 || sensorType === 0x8 ? 6 : 3; // µW and µJ, m°C, mV and mA
          const value = Number(guest.platform.sensor.reading(id)) * 10 ** (exponent + toHwmon);
          expect([label, Number(readings.get(label))]).toEqual([label, Math.trunc(value)]);
        }
      });

      const findZone = "grep -sl soc-thermal /sys/class/thermal/*/type || true";
      test.runIf(profile === "2.0" && kernel === "7.2")("has no thermal zone, as it says", async () => {
        expect(await guest.run(findZone)).toBe(""); // Linux cannot enable that sensor, see the complaints that are known
      });

      test.skipIf(profile === "2.0")("has a thermal zone of the first sensor", async () => {
        const zone = await guest.run(findZone);
        const sensor = board.sensor?.sensors[0];
        if (sensor?.signal.kind !== "sine") throw new TypeError("expected a sine on sensor 0");
        const { mean, amplitude } = sensor.signal;
        expect([sensor.sensorType, sensor.exponent]).toEqual([CELSIUS, -3]); // m°C, which is Linux' unit
        const temperature = Number(await guest.run(`cat ${zone.replace(/type$/, "temp")}`));
        expect(Math.abs(temperature - mean)).toBeLessThanOrEqual(amplitude);
      });

      test("shows the tree of the clocks with their rates, and has switched off what nothing uses", async () => {
        const { clock } = guest.platform;
        const clocks = board.clock?.clocks ?? [];
        const nameOf = (id: number) => named(profile, clocks[id]?.name ?? "");
        const held = clocks.map(({ parent }, id) => ({
          name: nameOf(id),
          rateHz: clock.rate(id),
          isOn: clock.isEnabled(id),
          parent: profile < "3.2" || parent === undefined ? undefined : nameOf(parent), // parents came with SCMI 3.2
        }));
        const byName = (a: ShownClock, b: ShownClock) => (a.name < b.name ? -1 : 1);
        const shown = clocksOf(await guest.run("cat /sys/kernel/debug/clk/clk_summary"));
        expect([...shown].sort(byName)).toEqual([...held].sort(byName));
        expect(shown.some(({ isOn }) => isOn)).toBe(false);
      });

      test("has switched off the power domains that nothing uses, and the platform holds that", async () => {
        const shown = domainsOf(await guest.run("cat /sys/kernel/debug/pm_genpd/pm_genpd_summary"));
        for (const [id, domain] of (board.power?.domains ?? []).entries()) {
          // Linux switches synchronously only, and never asks again: what it cannot switch is to it what it was at its start
          const state = domain.hasSync ? guest.platform.power.state(id) : domain.state;
          expect([domain.name, shown.get(named(profile, domain.name))]).toEqual([domain.name, state !== OFF]);
          if (domain.hasSync) expect([domain.name, state]).toEqual([domain.name, OFF]);
        }
      });

      test.runIf(DRIVERS[profile].includes("scmi-regulator"))("shows the levels of its regulators", async () => {
        const { voltage } = guest.platform;
        const lines = await guest.run(
          "cd /sys/class/regulator; for r in *; do echo $(cat $r/name $r/state $r/microvolts); done 2>&1; cd /",
        );
        for (const [id, { name, levelsUv }] of (board.voltage?.domains ?? []).entries()) {
          const isBelowZero = "lowest" in levelsUv && levelsUv.lowest < 0;
          if (isBelowZero) continue; // which Linux leaves out
          const state = voltage.mode(id) === MODE_ON ? "enabled" : "disabled";
          expect(lines).toContain(`${name} ${state} ${voltage.level(id)}`);
        }
        expect(voltage.mode(0)).toBe(MODE_ON);
      });

      test.runIf(DRIVERS[profile].includes("scmi-powercap"))("shows the caps, and sets one", async () => {
        const { powercap } = guest.platform;
        const caps = await guest.run(
          "cd /sys/class/powercap; for z in arm-scmi:*; do echo $(cat $z/name $z/constraint_0_power_limit_uw); done; cd /",
        );
        for (const [id, { name, unit }] of (board.powercap?.domains ?? []).entries()) {
          if (unit === "abstract") continue; // which Linux leaves out
          expect(caps.split("\n")).toContain(`${name} ${powercap.cap(id) * (unit === "milliwatt" ? 1000 : 1)}`);
        }
        await guest.run("echo 9000000 > /sys/class/powercap/arm-scmi:0/constraint_0_power_limit_uw");
        expect(powercap.cap(0)).toBe(9000); // mW
      });

      test.runIf(DRIVERS[profile].includes("scmi-pinctrl"))("knows the pins", async () => {
        const pins = await guest.run("cat /sys/kernel/debug/pinctrl/*/pins");
        const names = [...pins.matchAll(/^pin \d+ \((.*?)\)/gm)].map(([, name]) => name);
        expect(names).toEqual(board.pinctrl?.pins.map(({ name }) => name));
      });

      test("has counted the same as the platform, and no trouble", async () => {
        await expectSameCounts(guest);
      });

      test("powers off", async () => {
        // 6.12 does not survive the end of a device that has its supply still on
        await guest.run(
          "[ ! -e /sys/devices/platform/gadget/state ] || echo disabled > /sys/devices/platform/gadget/state",
        );
        expect(await guest.powerOff()).toMatch(/reboot: Power down/);
        expect(guest.server.counters).toMatchObject({ ended: 1, refused: 0 });
      });
    });
  });
});
