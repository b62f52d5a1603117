import * as layout from "../../assembly/layout.ts";

/** How much a core has room for; fixed when it is created. Counts, unless a name says bytes. */
export interface CoreCapacity {
  /** Agent–platform pairs. */
  readonly instances: number;
  readonly channels: number;
  readonly xfers: number;
  /** Platform states (SoCs) of up to {@link stateBytes} each; larger or further ones come from the region. */
  readonly states: number;
  readonly stateBytes: number;
  /** Message areas of up to {@link areaBytes} each; larger or further ones come from the region. */
  readonly areas: number;
  readonly areaBytes: number;
  /** How many instances have a full token space (1,024 tokens, 16 KiB); the others have a small one. */
  readonly tokenSpaces: number;
  /** Largest payload of any message in bytes; a multiple of 4, 8 … 65,536. */
  readonly maxPayload: number;
  /** Commands that wait for the host, or for their time, at once. */
  readonly claims: number;
  readonly fastChannels: number;
  /** Entries of the submission and of the completion ring; 0 or a power of two. */
  readonly batchEntries: number;
  /** Payload bytes of one such entry; a multiple of 4. */
  readonly batchPayload: number;
  /** Notifications that wait for the host; 0 or a power of two, like the next two. */
  readonly p2aEntries: number;
  readonly eventEntries: number;
  readonly traceEntries: number;
  /** Payload bytes that the trace keeps of each message, rounded up to a multiple of 8; 0 … 65,528. */
  readonly tracePayload: number;
  /** For descriptions, and for what does not fit the tables. */
  readonly regionBytes: number;
  /** Keep all of an instance side by side: for fleets of instances with one channel, xfer, state and area each. */
  readonly rows: boolean;
}

/** Room for a few instances with areas of the customary 128 bytes. */
export const DEFAULT_CAPACITY: CoreCapacity = {
  instances: 8,
  channels: 32,
  xfers: 256,
  states: 8,
  stateBytes: 256,
  areas: 32,
  areaBytes: 128,
  tokenSpaces: 1,
  maxPayload: 128,
  claims: 64,
  fastChannels: 64,
  batchEntries: 1024,
  batchPayload: 112,
  p2aEntries: 256,
  eventEntries: 256,
  traceEntries: 1024,
  tracePayload: 128,
  regionBytes: 64 * 1024,
  rows: false,
};

/** Writes a configuration for `create` to `at`.
 *  @throws RangeError for a count that is none */
export function writeConfig(memory: WebAssembly.Memory, at: number, capacity: CoreCapacity): void {
  const config = new DataView(memory.buffer, at, layout.CONFIG_BYTES);
  const words: [offset: number, name: keyof Omit<CoreCapacity, "rows">][] = [
    [layout.CONFIG_INSTANCES, "instances"],
    [layout.CONFIG_CHANNELS, "channels"],
    [layout.CONFIG_XFERS, "xfers"],
    [layout.CONFIG_STATES, "states"],
    [layout.CONFIG_STATE_BYTES, "stateBytes"],
    [layout.CONFIG_AREAS, "areas"],
    [layout.CONFIG_AREA_BYTES, "areaBytes"],
    [layout.CONFIG_TOKEN_SPACES, "tokenSpaces"],
    [layout.CONFIG_MAX_PAYLOAD, "maxPayload"],
    [layout.CONFIG_CLAIMS, "claims"],
    [layout.CONFIG_FASTCHANNELS, "fastChannels"],
    [layout.CONFIG_BATCH_ENTRIES, "batchEntries"],
    [layout.CONFIG_BATCH_PAYLOAD, "batchPayload"],
    [layout.CONFIG_P2A_ENTRIES, "p2aEntries"],
    [layout.CONFIG_EVENT_ENTRIES, "eventEntries"],
    [layout.CONFIG_TRACE_ENTRIES, "traceEntries"],
    [layout.CONFIG_TRACE_PAYLOAD, "tracePayload"],
    [layout.CONFIG_REGION_BYTES, "regionBytes"],
  ];
  for (const [offset, name] of words) {
    const value = capacity[name];
    if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
      throw new RangeError(`"capacity.${name}" expected integer 0 … 2147483647, got ${value}`);
    }
    config.setUint32(offset, value, true);
  }
  config.setUint32(layout.CONFIG_FLAGS, capacity.rows ? layout.CONFIG_FLAGS_ROWS : 0, true);
}
