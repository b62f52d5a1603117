import { describe, expect, test } from "vitest";
import { type TraceEvent, traceExporter } from "../../src/trace/index.ts";
import { bytesOf, type Field, fieldsOf, numbersOf, textOf } from "./protobuf-reader.ts";
import { livelyTrace } from "./traced-machine.ts";

// Field numbers as published in google/perfetto, protos/perfetto/trace/{trace,trace_packet}.proto and
// track_event/{track_event,track_descriptor,counter_descriptor,debug_annotation}.proto, read there in August 2026
const PACKET = 1;
const [TIMESTAMP, SEQUENCE, TRACK_EVENT, FLAGS, TRACK_DESCRIPTOR] = [8, 10, 11, 13, 60];
const [UUID, NAME, PARENT, COUNTER] = [1, 2, 5, 8];
const UNIT_NAME = 6;
const [ANNOTATION, TYPE, TRACK, EVENT_NAME, DOUBLE_VALUE, FLOW, FLOW_END] = [4, 9, 11, 23, 44, 47, 48];
const [ANNOTATION_STRING, ANNOTATION_NAME] = [6, 10];
const [BEGIN, END, INSTANT, VALUE] = [1, 2, 3, 4];

interface Drawn {
  readonly timeNs: number;
  readonly type: number;
  readonly track: number;
  readonly name: string | undefined;
  readonly fields: readonly Field[];
}

interface Track {
  readonly name: string | undefined;
  readonly parent: number | undefined;
  readonly counter: readonly Field[] | undefined;
}

function read(events: readonly TraceEvent[]) {
  const pieces: Uint8Array[] = [];
  const exporter = traceExporter("perfetto", (bytes) => void pieces.push(bytes));
  for (const event of events) exporter.write(event);
  exporter.end();
  const file = fieldsOf(Buffer.concat(pieces));
  expect(new Set(file.map(({ number }) => number))).toEqual(new Set([PACKET]));
  const packets = bytesOf(file, PACKET).map(fieldsOf);
  const tracks = new Map<number, Track>();
  const drawn: Drawn[] = [];
  for (const packet of packets) {
    for (const descriptor of bytesOf(packet, TRACK_DESCRIPTOR).map(fieldsOf)) {
      const [uuid = 0] = numbersOf(descriptor, UUID);
      const [counter] = bytesOf(descriptor, COUNTER);
      const [parent] = numbersOf(descriptor, PARENT);
      expect(tracks.has(uuid)).toBe(false);
      if (parent !== undefined) expect(tracks.has(parent)).toBe(true);
      tracks.set(uuid, { name: textOf(descriptor, NAME), parent, counter: counter && fieldsOf(counter) });
    }
    for (const fields of bytesOf(packet, TRACK_EVENT).map(fieldsOf)) {
      const [type = 0] = numbersOf(fields, TYPE);
      const [track = 0] = numbersOf(fields, TRACK);
      const [timeNs = Number.NaN] = numbersOf(packet, TIMESTAMP);
      expect(tracks.has(track)).toBe(true);
      drawn.push({ timeNs, type, track, name: textOf(fields, EVENT_NAME), fields });
    }
  }
  return { packets, tracks, drawn };
}

/** From the root on. */
function pathOf(tracks: ReadonlyMap<number, Track>, uuid: number | undefined): string {
  const track = uuid === undefined ? undefined : tracks.get(uuid);
  if (!track) return "";
  return track.parent === undefined ? `${track.name}` : `${pathOf(tracks, track.parent)}/${track.name}`;
}

describe("a Perfetto trace", () => {
  test("is one sequence, whose first packet says that it starts", async () => {
    const { packets } = read(await livelyTrace());
    expect(numbersOf(packets[0] ?? [], FLAGS)).toEqual([1]); // SEQ_INCREMENTAL_STATE_CLEARED
    expect(packets.slice(1).flatMap((packet) => numbersOf(packet, FLAGS))).toEqual([]);
    expect(new Set(packets.flatMap((packet) => numbersOf(packet, SEQUENCE)))).toEqual(new Set([1]));
  });

  test("has one track a channel, below its instance", async () => {
    const { tracks } = read(await livelyTrace());
    const paths = [...tracks.keys()].map((uuid) => pathOf(tracks, uuid));
    expect(paths).toEqual(
      expect.arrayContaining([
        "SCMI",
        "SCMI/instance 0",
        "SCMI/instance 0/channel 0",
        "SCMI/instance 0/channel 0/commands",
        "SCMI/instance 0/channel 0/answers",
        "SCMI/instance 0/channel 1",
      ]),
    );
  });

  test("draws each command as a slice that ends with its answer, and slices of a track nest", async () => {
    const events = await livelyTrace();
    const { drawn } = read(events);
    const commands = events.filter((event) => event.kind === "message" && event.role === "command");
    expect(drawn.filter(({ type }) => type === BEGIN)).toHaveLength(commands.length);
    expect(drawn.filter(({ type }) => type === END)).toHaveLength(commands.length);
    const depth = new Map<number, number>();
    for (const { type, track } of drawn) {
      if (type !== BEGIN && type !== END) continue;
      const open = (depth.get(track) ?? 0) + (type === BEGIN ? 1 : -1);
      expect(open === 0 || open === 1).toBe(true);
      depth.set(track, open);
    }
  });

  test("connects each command with its response, and on with its delayed response", async () => {
    const { drawn } = read(await livelyTrace());
    const flows = new Map<number, string[]>();
    for (const { fields, name, type } of drawn) {
      for (const number of [FLOW, FLOW_END]) {
        for (const id of numbersOf(fields, number)) {
          const end = number === FLOW_END ? " ends" : "";
          flows.set(id, [...(flows.get(id) ?? []), `${type === BEGIN ? "begin" : "instant"} ${name}${end}`]);
        }
      }
    }
    const all = [...flows.values()];
    expect(all).toContainEqual(["begin CLOCK_RATE_GET", "instant CLOCK_RATE_GET response ends"]);
    expect(all).toContainEqual([
      "begin CLOCK_RATE_SET",
      "instant CLOCK_RATE_SET response",
      "instant CLOCK_RATE_SET_COMPLETE ends",
    ]);
    expect(all.every((steps) => steps[0]?.startsWith("begin") && steps.at(-1)?.endsWith("ends"))).toBe(true);
  });

  test("counts rates and levels in the order that they were in force", async () => {
    const { drawn, tracks } = read(await livelyTrace());
    const values = new Map<string, number[]>();
    for (const { type, track, fields } of drawn) {
      if (type !== VALUE) continue;
      const [bits] = fields.filter((it) => it.number === DOUBLE_VALUE);
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, BigInt(typeof bits?.value === "bigint" ? bits.value : 0n), true);
      const name = tracks.get(track)?.name ?? "";
      values.set(name, [...(values.get(name) ?? []), view.getFloat64(0, true)]);
    }
    const units = [...tracks.values()]
      .filter(({ counter }) => counter)
      .map(({ name, counter }) => [name, textOf(counter ?? [], UNIT_NAME)]);
    expect(Object.fromEntries(units)).toMatchObject({ "clock 1 rate": "Hz" });
    const levels = values.get("performance domain 0 level") ?? [];
    // Written, read back, and told to the watcher, level by level
    expect(levels.length).toBeGreaterThan(5);
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
  });

  test("shows fields by name, and does not end a flow at an answer that was refused", () => {
    const message = { kind: "message", protocolId: 0x14, messageId: 6, token: 5, instance: 0, channel: 0 } as const;
    const { drawn } = read([
      { ...message, role: "command", timeUs: 10, payload: Uint8Array.of(3, 0, 0, 0) },
      { ...message, role: "response", timeUs: 20, refusal: "invalid", payload: new Uint8Array(4) },
    ]);
    const [begin, refused, end] = drawn;
    expect(begin).toMatchObject({ type: BEGIN, timeNs: 10_000, name: "CLOCK_RATE_GET" });
    const names = bytesOf(begin?.fields ?? [], ANNOTATION).map((it) => textOf(fieldsOf(it), ANNOTATION_NAME));
    expect(names).toEqual(["token", "fields"]);
    expect(refused).toMatchObject({ type: INSTANT, timeNs: 20_000 });
    expect(numbersOf(refused?.fields ?? [], FLOW_END)).toEqual([]);
    expect(end?.type).toBe(END);
    const [answer] = bytesOf(end?.fields ?? [], ANNOTATION).map(fieldsOf);
    expect(textOf(answer ?? [], ANNOTATION_STRING)).toBe("none in this trace");
  });

  test("gives commands that overlap on one channel lanes of their own", () => {
    const command = (token: number, timeUs: number): TraceEvent => ({
      ...{ kind: "message", role: "command", protocolId: 0x14, messageId: 6, instance: 0, channel: 0 },
      ...{ token, timeUs, payload: new Uint8Array(4) },
    });
    const { drawn, tracks } = read([command(1, 1), command(2, 2)]);
    const [first, second] = drawn.filter(({ type }) => type === BEGIN).map(({ track }) => track);
    expect(first).not.toBe(second);
    expect(pathOf(tracks, first)).toBe(pathOf(tracks, second));
  });
});
