import { L } from "./layout.mjs";

/** A description as docs/abi.md lays it out; offsets are relative to its first byte. What kind a domain is of, its words say. */
export function describe(agents, protocols) {
  const out = writer(0x4000);
  const state = writer(0x1000);
  out.take(L.DESCRIPTION_PROTOCOL_TABLE + protocols.length * L.PROTOCOL_BYTES);
  const rows = protocols.map((protocol, i) => ({
    ...protocol,
    row: L.DESCRIPTION_PROTOCOL_TABLE + i * L.PROTOCOL_BYTES,
    stateAt: state.take((protocol.domains?.length ?? 0) * L.DOMAIN_STATE_BYTES),
  }));
  const masks = state.take(agents * 4, 4);
  for (let agent = 0; agent < agents; agent++) {
    const mask = protocols.reduce((bits, { agents }, i) => bits | ((agents?.[agent] ?? true) ? 1 << i : 0), 0);
    state.u32(masks + agent * 4, mask);
  }

  for (const [i, { id, version, messages, domains = [], row, stateAt }] of rows.entries()) {
    out.u8(L.DESCRIPTION_MAP + id, i + 1);
    out.u32(row + L.PROTOCOL_ID, id);
    out.u32(row + L.PROTOCOL_VERSION_WORD, version);
    out.u32(row + L.PROTOCOL_DOMAINS, domains.length);
    const count = Math.max(...Object.keys(messages).map(Number)) + 1;
    const table = out.take(count * L.MESSAGE_BYTES);
    out.u32(row + L.PROTOCOL_MESSAGES, table);
    out.u32(row + L.PROTOCOL_MESSAGE_COUNT, count);
    for (const [message, { handler, requestBytes, reply }] of Object.entries(messages)) {
      const entry = table + message * L.MESSAGE_BYTES;
      out.u16(entry + L.MESSAGE_HANDLER, handler);
      out.u16(entry + L.MESSAGE_REQUEST_BYTES, requestBytes);
      if (!reply) continue;
      out.u32(entry + L.MESSAGE_REPLY, out.list(reply));
      out.u32(entry + L.MESSAGE_REPLY_BYTES, reply.length * 4);
    }
    const described = out.take(domains.length * L.DOMAIN_BYTES);
    const permissions = state.take(agents * domains.length, 1);
    out.u32(row + L.PROTOCOL_DOMAIN_TABLE, described);
    out.u32(row + L.PROTOCOL_STATE, stateAt);
    out.u32(row + L.PROTOCOL_PERMISSIONS, permissions);
    for (const [d, domain] of domains.entries()) {
      const kind = KINDS.find(([word]) => word in domain);
      kind[1](out, described + d * L.DOMAIN_BYTES, state, stateAt + d * L.DOMAIN_STATE_BYTES, domain);
      for (let agent = 0; agent < agents; agent++) {
        state.u8(permissions + agent * domains.length + d, domain.permissions[agent]);
      }
    }
  }

  const image = state.bytes();
  const initial = out.take(image.length);
  out.put(initial, image);
  out.u32(L.DESCRIPTION_STATE_BYTES, image.length);
  out.u32(L.DESCRIPTION_INITIAL_STATE, initial);
  out.u32(L.DESCRIPTION_AGENTS, agents);
  out.u32(L.DESCRIPTION_PROTOCOLS, protocols.length);
  out.u32(L.DESCRIPTION_PROTOCOL_MASKS, masks);
  const bytes = out.bytes();
  out.u32(L.DESCRIPTION_TOTAL_BYTES, bytes.length);
  return { bytes, stateBytes: image.length, protocols };
}

/** The word that tells a kind of domain, and how such a domain is written. */
const KINDS = [
  ["min", writePerformanceDomain],
  ["rate", writeClock],
  ["states", writePowerDomain],
  ["levelUv", writeVoltage],
  ["reading", writeSensor],
  ["cap", writePowercap],
];

function writePerformanceDomain(out, at, state, current, { levels, level, min, max }) {
  out.u32(at + L.PERFORMANCE_LEVEL_COUNT, levels.length);
  out.u32(at + L.PERFORMANCE_LEVELS, out.list(levels));
  out.u32(at + L.PERFORMANCE_HIGHEST, max);
  out.u32(at + L.PERFORMANCE_LOWEST, min);
  state.u32(current + L.PERFORMANCE_STATE_LEVEL, level);
  state.u32(current + L.PERFORMANCE_STATE_MAX, max);
  state.u32(current + L.PERFORMANCE_STATE_MIN, min);
}

function writeClock(out, at, state, current, { rates, range, rate }) {
  const values = rates ?? range;
  const list = out.take(values.length * 8);
  for (const [i, value] of values.entries()) out.u64(list + i * 8, value);
  out.u32(at + L.CLOCK_FORMAT, range ? L.CLOCK_FORMAT_RANGE : L.CLOCK_FORMAT_LIST);
  out.u32(at + L.CLOCK_RATE_COUNT, values.length);
  out.u32(at + L.CLOCK_RATES, list);
  state.u64(current + L.CLOCK_STATE_RATE, rate);
}

function writePowerDomain(out, at, state, current, { states, state: powerState, hasSync }) {
  out.u32(at + L.POWER_LEGAL_COUNT, states.length);
  out.u32(at + L.POWER_LEGAL, out.list(states));
  out.u32(at + L.POWER_MODES, hasSync ? L.POWER_SYNC : 0);
  state.u32(current + L.POWER_STATE, powerState);
}

function writeVoltage(out, at, state, current, { levelsUv, rangeUv, levelUv }) {
  const values = levelsUv ?? rangeUv;
  out.u32(at + L.VOLTAGE_FORMAT, rangeUv ? L.VOLTAGE_FORMAT_RANGE : L.VOLTAGE_FORMAT_LIST);
  out.u32(at + L.VOLTAGE_LEVEL_COUNT, values.length);
  out.u32(at + L.VOLTAGE_LEVELS, out.list(values));
  state.u32(current + L.VOLTAGE_STATE_LEVEL, levelUv);
}

function writeSensor(_out, _at, state, current, { reading, timestamp }) {
  state.u64(current + L.SENSOR_STATE_READING, reading);
  state.u64(current + L.SENSOR_STATE_TIMESTAMP, timestamp);
}

function writePowercap(out, at, state, current, { cap, power, interval, isMonitored }) {
  out.u32(at + L.POWERCAP_HAS_MONITORING, isMonitored ? 1 : 0);
  state.u32(current + L.POWERCAP_STATE_CAP, cap);
  state.u32(current + L.POWERCAP_STATE_POWER, power);
  state.u32(current + L.POWERCAP_STATE_INTERVAL, interval);
}

/** Bytes that room is taken in piece by piece; offsets come out aligned. */
function writer(most) {
  const view = new DataView(new ArrayBuffer(most));
  let end = 0;
  return {
    take(bytes, align = 8) {
      const at = (end + align - 1) & -align;
      end = at + bytes;
      if (end > most) throw new RangeError(`description: expected at most ${most} bytes, got ${end}`);
      return at;
    },
    list(words) {
      const at = this.take(words.length * 4);
      for (const [i, word] of words.entries()) view.setUint32(at + i * 4, word, true);
      return at;
    },
    u8: (at, value) => view.setUint8(at, value),
    u16: (at, value) => view.setUint16(at, value, true),
    u32: (at, value) => view.setUint32(at, value, true),
    u64: (at, value) => view.setBigUint64(at, BigInt.asUintN(64, value), true),
    put: (at, bytes) => new Uint8Array(view.buffer).set(bytes, at),
    bytes: () => new Uint8Array(view.buffer, 0, (end + 7) & ~7),
  };
}
