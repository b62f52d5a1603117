// The sequence of main.c, step by step, in JavaScript: node examples/embed/c/run.mjs [core.wasm] prints the same line.
import { readFileSync } from "node:fs";
import { findCore } from "./build.mjs";

const CONFIG = 64;
const MAILBOX = 512;
const BASE = 1024;
const AREA_BYTES = 128;
const MAX_PAYLOAD = 100;
const MS = 1e6;

const L = readHeader();
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2] ?? findCore()), {});
const wasm = instance.exports;
const { headers, areas } = JSON.parse(
  readFileSync(new URL("../../../test/vectors/00-transport.json", import.meta.url), "utf8"),
);

// Views are made anew each time: the memory grows in `create` and `fork`
const get = (at) => new DataView(wasm.memory.buffer).getUint32(at, true);
const set = (at, word) => new DataView(wasm.memory.buffer).setUint32(at, word, true);
const set16 = (at, half) => new DataView(wasm.memory.buffer).setUint16(at, half, true);
const set8 = (at, byte) => new DataView(wasm.memory.buffer).setUint8(at, byte);
const bytes = (at, length) => Buffer.from(wasm.memory.buffer, at, length);

let core;
let description;
let a2p;
let p2a;
let msg;

/** The constants of scmi_core.h, without their prefix. */
function readHeader() {
  const header = readFileSync(new URL("scmi_core.h", import.meta.url), "utf8");
  const rows = header.matchAll(/^#define SCMI_(\w+) \(?(-?\w+?)u?\)?$/gm);
  return Object.fromEntries([...rows].map(([, name, value]) => [name, Number(value)]));
}

function expect(what, got, wanted) {
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

function good(what, result) {
  if (result < 0) throw new Error(`${what}: expected a result, got fault ${result}`);
  return result;
}

const row = (table, index) => core + get(core + table + L.TABLE_OFFSET) + index * get(core + table + L.TABLE_STRIDE);
const entry = (ring, number) => {
  const index = number & (get(core + ring + L.RING_CAPACITY) - 1);
  return core + get(core + ring + L.RING_OFFSET) + index * get(core + ring + L.RING_STRIDE);
};
const areaOf = (channel) => core + get(row(L.CORE_CHANNELS, channel) + L.CHANNEL_AREA);
const payloadOf = (xfer) => row(L.CORE_XFERS, xfer) + L.XFER_PAYLOAD;
const command = (protocol, message) => (protocol << L.HEADER_PROTOCOL_SHIFT) | message;

function expectDone(what, xfer, fault, length, status) {
  const record = row(L.CORE_XFERS, xfer);
  expect(what, get(record + L.XFER_STATE), L.XFER_DONE);
  expect(what, get(record + L.XFER_FAULT) | 0, fault);
  expect(what, get(record + L.XFER_LENGTH), length);
  if (!fault) expect(what, get(record + L.XFER_PAYLOAD) | 0, status);
}

function checkHeaders() {
  for (const { header, token, protocol, type, message } of headers) {
    expect("token", (header & L.HEADER_TOKEN_MASK) >>> L.HEADER_TOKEN_SHIFT, token);
    expect("protocol", (header & L.HEADER_PROTOCOL_MASK) >>> L.HEADER_PROTOCOL_SHIFT, protocol);
    expect("type", (header & L.HEADER_TYPE_MASK) >>> L.HEADER_TYPE_SHIFT, type);
    expect("message", header & L.HEADER_MESSAGE_MASK, message);
  }
}

function expectArea(id, channel) {
  const golden = areas.find((it) => it.id === id).bytes;
  expect(id, bytes(areaOf(channel), golden.length / 2).toString("hex"), golden);
}

function describe(base) {
  const protocols = [
    [0x10, 0x20001, 0],
    [0x13, 0x40000, 1],
    [0x16, 0x30001, 0],
  ];
  const messages = [
    [0, 0, L.HANDLER_PROTOCOL_VERSION, 0],
    [0, 3, L.HANDLER_HOST, 0],
    [1, 0, L.HANDLER_PROTOCOL_VERSION, 0],
    [1, 7, L.HANDLER_PERFORMANCE_LEVEL_SET, 8],
    [1, 8, L.HANDLER_PERFORMANCE_LEVEL_GET, 4],
    [2, 4, L.HANDLER_HOST, 0],
  ];
  const rows = 9;
  const messagesAt = L.DESCRIPTION_PROTOCOL_TABLE + protocols.length * L.PROTOCOL_BYTES;
  const domain = messagesAt + protocols.length * rows * L.MESSAGE_BYTES;
  const levels = domain + L.DOMAIN_BYTES;
  const state = levels + 16;
  const masks = L.DOMAIN_STATE_BYTES;
  const permissions = masks + 4;
  const stateBytes = permissions + 4;
  set(base + L.DESCRIPTION_STATE_BYTES, stateBytes);
  set(base + L.DESCRIPTION_INITIAL_STATE, state);
  set(base + L.DESCRIPTION_AGENTS, 1);
  set(base + L.DESCRIPTION_PROTOCOLS, protocols.length);
  set(base + L.DESCRIPTION_PROTOCOL_MASKS, masks);
  set(base + L.DESCRIPTION_TOTAL_BYTES, state + stateBytes);
  for (const [i, [id, version, domains]] of protocols.entries()) {
    const protocol = base + L.DESCRIPTION_PROTOCOL_TABLE + i * L.PROTOCOL_BYTES;
    set8(base + L.DESCRIPTION_MAP + id, i + 1);
    set(protocol + L.PROTOCOL_ID, id);
    set(protocol + L.PROTOCOL_VERSION_WORD, version);
    set(protocol + L.PROTOCOL_DOMAINS, domains);
    set(protocol + L.PROTOCOL_DOMAIN_TABLE, domain);
    set(protocol + L.PROTOCOL_MESSAGES, messagesAt + i * rows * L.MESSAGE_BYTES);
    set(protocol + L.PROTOCOL_MESSAGE_COUNT, rows);
    set(protocol + L.PROTOCOL_STATE, 0);
    set(protocol + L.PROTOCOL_PERMISSIONS, permissions);
  }
  for (const [protocol, message, handler, requestBytes] of messages) {
    const at = base + messagesAt + (protocol * rows + message) * L.MESSAGE_BYTES;
    set16(at + L.MESSAGE_HANDLER, handler);
    set16(at + L.MESSAGE_REQUEST_BYTES, requestBytes);
  }
  set(base + domain + L.PERFORMANCE_LEVEL_COUNT, 3);
  set(base + domain + L.PERFORMANCE_LEVELS, levels);
  for (let i = 0; i < 3; i++) set(base + levels + i * 4, 500 * (i + 1));
  set(base + state + L.PERFORMANCE_STATE_LEVEL, 500);
  set(base + state + L.PERFORMANCE_STATE_MIN, 500);
  set(base + state + L.PERFORMANCE_STATE_MAX, 1500);
  set(base + state + masks, (1 << protocols.length) - 1);
  set8(base + state + permissions, L.PERMISSION_USE | L.PERMISSION_SET);
}

function openCore() {
  expect("abiVersion", wasm.abiVersion(), L.ABI_VERSION);
  bytes(CONFIG, L.CONFIG_BYTES).fill(0);
  set(CONFIG + L.CONFIG_INSTANCES, 1);
  set(CONFIG + L.CONFIG_CHANNELS, 3);
  set(CONFIG + L.CONFIG_XFERS, 4);
  set(CONFIG + L.CONFIG_STATES, 1);
  set(CONFIG + L.CONFIG_STATE_BYTES, 64);
  set(CONFIG + L.CONFIG_AREAS, 2);
  set(CONFIG + L.CONFIG_AREA_BYTES, AREA_BYTES);
  set(CONFIG + L.CONFIG_MAX_PAYLOAD, MAX_PAYLOAD);
  set(CONFIG + L.CONFIG_CLAIMS, 2);
  set(CONFIG + L.CONFIG_BATCH_ENTRIES, 8);
  set(CONFIG + L.CONFIG_BATCH_PAYLOAD, 16);
  set(CONFIG + L.CONFIG_P2A_ENTRIES, 4);
  set(CONFIG + L.CONFIG_EVENT_ENTRIES, 16);
  set(CONFIG + L.CONFIG_TRACE_ENTRIES, 256);
  set(CONFIG + L.CONFIG_REGION_BYTES, 2048);
  core = good("create", wasm.create(BASE, CONFIG));
  description = good("reserve", wasm.reserve(core, 1536));
  describe(core + description);
  const state = good("openState", wasm.openState(core, description));
  const it = good("openInstance", wasm.openInstance(core, description, state, 1, 4, L.TOKENS_SMALL));
  a2p = good("openChannel", wasm.openChannel(core, it, 0, 0, AREA_BYTES, MAX_PAYLOAD));
  p2a = good("openChannel", wasm.openChannel(core, it, L.KIND_P2A, 0, AREA_BYTES, MAX_PAYLOAD));
  msg = good("openChannel", wasm.openChannel(core, it, L.KIND_MSG, -1, 0, MAX_PAYLOAD));
  set(core + L.CORE_OBSERVE, L.OBSERVE_TRACE | L.OBSERVE_EVENTS);
}

function goldenExchange(xfer) {
  const version = command(0x10, 0) | L.COMMAND_INTERRUPT;
  set(row(L.CORE_INSTANCES, 0) + L.INSTANCE_TOKEN_NEXT, 42);
  good("post", wasm.post(core, a2p, xfer, version, 0, 1 * MS));
  expectArea("00-8.8-1", a2p);
  expect("serve", wasm.serve(core, a2p, 2 * MS), 0);
  expectArea("00-8.8-2", a2p);
  expect("settle", wasm.settle(core, a2p, 3 * MS), xfer);
  expectDone("PROTOCOL_VERSION", xfer, 0, 8, L.STATUS_SUCCESS);
  set(row(L.CORE_INSTANCES, 0) + L.INSTANCE_TOKEN_NEXT, 42);
  good("post", wasm.post(core, a2p, xfer, version, 4, 4 * MS));
  expect("serve", wasm.serve(core, a2p, 5 * MS), 0);
  expectArea("00-8.8-3", a2p);
  expect("settle", wasm.settle(core, a2p, 6 * MS), xfer);
  expectDone("PROTOCOL_VERSION with parameters", xfer, 0, 4, L.STATUS_PROTOCOL_ERROR);
}

function levels(xfer) {
  set(payloadOf(xfer), 0);
  set(payloadOf(xfer) + 4, 1000);
  expect("exchange", wasm.exchange(core, a2p, xfer, command(0x13, 7), 8, 10 * MS), L.XFER_DONE);
  expectDone("PERFORMANCE_LEVEL_SET", xfer, 0, 4, L.STATUS_SUCCESS);
  set(payloadOf(xfer), 0);
  expect("exchange", wasm.exchange(core, a2p, xfer, command(0x13, 8), 4, 11 * MS), L.XFER_DONE);
  expectDone("PERFORMANCE_LEVEL_GET", xfer, 0, 8, L.STATUS_SUCCESS);
  expect("level", get(payloadOf(xfer) + 4), 1000);
  set(payloadOf(xfer), 0);
  set(payloadOf(xfer) + 4, 1001);
  expect("exchange", wasm.exchange(core, a2p, xfer, command(0x13, 7), 8, 12 * MS), L.XFER_DONE);
  expectDone("PERFORMANCE_LEVEL_SET of no level", xfer, 0, 4, L.STATUS_OUT_OF_RANGE);
  expect("events", get(core + L.CORE_EVENTS + L.RING_TAIL), 1);
  expect("event", get(entry(L.CORE_EVENTS, 0) + L.EVENT_NEW), 1000);
}

function answer(claim, status, name, length, now) {
  const record = row(L.CORE_CLAIMS, claim);
  const reply = record + get(core + L.CORE_CLAIM_REPLY);
  expect("claim", get(record + L.CLAIM_STATE), L.CLAIM_CLAIMED);
  set(reply, status);
  bytes(reply + 4, length)
    .fill(0)
    .write(name);
  good("stage", wasm.stage(core, claim, 4 + length));
  good("publish", wasm.publish(core, claim, now));
}

function hostAnswers(xfer) {
  const vendor = "embedded";
  expect("exchange", wasm.exchange(core, a2p, xfer, command(0x10, 3), 0, 20 * MS), L.XFER_POSTED);
  answer(get(row(L.CORE_CHANNELS, a2p) + L.CHANNEL_CLAIM), L.STATUS_SUCCESS, vendor, 16, 21 * MS);
  expect("poll", wasm.poll(core, xfer, 22 * MS), L.XFER_DONE);
  expectDone("BASE_DISCOVER_VENDOR", xfer, 0, 20, L.STATUS_SUCCESS);
  expect("vendor", bytes(payloadOf(xfer) + 4, 16).toString(), vendor.padEnd(16, "\0"));
}

function delayedResponse(xfer) {
  good("post", wasm.post(core, a2p, xfer, command(0x16, 4) | L.COMMAND_ASYNC, 12, 30 * MS));
  answer(good("serve", wasm.serve(core, a2p, 31 * MS)), L.STATUS_SUCCESS, "", 0, 31 * MS);
  expect("settle", wasm.settle(core, a2p, 32 * MS), xfer);
  expect("state", get(row(L.CORE_XFERS, xfer) + L.XFER_STATE), L.XFER_AWAITING_DELAYED);
  const header = get(row(L.CORE_XFERS, xfer) + L.XFER_HEADER) | (L.TYPE_DELAYED_RESPONSE << L.HEADER_TYPE_SHIFT);
  set(MAILBOX, L.STATUS_SUCCESS);
  set(MAILBOX + 4, 7);
  good("sendP2a", wasm.sendP2a(core, p2a, header, MAILBOX, 8, 40 * MS));
  expect("drain", wasm.drain(core, p2a, 41 * MS), 1);
  expectDone("RESET_COMPLETE", xfer, 0, 8, L.STATUS_SUCCESS);
}

function notification() {
  const words = [2, 3, 0x40000000];
  for (const [i, word] of words.entries()) set(MAILBOX + i * 4, word);
  good("sendP2a", wasm.sendP2a(core, p2a, 0x4700, MAILBOX, 12, 50 * MS));
  expectArea("00-8.8-p2a", p2a);
  expect("drain", wasm.drain(core, p2a, 51 * MS), 1);
  expect("drain", wasm.drain(core, p2a, 51 * MS), 0);
  const ring = core + L.CORE_P2A;
  const taken = entry(L.CORE_P2A, get(ring + L.RING_HEAD));
  expect("notifications", get(ring + L.RING_TAIL) - get(ring + L.RING_HEAD), 1);
  expect("header", get(taken + L.P2A_HEADER), 0x4700);
  expect("length", get(taken + L.P2A_LENGTH), 12);
  for (const [i, word] of words.entries()) expect("payload", get(taken + L.P2A_PAYLOAD + i * 4), word);
  set(ring + L.RING_HEAD, get(ring + L.RING_HEAD) + 1);
}

function messagesByHand(first, second) {
  const xfers = [first, second];
  const answers = [MAILBOX, MAILBOX + 128];
  for (const xfer of xfers) {
    set(payloadOf(xfer), 0);
    good("post", wasm.post(core, msg, xfer, command(0x13, 8), 4, 60 * MS));
  }
  for (const [i, xfer] of xfers.entries()) {
    const sent = row(L.CORE_XFERS, xfer) + L.XFER_HEADER;
    expect("serveStaged", wasm.serveStaged(core, msg, sent, 8, 61 * MS), 0);
    const claim = row(L.CORE_CLAIMS, 0);
    expect("answer", get(claim + L.CLAIM_REPLY_BYTES), 8);
    bytes(answers[i], 12).set(bytes(claim + get(core + L.CORE_CLAIM_REPLY) - L.HEADER_BYTES, 12));
  }
  expect("deliver", wasm.deliver(core, msg, answers[1], 12, 62 * MS), second);
  expect("deliver", wasm.deliver(core, msg, answers[0], 12, 63 * MS), first);
  expect("deliver", wasm.deliver(core, msg, answers[0], 12, 64 * MS), L.FAULT_NOTHING);
  expectDone("PERFORMANCE_LEVEL_GET over MSG", first, 0, 8, L.STATUS_SUCCESS);
  expectDone("PERFORMANCE_LEVEL_GET over MSG", second, 0, 8, L.STATUS_SUCCESS);
}

function lateAnswer(xfer) {
  set(payloadOf(xfer), 0);
  good("post", wasm.post(core, a2p, xfer, command(0x13, 8), 4, 70 * MS));
  expect("tick", wasm.tick(core, 99 * MS), L.FAULT_NOTHING);
  expect("tick", wasm.tick(core, 100 * MS), xfer);
  expect("state", get(row(L.CORE_XFERS, xfer) + L.XFER_STATE), L.XFER_TIMED_OUT);
  expect("serve", wasm.serve(core, a2p, 101 * MS), 0);
  expect("settle", wasm.settle(core, a2p, 102 * MS), L.FAULT_NOTHING);
  expect("quarantine", get(row(L.CORE_INSTANCES, 0) + L.INSTANCE_QUARANTINED), 0);
}

function batch() {
  const input = core + L.CORE_SUBMISSIONS;
  const output = core + L.CORE_COMPLETIONS;
  for (let i = 0; i < 8; i++) {
    const submission = entry(L.CORE_SUBMISSIONS, get(input + L.RING_TAIL));
    set(submission + L.SUBMISSION_CHANNEL, a2p);
    set(submission + L.SUBMISSION_COMMAND, command(0x13, i & 1 ? 8 : 7));
    set(submission + L.SUBMISSION_LENGTH, i & 1 ? 4 : 8);
    set(submission + L.SUBMISSION_TAG, 100 + i);
    set(submission + L.SUBMISSION_PAYLOAD, 0);
    set(submission + L.SUBMISSION_PAYLOAD + 4, 500 * (1 + (i % 3)));
    set(input + L.RING_TAIL, get(input + L.RING_TAIL) + 1);
  }
  expect("run", wasm.run(core, 100, 110 * MS), 8);
  expect("stop", get(core + L.CORE_RUN_STOP), 0);
  for (let i = 0; i < 8; i++) {
    const completion = entry(L.CORE_COMPLETIONS, get(output + L.RING_HEAD));
    expect("tag", get(completion + L.COMPLETION_TAG), 100 + i);
    expect("fault", get(completion + L.COMPLETION_FAULT), 0);
    expect("status", get(completion + L.COMPLETION_PAYLOAD), L.STATUS_SUCCESS);
    if (i & 1) expect("level", get(completion + L.COMPLETION_PAYLOAD + 4), 500 * (1 + ((i - 1) % 3)));
    set(output + L.RING_HEAD, get(output + L.RING_HEAD) + 1);
  }
}

function forkAndRestore(xfer) {
  const original = core;
  const copy = (BASE + get(core + L.CORE_TOTAL_BYTES) + 63) & ~63;
  core = good("fork", wasm.fork(original, copy));
  set(payloadOf(xfer), 0);
  set(payloadOf(xfer) + 4, 1500);
  expect("exchange", wasm.exchange(core, a2p, xfer, command(0x13, 7), 8, 120 * MS), L.XFER_DONE);
  const tail = get(core + L.CORE_TRACE + L.RING_TAIL);
  core = original;
  expect("trace", tail - get(core + L.CORE_TRACE + L.RING_TAIL), 4);
  good("restore", wasm.restore(core, copy));
  expect("trace", get(core + L.CORE_TRACE + L.RING_TAIL), tail);
  expect("attach", wasm.attach(copy), copy);
}

function traceLine() {
  const count = get(core + L.CORE_TRACE + L.RING_TAIL);
  let hash = 2166136261;
  for (let i = 0; i < count; i++) {
    for (const byte of bytes(entry(L.CORE_TRACE, i), L.TRACE_BYTES)) hash = Math.imul(hash ^ byte, 16777619);
  }
  const hot = { sent: L.CHANNEL_SENT, responses: L.CHANNEL_RESPONSES };
  const cold = {
    delayed: L.COUNTER_DELAYED,
    notifications: L.COUNTER_NOTIFICATIONS,
    timeouts: L.COUNTER_TIMEOUTS,
    late: L.COUNTER_LATE,
    unexpected: L.COUNTER_UNEXPECTED,
    malformed: L.COUNTER_MALFORMED,
  };
  const totals = [
    ...Object.entries(hot).map(([name, at]) => [name, L.CORE_CHANNELS, at]),
    ...Object.entries(cold).map(([name, at]) => [name, L.CORE_COUNTERS, at]),
  ].map(([name, table, at]) => `${name} ${[0, 1, 2].reduce((sum, channel) => sum + get(row(table, channel) + at), 0)}`);
  return `trace ${(hash >>> 0).toString(16).padStart(8, "0")} of ${count} entries; ${totals.join(" ")}`;
}

checkHeaders();
openCore();
const first = good("acquire", wasm.acquire(core, 0));
const second = good("acquire", wasm.acquire(core, 0));
goldenExchange(first);
levels(first);
hostAnswers(first);
delayedResponse(first);
notification();
messagesByHand(first, second);
lateAnswer(second);
good("release", wasm.release(core, second));
batch();
forkAndRestore(first);
good("release", wasm.release(core, first));
console.log(traceLine());
