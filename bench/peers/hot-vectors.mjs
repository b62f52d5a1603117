// Vectors of limits, power states, voltages, readings and power caps, for bench/peers/vectors.mjs, which says what a line means.
// Expectations are those of docs/abi.md section 6, and of the protocols' chapters of the specification.

export const HOT_VECTORS = [
  {
    name: "limits",
    lines: [
      "acquire 0 a → 0",
      "acquire 1 b → 0",
      // Maximum before minimum; a level outside moves to the limit that it passed
      ...ask("a", 0x4c05, [0, 2100, 600], 0),
      ...ask("a", 0x4c06, [0], 0, 2100, 600),
      "level 0 0 → 600",
      ...ask("a", 0x4c07, [0, 2400], -5),
      ...ask("a", 0x4c07, [0, 2100], 0),
      ...ask("a", 0x4c05, [0, 1800, 600], 0),
      "level 0 0 → 1800",
      // From 3.0 on a zero leaves that limit as it is, and two are out of range
      ...ask("a", 0x4c05, [0, 0, 900], 0),
      ...ask("a", 0x4c06, [0], 0, 1800, 900),
      ...ask("a", 0x4c05, [0, 2400, 0], 0),
      ...ask("a", 0x4c06, [0], 0, 2400, 900),
      ...ask("a", 0x4c05, [0, 0, 0], -5),
      ...ask("a", 0x4c05, [0, 0, 0xffffffff], -2),
      ...ask("a", 0x4c05, [0, 600, 900], -2),
      ...ask("a", 0x4c05, [0, 601, 300], -5),
      ...ask("a", 0x4c05, [0, 600, 299], -5),
      ...ask("a", 0x4c05, [0, 601, 602], -2),
      ...ask("a", 0x4c06, [0], 0, 2400, 900),
      // Without a list, all that the domain's own limits hold
      ...ask("b", 0x4c05, [2, 777, 778], -2),
      ...ask("b", 0x4c05, [2, 1001, 100], -5),
      ...ask("b", 0x4c05, [2, 1000, 99], -5),
      ...ask("b", 0x4c05, [2, 777, 776], 0),
      ...ask("b", 0x4c08, [2], 0, 776),
      ...ask("a", 0x4c05, [2, 777, 776], -3),
      ...ask("a", 0x4c05, [3, 900, 900], -3),
      ...ask("b", 0x4c05, [0, 900, 900], -3),
      ...ask("b", 0x4c06, [1], -3),
      ...ask("a", 0x4c05, [4, 900, 900], -4),
      ...ask("a", 0x4c06, [0xffffffff], -4),
      ...ask("a", 0x4c05, [0, 900], -10),
      ...ask("a", 0x4c06, [0, 0], -10),
      // Before 3.0 a zero is a limit, and no level
      ...ask("a", 0x24c05, [0, 900, 0], -5),
      ...ask("a", 0x24c05, [0, 0, 0], -5),
      ...ask("a", 0x24c05, [0, 900, 600], 0),
      ...ask("a", 0x24c06, [0], 0, 900, 600),
      ...ask("b", 0x24c05, [0, 900, 600], -3),
    ],
  },
  {
    name: "power states",
    lines: [
      "acquire 0 a → 0",
      "acquire 1 b → 0",
      ...ask("a", 0x4405, [0], 0, 0x40000000),
      ...ask("a", 0x4404, [0, 0, 0], 0),
      ...ask("b", 0x4405, [0], 0, 0),
      ...ask("a", 0x4404, [0, 0, 1], -2),
      ...ask("a", 0x4404, [2, 0, 0x40000000], -2),
      ...ask("a", 0x4404, [0x80000000, 0, 0x40000000], -2),
      ...ask("a", 0x4404, [1, 0, 0x40000000], -1),
      ...ask("a", 0x4405, [0], 0, 0),
      ...ask("b", 0x4404, [0, 0, 0x40000000], -3),
      ...ask("a", 0x4404, [0, 3, 0], -4),
      ...ask("a", 0x4405, [3], -4),
      ...ask("b", 0x4405, [2], -3),
      // Without a list, any state without reserved bits
      ...ask("b", 0x4404, [0, 1, 0x4fffffff], 0),
      ...ask("a", 0x4405, [1], 0, 0x4fffffff),
      ...ask("b", 0x4404, [0, 1, 0x80000000], -2),
      ...ask("b", 0x4404, [0, 1, 0x10000000], -2),
      // A domain that cannot be set by synchronous requests
      ...ask("a", 0x4404, [0, 2, 0], -1),
      ...ask("a", 0x4404, [0, 2, 1], -2),
      ...ask("a", 0x4404, [0, 0], -10),
      ...ask("a", 0x4405, [], -10),
    ],
  },
  {
    name: "voltages",
    lines: [
      "acquire 0 a → 0",
      "acquire 1 b → 0",
      ...ask("a", 0x5c07, [0, 0, 900_000], 0),
      ...ask("b", 0x5c08, [0], 0, 900_000),
      ...ask("a", 0x5c07, [0, 0, 900_001], -2),
      ...ask("a", 0x5c07, [0, 1, 800_000], -1),
      ...ask("a", 0x5c07, [0, 1, 900_001], -1),
      ...ask("a", 0x5c07, [0, 2, 800_000], -2),
      ...ask("b", 0x5c07, [0, 0, 800_000], -3),
      ...ask("a", 0x5c08, [0], 0, 900_000),
      // On the grid of a range that starts below zero
      ...ask("a", 0x5c07, [1, 0, -1], 0),
      ...ask("a", 0x5c08, [1], 0, -1),
      ...ask("a", 0x5c07, [1, 0, 0], -2),
      ...ask("a", 0x5c07, [1, 0, 48], 0),
      ...ask("a", 0x5c07, [1, 0, 51], -2),
      ...ask("a", 0x5c07, [1, 0, 55], -2),
      ...ask("a", 0x5c07, [1, 0, -57], -2),
      // Further apart than a signed word can say
      ...ask("b", 0x5c07, [2, 0, -0x80000000], 0),
      ...ask("b", 0x5c07, [2, 0, -0x3fffffff], 0),
      ...ask("b", 0x5c07, [2, 0, 0x40000003], 0),
      ...ask("b", 0x5c07, [2, 0, 0x7fffffff], -2),
      ...ask("b", 0x5c08, [2], 0, 0x40000003),
      // Without steps, anything in between
      ...ask("a", 0x5c07, [3, 0, 2], 0),
      ...ask("a", 0x5c07, [3, 0, 4], -2),
      ...ask("a", 0x5c07, [4, 0, 4], -4),
      ...ask("b", 0x5c08, [1], -3),
      ...ask("a", 0x5c07, [0, 0], -10),
      // Before 2.0 there are no flags
      ...ask("a", 0x25c07, [0, 1, 2], -2),
      ...ask("a", 0x25c07, [0, 0, 2], 0),
      ...ask("a", 0x25c07, [0, 0, 3], -2),
    ],
  },
  {
    name: "readings and power caps",
    lines: [
      "acquire 0 a → 0",
      "acquire 1 b → 0",
      ...ask("a", 0x5406, [0, 0], 0, -1500, -1, 1_234_567_890, 0),
      ...ask("b", 0x5406, [1, 0], 0, -1, 0x7fffffff, -1, -1),
      ...ask("a", 0x5406, [0, 1], -1),
      ...ask("a", 0x5406, [0, 2], -2),
      ...ask("a", 0x5406, [0, 0x80000000], -2),
      ...ask("a", 0x5406, [1, 0], -3),
      ...ask("a", 0x5406, [1, 2], -3),
      ...ask("a", 0x5406, [2, 0], -4),
      ...ask("a", 0x5406, [0], -10),
      // Before 2.0 there is no timestamp
      ...ask("b", 0x25406, [0, 0], 0, 7, 0),
      ...ask("a", 0x6004, [0], 0, 12_500),
      ...ask("a", 0x6009, [0], 0, 7421, 100_000),
      ...ask("b", 0x6004, [1], 0, 0xffffffff),
      ...ask("b", 0x6009, [1], -1),
      ...ask("b", 0x6004, [0], -3),
      ...ask("b", 0x6009, [0], -3),
      ...ask("a", 0x6004, [2], -4),
      ...ask("a", 0x6009, [2], -4),
      ...ask("a", 0x6004, [0, 0], -10),
    ],
  },
];

const DOMAINS = [0, 0, 1, 2, 3, 4, 0xffffffff];
const FLAGS = [0, 0, 0, 0, 1, 2, 0x80000000];
const LIMITS = [0, 0, 100, 300, 600, 601, 900, 1000, 1200, 2400, 0xffffffff];
const STATES = [0, 1, 0x40000000, 0x4fffffff, 0x80000000];
const VOLTAGES = [700_000, 1_000_000, -50, -1, 1, 2, 48, 51, -0x80000000, -0x3fffffff, 0x7fffffff];

/** The further hot commands, each with what its parameters may be in random scripts. */
export const FURTHER = [
  [0x4c05, DOMAINS, LIMITS, LIMITS],
  [0x4c06, DOMAINS],
  [0x4404, FLAGS, DOMAINS, STATES],
  [0x4405, DOMAINS],
  [0x5406, DOMAINS, FLAGS],
  [0x5c07, DOMAINS, FLAGS, VOLTAGES],
  [0x5c08, DOMAINS],
  [0x6004, DOMAINS],
  [0x6009, DOMAINS],
  [0x24c05, DOMAINS, LIMITS, LIMITS],
  [0x24c06, DOMAINS],
  [0x25406, DOMAINS, FLAGS],
  [0x25c07, DOMAINS, FLAGS, VOLTAGES],
];

/** A command with these parameters of the agent that `name` is an xfer of, and the words of its answer. */
function ask(name, command, parameters, ...answer) {
  const set = parameters.length > 0 ? [`set ${name} ${parameters.map(word).join("")} → ${parameters.length * 4}`] : [];
  return [
    ...set,
    `exchange ${name === "a" ? 0 : 1} ${name} ${command.toString(16)} ${parameters.length * 4} 1 → 4`,
    `xfer ${name} → 4 0 ${answer.length * 4} ${answer.map(word).join("")}`,
  ];
}

/** A little-endian word, as hex. */
export function word(value) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return Array.from(new Uint8Array(view.buffer), (it) => it.toString(16).padStart(2, "0")).join("");
}
