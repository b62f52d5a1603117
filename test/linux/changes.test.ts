import { describe, expect, type TestContext, test } from "vitest";
import { cells, text } from "../../src/cli/dt-sketch.ts";
import { SYSTEM_STATE } from "../../src/protocols/index.ts";
import { boardFile } from "../platform/kit.ts";
import { Guest, type GuestOptions } from "./guest.ts";
import { device, guestTree, thermalZone } from "./guest-tree.ts";
import { hasLinux } from "./kernels.ts";
import { clocksOf } from "./report.ts";
import { expectSameCounts } from "./same-counts.ts";

const board = boardFile("example");
const [CPU_PLL, GPU_DOMAIN, VDD_CPU, PACKAGE, CORES] = [1, 2, 0, 0, 1];
const [CPU_THERMAL, VDD_SENSOR, ACCELEROMETER] = [0, 1, 4];
const I2C_FUNCTION = 1;
const OFF = 0x40000000;
const [MODE_OFF, MODE_ON] = [0, 7];
const GADGET_HZ = 800_000_000;
const VDD_CPU_UV = 950_000;
const HOT_MILLICELSIUS = 80_000;
const CRITICAL_MILLICELSIUS = 110_000;

/** Linux looks at a thermal zone this often, or never: then both sides' counters stand still while they are compared. */
const [OFTEN_MS, NEVER_MS] = [50, 0];

/** One device that uses a supply, a power domain, a clock and pins, and a thermal zone. */
const treeWith = (pollMs: number) =>
  guestTree(board, {
    levelsUv: { [VDD_CPU]: VDD_CPU_UV },
    consumers: [
      thermalZone(pollMs, { hot: HOT_MILLICELSIUS, critical: CRITICAL_MILLICELSIUS }),
      device("gadget", [
        cells("power-domains", { ref: "scmi_power" }, GPU_DOMAIN),
        cells("assigned-clocks", { ref: "scmi_clk" }, CPU_PLL),
        cells("assigned-clock-rates", GADGET_HZ),
        text("pinctrl-names", "default"),
        cells("pinctrl-0", { ref: `scmi_function${I2C_FUNCTION}_pins` }),
      ]),
    ],
  });
const GADGET = "/sys/devices/platform/gadget";
const DRIVER = "/sys/bus/platform/drivers/reg-userspace-consumer";
const IIO = "/sys/bus/iio/devices/iio:device0";

const start = (context: TestContext, options: Partial<GuestOptions> = {}) =>
  Guest.startFor(context, { board, tree: treeWith(NEVER_MS), ...options });
const startHot = (context: TestContext, options: Partial<GuestOptions> = {}) =>
  start(context, { tree: treeWith(OFTEN_MS), ...options });

/** File of a reading in hwmon, by its label. */
const reading = (name: string) =>
  `f=$(grep -lx ${name} /sys/class/hwmon/hwmon*/*_label) && cat $(echo $f | sed s/label/input/)`;
/** File of a regulator, or of a powercap zone, by its name. */
const ofClass = (name: string, file: string, from = "regulator/regulator") =>
  `f=$(grep -lx ${name} /sys/class/${from}*/name) && cat $(dirname $f)/${file}`;
const zoneFile = (name: string) => `$(dirname $(grep -lx ${name} /sys/class/powercap/arm-scmi*/name))`;
const rateOf = async (guest: Guest, name: string) =>
  clocksOf(await guest.run("cat /sys/kernel/debug/clk/clk_summary")).find((it) => it.name === name)?.rateHz;

describe.skipIf(!hasLinux)("a guest (skipped without SCMI_LINUX_DIR)", () => {
  test("sees what the platform changes by its own doing", async (context) => {
    await using guest = await start(context);
    const { sensor, clock, voltage, powercap } = guest.platform;

    sensor.setReading(VDD_SENSOR, 873);
    expect(Number(await guest.run(reading("vdd-cpu")))).toBe(873); // mV, as the platform has it
    sensor.setFault(VDD_SENSOR, true);
    await expect(guest.run(reading("vdd-cpu"))).rejects.toThrow("exit");
    sensor.setFault(VDD_SENSOR, false);
    expect(Number(await guest.run(reading("vdd-cpu")))).toBe(Number(sensor.reading(VDD_SENSOR)));

    clock.setRate(CPU_PLL, 1_500_000_000);
    expect(await rateOf(guest, "cpu-pll")).toBe(clock.rate(CPU_PLL));

    voltage.setLevel(VDD_CPU, 812_500);
    expect(Number(await guest.run(ofClass("vdd_cpu", "microvolts")))).toBe(voltage.level(VDD_CPU));
    voltage.setMode(VDD_CPU, MODE_OFF);
    expect(await guest.run(ofClass("vdd_cpu", "state"))).toBe("disabled");
    voltage.setMode(VDD_CPU, MODE_ON);
    expect(await guest.run(ofClass("vdd_cpu", "state"))).toBe("enabled");

    powercap.setCap(PACKAGE, 20_000); // mW
    const limit = ofClass("package", "constraint_0_power_limit_uw", "powercap/arm-scmi");
    expect(Number(await guest.run(limit))).toBe(powercap.cap(PACKAGE) * 1000);
    powercap.setDemand(CORES, 3500);
    // Power is an average over an interval of 10 ms at least, so it takes a while
    await guest.poll(ofClass("cores", "power_uw", "powercap/arm-scmi"), "^3500000$");
    expect(powercap.power(CORES)).toBe(3500);
    await expectSameCounts(guest);
  });

  test("has at the platform what its own devices ask for", async (context) => {
    await using guest = await start(context);
    const { power, clock, voltage, pinctrl, powercap } = guest.platform;

    // By its tree alone, before any program has run
    expect(voltage.level(VDD_CPU)).toBe(VDD_CPU_UV);
    const members = board.pinctrl?.functions[I2C_FUNCTION]?.members ?? [];
    const pins = new Set(members.flatMap((group) => board.pinctrl?.groups[group]?.pins ?? []));
    expect(pins.size).toBeGreaterThan(0);
    for (const pin of pins) expect([pin, pinctrl.functionOf(pin)]).toEqual([pin, I2C_FUNCTION]);
    expect([power.state(GPU_DOMAIN), clock.rate(CPU_PLL)]).toEqual([0, GADGET_HZ]);

    // A driver that lets go of a supply that it has switched on is what Linux warns of
    await guest.run(`echo disabled > ${GADGET}/state; echo gadget > ${DRIVER}/unbind`);
    // Linux does that by a work of its own, later
    await guest.poll("cat /sys/kernel/debug/pm_genpd/pm_genpd_summary", "^gpu +off");
    expect(power.state(GPU_DOMAIN)).toBe(OFF);
    clock.setRate(CPU_PLL, 1_000_000_000);
    await rateOf(guest, "cpu-pll"); // Linux sets nothing that is as it read it last
    await guest.run(`echo gadget > ${DRIVER}/bind`);
    expect([power.state(GPU_DOMAIN), clock.rate(CPU_PLL)]).toEqual([0, GADGET_HZ]);

    for (const [word, mode] of [
      ["enabled", MODE_ON],
      ["disabled", MODE_OFF],
    ] as const) {
      await guest.run(`echo ${word} > ${GADGET}/state`);
      expect([word, voltage.mode(VDD_CPU)]).toEqual([word, mode]);
    }

    await guest.run(`echo 12500000 > ${zoneFile("package")}/constraint_0_power_limit_uw`);
    expect(powercap.cap(PACKAGE)).toBe(12_500);
    await guest.run(`echo 50000 > ${zoneFile("package")}/constraint_0_time_window_us`);
    expect(powercap.paiUs(PACKAGE)).toBe(50_000);
    await guest.run(`echo 0 > ${zoneFile("package")}/enabled`);
    expect(powercap.cap(PACKAGE)).toBe(0);
    await expectSameCounts(guest);
  });

  test("streams what a sensor measures, by notifications that Linux asks for", async (context) => {
    await using guest = await start(context);
    const { sensor } = guest.platform;
    const values = [-1234, 77, 15_000];
    values.forEach((value, axisId) => {
      sensor.setReading(ACCELEROMETER, value, axisId);
    });
    expect(sensor.isEnabled(ACCELEROMETER)).toBe(false);
    const on = `for f in ${IIO}/scan_elements/*_en; do echo 1 > $f; done; echo 100 > ${IIO}/in_accel_sampling_frequency`;
    await guest.run(`${on}; echo 1 > ${IIO}/buffer/enable`);
    expect(sensor.isEnabled(ACCELEROMETER)).toBe(true);

    // A scan is three axes and a timestamp, 64 bits each
    const dump = await guest.run("dd if=/dev/iio:device0 bs=32 count=5 2>/dev/null | od -An -v -w32 -t d8");
    const scans = dump.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    expect(scans.map(([x, y, z]) => [x, y, z])).toEqual(Array(5).fill(values));
    const times = scans.map(([, , , time = 0]) => time);
    expect([...times].sort((a, b) => a - b)).toEqual(times);

    await guest.run(`echo 0 > ${IIO}/buffer/enable`);
    expect(sensor.isEnabled(ACCELEROMETER)).toBe(false);
    expect(guest.server.counters.notifications).toBeGreaterThanOrEqual(5);
    await expectSameCounts(guest);
  });

  test("notices that a sensor has crossed a trip point, and that it came back", async (context) => {
    await using guest = await startHot(context, { words: ["trace_event=thermal:*"] });
    const { sensor } = guest.platform;
    const trips = "grep -c 'thermal_zone_trip:.*trip_type=HOT' /sys/kernel/tracing/trace";
    expect(await guest.run(`${trips} || true`)).toBe("0");
    sensor.setReading(CPU_THERMAL, HOT_MILLICELSIUS);
    await guest.poll(trips, "^1$");
    expect(await guest.run("cat /sys/class/thermal/thermal_zone0/temp")).toBe(`${HOT_MILLICELSIUS}`);

    sensor.setReading(CPU_THERMAL, 60_000); // below the hysteresis: the next crossing is another one
    await guest.poll("cat /sys/kernel/tracing/trace", " temp=60000$");
    sensor.setReading(CPU_THERMAL, HOT_MILLICELSIUS + 5000);
    await guest.poll(trips, "^2$");
    expect(await guest.counters()).toMatchObject({ sent_fail: 0, err_msg_nomem: 0, xfers_response_timeout: 0 });
  });
});

describe.skipIf(!hasLinux)("a guest powers itself off (skipped without SCMI_LINUX_DIR)", () => {
  const MARK = "### asked to power off";
  /** Gives the kernel a program to power off with in an orderly way. */
  const givePoweroff = (guest: Guest) =>
    guest.run(
      `printf '#!/bin/sh\\necho "${MARK}" >/dev/console\\nexec poweroff -f\\n' >/dev/off && chmod 755 /dev/off && ` +
        "echo /dev/off >/proc/sys/kernel/poweroff_cmd",
    );
  const ends = [MARK, "reboot: Power down"];

  test("when the platform asks for a graceful shutdown", async (context) => {
    await using guest = await start(context);
    await givePoweroff(guest);
    const { systemPower } = guest.platform;
    expect(await guest.run("ls /sys/bus/scmi_protocol/drivers/scmi-system-power")).toMatch(/scmi_dev/);
    systemPower.request(SYSTEM_STATE.SHUTDOWN);
    expect(systemPower.isWaiting).toBe(true);
    const text = await guest.ended;
    for (const line of ends) expect(text).toContain(line);
    expect(guest.server.counters).toMatchObject({ notifications: 1, dropped: 0, ended: 1 });
  });

  test("when a sensor crosses its critical trip point", async (context) => {
    await using guest = await startHot(context);
    await givePoweroff(guest);
    guest.platform.sensor.setReading(CPU_THERMAL, CRITICAL_MILLICELSIUS);
    const text = await guest.ended;
    for (const line of ends) expect(text).toContain(line);
  });
});
