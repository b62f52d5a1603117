import { readFileSync } from "node:fs";
import { FURTHER, HOT_VECTORS, word } from "./hot-vectors.mjs";

// Vectors for all peers, on the shape `board` of bench/harness/shapes.mjs: channel 0 is agent 1's, channel 1 agent 2's (both of one
// platform), channel 2 has an area of 64 bytes. A line is a command; what must come back stands behind the arrow.
//
//   acquire INSTANCE NAME · release NAME · set NAME HEX · xfer NAME → state fault length payload
//   post CHANNEL NAME COMMAND LENGTH NOW → header, or a fault · serve CHANNEL NOW · settle CHANNEL NOW → name, or a fault
//   exchange CHANNEL NAME COMMAND LENGTH NOW → state · abort NAME · tick NOW → retired names
//   area CHANNEL BYTES → hex · poke CHANNEL OFFSET HEX → bytes · token INSTANCE NEXT · observe BITS · level CHANNEL DOMAIN
//   counters CHANNEL → sent responses timeouts unexpected malformed recycled late aborted errors spurious badCommands
//   submit CHANNEL COMMAND LENGTH TAG HEX · run BUDGET NOW → done stop · complete → tag fault length header payload
//   events → events traces
//
// Commands: 4c07 PERFORMANCE_LEVEL_SET, 4c08 LEVEL_GET, 4c05 LIMITS_SET, 4c06 LIMITS_GET, 4c04 a constant of 88 bytes, 4000 Base
// PROTOCOL_VERSION, 4404 POWER_STATE_SET, 4405 STATE_GET, 5005 CLOCK_RATE_SET, 5006 RATE_GET, 5406 SENSOR_READING_GET, 5c07
// VOLTAGE_LEVEL_SET, 5c08 LEVEL_GET, 6004 POWERCAP_CAP_GET, 6009 MEASUREMENTS_GET, 20004 … 20007 constants of 0, 8, 32 and 96
// bytes for any parameters; 24c05, 25406 and 25c07 are LIMITS_SET, READING_GET and voltage LEVEL_SET of versions before 3.0, 2.0 and
// 2.0 of their protocols.

const DESCRIBED =
  "07000000" +
  [300, 600, 900, 1200, 1500, 1800, 2100].map((level) => [level, level / 3, 10].map(word).join("")).join("");

export const VECTORS = [
  {
    name: "good commands",
    lines: [
      "acquire 0 a → 0",
      "set a 0000000058020000 → 8",
      "exchange 0 a 4c07 8 100 → 4",
      "xfer a → 4 0 4 00000000",
      "level 0 0 → 600",
      "set a 00000000 → 4",
      "exchange 0 a 4c08 4 200 → 4",
      "xfer a → 4 0 8 0000000058020000",
      "set a 0000000000000000 → 8",
      "exchange 0 a 4c04 8 300 → 4",
      `xfer a → 4 0 92 00000000${DESCRIBED}`,
      "exchange 0 a 4000 0 400 → 4",
      "xfer a → 4 0 8 0000000001000200",
      "exchange 0 a 4c00 0 500 → 4",
      "xfer a → 4 0 8 0000000000000400",
      "counters 0 → 5 5 0 0 0 0 0 0 0 0 0",
      "release a → 0",
    ],
  },
  {
    name: "a platform refuses",
    lines: [
      "acquire 0 a → 0",
      "acquire 1 b → 0",
      "set a 040000002c010000 → 8",
      "exchange 0 a 4c07 8 1 → 4",
      "xfer a → 4 0 4 fcffffff",
      "set a ffffffff2c010000 → 8",
      "exchange 0 a 4c07 8 1 → 4",
      "xfer a → 4 0 4 fcffffff",
      "set b 000000002c010000 → 8",
      "exchange 1 b 4c07 8 1 → 4",
      "xfer b → 4 0 4 fdffffff",
      "set b 01000000 → 4",
      "exchange 1 b 4c08 4 1 → 4",
      "xfer b → 4 0 4 fdffffff",
      "set b 00000000 → 4",
      "exchange 1 b 4c08 4 1 → 4",
      "xfer b → 4 0 8 000000002c010000",
      "set a 000000002d010000 → 8",
      "exchange 0 a 4c07 8 1 → 4",
      "xfer a → 4 0 4 fbffffff",
      "set b 0300000058020000 → 8",
      "exchange 1 b 4c07 8 1 → 4",
      "xfer b → 4 0 4 00000000",
      "set b 030000002c010000 → 8",
      "exchange 1 b 4c07 8 1 → 4",
      "xfer b → 4 0 4 fbffffff",
      "set b 03000000ffffffff → 8",
      "exchange 1 b 4c07 8 1 → 4",
      "xfer b → 4 0 4 fbffffff",
      "set b 0200000065000000 → 8",
      "exchange 1 b 4c07 8 1 → 4",
      "xfer b → 4 0 4 00000000",
      "level 0 2 → 101",
      "exchange 0 a 4c09 8 1 → 4",
      "xfer a → 4 0 4 fcffffff",
      "exchange 0 a 4c03 8 1 → 4",
      "xfer a → 4 0 4 fcffffff",
      "exchange 0 a 4cff 8 1 → 4",
      "xfer a → 4 0 4 fcffffff",
      "exchange 0 a 4c07 4 1 → 4",
      "xfer a → 4 0 4 f6ffffff",
      "exchange 0 a 4c07 12 1 → 4",
      "xfer a → 4 0 4 f6ffffff",
      "exchange 0 a 4c07 7 1 → 4",
      "xfer a → 4 0 4 f6ffffff",
      "exchange 0 a 4800 0 1 → 4",
      "xfer a → 4 0 4 ffffffff",
      "exchange 1 b 5000 0 1 → 4",
      "xfer b → 4 0 4 fdffffff",
      "exchange 1 b 5009 0 1 → 4",
      "xfer b → 4 0 4 fdffffff",
    ],
  },
  {
    name: "clocks",
    lines: [
      "acquire 0 a → 0",
      ...rate("a", 0, 0, 200_000_000n, 0, 200_000_000n),
      ...rate("a", 0, 0, 199_999_999n, 0, 24_000_000n),
      ...rate("a", 4, 0, 24_000_001n, 0, 200_000_000n),
      ...rate("a", 8, 0, 3_000_000_000n, 0, 5_000_000_000n),
      ...rate("a", 8, 0, 112_000_000n, 0, 24_000_000n),
      ...rate("a", 0, 0, 5_000_000_001n, -2, 24_000_000n),
      ...rate("a", 8, 0, 1n, -2, 24_000_000n),
      ...rate("a", 16, 0, 24_000_000n, -2, 24_000_000n),
      ...rate("a", 1, 0, 24_000_000n, -1, 24_000_000n),
      ...rate("a", 0, 1, 4_000_000n, -3, 1_000_000n),
      ...rate("a", 0, 2, 300n, 0, 1n),
      ...rate("a", 4, 2, 300n, 0, 301n),
      ...rate("a", 8, 2, 150n, 0, 1n),
      ...rate("a", 8, 2, 152n, 0, 301n),
      ...rate("a", 8, 2, 1000n, 0, 901n),
      ...rate("a", 4, 2, 1000n, -2, 901n),
      ...rate("a", 0, 3, 0xffff_ffffn, 0, 0xffff_ffffn),
      ...rate("a", 0, 4, 7n, -4, undefined),
      ...rate("a", 0, 5, 7n, -4, undefined),
    ],
  },
  ...HOT_VECTORS,
  {
    name: "lengths and indices that are refused",
    lines: [
      "acquire 0 a → 0",
      "acquire 2 c → 0",
      "post 0 a 4c07 101 1 → -5",
      "exchange 0 a 4c07 4294967295 1 → -5",
      "exchange 0 a 20004 100 1 → 4",
      "exchange 0 a 20007 0 1 → 4",
      "exchange 0 a 20007 99 1 → 4",
      "exchange 2 c 20004 36 1 → 4",
      "exchange 2 c 20004 37 1 → -5",
      "exchange 2 c 20006 0 1 → 4",
      "xfer c → 4 0 36 0000000001010101020202020303030304040404050505050606060607070707080808" + "08",
      "exchange 2 c 20007 0 1 → 4",
      "xfer c → 4 0 4 f6ffffff",
      "exchange 2 c 4c04 8 1 → 4",
      "xfer c → 4 0 4 f6ffffff",
      "exchange 3 a 4c07 8 1 → -2",
      "exchange 0 z 4c07 8 1 → -2",
      "exchange 1 a 4c07 8 1 → -17",
      "release a → 0",
      "release z → -2",
      "counters 2 → 4 4 0 0 0 0 0 0 0 0 0",
    ],
  },
  {
    name: "odd bytes stay what they were",
    lines: [
      "acquire 0 a → 0",
      "poke 0 28 a1a2a3a4a5a6a7a8a9aaabac → 12",
      "set a 0102030405060708090a0b0c → 12",
      "post 0 a 20004 5 1 → 00020004",
      "area 0 40 → 000000000000000000000000000000000000000009000000040002000102030405a6a7a8a9aaabac",
      "serve 0 2 → 0",
      "area 0 40 → 00000000010000000000000000000000000000000800000004000200000000" + "0005a6a7a8a9aaabac",
      "settle 0 3 → a",
      "xfer a → 4 0 4 00000000",
    ],
  },
  {
    name: "a hostile agent",
    lines: [
      "serve 0 1 → -1",
      ...area(0, 0, 3, 0x4000),
      "serve 0 1 → 0",
      "area 0 32 → 0000000003000000000000000000000000000000030000000040000000000000",
      ...area(0, 0, 0, 0x4000),
      "serve 0 1 → 0",
      "area 0 28 → 00000000030000000000000000000000000000000000000000400000",
      ...area(0, 0, 105, 0x4000),
      "serve 0 1 → 0",
      "area 0 32 → 000000000300000000000000000000000000000008000000004000" + "00f6ffffff",
      ...area(0, 2, 4, 0x4000),
      "serve 0 1 → 0",
      "area 0 36 → 00000000010000000000000000000000000000000c000000004000000000000001000200",
      ...area(0, 0, 0xffffffff, 0x4000),
      "serve 0 1 → 0",
      "area 0 32 → 00000000030000000000000000000000000000000800000000400000f6ffffff",
      ...area(0, 0, 4, 0xf0004000),
      "serve 0 1 → 0",
      "area 0 36 → 00000000010000000000000000000000000000000c000000004000f00000000001000200",
      ...area(0, 0, 4, 0x4200),
      "serve 0 1 → 0",
      "area 0 32 → 00000000010000000000000000000000000000000800000000420000f6ffffff",
      ...area(0, 0, 4, 0x3fcff),
      "serve 0 1 → 0",
      "area 0 32 → 000000000100000000000000000000000000000008000000fffc0300ffffffff",
      "counters 0 → 0 0 0 0 0 0 0 0 0 1 4",
    ],
  },
  {
    name: "a hostile platform",
    lines: [
      "acquire 0 a → 0",
      "token 0 7 → 7",
      "post 0 a 4c08 4 1 → 001c4c08",
      "settle 0 2 → -1",
      ...area(0, 1, 8, 0x204c08, 0),
      "settle 0 3 → -1",
      "settle 0 4 → -1",
      ...area(0, 1, 8, 0x1c4c07, 0),
      "settle 0 5 → -1",
      ...area(0, 1, 8, 0x1c4e08, 0),
      "settle 0 5 → -1",
      ...area(0, 1, 8, 0x901c4c08, 0),
      "settle 0 5 → -1",
      "counters 0 → 1 0 0 1 3 0 0 0 0 0 0",
      ...area(0, 1, 8, 0xffffffff, 0),
      "settle 0 5 → -1",
      "settle 0 5 → -1",
      "counters 0 → 1 0 0 1 4 0 0 0 0 0 0",
      ...area(0, 1, 8, 0x1c4c08, 0xfffffff5),
      "settle 0 6 → a",
      "xfer a → 4 0 4 f5ffffff",
      "post 0 a 4c08 4 7 → 00204c08",
      ...area(0, 1, 7, 0x204c08, 0),
      "settle 0 8 → a",
      "xfer a → 4 -14 0 ",
      "post 0 a 4c08 4 9 → 00244c08",
      ...area(0, 1, 105, 0x244c08, 0),
      "settle 0 9 → a",
      "xfer a → 4 -14 0 ",
      "post 0 a 4c08 4 10 → 00284c08",
      ...area(0, 1, 0xffffffff, 0x284c08, 0),
      "settle 0 10 → a",
      "xfer a → 4 -14 0 ",
      "post 0 a 4c08 4 11 → 002c4c08",
      ...area(0, 3, 8, 0x2c4c08, 0),
      "settle 0 11 → a",
      "xfer a → 4 -15 0 ",
      "post 0 a 4c08 4 12 → 00304c08",
      ...area(0, 2, 8, 0x304c08, 0),
      "settle 0 12 → a",
      "xfer a → 4 -15 0 ",
      "post 0 a 4c08 4 13 → -4",
      ...area(0, 1, 8, 0x304c08, 0),
      "post 0 a 4c08 4 14 → 00344c08",
      ...area(0, 1, 8, 0, 0),
      "settle 0 15 → -1",
      "counters 0 → 7 1 0 2 7 0 0 0 2 0 0",
    ],
  },
  {
    name: "callers that give up",
    lines: [
      "acquire 0 a → 0",
      "acquire 0 b → 0",
      "post 0 a 4c08 4 0 → 00004c08",
      "post 0 b 4c08 4 0 → -4",
      "post 0 a 4c08 4 0 → -3",
      "tick 29999999 → retired ",
      "tick 30000000 → retired a",
      "xfer a → 5 -12 0 ",
      "post 0 a 4c08 4 30000001 → -4",
      "serve 0 30000002 → 0",
      "settle 0 30000003 → -1",
      "counters 0 → 1 0 1 0 0 0 1 0 0 0 0",
      "post 0 a 4c08 4 40000000 → 00044c08",
      "abort a → 0",
      "abort a → -3",
      "xfer a → 6 -23 0 ",
      "serve 0 40000001 → 0",
      "exchange 0 b 4c08 4 40000002 → 4",
      "counters 0 → 3 1 1 0 0 0 2 1 0 0 0",
      "token 0 1023 → 1023",
      "post 0 a 4c08 4 50000000 → 0ffc4c08",
      "abort a → 0",
      ...area(0, 1, 8, 0xffc4c08, 0),
      "exchange 0 a 4c08 4 50000001 → 4",
      "token 0 1023 → 1023",
      "post 0 a 4c08 4 60000000 → 0ffc4c08",
      "abort a → 0",
      ...area(0, 1, 8, 0x4c08, 0),
      "token 0 1023 → 1023",
      "post 0 b 4c08 4 60000001 → 00004c08",
      "counters 0 → 7 2 1 1 0 0 3 3 0 0 0",
    ],
  },
  {
    name: "lost answers do not stop a channel",
    lines: [
      "acquire 0 a → 0",
      ...Array.from({ length: 8 }, (_, i) => lost(i)).flat(),
      "counters 0 → 8 0 0 8 0 0 0 8 0 0 0",
      ...lost(8),
      "counters 0 → 9 0 0 9 0 1 0 9 0 0 0",
      "token 0 1 → 1",
      "post 0 a 4c08 4 9 → 00044c08",
      "counters 0 → 10 0 0 9 0 2 0 9 0 0 0",
    ],
  },
  {
    name: "async commands wait on",
    lines: [
      "acquire 0 a → 0",
      "set a 00000000 → 4",
      "exchange 0 a 80004c08 4 0 → 3",
      "xfer a → 3 0 8 000000002c010000",
      "tick 30000000 → retired ",
      "tick 2000000000 → retired a",
      "xfer a → 5 -13 0 ",
      "exchange 0 a 80004cff 4 0 → 4",
      "xfer a → 4 0 4 fcffffff",
    ],
  },
  {
    name: "pools run dry",
    lines: [
      ...[..."abcdefgh"].map((name) => `acquire 0 ${name} → 0`),
      "acquire 0 i → -6",
      "release h → 0",
      "acquire 0 i → 0",
      "acquire 3 j → -2",
      "post 0 a 4c08 4 1 → 00004c08",
      "release a → -3",
      "serve 0 1 → 0",
      "release a → -3",
      "settle 0 1 → a",
      "release a → 0",
    ],
  },
  {
    name: "observed",
    lines: [
      "acquire 0 a → 0",
      "observe 3 → 3",
      "set a 0000000058020000 → 8",
      "exchange 0 a 4c07 8 1 → 4",
      "events → 1 4",
      "set a 0000000059020000 → 8",
      "exchange 0 a 4c07 8 1 → 4",
      "events → 1 8",
      ...Array.from({ length: 63 }, () => ["set a 0000000058020000 → 8", "exchange 0 a 4c07 8 1 → 4"]).flat(),
      "events → 64 260",
      "exchange 0 a 4c08 4 1 → 2",
      "serve 0 1 → -9",
      "observe 0 → 0",
      "serve 0 1 → 0",
      "settle 0 1 → a",
    ],
  },
  {
    name: "batches",
    lines: [
      "submit 0 4c07 8 1 0000000058020000 → 8",
      "submit 9 4c07 8 2 0000000058020000 → 8",
      "submit 1 4c07 8 3 0000000058020000 → 8",
      "submit 0 80004c07 8 4 0000000058020000 → 8",
      "submit 0 4c07 105 5 00 → 1",
      "submit 0 4c04 8 6 0000000000000000 → 8",
      "submit 2 4c04 8 7 0000000000000000 → 8",
      "submit 0 40004c08 4 8 00000000 → 4",
      "run 2 1 → 2 0",
      "run 100 2 → 6 0",
      "run 1 3 → 0 0",
      "complete → 1 0 4 00004c07 00000000",
      "complete → 2 -2 0 00000000 ",
      "complete → 3 0 4 00004c07 fdffffff",
      "complete → 4 -17 0 00000000 ",
      "complete → 5 -5 0 00000000 ",
      `complete → 6 0 92 00044c04 00000000${DESCRIBED}`,
      "complete → 7 0 4 00004c04 f6ffffff",
      "complete → 8 0 8 00084c08 0000000058020000",
      "area 0 24 → 000000000100000000000000000000000100000" + "00c000000",
    ],
  },
  { name: "the worked SMT dumps of the spec", lines: golden() },
];

/** A script of `length` random commands, hostile ones among them, without expectations: all peers must answer it alike. */
export function randomScript(seed, length) {
  let state = seed >>> 0 || 1;
  const below = (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const pick = (list) => list[below(list.length)];
  const names = [..."abcdef"];
  const commands = [
    ...["4c07", "4c08", "4c04", "4000", "5005", "5006", "20004", "20006", "4c09", "4800", "40004c07", "80004c08"],
    ...FURTHER.map(([command]) => command.toString(16)),
  ];
  const lengths = [0, 4, 8, 8, 8, 12, 16, 5, 36, 37, 100, 101];
  const headers = [0x4c08, 0x4c07, 0x44c08, 0x84c08, 0x4e08, 0xc4c08, 0x10004c07, 0xffffffe, 0xffffffff];
  let now = 0;
  // a, b and c are agent 1's, d, e and f agent 2's; now and then somebody takes the wrong channel
  const owner = (name) => (name < "d" ? 0 : 1);
  const send = (verb) => {
    const name = pick(names);
    const channel = below(12) ? owner(name) : below(4);
    return [`${verb} ${channel} ${name} ${pick(commands)} ${pick(lengths)} ${now}`];
  };
  const foreign = (channel) => [
    `poke ${channel} 20 ${word(pick([0, 3, 4, 8, 12, 104, 105, 0xffffffff]))}${word(pick(headers))}`,
    `poke ${channel} 4 ${word(below(4))}`,
  ];
  const further = () => {
    const [command, ...parameters] = pick(FURTHER);
    const name = pick(names);
    const words = parameters.map((values) => word(pick(values)));
    return [
      `set ${name} ${words.join("")}`,
      `exchange ${owner(name)} ${name} ${command.toString(16)} ${words.length * 4} ${now}`,
      `xfer ${name}`,
    ];
  };
  const steps = [
    further,
    further,
    () => [`acquire ${owner(names[below(6)])} x`, "release x"],
    () => [
      `set ${pick(names)} ${word(below(5))}${word(300 * below(9))}${word(24_000_000)}${word(0)}`,
      ...send("exchange"),
    ],
    () => send("exchange"),
    () => [...send("post"), `serve ${below(2)} ${now}`, `settle ${below(2)} ${now}`],
    () => send("post"),
    () => [`serve ${below(2)} ${now}`],
    () => [`settle ${below(2)} ${now}`],
    () => [`settle 0 ${now}`, `settle 1 ${now}`],
    () => [`abort ${pick(names)}`],
    () => (below(4) ? [] : [`tick ${now}`]),
    () => [`xfer ${pick(names)}`],
    () => foreign(below(2)),
    () => [`poke ${below(2)} 4 ${word(1)}`],
    () => [`counters ${below(2)}`, `area ${below(2)} 128`],
    () => (below(4) ? [] : [`token ${below(2)} ${pick([0, 1, 2, 1022, 1023])}`]),
  ];
  const lines = names.map((name) => `acquire ${owner(name)} ${name}`);
  while (lines.length < length) {
    now += below(1_000_000);
    lines.push(...pick(steps)());
  }
  return [...lines, "counters 0", "counters 1", "level 0 0", "level 0 1"];
}

/** An area as a peer on the other side could leave it: status, length, header, first payload word. */
function area(channel, status, length, header, first) {
  const pokes = [`poke ${channel} 20 ${word(length)}${word(header)} → 8`];
  if (first !== undefined) pokes.push(`poke ${channel} 28 ${word(first)} → 4`);
  return [...pokes, `poke ${channel} 4 ${word(status)} → 4`];
}

/** A command given up, whose area comes back with a header nobody sent. */
function lost(i) {
  const header = ((i << 18) | 0x4c08).toString(16).padStart(8, "0");
  return [`post 0 a 4c08 4 ${i} → ${header}`, "abort a → 0", ...area(0, 1, 8, 0x0c000000 + i, 0), `settle 0 ${i} → -1`];
}

/** CLOCK_RATE_SET with its status, and the rate that RATE_GET shows after it. */
function rate(name, flags, clock, wanted, status, after) {
  const hex = (value) => word(Number(value & 0xffffffffn)) + word(Number(value >> 32n));
  const lines = [
    `set ${name} ${word(flags)}${word(clock)}${hex(wanted)} → 16`,
    `exchange 0 ${name} 5005 16 1 → 4`,
    `xfer ${name} → 4 0 4 ${word(status)}`,
    `set ${name} ${word(clock)} → 4`,
    `exchange 0 ${name} 5006 4 1 → 4`,
  ];
  lines.push(after === undefined ? `xfer ${name} → 4 0 4 fcffffff` : `xfer ${name} → 4 0 12 00000000${hex(after)}`);
  return lines;
}

/** Base PROTOCOL_VERSION with token 42 and a completion interrupt: the bytes of spec/00-transport.md §8.8. */
function golden() {
  const { areas } = JSON.parse(readFileSync(new URL("../../test/vectors/00-transport.json", import.meta.url), "utf8"));
  const bytes = (id) => areas.find((it) => it.id === id).bytes;
  const shown = (id) => `area 0 ${bytes(id).length / 2} → ${bytes(id)}`;
  return [
    "acquire 0 a → 0",
    "token 0 42 → 42",
    "post 0 a 40004000 0 1 → 00a84000",
    shown("00-8.8-1"),
    "serve 0 2 → 0",
    shown("00-8.8-2"),
    "settle 0 3 → a",
    "xfer a → 4 0 8 0000000001000200",
    "token 0 42 → 42",
    "post 0 a 40004000 4 4 → 00a84000",
    "serve 0 5 → 0",
    shown("00-8.8-3"),
    "settle 0 6 → a",
    "xfer a → 4 0 4 f6ffffff",
  ];
}
