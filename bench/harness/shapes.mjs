import { boardDescription, fleetDescription } from "./description.mjs";
import { L } from "./layout.mjs";

/** Where the TypeScript host puts a configuration, and its first core. */
const CONFIG_AT = 64;
const BASE = 1024;

const AREA_BYTES = 128;
const MAX_PAYLOAD = AREA_BYTES - L.SMT_PAYLOAD;

/** The cores that are measured. `instances`: agent and area bytes of each; `batch`: entries and payload bytes of the rings. */
export const SHAPES = {
  /** Two agents of one platform; a third instance whose area is too short for long answers. */
  board: { instances: [board(1, AREA_BYTES), board(2, AREA_BYTES), board(1, 64)], batch: [64, 100] },
  batchShort: { instances: [board(1, AREA_BYTES)], batch: [1024, 8] },
  batchShortLong: { instances: [board(1, AREA_BYTES)], batch: [4096, 8] },
  batchWide: { instances: [board(1, AREA_BYTES)], batch: [1024, 92] },
  batchWideLong: { instances: [board(1, AREA_BYTES)], batch: [4096, 92] },
  /** Room for the longest hot answer, a reading with its timestamp. */
  mixed: { instances: [board(1, AREA_BYTES)], batch: [1024, 20] },
  fleet: (count) => ({ rows: count, batch: [4096, 8] }),
};

function board(agent, areaBytes) {
  return { agent, areaBytes };
}

/** Makes a core of a shape in a fresh wasm instance, by the exports that docs/abi.md lists. */
export function openCore(wasmExports, shape) {
  const { memory, coreBytes, create, reserve, openState, openInstance, openChannel } = wasmExports;
  const { bytes: description, stateBytes } = shape.rows ? fleetDescription() : boardDescription();
  const count = shape.rows ?? shape.instances.length;
  const config = new Uint32Array(memory.buffer, CONFIG_AT, L.CONFIG_BYTES / 4);
  const set = (at, value) => {
    config[at / 4] = value;
  };
  set(L.CONFIG_INSTANCES, count);
  set(L.CONFIG_CHANNELS, count);
  set(L.CONFIG_XFERS, shape.rows ? count : count * L.SMALL_SLOTS);
  set(L.CONFIG_STATES, shape.rows ? count : 1);
  set(L.CONFIG_STATE_BYTES, stateBytes);
  set(L.CONFIG_AREAS, count);
  set(L.CONFIG_AREA_BYTES, AREA_BYTES);
  set(L.CONFIG_TOKEN_SPACES, 0);
  set(L.CONFIG_MAX_PAYLOAD, MAX_PAYLOAD);
  set(L.CONFIG_CLAIMS, 4);
  set(L.CONFIG_FASTCHANNELS, 0);
  set(L.CONFIG_BATCH_ENTRIES, shape.batch[0]);
  set(L.CONFIG_BATCH_PAYLOAD, shape.batch[1]);
  set(L.CONFIG_P2A_ENTRIES, 0);
  set(L.CONFIG_EVENT_ENTRIES, 64);
  set(L.CONFIG_TRACE_ENTRIES, 64);
  set(L.CONFIG_REGION_BYTES, description.length + L.LINE);
  set(L.CONFIG_FLAGS, shape.rows ? L.CONFIG_FLAGS_ROWS : 0);
  expectGood("coreBytes", coreBytes(CONFIG_AT));
  const core = expectGood("create", create(BASE, CONFIG_AT));
  const at = expectGood("reserve", reserve(core, description.length));
  new Uint8Array(memory.buffer, core + at, description.length).set(description);
  let state = shape.rows ? 0 : expectGood("openState", openState(core, at));
  for (let i = 0; i < count; i++) {
    if (shape.rows) state = expectGood("openState", openState(core, at));
    const { agent, areaBytes } = shape.rows ? { agent: 1, areaBytes: AREA_BYTES } : shape.instances[i];
    const xfers = shape.rows ? 1 : L.SMALL_SLOTS;
    const instance = expectGood("openInstance", openInstance(core, at, state, agent, xfers, L.TOKENS_SMALL));
    expectGood("openChannel", openChannel(core, instance, 0, 0, areaBytes, MAX_PAYLOAD));
  }
  return core;
}

/** The same shape as plain data, for the peers that keep their own structures. */
export function planOf(shape) {
  const { protocols } = shape.rows ? fleetDescription() : boardDescription();
  const count = shape.rows ?? shape.instances.length;
  return {
    maxPayload: MAX_PAYLOAD,
    batch: shape.batch,
    states: Array.from({ length: shape.rows ? count : 1 }, () => 0),
    instances: Array.from({ length: count }, (_, i) =>
      shape.rows
        ? { agent: 1, areaBytes: AREA_BYTES, xfers: 1, state: i }
        : { ...shape.instances[i], xfers: L.SMALL_SLOTS, state: 0 },
    ),
    protocols: protocols.map(({ id, version, domains = [], agents = [true, true] }) => ({
      id,
      version,
      domains,
      agents,
    })),
    messages: protocols.flatMap(({ messages }, protocol) =>
      Object.entries(messages).map(([id, message]) => ({ protocol, id: Number(id), ...message })),
    ),
  };
}

/** A snapshot: the core's bytes, as docs/abi.md defines it. */
export function snapshot(memory, core) {
  const bytes = new DataView(memory.buffer).getUint32(core + L.CORE_TOTAL_BYTES, true);
  return new Uint8Array(memory.buffer, core, bytes);
}

function expectGood(name, result) {
  if (result < 0) throw new Error(`${name}: expected a result, got fault ${result}`);
  return result;
}
