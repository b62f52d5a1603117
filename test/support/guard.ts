import * as layout from "../../assembly/layout.ts";
import type { TestCore } from "./core.ts";

/** Bytes relative to the core that a call may write. */
export type Range = readonly [offset: number, byteLength: number];

/** The words of the core header that calls of the two halves may write. */
const HEADER_WORDS: readonly Range[] = [
  [layout.CORE_CLAIM_FREE, 4],
  [layout.CORE_TICK_CURSOR, 4],
  [layout.CORE_NEXT_DEADLINE, 8],
  [layout.CORE_TICK_EARLIEST, 8],
];
const INSTANCE_WORDS = [
  layout.INSTANCE_TOKEN_NEXT,
  layout.INSTANCE_LIVE,
  layout.INSTANCE_QUARANTINED,
  layout.INSTANCE_XFER_FREE,
];
const CHANNEL_WORDS = [
  layout.CHANNEL_POSTED,
  layout.CHANNEL_OUTSTANDING,
  layout.CHANNEL_STRAY,
  layout.CHANNEL_SENT,
  layout.CHANNEL_RESPONSES,
  layout.CHANNEL_MESSAGE_BYTES,
  layout.CHANNEL_ANSWER_BYTES,
  layout.CHANNEL_CLAIM,
];

/** What a call of the agent half may write for one instance: its records, and nothing of any other one. */
export function agentRanges(core: TestCore, instance: number): Range[] {
  const at = core.instance(instance);
  const ranges: Range[] = [...HEADER_WORDS, ...INSTANCE_WORDS.map((word): Range => [at + word, 4])];
  const channels = core.table(layout.CORE_CHANNELS).count;
  for (let index = 0; index < channels; index++) {
    if (core.channelInstance(index) !== instance) continue;
    const channel = core.channel(index);
    for (const word of CHANNEL_WORDS) ranges.push([channel + word, 4]);
    ranges.push([core.counters(index), layout.COUNTER_P2A_BUSY + 4]);
  }
  const maxPayload = core.u32(layout.CORE_MAX_PAYLOAD);
  const first = core.u32(at + layout.INSTANCE_XFER_FIRST);
  const count = core.u32(at + layout.INSTANCE_XFER_COUNT);
  for (let index = first; index < first + count; index++) {
    const xfer = core.xfer(index);
    ranges.push([xfer + layout.XFER_STATE, 8], [xfer + layout.XFER_CHANNEL, 4]);
    ranges.push([xfer + layout.XFER_DEADLINE, layout.XFER_PAYLOAD - layout.XFER_DEADLINE + maxPayload]);
  }
  const space = core.u32(at + layout.INSTANCE_TOKEN_SPACE);
  if (space !== 0) ranges.push([space, layout.TOKENS_BYTES]);
  else ranges.push([core.u32(at + layout.INSTANCE_QUARANTINE), layout.QUARANTINE_LIST_BYTES]);
  return ranges;
}

/** The P2A ring: its tail, and entries up to the payload that they have room for. */
export function p2aRanges(core: TestCore): Range[] {
  const ring = core.ring(layout.CORE_P2A);
  const entryBytes = layout.P2A_PAYLOAD + core.u32(layout.CORE_MAX_PAYLOAD);
  const entries = Array.from(
    { length: ring.capacity },
    (_, index): Range => [ring.offset + index * ring.stride, entryBytes],
  );
  return [[layout.CORE_P2A + layout.RING_TAIL, 4], ...entries];
}

/** The claims, and what the platform half may write into the records of one channel. */
export function platformRanges(core: TestCore, channel: number): Range[] {
  const claims = core.table(layout.CORE_CLAIMS);
  const at = core.channel(channel);
  return [
    [layout.CORE_CLAIM_FREE, 4],
    [claims.offset, claims.stride * claims.capacity],
    [at + layout.CHANNEL_MESSAGE_BYTES, 4],
    [at + layout.CHANNEL_ANSWER_BYTES, 4],
    [at + layout.CHANNEL_CLAIM, 4],
    [core.counters(channel), layout.COUNTER_P2A_BUSY + 4],
  ];
}

/** The head of an SMT area without its reserved words, and `payloadBytes` behind it; of a MSG area header and payload. */
export function areaRanges(core: TestCore, channel: number, payloadBytes: number): Range[] {
  const area = core.area(channel);
  if (core.u32(core.channel(channel) + layout.CHANNEL_KIND) & layout.KIND_MSG) {
    return [[area, layout.MSG_PAYLOAD + payloadBytes]];
  }
  return [
    [area + layout.SMT_STATUS, 4],
    [area + layout.SMT_FLAGS, layout.SMT_PAYLOAD - layout.SMT_FLAGS + payloadBytes],
  ];
}

const TABLES = [
  ["instance", layout.CORE_INSTANCES],
  ["channel", layout.CORE_CHANNELS],
  ["xfer", layout.CORE_XFERS],
  ["state", layout.CORE_STATES],
  ["area", layout.CORE_AREAS],
  ["quarantine list", layout.CORE_QUARANTINES],
  ["counters", layout.CORE_COUNTERS],
  ["token space", layout.CORE_TOKEN_SPACES],
  ["claim", layout.CORE_CLAIMS],
] as const;

/** `xfer 2 + 36`: which record an offset lies in. */
export function locate(core: TestCore, offset: number): string {
  if (offset < 0 || offset >= core.totalBytes) return `outside the core, ${offset}`;
  if (offset < layout.CORE_HEADER_BYTES) return `core header + ${offset}`;
  for (const [name, at] of TABLES) {
    const { offset: start, stride, capacity } = core.table(at);
    const index = Math.floor((offset - start) / stride);
    if (index >= 0 && index < capacity) return `${name} ${index} + ${offset - start - index * stride}`;
  }
  const ring = core.ring(layout.CORE_P2A);
  const entry = Math.floor((offset - ring.offset) / ring.stride);
  if (entry >= 0 && entry < ring.capacity) return `P2A entry ${entry} + ${offset - ring.offset - entry * ring.stride}`;
  return `offset ${offset}`;
}

/** Copies the whole memory before a call and finds what the call wrote where it may not. */
export class Guard {
  readonly #core: TestCore;
  #copy = new Uint8Array();
  #words = new Uint32Array();

  constructor(core: TestCore) {
    this.#core = core;
  }

  /** Remembers the memory as it is. */
  take(): void {
    const { bytes } = this.#core;
    if (this.#copy.length !== bytes.length) {
      this.#copy = new Uint8Array(bytes.length);
      this.#words = new Uint32Array(this.#copy.buffer);
    }
    this.#copy.set(bytes);
  }

  /** Where bytes changed outside the allowed ranges; at most a handful. */
  trespasses(allowed: readonly Range[]): string[] {
    const { base, bytes, words } = this.#core;
    const found: string[] = [];
    const before = this.#words;
    for (let word = 0; word < before.length; word++) {
      if (before[word] === words[word]) continue;
      for (let at = word * 4; at < word * 4 + 4; at++) {
        if (this.#copy[at] === bytes[at]) continue;
        const offset = at - base;
        if (allowed.some(([start, byteLength]) => offset >= start && offset < start + byteLength)) continue;
        found.push(locate(this.#core, offset));
        if (found.length === 8) return found;
      }
    }
    return found;
  }
}
