// Writes docs/memory-map.md: every record of assembly/layout.ts as a table, and the order in which assembly/map.ts places
// the tables. --check compares.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { emit } from "./emit.mjs";
import { readLayout } from "./read-layout.mjs";

/** Records in the order of the page. `fields` are name prefixes; `not` are constants about the record, not in it; `rest` is a
 *  field that takes what is left; `bytes` may be absent where the length varies. */
const RECORDS = [
  {
    title: "Core header",
    fields: ["CORE_"],
    not: ["CORE_MAGIC", "CORE_ALIGN", "CORE_HEADER_BYTES"],
    bytes: "CORE_HEADER_BYTES",
  },
  { title: "Table, in the core header", fields: ["TABLE_"], not: ["TABLE_BYTES"], bytes: "TABLE_BYTES" },
  {
    title: "Ring, in the core header",
    fields: ["RING_"],
    not: ["RING_BYTES", "RING_PLATFORM", "RING_AGENT"],
    bytes: "RING_BYTES",
  },
  {
    title: "Configuration, read by `create`",
    fields: ["CONFIG_"],
    not: ["CONFIG_BYTES", "CONFIG_FLAGS_ROWS"],
    bytes: "CONFIG_BYTES",
  },
  { title: "Instance", fields: ["INSTANCE_"], not: ["INSTANCE_BYTES"], bytes: "INSTANCE_BYTES" },
  {
    title: "Token in quarantine",
    fields: ["QUARANTINE_"],
    not: ["QUARANTINE_BYTES", "QUARANTINE_OWES_RESPONSE", "QUARANTINE_OWES_DELAYED", "QUARANTINE_LIST_BYTES"],
    bytes: "QUARANTINE_BYTES",
  },
  {
    title: "Full token space",
    fields: ["TOKENS_BITMAP", "TOKENS_OLDEST", "TOKENS_YOUNGEST", "TOKENS_ENTRIES"],
    rest: "TOKENS_ENTRIES",
    bytes: "TOKENS_BYTES",
  },
  {
    title: "Entry of a full token space",
    fields: ["TOKENS_ENTRY_"],
    not: ["TOKENS_ENTRY_SHIFT", "TOKENS_ENTRY_BYTES"],
    rest: "TOKENS_ENTRY_QUARANTINE",
    bytes: "TOKENS_ENTRY_BYTES",
  },
  { title: "Channel", fields: ["CHANNEL_"], not: ["CHANNEL_BYTES"], bytes: "CHANNEL_BYTES" },
  { title: "Counters and doorbells of a channel", fields: ["COUNTER_", "DOORBELL_"], bytes: "COUNTERS_BYTES" },
  {
    title: "Xfer",
    fields: ["XFER_"],
    not: /^XFER_(FLAGS_ASYNC|IDLE|ACQUIRED|POSTED|AWAITING_DELAYED|DONE|TIMED_OUT|ABORTED)$/,
    rest: "XFER_PAYLOAD",
  },
  { title: "Claim", fields: ["CLAIM_"], not: ["CLAIM_FREE", "CLAIM_CLAIMED", "CLAIM_STAGED"], rest: "CLAIM_REQUEST" },
  { title: "Submission entry", fields: ["SUBMISSION_"], rest: "SUBMISSION_PAYLOAD" },
  { title: "Completion entry", fields: ["COMPLETION_"], rest: "COMPLETION_PAYLOAD" },
  { title: "P2A ring entry", fields: ["P2A_"], rest: "P2A_PAYLOAD" },
  {
    title: "Event ring entry",
    fields: ["EVENT_"],
    not: /^EVENT_(BYTES|\w+_CHANGED)$/,
    bytes: "EVENT_BYTES",
  },
  {
    title: "Trace ring entry",
    fields: [
      ...["TRACE_TIME", "TRACE_KIND", "TRACE_CHANNEL", "TRACE_HEADER", "TRACE_RESULT", "TRACE_LENGTH"],
      ...["TRACE_CAPTURED", "TRACE_LIVE"],
    ],
    rest: "TRACE_PAYLOAD",
    bytes: "TRACE_BYTES",
  },
  {
    title: "FastChannel",
    fields: ["FASTCHANNEL_"],
    not: ["FASTCHANNEL_BYTES", "FASTCHANNEL_HAS_DOORBELL", "FASTCHANNEL_WIDTH_SHIFT"],
    bytes: "FASTCHANNEL_BYTES",
  },
  {
    title: "Description of a platform",
    fields: ["DESCRIPTION_"],
    not: ["DESCRIPTION_MAX_PROTOCOLS"],
    rest: "DESCRIPTION_PROTOCOL_TABLE",
  },
  { title: "Protocol, in a description", fields: ["PROTOCOL_"], not: ["PROTOCOL_BYTES"], bytes: "PROTOCOL_BYTES" },
  {
    title: "Message, in a description",
    fields: ["MESSAGE_"],
    not: ["MESSAGE_BYTES", "MESSAGE_ANY_BYTES"],
    bytes: "MESSAGE_BYTES",
  },
  {
    title: "Performance domain, in a description",
    fields: ["PERFORMANCE_LEVEL", "PERFORMANCE_HIGHEST", "PERFORMANCE_LOWEST"],
    bytes: "DOMAIN_BYTES",
  },
  { title: "Performance domain, in a state", fields: ["PERFORMANCE_STATE_"], bytes: "DOMAIN_STATE_BYTES" },
  {
    title: "Clock, in a description",
    fields: ["CLOCK_FORMAT", "CLOCK_RATE", "CLOCK_ASYNC"],
    not: ["CLOCK_FORMAT_LIST", "CLOCK_FORMAT_RANGE"],
    bytes: "DOMAIN_BYTES",
  },
  { title: "Clock, in a state", fields: ["CLOCK_STATE_"], bytes: "DOMAIN_STATE_BYTES" },
  { title: "Power domain, in a description", fields: ["POWER_LEGAL", "POWER_MODES"], bytes: "DOMAIN_BYTES" },
  {
    title: "Power domain, in a state",
    fields: ["POWER_STATE"],
    not: ["POWER_STATE_BITS"],
    bytes: "DOMAIN_STATE_BYTES",
  },
  {
    title: "Voltage domain, in a description",
    fields: ["VOLTAGE_FORMAT", "VOLTAGE_LEVEL", "VOLTAGE_HAS_ASYNC"],
    not: ["VOLTAGE_FORMAT_LIST", "VOLTAGE_FORMAT_RANGE"],
    bytes: "DOMAIN_BYTES",
  },
  { title: "Voltage domain, in a state", fields: ["VOLTAGE_STATE_"], bytes: "DOMAIN_STATE_BYTES" },
  { title: "Sensor, in a description", fields: ["SENSOR_HAS_ASYNC"], bytes: "DOMAIN_BYTES" },
  { title: "Sensor of one value, in a state", fields: ["SENSOR_STATE_"], bytes: "DOMAIN_STATE_BYTES" },
  { title: "Powercap domain, in a description", fields: ["POWERCAP_HAS_MONITORING"], bytes: "DOMAIN_BYTES" },
  { title: "Powercap domain, in a state", fields: ["POWERCAP_STATE_"], bytes: "DOMAIN_STATE_BYTES" },
  {
    title: "SMT area",
    fields: ["SMT_STATUS", "SMT_FLAGS", "SMT_LENGTH", "SMT_HEADER", "SMT_PAYLOAD"],
    not: /^SMT_(STATUS|FLAGS)_/,
    rest: "SMT_PAYLOAD",
  },
  { title: "MSG message", fields: ["MSG_"], rest: "MSG_PAYLOAD" },
];

/** Bytes of the fields whose comment does not begin with their type. */
const BYTES = {
  TOKENS_BITMAP: 128,
  CLOCK_STATE_RATE: 8,
  FASTCHANNEL_VALUE: 8,
};

const TYPES = { f64: 8, u64: 8, i64: 8, u32: 4, i32: 4, u16: 2, "u8[256]": 256 };

const paragraphs = await readLayout();
const constants = paragraphs.flatMap((it) => it.constants);
const valueByName = new Map(constants.map(({ name, value }) => [name, value]));
const drawn = new Set();
for (const { bytes } of RECORDS) if (bytes) drawn.add(bytes);

const sections = RECORDS.map(draw);
const others = paragraphs.flatMap(({ constants }) => constants.filter(({ name }) => !drawn.has(name)));

emit(
  "docs/memory-map.md",
  `# Memory map

Generated by \`npm run docs\` from \`assembly/layout.ts\` and \`assembly/map.ts\`: do not edit. Sizes and offsets are in bytes, words are
little-endian u32 unless the field says otherwise. "Offset" inside a record is relative to the core's address, or to the
description where it says so.

## How \`create\` places a core

${placement()}

${sections.join("\n\n")}

## Other constants

| constant | value | |
|---|---|---|
${others.map(({ name, text, doc }) => `| ${name} | ${text.replace(/^\((.*)\)$/, "$1").replace(/u$/, "")} | ${doc} |`).join("\n")}
`,
);

function draw({ title, fields, not = [], rest, bytes }) {
  const isNot = Array.isArray(not) ? (name) => not.includes(name) : (name) => not.test(name);
  const own = constants.filter(
    ({ name }) => fields.some((it) => name.startsWith(it)) && !isNot(name) && name !== bytes,
  );
  if (own.length === 0) throw new Error(`memory-map: ${title}: expected fields, got none`);
  const total = bytes === undefined ? undefined : valueByName.get(bytes);
  if (bytes !== undefined && total === undefined)
    throw new Error(`memory-map: ${title}: expected a constant ${bytes}, got none`);
  own.sort((a, b) => a.value - b.value);
  const rows = [];
  let end = 0;
  let shared = "";
  for (const [i, { name, value, doc }] of own.entries()) {
    drawn.add(name);
    if (value < end) throw new Error(`memory-map: ${name}: expected an offset of ${end} or above, got ${value}`);
    if (value > end) rows.push(`| ${end} | ${value - end} | | |`);
    if (doc) shared = doc;
    const next = own[i + 1]?.value ?? total ?? Number.POSITIVE_INFINITY;
    const takesRest = name === rest;
    const size = takesRest
      ? next - value
      : Math.min(sizeOf(name, doc || (/\beach\b/.test(shared) ? shared : "")), next - value);
    rows.push(`| ${value} | ${Number.isFinite(size) ? size : "…"} | ${name} | ${doc} |`);
    end = value + size;
  }
  if (total !== undefined && end < total) rows.push(`| ${end} | ${total - end} | | |`);
  const heading = total === undefined ? title : `${title}: ${total} bytes`;
  return `## ${heading}\n\n| offset | bytes | field | |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function sizeOf(name, doc) {
  if (BYTES[name]) return BYTES[name];
  const value = valueByName.get(name);
  if (name.startsWith("CORE_") && value >= valueByName.get("CORE_SUBMISSIONS")) return valueByName.get("RING_BYTES");
  if (name.startsWith("CORE_") && value >= valueByName.get("CORE_INSTANCES")) return valueByName.get("TABLE_BYTES");
  const type = /^(f64|u64|u32|u16|i64|i32|u8\[256\])/.exec(doc)?.[1];
  return type ? TYPES[type] : 4;
}

/** The drawing that stands above the code which places the tables. */
function placement() {
  const source = readFileSync(fileURLToPath(new URL("../assembly/map.ts", import.meta.url)), "utf8");
  const head = /^(?:\/\/.*\n)+/.exec(source);
  if (!head) throw new Error("memory-map: assembly/map.ts: expected a comment at its head, got none");
  const lines = head[0].split("\n").map((line) => line.replace(/^\/\/ ?/, ""));
  return `\`\`\`text\n${lines.join("\n").trim()}\n\`\`\``;
}
