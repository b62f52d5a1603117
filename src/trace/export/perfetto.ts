import type { DecodedMessage } from "../decoded.ts";
import { type DecoderOptions, TraceDecoder } from "../decoder.ts";
import type { MessageEvent, TraceEvent, XferEndEvent } from "../event.ts";
import { annotation } from "./annotations.ts";
import { counterOf } from "./counters.ts";
import type { ByteListener, TraceExporter } from "./exporter.ts";
import { EVENT_TYPE, SEQUENCE_START, TRACE, TRACE_PACKET, TRACK_EVENT } from "./perfetto-fields.ts";
import { PerfettoTracks } from "./perfetto-tracks.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** One writer, one sequence. */
const SEQUENCE = 1;

/** A command that is drawn and not answered. */
interface OpenCommand {
  readonly key: number;
  readonly message: string;
  readonly request: unknown;
  readonly track: number;
  readonly flow: bigint;
  /** Takes the lane back. */
  readonly lanes: (number | undefined)[];
  readonly lane: number;
  isDrawn: boolean;
}

/** Writes a Perfetto trace: a track a channel, slices from command to answer, flows to responses and delayed responses, counters for
 *  levels, rates, states, readings and power. Opens in ui.perfetto.dev. */
export class PerfettoExporter implements TraceExporter {
  readonly #onBytes: ByteListener;
  readonly #decoder: TraceDecoder;
  readonly #tracks: PerfettoTracks;
  /** By instance and token. */
  readonly #open = new Map<number, OpenCommand>();
  /** Which lanes of a channel are taken, by instance and channel. */
  readonly #lanes = new Map<string, (number | undefined)[]>();
  #flow = 0n;
  #isBegun = false;
  #timeNs = 0;

  constructor(onBytes: ByteListener, options: DecoderOptions = {}) {
    this.#onBytes = onBytes;
    this.#decoder = new TraceDecoder(options);
    this.#tracks = new PerfettoTracks((descriptor) =>
      this.#packet((packet) => packet.message(TRACE_PACKET.trackDescriptor, descriptor)),
    );
  }

  write(event: TraceEvent): void {
    if (event.timeUs !== undefined) this.#timeNs = Math.round(event.timeUs * 1000);
    const decoded = this.#decoder.take(event);
    if (event.kind === "message") {
      if (decoded && isMessage(decoded)) this.#message(event, decoded);
    } else if (event.kind === "xferEnd") {
      this.#ended(event);
    } else if (event.kind === "fastChannel" && decoded?.kind === "fastChannel") {
      const { instance = 0 } = event;
      this.#event(EVENT_TYPE.instant, this.#tracks.fastChannels(instance), decoded.message, { fields: decoded.fields });
      this.#count(instance, decoded.message, undefined, decoded.fields);
    } else if (event.kind === "log") {
      this.#event(EVENT_TYPE.instant, this.#tracks.log(), event.text, { meaning: event.meaning });
    }
  }

  end(): void {
    for (const command of this.#open.values()) this.#close(command, { answer: "none in this trace" });
    this.#open.clear();
  }

  #message(event: MessageEvent, decoded: DecodedMessage): void {
    const { instance = 0, channel = 0, token, role } = event;
    const key = instance * 1024 + token;
    const { message, status, statusName, fields, latencyUs, findings, pairing } = decoded;
    const shown = { token, status: statusName, fields, latencyUs, pairing, findings: noneIfEmpty(findings) };
    if (role === "command") {
      const stale = this.#open.get(key);
      if (stale) this.#close(stale, { answer: "none before the token was used again" });
      const lanes = this.#lanesOf(`${instance} ${channel}`);
      const lane = freeLane(lanes, key);
      const track = this.#tracks.lane(instance, channel, lane);
      const flow = ++this.#flow;
      this.#open.set(key, { key, message, request: fields, track, flow, lanes, lane, isDrawn: true });
      this.#event(EVENT_TYPE.sliceBegin, track, message, shown, (it) => it.fixed64(TRACK_EVENT.flowIds, flow));
      return;
    }
    const command = event.refusal === undefined && role !== "notification" ? this.#open.get(key) : undefined;
    const isLast = role === "delayedResponse" || !expectsDelayed(command, status);
    this.#event(EVENT_TYPE.instant, this.#tracks.answers(instance, channel), nameOf(role, message), shown, (it) => {
      if (command) it.fixed64(isLast ? TRACK_EVENT.terminatingFlowIds : TRACK_EVENT.flowIds, command.flow);
    });
    if (command) {
      this.#close(command, { status: statusName });
      if (isLast) this.#open.delete(key);
    }
    const isGood = status === undefined || status === 0;
    if (isGood && event.refusal === undefined) this.#count(instance, message, command?.request, fields);
  }

  /** Ends the slice of a command that nothing answered in time. */
  #ended({ instance = 0, token, status }: XferEndEvent): void {
    const command = this.#open.get(instance * 1024 + token);
    if (command?.isDrawn) this.#close(command, { status });
  }

  #close(command: OpenCommand, shown: Readonly<Record<string, unknown>>): void {
    if (!command.isDrawn) return;
    command.isDrawn = false;
    command.lanes[command.lane] = undefined;
    this.#event(EVENT_TYPE.sliceEnd, command.track, undefined, shown);
  }

  #count(instance: number, message: string, request: unknown, fields: unknown): void {
    const counter = counterOf(message, request, fields);
    if (!counter) return;
    const track = this.#tracks.counter(instance, counter.name, counter.unit);
    this.#event(EVENT_TYPE.counter, track, undefined, {}, (it) =>
      it.double(TRACK_EVENT.doubleCounterValue, counter.value),
    );
  }

  #event(
    type: number,
    track: number,
    name: string | undefined,
    shown: Readonly<Record<string, unknown>>,
    more?: (event: ProtobufWriter) => void,
  ): void {
    const event = new ProtobufWriter();
    for (const [key, value] of Object.entries(shown)) {
      if (value !== undefined) event.message(TRACK_EVENT.debugAnnotations, annotation(key, value));
    }
    event.varint(TRACK_EVENT.type, type).varint(TRACK_EVENT.trackUuid, track);
    if (name !== undefined) event.string(TRACK_EVENT.categories, "scmi").string(TRACK_EVENT.name, name);
    more?.(event);
    const { timestamp, trackEvent } = TRACE_PACKET;
    this.#packet((packet) => packet.varint(timestamp, this.#timeNs).message(trackEvent, event));
  }

  #packet(fill: (packet: ProtobufWriter) => void): void {
    const packet = new ProtobufWriter();
    fill(packet);
    packet.varint(TRACE_PACKET.trustedPacketSequenceId, SEQUENCE);
    if (!this.#isBegun) packet.varint(TRACE_PACKET.sequenceFlags, SEQUENCE_START);
    this.#isBegun = true;
    this.#onBytes(new ProtobufWriter().message(TRACE.packet, packet).finish());
  }

  #lanesOf(key: string): (number | undefined)[] {
    let lanes = this.#lanes.get(key);
    if (!lanes) {
      lanes = [];
      this.#lanes.set(key, lanes);
    }
    return lanes;
  }
}

function isMessage(decoded: { readonly kind: string }): decoded is DecodedMessage {
  return decoded.kind !== "fastChannel" && decoded.kind !== "log" && decoded.kind !== "area";
}

/** Takes the first lane that is free: slices of one lane do not overlap. */
function freeLane(lanes: (number | undefined)[], key: number): number {
  const free = lanes.indexOf(undefined);
  const lane = free < 0 ? lanes.length : free;
  lanes[lane] = key;
  return lane;
}

function expectsDelayed(command: OpenCommand | undefined, status: number | undefined): boolean {
  if (status !== 0 || typeof command?.request !== "object" || command.request === null) return false;
  const flags: unknown = "flags" in command.request ? command.request.flags : undefined;
  if (typeof flags !== "object" || flags === null || !("async" in flags) || flags.async !== true) return false;
  return !("ignoreDelayedResponse" in flags && flags.ignoreDelayedResponse === true);
}

function nameOf(role: MessageEvent["role"], message: string): string {
  return role === "response" ? `${message} response` : message;
}

function noneIfEmpty(findings: readonly string[]): readonly string[] | undefined {
  return findings.length > 0 ? findings : undefined;
}
