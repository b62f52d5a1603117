/** A schema as plain data: the keywords of JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const TEXT: JsonSchema = { type: "string" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const TIME: JsonSchema = { type: "number", minimum: 0 };
const PATH: JsonSchema = { type: "string", pattern: "^/" };

function listOf(items: JsonSchema, description?: string): JsonSchema {
  return { type: "array", items, ...(description === undefined ? {} : { description }) };
}

/** All properties are required; further ones may come. */
function record(properties: Readonly<Record<string, JsonSchema>>, optional: Readonly<Record<string, JsonSchema>> = {}) {
  return { type: "object", required: Object.keys(properties), properties: { ...properties, ...optional } };
}

function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

function counts(names: readonly string[]): JsonSchema {
  return record(Object.fromEntries(names.map((name) => [name, COUNT])));
}

const CHANNEL = record({
  direction: { enum: ["a2p", "p2a"] },
  protocols: described(listOf(COUNT), "Ids of the protocols whose messages it carries"),
  framing: { enum: ["smt", "msg"] },
  sizeBytes: described(COUNT, "Of the area, or of the longest message where there is none"),
  completion: { enum: ["interrupt", "poll", "sync"] },
});

const RESOURCE = record(
  { id: COUNT, name: TEXT },
  { invented: listOf(TEXT, "Names of facts that neither tree nor board file states; all = the resource itself") },
);

const EXERCISE = record(
  { protocol: COUNT, name: TEXT, what: described(TEXT, "What was done, with the values that were read") },
  { resource: COUNT, problem: described(TEXT, "What was wrong; absent when all was well") },
);

const PROTOCOL = record({ id: COUNT, name: TEXT, version: TEXT, resources: listOf(RESOURCE) }, { exercise: EXERCISE });

const CONSUMER = record({
  device: PATH,
  property: TEXT,
  protocol: COUNT,
  resource: described({ type: ["integer", "null"], minimum: 0 }, "null for a group of pins"),
  resolved: described({ type: "boolean" }, "The agent found the resource"),
});

const INSTANCE = record(
  {
    node: PATH,
    compatible: TEXT,
    transport: { enum: ["mailbox", "smc", "optee", "virtio", "loopback"] },
    base: record({ version: TEXT, vendor: TEXT, subVendor: TEXT, implementationVersion: COUNT, agents: COUNT }),
    limits: record({ maxMessages: COUNT, maxPayload: COUNT, timeoutMs: TIME }),
    channels: listOf(CHANNEL),
    protocols: listOf(PROTOCOL),
    consumers: listOf(CONSUMER),
    counters: counts(["sent", "responses", "delayedResponses", "notifications", "timeouts", "unexpected", "malformed"]),
  },
  {
    latencies: described(
      record({ count: COUNT, lowestUs: TIME, medianUs: TIME, p99Us: TIME, highestUs: TIME }),
      "Of commands, in microseconds of simulated time",
    ),
  },
);

const TRACE_ENTRY = record(
  {
    atNs: TIME,
    node: PATH,
    role: { enum: ["command", "response", "delayedResponse", "notification"] },
    protocol: COUNT,
    message: record({ id: COUNT, name: TEXT }),
    token: COUNT,
    payloadHex: { type: "string", pattern: "^([0-9a-f]{2})*$" },
  },
  { status: record({ code: { type: "integer" }, name: TEXT }) },
);

/** What `scmi boot --json` prints, as a JSON Schema (draft 2020-12). Fields may be added; those that are here stay. */
export const BOOT_SCHEMA: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "scmi boot",
  description: "What became of a board: the document that `scmi boot --json` prints",
  ...record(
    {
      board: record({ model: TEXT, compatible: listOf(TEXT), source: described(TEXT, "The file") }),
      profile: described(TEXT, "Release of SCMI that the platforms look like"),
      seed: COUNT,
      instances: listOf(INSTANCE),
      deferred: listOf(
        record({ node: PATH, reason: TEXT, atMs: TIME, resolvedMs: { type: ["number", "null"], minimum: 0 } }),
        "Instances that had to wait, in simulated milliseconds; null = in vain",
      ),
      failures: listOf(record({ node: PATH, message: TEXT })),
      disabled: listOf(PATH, "Instances that the tree switches off"),
      warnings: listOf(TEXT),
      elapsedMs: described(TIME, "Of simulated time, until everything was unloaded"),
      leaks: described(
        counts(["sessions", "sharedMemory", "channels", "xfers", "tokens", "timers", "devices"]),
        "Taken and not given back, after everything was unloaded",
      ),
    },
    { trace: described(listOf(TRACE_ENTRY), "With --trace: every message") },
  ),
};
