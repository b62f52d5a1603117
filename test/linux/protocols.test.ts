import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fanControl } from "../../examples/vendor/fan-platform.mjs";
import { Agent } from "../../src/agent/agent.ts";
import { realClock } from "../../src/core/real-clock.ts";
import { STATUS } from "../../src/errors.ts";
import type { VendorProtocol } from "../../src/platform/index.ts";
import * as protocols from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { exampleWith, PROTOCOL } from "../platform/kit.ts";
import { Guest } from "./guest.ts";
import { guestTree, thermalZone } from "./guest-tree.ts";
import { hasLinux, KERNELS } from "./kernels.ts";
import { plain, RemoteAgent } from "./remote.ts";

// The vendor of the example of a vendor protocol
const board = exampleWith(["vendor"], "acme");
const FANS = [
  { name: "case", maxRpm: 2000 },
  { name: "cpu", maxRpm: 4000 },
];
// The example uses the package, whose classes are not those of the sources to the compiler
const fans = fanControl(FANS) as unknown as VendorProtocol;
const [OFF, ON, RETENTION] = [0x40000000, 0, 1];
const { PINCTRL_CONFIG, SYSTEM_STATE } = protocols;
const canRun = hasLinux && existsSync(fileURLToPath(new URL("../../dist/src/transport/raw.node.js", import.meta.url)));

/** Commands that have no business here, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  PERFORMANCE_DESCRIBE_FASTCHANNEL: "no memory is shared, so there are no FastChannels",
  POWERCAP_DESCRIBE_FASTCHANNEL: "no memory is shared, so there are no FastChannels",
};

describe.skipIf(!canRun).each(KERNELS)(
  "an agent in a guest with Linux %s, over raw mode (skipped without SCMI_LINUX_DIR)",
  (kernel) => {
    // One guest for all: the last tests look back at what the others did
    let guest: Guest;
    let agent: RemoteAgent;
    /** Commands that were answered while the agent was there, `protocol:message`. */
    const answered = new Set<string>();

    beforeAll(async () => {
      let isListening = false;
      const heard = (header: number) => {
        if (isListening) answered.add(`${(header >>> 10) & 0xff}:${header & 0xff}`);
      };
      // The guest's kernel has devices of its own, and none that asks for anything by itself
      const tree = guestTree(board, { consumers: [thermalZone(0, { hot: 80_000, critical: 110_000 })] });
      guest = await Guest.start({ kernel, board, tree, heard, runs: "node", vendorProtocols: [fans] });
      isListening = true;
      if (guest.runsPrograms) agent = await RemoteAgent.open(guest);
    });
    beforeEach((context) => guest.needPrograms(context));
    afterAll(() => guest?.[Symbol.asyncDispose]());

    test("finds the same as an agent that asks the platform directly", async () => {
      const { platform } = guest;
      const direct = await Agent.open(platform.core, loopback(platform.connect(1)), { clock: realClock });
      const all = ["Power", "Performance", "Clock", "Sensor", "Reset", "Voltage", "Powercap", "Pinctrl"] as const;
      for (const name of all) {
        // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing is bundled here
        const protocol = await direct.protocol<{ describeAll(): Promise<unknown> }>(protocols[name]);
        const expected = plain(await protocol.describeAll());
        expect([name, await agent.call(name, "describeAll")]).toEqual([name, expected]);
      }
      await direct.close();
    });

    test("Base: who is there, what is denied, and errors that are reported", async () => {
      expect(await agent.call("Base", "discoverVendor")).toBe(board.vendor);
      expect(await agent.call("Base", "discoverSubVendor")).toBe(board.subVendor);
      expect(await agent.call("Base", "discoverImplementationVersion")).toBe(board.implementationVersion);
      const own = await agent.call("Base", "discoverAgent");
      expect(own).toEqual({ agentId: 1, name: board.agents[0]?.name });
      expect(await agent.call("Base", "discoverProtocols")).toEqual([...Object.values(PROTOCOL).slice(1), 0x90]);
      // This agent is not trusted
      const denied = { status: STATUS.DENIED };
      await expect(agent.call("Base", "setDevicePermissions", 3, 0, "deny")).rejects.toMatchObject(denied);
      await expect(agent.call("Base", "setProtocolPermissions", 3, 0, PROTOCOL.CLOCK, "deny")).rejects.toMatchObject(
        denied,
      );

      const errors = await agent.watch("Base", "watchErrors");
      const report = { header: 0x5, status: STATUS.HARDWARE_ERROR };
      guest.platform.reportErrors(1, [report]);
      expect(await errors.next()).toMatchObject({ agentId: 1, isFatal: false, reports: [report] });
      await errors.leave();
    });

    test("power: states set and read, and the platform's own changes heard", async () => {
      const { power } = guest.platform;
      const [CPU, GPU] = [1, 2];
      await agent.call("Power", "setState", CPU, RETENTION);
      expect(power.state(CPU)).toBe(RETENTION);
      await agent.call("Power", "requestState", CPU, ON);
      expect(await agent.call("Power", "getState", CPU)).toBe(power.state(CPU));

      const states = await agent.watch("Power", "watchState", GPU);
      power.setState(GPU, ON);
      expect(await states.next()).toEqual({ agentId: 0, domainId: GPU, powerState: ON });
      power.setState(GPU, OFF);
      expect(await states.next()).toEqual({ agentId: 0, domainId: GPU, powerState: OFF });
      await states.leave();
      const requests = await agent.watch("Power", "watchStateRequests", GPU);
      await requests.leave();
    });

    test("system power: what may be asked, and what the platform asks for", async () => {
      const { systemPower } = guest.platform;
      expect(await agent.call("SystemPower", "describe")).toMatchObject({ canSetState: true, canNotify: true });
      await expect(agent.call("SystemPower", "getState")).rejects.toMatchObject({ status: STATUS.NOT_SUPPORTED });
      const [vendorState = 0] = board.systemPower?.vendorStates ?? [];
      const events = await agent.watch("SystemPower", "watch");
      systemPower.request(vendorState); // Linux does nothing about a state that it does not know
      expect(await events.next()).toEqual({ agentId: 0, isGraceful: true, systemState: vendorState, timeoutMs: 0 });
      await events.leave();
    });

    test("performance: levels and limits, and both heard", async () => {
      const { performance } = guest.platform;
      const LITTLE = 0;
      const levels = await agent.watch("Performance", "watchLevel", LITTLE);
      await agent.call("Performance", "setLevel", LITTLE, 1400);
      expect(performance.level(LITTLE)).toBe(1400);
      expect(await levels.next()).toMatchObject({ agentId: 1, domainId: LITTLE, performanceLevel: 1400 });
      performance.setLevel(LITTLE, 600);
      expect(await levels.next()).toMatchObject({ agentId: 0, performanceLevel: performance.level(LITTLE) });
      expect(await agent.call("Performance", "getLevel", LITTLE)).toBe(performance.level(LITTLE));
      await levels.leave();

      const limits = await agent.watch("Performance", "watchLimits", LITTLE);
      await agent.call("Performance", "setLimits", LITTLE, { rangeMax: 1400, rangeMin: 600 });
      expect(performance.limits(LITTLE)).toEqual({ max: 1400, min: 600 });
      expect(await limits.next()).toMatchObject({ agentId: 1, rangeMax: 1400, rangeMin: 600 });
      performance.setLimits(LITTLE, { max: 1000, min: 600 });
      expect(await limits.next()).toMatchObject({ agentId: 0, domainId: LITTLE, rangeMax: 1000, rangeMin: 600 });
      expect(await agent.call("Performance", "getLimits", LITTLE)).toEqual({ rangeMax: 1000, rangeMin: 600 });
      await limits.leave();
    });

    test("clocks: rates, also with delayed responses, states, parents and configurations", async () => {
      const { clock } = guest.platform;
      const [OSC, CPU_PLL, GPU_CLK, UART] = [0, 1, 2, 3];
      const changes = await agent.watch("Clock", "watchRate", CPU_PLL);
      const requests = await agent.watch("Clock", "watchRateRequests", CPU_PLL);
      expect(await agent.call("Clock", "setRateAsync", CPU_PLL, 700_000_000)).toBe(700_000_000);
      expect(clock.rate(CPU_PLL)).toBe(700_000_000);
      const told = { agentId: 1, clockId: CPU_PLL, rateHz: 700_000_000 };
      expect([await requests.next(), await changes.next()]).toEqual([told, told]);
      clock.setRate(CPU_PLL, 900_000_000);
      expect(await changes.next()).toEqual({ agentId: 0, clockId: CPU_PLL, rateHz: clock.rate(CPU_PLL) });
      await changes.leave();
      await requests.leave();
      expect(await agent.call("Clock", "setRateAsync", UART, 24_000_000)).toBe(clock.rate(UART)); // before its response

      await agent.call("Clock", "setRate", GPU_CLK, 300_000_000);
      expect(await agent.call("Clock", "getRate", GPU_CLK)).toBe(clock.rate(GPU_CLK));
      for (const [method, isEnabled] of [
        ["enable", true],
        ["disable", false],
      ] as const) {
        await agent.call("Clock", method, GPU_CLK);
        expect([method, clock.isEnabled(GPU_CLK)]).toEqual([method, isEnabled]);
        expect(await agent.call("Clock", "isEnabled", GPU_CLK)).toBe(isEnabled);
      }
      await agent.call("Clock", "setParent", GPU_CLK, OSC);
      expect(await agent.call("Clock", "getParent", GPU_CLK)).toBe(OSC);
      const { OEM_FIRST = 0x80 } = protocols.CLOCK_EXTENDED_CONFIG as { readonly OEM_FIRST?: number };
      await agent.call("Clock", "setExtendedConfig", GPU_CLK, OEM_FIRST, 77);
      expect(await agent.call("Clock", "getConfig", GPU_CLK, OEM_FIRST)).toMatchObject({ value: 77 });
      expect(await agent.call("Clock", "getPermissions", GPU_CLK)).toEqual({ state: true, parent: true, rate: true });
    });

    test("sensors: readings, also delayed ones, configurations, trip points and streams", async () => {
      const { sensor } = guest.platform;
      const [VDD, ACCELEROMETER, HUMIDITY, BATTERY] = [1, 4, 5, 6];
      sensor.setReading(VDD, 870);
      expect(await agent.call("Sensor", "read", VDD)).toMatchObject({ value: 0.87, raw: 870 });
      sensor.setReading(HUMIDITY, 421);
      expect((await agent.call("Sensor", "read", HUMIDITY, { isAsync: true })).raw).toBe(421);
      sensor.setFault(VDD, true);
      const broken = { status: STATUS.HARDWARE_ERROR };
      await expect(agent.call("Sensor", "read", VDD)).rejects.toMatchObject(broken);
      sensor.setFault(VDD, false);

      sensor.setReading(BATTERY, 2500);
      const trips = await agent.watch("Sensor", "watchTripPoints", BATTERY);
      await agent.call("Sensor", "setTripPoint", BATTERY, 2, { direction: "both", raw: 3000 });
      for (const [value, isRising] of [
        [3200, true],
        [2800, false],
      ] as const) {
        sensor.setReading(BATTERY, value);
        expect(await trips.next()).toEqual({ agentId: 0, sensorId: BATTERY, tripPointId: 2, isRising });
      }
      await trips.leave();

      const values = [11, -22, 33];
      values.forEach((value, axisId) => {
        sensor.setReading(ACCELEROMETER, value, axisId);
      });
      await agent.call("Sensor", "setConfig", ACCELEROMETER, { isEnabled: true, hasTimestamps: true, intervalS: 0.02 });
      expect(sensor.isEnabled(ACCELEROMETER)).toBe(true);
      const config = { isEnabled: true, hasTimestamps: true, intervalS: 0.02 };
      expect(await agent.call("Sensor", "getConfig", ACCELEROMETER)).toEqual(config);
      const updates = await agent.watch("Sensor", "watchUpdates", ACCELEROMETER);
      const { readings } = await updates.next();
      expect(readings.map(({ raw }: { readonly raw: number }) => raw)).toEqual(values);
      await updates.leave();
      await agent.call("Sensor", "disable", ACCELEROMETER);
      expect(sensor.isEnabled(ACCELEROMETER)).toBe(false);
    });

    test("resets: whole cycles, also with delayed responses, signals, and what others do", async () => {
      const { reset } = guest.platform;
      const [USB, DISPLAY] = [0, 3];
      const issued = await agent.watch("Reset", "watchResets", USB);
      const before = reset.count(USB);
      await agent.call("Reset", "resetAsync", USB);
      await agent.call("Reset", "reset", USB);
      expect(reset.count(USB)).toBe(before + 2);
      expect([await issued.next(), await issued.next()]).toMatchObject([
        { agentId: 1, domainId: USB },
        { agentId: 1, domainId: USB },
      ]);
      reset.reset(USB);
      expect(await issued.next()).toMatchObject({ agentId: 0, domainId: USB });
      await issued.leave();
      await agent.call("Reset", "deassert", DISPLAY);
      expect(reset.isAsserted(DISPLAY)).toBe(false);
      await agent.call("Reset", "assert", DISPLAY);
      expect(reset.isAsserted(DISPLAY)).toBe(true);
    });

    test("voltages: levels, also with delayed responses, and modes", async () => {
      const { voltage } = guest.platform;
      const [VDD_CPU, VDD_GPU, VEE] = [0, 1, 3];
      await agent.call("Voltage", "setLevel", VDD_CPU, 850_000);
      expect(voltage.level(VDD_CPU)).toBe(850_000);
      expect(await agent.call("Voltage", "setLevelAsync", VDD_GPU, 650_000)).toBe(voltage.level(VDD_GPU));
      await agent.call("Voltage", "setLevel", VEE, -5_500_000);
      expect(await agent.call("Voltage", "getLevel", VEE)).toBe(voltage.level(VEE));
      await agent.call("Voltage", "setConfig", VDD_GPU, 9);
      expect(voltage.mode(VDD_GPU)).toBe(9);
      await agent.call("Voltage", "disable", VDD_GPU);
      expect(await agent.call("Voltage", "getConfig", VDD_GPU)).toBe(voltage.mode(VDD_GPU));
    });

    test("powercaps: caps, also with delayed responses, intervals, measurements, and both heard", async () => {
      const { powercap } = guest.platform;
      const [PACKAGE, CORES] = [0, 1];
      const caps = await agent.watch("Powercap", "watchCap", PACKAGE);
      await agent.call("Powercap", "setCap", PACKAGE, 22_000);
      expect(powercap.cap(PACKAGE)).toBe(22_000);
      expect(await caps.next()).toMatchObject({ agentId: 1, domainId: PACKAGE, powerCap: 22_000 });
      powercap.setCap(PACKAGE, 15_000);
      expect(await caps.next()).toMatchObject({ agentId: 0, domainId: PACKAGE, powerCap: powercap.cap(PACKAGE) });
      expect(await agent.call("Powercap", "getCap", PACKAGE)).toBe(powercap.cap(PACKAGE));
      await caps.leave();
      expect(await agent.call("Powercap", "setCapAsync", CORES, 9_000)).toBe(powercap.cap(CORES));
      await agent.call("Powercap", "setPai", PACKAGE, 20_000);
      expect(await agent.call("Powercap", "getPai", PACKAGE)).toBe(powercap.paiUs(PACKAGE));

      const watch = await agent.watch("Powercap", "watchMeasurements", CORES, { low: 1000, high: 6000 });
      powercap.setDemand(CORES, 500);
      expect((await watch.next()).power).toBeLessThan(1000);
      powercap.setDemand(CORES, 8000);
      const heard = await watch.next();
      expect(heard).toMatchObject({ agentId: 0, domainId: CORES });
      expect(heard.power).toBeGreaterThan(6000);
      await watch.leave();
      // An average over what was drawn: it may still be on its way up
      const { power } = await agent.call("Powercap", "getMeasurements", CORES);
      expect(power).toBeGreaterThan(6000);
      expect(power).toBeLessThanOrEqual(8000);
    });

    test("pins: settings, functions and owners", async () => {
      const { pinctrl } = guest.platform;
      const [LED, I2C_GROUP, I2C_FUNCTION] = [4, 1, 1];
      const settings = [{ type: PINCTRL_CONFIG.OUTPUT_VALUE, value: 1 }];
      await agent.call("Pinctrl", "request", "pin", LED);
      expect(pinctrl.owner(LED)).toBe(1);
      await agent.call("Pinctrl", "configure", "pin", LED, { settings });
      expect(pinctrl.setting(LED, PINCTRL_CONFIG.OUTPUT_VALUE)).toBe(1);
      pinctrl.drive(LED, 1);
      expect(await agent.call("Pinctrl", "getSetting", "pin", LED, PINCTRL_CONFIG.INPUT_VALUE)).toBe(1);
      await agent.call("Pinctrl", "release", "pin", LED);
      expect(pinctrl.owner(LED)).toBeUndefined();
      await agent.call("Pinctrl", "configure", "group", I2C_GROUP, { functionId: I2C_FUNCTION });
      expect(await agent.call("Pinctrl", "getFunction", "group", I2C_GROUP)).toBe(I2C_FUNCTION);
      const pins = board.pinctrl?.groups[I2C_GROUP]?.pins ?? [];
      expect(pins.map((pin) => pinctrl.functionOf(pin))).toEqual(pins.map(() => I2C_FUNCTION));
      const denied = { status: STATUS.DENIED };
      await expect(agent.call("Pinctrl", "setPermission", 3, "pin", LED, "deny")).rejects.toMatchObject(denied);
    });

    test("a vendor's protocol: commands, delayed responses and notifications", async () => {
      expect((await agent.call("Fan", "fans")).map(({ name }: { readonly name: string }) => name)).toEqual([
        "case",
        "cpu",
      ]);
      const speeds = await agent.watch("Fan", "watchSpeed", 1);
      await agent.call("Fan", "setSpeed", 1, 3000);
      expect(await speeds.next()).toMatchObject({ agentId: 1, fanId: 1, rpm: 3000 });
      expect(await agent.call("Fan", "setSpeedAsync", 0, 1500)).toBe(1500);
      expect(await agent.call("Fan", "speeds")).toEqual([1500, 3000]);
      await speeds.leave();
      await expect(agent.call("Fan", "setSpeed", 2, 0)).rejects.toMatchObject({ status: STATUS.NOT_FOUND });
    });

    test("every protocol: its version, its messages, and a version that is agreed upon", async () => {
      const { core } = guest.platform;
      expect(core).toBeDefined();
      for (const [name, id] of Object.entries(PROTOCOL)) {
        const header = (messageId: number) => messageId | (id << 10);
        const [status, version = []] = wordsOf(await agent.call("own", "send", header(0x0)));
        expect([name, status]).toEqual([name, STATUS.SUCCESS]);
        const bytes = [...new Uint8Array(Uint32Array.of(version as number).buffer)];
        expect(wordsOf(await agent.call("own", "send", header(0x10), ...bytes))).toEqual([STATUS.SUCCESS]);
        expect(wordsOf(await agent.call("own", "send", header(0x1)))[0]).toBe(STATUS.SUCCESS);
        expect(wordsOf(await agent.call("own", "send", header(0x2), 0x0, 0, 0, 0))[0]).toBe(STATUS.SUCCESS);
        expect(wordsOf(await agent.call("own", "send", header(0x2), 0x3f, 0, 0, 0))[0]).toBe(STATUS.NOT_FOUND);
      }
    });

    test("Base and system power at last: its settings go back, and the platform goes down when it says so", async () => {
      const { power, systemPower } = guest.platform;
      const GPU = 2;
      await agent.call("Power", "setState", GPU, ON);
      expect(power.state(GPU)).toBe(ON);
      await agent.call("Base", "resetAgentConfiguration", 1);
      expect(power.state(GPU)).toBe(OFF);
      // After its answer, which may be the last thing that an agent sees
      const isDown = new Promise((resolve) => guest.platform.on("systemPowerChanged", resolve));
      expect(await agent.call("SystemPower", "setState", SYSTEM_STATE.SHUTDOWN)).toBe("accepted");
      expect(await isDown).toMatchObject({ agentId: 1, systemState: SYSTEM_STATE.SHUTDOWN });
      expect(systemPower.state).toBe(SYSTEM_STATE.SHUTDOWN);
    });

    test("has had an answer to every command that there is", () => {
      const { platform } = guest;
      const tables = Object.values(protocols).filter(
        (it): it is typeof protocols.baseProtocol =>
          typeof it === "object" &&
          it !== null &&
          "newestVersion" in it &&
          Object.values(PROTOCOL).includes(it.id as never),
      );
      expect(new Set(tables.map(({ id }) => id)).size).toBe(Object.keys(PROTOCOL).length);
      expect(platform.profile).toBe("3.2"); // in which everything is in
      const missing = tables.flatMap(({ id, commands }) =>
        commands.filter((it) => !answered.has(`${id}:${it.id}`) && !(it.name in LEFT_OUT)).map(({ name }) => name),
      );
      expect(missing).toEqual([]);
    });

    test("leaves nothing behind, and both sides have counted the same", async () => {
      const { anomalies, sent, responses, late, ...counters } = await agent.call("own", "counters");
      expect(counters).toMatchObject({ timeouts: 0, unexpected: 0, malformed: 0 });
      expect(responses + late).toBe(sent);
      // A delayed response may overtake its response, which then finds that its caller has gone
      expect(
        anomalies.filter(({ kind, type }: { kind: string; type: number }) => !(kind === "late" && type === 0)),
      ).toEqual([]);
      expect(await agent.call("own", "close")).toEqual({ xfers: 0, tokens: 0, claims: 0 });
      await agent.end();
      const theirs = await guest.counters();
      const { received, responses: sentResponses, delayedResponses, notifications } = guest.server.counters;
      // What raw mode sends, Linux does not count as sent
      expect((theirs.sent_ok ?? 0) + sent).toBe(received);
      expect(theirs).toMatchObject({
        ...{ delayed_response_ok: delayedResponses, notification_ok: notifications },
        ...{ sent_fail: 0, err_msg_nomem: 0, xfers_response_timeout: 0, xfers_inflight: 0 },
      });
      const { response_ok = 0, err_msg_unexpected = 0, err_msg_invalid = 0 } = theirs;
      expect(response_ok + err_msg_unexpected + err_msg_invalid).toBe(sentResponses);
      expect(err_msg_unexpected + err_msg_invalid).toBeLessThanOrEqual(delayedResponses);
    });
  },
);

/** Words of a response, the status signed. */
function wordsOf(bytes: readonly number[]): readonly number[] {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(4 * i, true));
}
