import { L } from "./layout.mjs";

/** Levels that every described performance domain with a list allows; bench/peers/driver.h has the same. */
export const LEVELS = [300, 600, 900, 1200, 1500, 1800, 2100, 2400];

const USE = L.PERMISSION_USE;
const ALL = L.PERMISSION_USE | L.PERMISSION_SET;

/** PERFORMANCE_DESCRIBE_LEVELS as a constant: 7 levels of 12 bytes and their count, 88 bytes. */
const DESCRIBED_LEVELS = [7, ...LEVELS.slice(0, 7).flatMap((level) => [level, level / 3, 10])];

const VERSION = { handler: L.HANDLER_PROTOCOL_VERSION, requestBytes: 0 };
const constant = (requestBytes, words) => ({ handler: L.HANDLER_CONSTANT, requestBytes, reply: words });

const PERFORMANCE_MESSAGES = {
  0: VERSION,
  4: constant(8, DESCRIBED_LEVELS),
  7: { handler: L.HANDLER_PERFORMANCE_LEVEL_SET, requestBytes: 8 },
  8: { handler: L.HANDLER_PERFORMANCE_LEVEL_GET, requestBytes: 4 },
};

/** Takes anything, gives 0, 8, 32 and 96 bytes back: for the halves of an exchange on their own. */
const VENDOR = {
  id: 0x80,
  version: 0x10000,
  messages: {
    0: VERSION,
    ...Object.fromEntries([0, 8, 32, 96].map((bytes, i) => [4 + i, constant(L.MESSAGE_ANY_BYTES, words(bytes))])),
  },
};

/** Two agents, the second with fewer rights; every rule that the hot handlers know can be broken. */
export function boardDescription() {
  return buildDescription(2, [
    { id: 0x10, version: 0x20001, messages: { 0: VERSION } },
    {
      id: 0x13,
      version: 0x40000,
      messages: PERFORMANCE_MESSAGES,
      domains: [
        { levels: LEVELS, level: 300, min: 300, max: 2400, permissions: [ALL, USE] },
        { levels: LEVELS, level: 600, min: 300, max: 2400, permissions: [ALL, 0] },
        { levels: [], level: 500, min: 100, max: 1000, permissions: [ALL, ALL] },
        { levels: LEVELS, level: 900, min: 600, max: 1200, permissions: [USE, ALL] },
      ],
    },
    {
      id: 0x14,
      version: 0x30000,
      agents: [true, false],
      messages: {
        0: VERSION,
        5: { handler: L.HANDLER_CLOCK_RATE_SET, requestBytes: 16 },
        6: { handler: L.HANDLER_CLOCK_RATE_GET, requestBytes: 4 },
      },
      domains: [
        { rates: [24_000_000n, 200_000_000n, 5_000_000_000n], rate: 24_000_000n, permissions: [ALL, ALL] },
        { range: [1_000_000n, 10_000_000n, 3_000_000n], rate: 1_000_000n, permissions: [USE, ALL] },
        { range: [1n, 1000n, 300n], rate: 1n, permissions: [ALL, ALL] },
        { range: [100n, 0x1_0000_0000n, 0n], rate: 100n, permissions: [ALL, ALL] },
        { rates: [7n], rate: 7n, permissions: [0, ALL] },
      ],
    },
    VENDOR,
  ]);
}

/** One agent, one performance domain: what each of 100,000 platforms has. */
export function fleetDescription() {
  const domains = [{ levels: LEVELS, level: 300, min: 300, max: 2400, permissions: [ALL] }];
  return buildDescription(1, [{ id: 0x13, version: 0x40000, messages: PERFORMANCE_MESSAGES, domains }, VENDOR]);
}

function words(bytes) {
  return Array.from({ length: bytes / 4 }, (_, i) => 0x01010101 * (i + 1));
}

/** A description as docs/abi.md lays it out; offsets are relative to its first byte. */
function buildDescription(agents, protocols) {
  const view = new DataView(new ArrayBuffer(0x4000));
  const u16 = (at, value) => view.setUint16(at, value, true);
  const u32 = (at, value) => view.setUint32(at, value, true);
  const u64 = (at, value) => view.setBigUint64(at, value, true);
  let end = L.DESCRIPTION_PROTOCOL_TABLE + protocols.length * L.PROTOCOL_BYTES;
  const take = (bytes) => {
    const at = end;
    end += (bytes + 7) & ~7;
    return at;
  };

  let stateEnd = 0;
  const state = new DataView(new ArrayBuffer(0x1000));
  const takeState = (bytes) => {
    const at = stateEnd;
    stateEnd += bytes;
    return at;
  };
  for (const [i, protocol] of protocols.entries()) {
    protocol.row = L.DESCRIPTION_PROTOCOL_TABLE + i * L.PROTOCOL_BYTES;
    protocol.stateAt = takeState((protocol.domains?.length ?? 0) * L.DOMAIN_STATE_BYTES);
  }
  const masks = takeState(agents * 4);
  for (let agent = 0; agent < agents; agent++) {
    const mask = protocols.reduce((bits, { agents }, i) => bits | ((agents?.[agent] ?? true) ? 1 << i : 0), 0);
    state.setUint32(masks + agent * 4, mask, true);
  }

  for (const [i, { id, version, messages, domains = [], row, stateAt }] of protocols.entries()) {
    view.setUint8(L.DESCRIPTION_MAP + id, i + 1);
    u32(row + L.PROTOCOL_ID, id);
    u32(row + L.PROTOCOL_VERSION_WORD, version);
    u32(row + L.PROTOCOL_DOMAINS, domains.length);
    const count = Math.max(...Object.keys(messages).map(Number)) + 1;
    const table = take(count * L.MESSAGE_BYTES);
    u32(row + L.PROTOCOL_MESSAGES, table);
    u32(row + L.PROTOCOL_MESSAGE_COUNT, count);
    for (const [message, { handler, requestBytes, reply }] of Object.entries(messages)) {
      const entry = table + message * L.MESSAGE_BYTES;
      u16(entry + L.MESSAGE_HANDLER, handler);
      u16(entry + L.MESSAGE_REQUEST_BYTES, requestBytes);
      if (!reply) continue;
      const at = take(reply.length * 4);
      for (const [j, word] of reply.entries()) u32(at + j * 4, word);
      u32(entry + L.MESSAGE_REPLY, at);
      u32(entry + L.MESSAGE_REPLY_BYTES, reply.length * 4);
    }
    const described = take(domains.length * L.DOMAIN_BYTES);
    const permissions = takeState(agents * domains.length);
    u32(row + L.PROTOCOL_DOMAIN_TABLE, described);
    u32(row + L.PROTOCOL_STATE, stateAt);
    u32(row + L.PROTOCOL_PERMISSIONS, permissions);
    for (const [d, domain] of domains.entries()) {
      const at = described + d * L.DOMAIN_BYTES;
      const current = stateAt + d * L.DOMAIN_STATE_BYTES;
      if (domain.levels) {
        const list = take(domain.levels.length * 4);
        for (const [j, level] of domain.levels.entries()) u32(list + j * 4, level);
        u32(at + L.PERFORMANCE_LEVEL_COUNT, domain.levels.length);
        u32(at + L.PERFORMANCE_LEVELS, list);
        state.setUint32(current + L.PERFORMANCE_STATE_LEVEL, domain.level, true);
        state.setUint32(current + L.PERFORMANCE_STATE_MAX, domain.max, true);
        state.setUint32(current + L.PERFORMANCE_STATE_MIN, domain.min, true);
      } else {
        const rates = domain.rates ?? domain.range;
        const list = take(rates.length * 8);
        for (const [j, rate] of rates.entries()) u64(list + j * 8, rate);
        u32(at + L.CLOCK_FORMAT, domain.range ? L.CLOCK_FORMAT_RANGE : L.CLOCK_FORMAT_LIST);
        u32(at + L.CLOCK_RATE_COUNT, rates.length);
        u32(at + L.CLOCK_RATES, list);
        state.setBigUint64(current + L.CLOCK_STATE_RATE, domain.rate, true);
      }
      for (let agent = 0; agent < agents; agent++) {
        state.setUint8(permissions + agent * domains.length + d, domain.permissions[agent]);
      }
    }
  }

  const stateBytes = (stateEnd + 7) & ~7;
  const initial = take(stateBytes);
  new Uint8Array(view.buffer).set(new Uint8Array(state.buffer, 0, stateBytes), initial);
  u32(L.DESCRIPTION_STATE_BYTES, stateBytes);
  u32(L.DESCRIPTION_INITIAL_STATE, initial);
  u32(L.DESCRIPTION_AGENTS, agents);
  u32(L.DESCRIPTION_PROTOCOLS, protocols.length);
  u32(L.DESCRIPTION_PROTOCOL_MASKS, masks);
  u32(L.DESCRIPTION_TOTAL_BYTES, end);
  return { bytes: new Uint8Array(view.buffer, 0, end), stateBytes, protocols };
}
