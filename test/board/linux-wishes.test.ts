import { expect, test } from "vitest";
import { type Board, parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import type { Release } from "../../src/protocols/index.ts";
import { boardFile, Client, PROTOCOL, words } from "../platform/kit.ts";

// Found by Linux behind virtio: it mapped FastChannels of a memory that it does not share, and warned of each.
test("a platform that shares no memory with its agents has neither FastChannels nor statistics, and all else", () => {
  const board = boardFile("example");
  const sharesMemory = false;
  const core = Core.createSync({ capacity: Platform.capacityFor(board, { sharesMemory }) });
  const platform = Platform.open(core, board, { clock: new SimulatedClock(), sharesMemory });
  const answers: DataView[] = [];
  const port = platform.connectMessages(1, { send: (it) => answers.push(new DataView(it.slice().buffer)) });
  const call = (protocol: number, message: number, ...words: readonly number[]) => {
    port.receive(new Uint8Array(Uint32Array.of((protocol << 10) | message, ...words).buffer));
    return answers.at(-1) as DataView;
  };
  const PERFORMANCE = 0x13;
  const POWERCAP = 0x18;
  expect(call(PERFORMANCE, 0x1).getUint32(20, true)).toBe(0); // length of the statistics region
  expect(call(0x11, 0x1).getUint32(20, true)).toBe(0);
  const domains = boardFile("example").performance?.domains.length ?? 0;
  for (let id = 0; id < domains; id++) {
    expect(call(PERFORMANCE, 0x3, id).getUint32(8, true) & (1 << 27)).toBe(0); // FastChannel support
  }
  expect(call(PERFORMANCE, 0xb, 0, 0x7).getInt32(4, true)).toBe(-4); // DESCRIBE_FASTCHANNEL: there is no such command
  expect(call(POWERCAP, 0x2, 0x5).getUint32(8, true) & 1).toBe(0); // of POWERCAP_CAP_SET: a FastChannel exists
  expect(call(PERFORMANCE, 0x8, 0).getUint32(8, true)).toBe(1000); // the level is there
  platform.close();
});

// Found by Linux: axes that are not named like that, and an abstract domain at the end, made drivers of it fail.
test("our board has the names and the order that Linux wants", () => {
  const { sensor, powercap } = boardFile("example");
  const axes = sensor?.sensors.flatMap((it) => it.axes) ?? [];
  expect(axes.map(({ name }) => /_([XYZ])[^_]*$/.exec(name.slice(0, 15))?.[1])).toEqual(["X", "Y", "Z"]);
  expect(powercap?.domains.at(-1)?.unit).not.toBe("abstract");
});

// Found by Linux 7.2: it enables the first, second, third sensor in place of those that measure a temperature, then reads the right ones.
test("our board's temperatures can be read without being enabled by the right id", () => {
  const CELSIUS = 2;
  const temperatures = (boardFile("example").sensor?.sensors ?? []).filter((it) => it.sensorType === CELSIUS);
  expect(temperatures.length).toBeGreaterThan(1);
  expect(temperatures.filter(({ isEnabled }) => !isEnabled)).toEqual([]);
});

/** Names as the attributes of each resource have them: 16 bytes, at these places of each protocol's answer. */
function namesOnWire(board: Board, profile: Release): Readonly<Record<string, readonly string[]>> {
  const core = Core.createSync({ capacity: Platform.capacityFor(board, { profile }) });
  const platform = Platform.open(core, board, { profile, clock: new SimulatedClock() });
  const client = new Client(platform, 1);
  const nameOf = (protocol: number, messageId: number, id: number, at: number) => {
    const field = client.bytes(protocol, messageId, words(id)).subarray(at, at + 16);
    expect(field.indexOf(0)).toBeGreaterThan(0);
    return String.fromCharCode(...field.subarray(0, field.indexOf(0)));
  };
  const every = (all: readonly unknown[] = [], protocol: number, messageId: number, at: number) =>
    all.map((_, id) => nameOf(protocol, messageId, id, at));
  const names = {
    power: every(board.power?.domains, PROTOCOL.POWER, 0x3, 8),
    performance: every(board.performance?.domains, PROTOCOL.PERFORMANCE, 0x3, 20),
    clock: every(board.clock?.clocks, PROTOCOL.CLOCK, 0x3, 8),
    // Of SENSOR_DESCRIPTION_GET from that id on: the first descriptor, behind status and count
    sensor: every(board.sensor?.sensors, PROTOCOL.SENSOR, 0x3, 8 + 12),
    reset: every(board.reset?.domains, PROTOCOL.RESET, 0x3, 12),
  };
  platform.close();
  return names;
}

// Found by Linux: of two power domains with one name it takes none, and of two clocks the first only.
test("names that are cut are different all the same, in releases that have no long ones", () => {
  const board = boardFile("large");
  for (const profile of ["2.0", "3.0"] as const) {
    for (const [what, names] of Object.entries(namesOnWire(board, profile))) {
      expect([profile, what, new Set(names).size]).toEqual([profile, what, names.length]);
    }
  }
  const { clock = [] } = namesOnWire(board, "2.0");
  expect([clock[15], clock[31], clock[511]]).toEqual(["peripheral-cloc", "peripheral-c~31", "peripheral-~511"]);
  // Where there are long names, the specification wants the beginning
  const whole = board.clock?.clocks.map(({ name }) => name.slice(0, 15));
  expect(namesOnWire(board, "3.2").clock).toEqual(whole);
});

test("a name that is cut gives way to one that is as long as the field", () => {
  const domains = ["peripheral-clocks", "peripheral-cloc", "peripheral-cl~0", "peripheral-clock"].map((name) => ({
    name,
  }));
  const board = parseBoard({ vendor: "test", agents: [{ name: "OSPM" }], power: { domains } }, { file: "test" });
  expect(board.power?.domains.length).toBe(4);
  expect(namesOnWire(board, "2.0").power).toEqual([
    "peripheral-c~~0",
    "peripheral-cloc",
    "peripheral-cl~0",
    "peripheral-cl~3",
  ]);
});
