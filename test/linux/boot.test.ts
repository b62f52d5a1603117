import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boardFile } from "../platform/kit.ts";
import { Guest, hasLinux, KERNELS } from "./guest.ts";
import { clocksOf, complaints, domainsOf, type ShownClock, section } from "./report.ts";

const PROFILES = ["2.0", "3.0", "3.1", "3.2"] as const;
type Profile = (typeof PROFILES)[number];
const OFF = 0x40000000;
const CELSIUS = 2;

/** Drivers that have a device, by what each release has. */
const DRIVERS: Readonly<Record<Profile, readonly string[]>> = (() => {
  const two = ["scmi-clocks", "scmi-hwmon", "scmi-perf-domain", "scmi-power-domain", "scmi-reset", "scmi-system-power"];
  const three = [...two, "scmi-regulator", "scmi-sensor-iiodev"];
  const capped = [...three, "scmi-powercap"];
  return { "2.0": two, "3.0": three, "3.1": capped, "3.2": capped };
})();

const board = boardFile("example");
/** Names have 15 characters before SCMI 3.1 */
const named = (profile: Profile, name: string) => (profile < "3.1" ? name.slice(0, 15) : name);

describe.skipIf(!hasLinux)("an unmodified Linux (skipped without SCMI_LINUX_DIR)", () => {
  const cases = KERNELS.flatMap((kernel) => PROFILES.map((profile) => ({ kernel, profile })));
  describe.each(cases)("$kernel on a platform of SCMI $profile", ({ kernel, profile }) => {
    let guest: Guest;
    let text: string;
    beforeAll(async () => {
      guest = await Guest.start({ kernel, profile, board, runs: "shared" });
      text = await guest.ended;
    });
    afterAll(() => guest[Symbol.asyncDispose]());

    test("starts with nothing to complain of", () => {
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

      test("binds a driver to each device that the release has", () => {
        const drivers = section(text, "scmi bus").flatMap((line) => /-> (\S+)/.exec(line)?.[1] ?? []);
        expect(drivers.sort()).toEqual([...DRIVERS[profile]].sort());
      });

      test("shows the sensors that the platform has, with their readings", () => {
        const lines = section(text, "hwmon");
        const kinds = [0x2, 0x5, 0x6, 0x7, 0x8]; // °C, V, A, W, J: what hwmon has a place for
        const shown = (board.sensor?.sensors ?? [])
          .map((it, id) => ({ ...it, id, label: named(profile, it.name) }))
          .filter(({ sensorType }) => kinds.includes(sensorType));
        const labels = lines.flatMap((line) => / label=(.+)$/.exec(line)?.[1] ?? []);
        expect(labels.sort()).toEqual(shown.map(({ label }) => label).sort());
        const still = shown.filter(({ signal }) => signal.kind === "constant");
        expect(still.length).toBeGreaterThan(0);
        for (const { id, label, sensorType, exponent } of still) {
          const toHwmon = sensorType === 0x7 || sensorType === 0x8 ? 6 : 3; // µW and µJ, m°C, mV and mA
          const value = Number(guest.platform.sensor.reading(id)) * 10 ** (exponent + toHwmon);
          expect(lines.join("\n")).toContain(`_input=${Math.trunc(value)} label=${label}`);
        }
      });

      test("has a thermal zone of the first sensor", () => {
        const zone = /soc-thermal (\d+)/.exec(section(text, "thermal").join("\n"))?.[1];
        if (profile === "2.0") {
          expect(zone).toBeUndefined(); // Linux cannot enable that sensor, see the complaints that are known
          return;
        }
        const sensor = board.sensor?.sensors[0];
        if (sensor?.signal.kind !== "sine") throw new TypeError("expected a sine on sensor 0");
        const { mean, amplitude } = sensor.signal;
        expect([sensor.sensorType, sensor.exponent]).toEqual([CELSIUS, -3]); // m°C, which is Linux' unit
        expect(Math.abs(Number(zone) - mean)).toBeLessThanOrEqual(amplitude);
      });

      test("shows the tree of the clocks with their rates, and has switched off what nothing uses", () => {
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
        const shown = clocksOf(section(text, "clk_summary"));
        expect([...shown].sort(byName)).toEqual([...held].sort(byName));
        expect(shown.some(({ isOn }) => isOn)).toBe(false);
      });

      test("has switched off the power domains that nothing uses, and the platform holds that", () => {
        const shown = domainsOf(section(text, "genpd"));
        for (const [id, domain] of (board.power?.domains ?? []).entries()) {
          // Linux switches synchronously only, and never asks again: what it cannot switch is to it what it was at its start
          const state = domain.hasSync ? guest.platform.power.state(id) : domain.state;
          expect([domain.name, shown.get(named(profile, domain.name))]).toEqual([domain.name, state !== OFF]);
          if (domain.hasSync) expect([domain.name, state]).toEqual([domain.name, OFF]);
        }
      });

      test.runIf(DRIVERS[profile].includes("scmi-regulator"))("shows the level of its regulator", () => {
        const level = guest.platform.voltage.level(0);
        expect(section(text, "regulator").join("\n")).toContain(`vdd_gpu state=enabled uV=${level}`);
      });

      test.runIf(DRIVERS[profile].includes("scmi-powercap"))("shows the caps, and sets one", () => {
        const caps = section(text, "powercap").join("\n");
        for (const [id, { name, unit, cap }] of (board.powercap?.domains ?? []).entries()) {
          if (unit === "abstract") continue;
          const toUw = unit === "milliwatt" ? 1000 : 1;
          expect(caps).toContain(` ${name} cap=${cap * toUw} power=`);
          if (id === 0) expect(caps).toContain(`after set: ${guest.platform.powercap.cap(id) * toUw}`);
          else expect(guest.platform.powercap.cap(id)).toBe(cap);
        }
        expect(guest.platform.powercap.cap(0)).toBe(9000); // what the script of the guest asks for, in mW
      });

      test("has counted no trouble", () => {
        const counters = new Map(section(text, "counters").map((line) => line.split("=") as [string, string]));
        const zero = ["err_msg_unexpected", "err_msg_invalid", "err_msg_nomem", "sent_fail", "xfers_response_timeout"];
        expect(zero.map((name) => [name, counters.get(name)])).toEqual(zero.map((name) => [name, "0"]));
        expect(counters.get("sent_ok")).toBe(counters.get("response_ok"));
        expect(section(text, "DONE")).toBeDefined(); // it has come to its end
      });
    });
  });
});
