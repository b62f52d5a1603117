import { expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { boardFile } from "../platform/kit.ts";

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
