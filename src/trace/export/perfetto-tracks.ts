import { CHRONOLOGICAL, COUNTER_DESCRIPTOR, TRACK_DESCRIPTOR } from "./perfetto-fields.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** The tracks of a trace by what they show. Each is described once, before its first event.
 *
 *  ```text
 *   SCMI ─┬─ instance 0 ─┬─ channel 0 ─┬─ commands      a slice from each command to its answer; as many lanes as are in flight
 *         │              │             └─ answers       responses, where flows end
 *         │              └─ channel 1 ── messages       delayed responses and notifications
 *         └─ values ──────── clock 3 rate …             counters
 *  ```
 */
export class PerfettoTracks {
  readonly #describe: (descriptor: ProtobufWriter) => void;
  readonly #uuids = new Map<string, number>();
  #next = 1;

  constructor(describe: (descriptor: ProtobufWriter) => void) {
    this.#describe = describe;
  }

  /** A lane for the commands of a channel; lanes of one channel have one name, which the UI shows as one track. */
  lane(instance: number, channel: number, lane: number): number {
    const parent = this.#channel(instance, channel);
    return this.#track(`lane ${instance} ${channel} ${lane}`, "commands", parent);
  }

  /** What comes from the platform on a channel. */
  answers(instance: number, channel: number): number {
    return this.#track(`answers ${instance} ${channel}`, "answers", this.#channel(instance, channel));
  }

  /** What belongs to no channel. */
  log(): number {
    return this.#track("log", "log", this.#root());
  }

  /** FastChannel calls of an instance. */
  fastChannels(instance: number): number {
    return this.#track(`fast ${instance}`, "FastChannels", this.#instance(instance));
  }

  /** A value over time. */
  counter(instance: number, name: string, unit: string): number {
    const descriptor = new ProtobufWriter();
    if (unit !== "") descriptor.string(COUNTER_DESCRIPTOR.unitName, unit);
    return this.#track(`counter ${instance} ${name}`, name, this.#instance(instance), descriptor);
  }

  #root(): number {
    return this.#track("root", "SCMI", undefined);
  }

  #instance(instance: number): number {
    return this.#track(`instance ${instance}`, `instance ${instance}`, this.#root());
  }

  #channel(instance: number, channel: number): number {
    return this.#track(`channel ${instance} ${channel}`, `channel ${channel}`, this.#instance(instance));
  }

  #track(key: string, name: string, parent: number | undefined, counter?: ProtobufWriter): number {
    const known = this.#uuids.get(key);
    if (known !== undefined) return known;
    const uuid = this.#next++;
    this.#uuids.set(key, uuid);
    const descriptor = new ProtobufWriter().varint(TRACK_DESCRIPTOR.uuid, uuid).string(TRACK_DESCRIPTOR.name, name);
    if (parent !== undefined) descriptor.varint(TRACK_DESCRIPTOR.parentUuid, parent);
    if (counter) descriptor.message(TRACK_DESCRIPTOR.counter, counter);
    else descriptor.varint(TRACK_DESCRIPTOR.childOrdering, CHRONOLOGICAL);
    this.#describe(descriptor);
    return uuid;
  }
}
