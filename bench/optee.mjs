// What does a TEE session a message cost over one that is kept, and what do the memory forms of OP-TEE cost beside loopback?
// node bench/optee.mjs [--tiny] [--json]; build first.
import { parseArgs } from "node:util";
import { describeEnvironment } from "./harness/environment.mjs";
import { BUDGETS, compare, timerStepNs } from "./harness/measure.mjs";

const dist = (name) => import(new URL(`../dist/src/${name}.js`, import.meta.url));
const { Agent, Core, SimulatedClock } = await dist("index");
const { parseBoard } = await dist("board/index");
const { coreMemory, ScmiPta, SimulatedOptee } = await dist("firmware/index");
const { Platform } = await dist("platform/index");
const { Performance } = await dist("protocols/index");
const { SCMI_PTA, SCMI_PTA_CAPS, SCMI_PTA_UUID, TEE_IMPLEMENTATION, TEE_LOGIN, TeeContext, teeMemref, teeValue } =
  await dist("tee/index");
const { loopback } = await dist("transport/loopback");
const { optee } = await dist("transport/optee");

const { values: flags } = parseArgs({ options: { tiny: { type: "boolean" }, json: { type: "boolean" } } });
const budget = BUDGETS[flags.tiny ? "tiny" : "full"];

/** Even the slowest of them is far below the timer's step times 20 alone. */
const BATCH = 1024;
const LEVELS = [600, 1000, 1400, 1800];
const BOARD = {
  vendor: "scmi-wasm",
  agents: [{ name: "OSPM" }],
  performance: { domains: [{ name: "cpu", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM" }] },
};
const CHANNEL_ID = 0;
const AREA_BYTES = 128;

/** A platform with both ways to it. Without FastChannels, transition time or watchers every command is answered in the core. */
async function boot() {
  const board = parseBoard(BOARD, { file: "inline" });
  const clock = new SimulatedClock();
  const capacity = Platform.capacityFor(board, { connections: 8 });
  const core = await Core.open({
    capacity: { ...capacity, instances: 16, channels: 32, xfers: 512, areas: 32, regionBytes: 1 << 18 },
  });
  const platform = Platform.open(core, board, { clock });
  const memory = coreMemory(core, AREA_BYTES);
  const channel = { id: CHANNEL_ID, platform, agentId: 1, memory };
  const tee = new SimulatedOptee({ apps: [new ScmiPta({ channels: [channel] })] });
  const open = async (transport) => (await Agent.open(core, transport, { clock })).protocol(Performance);
  return { core, platform, tee, memory, open };
}

/** A contestant of `compare`: one batch a sample, and the platform is asked whether the last one arrived. */
function sampled({ platform }, run) {
  return async (count) => {
    const ns = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      await run();
      ns.push(Number(process.hrtime.bigint() - start));
    }
    return { ns, sum: 0, bad: platform.performance.level(0) === LEVELS[(BATCH - 1) & 3] ? 0 : 1 };
  };
}

async function measureSessions() {
  const machine = await boot();
  const context = await TeeContext.open(
    [machine.tee],
    ({ implementation }) => implementation === TEE_IMPLEMENTATION.OPTEE,
  );
  const openSession = () => context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
  const shared = await context.allocate(AREA_BYTES);
  const words = new Uint32Array(shared.bytes.buffer, 0, 3);
  const channel = teeValue("inout");
  const request = teeMemref("in", shared, { byteLength: 12 });
  const response = teeMemref("out", shared);
  const params = [teeValue("in"), request, response];
  /** The same memory carries the answer, so the command is written anew. */
  const write = (i) => {
    words[0] = (0x13 << 10) | 7;
    words[1] = 0;
    words[2] = LEVELS[i & 3];
    response.byteLength = AREA_BYTES;
  };
  const getChannel = async (session) => {
    channel.a = CHANNEL_ID;
    channel.b = SCMI_PTA_CAPS.MSG_HEADER;
    await session.invoke(SCMI_PTA.GET_CHANNEL_HANDLE.id, [channel]);
    params[0].a = channel.a;
  };
  const kept = await openSession();
  await getChannel(kept);
  return compare({
    ...{ name: "sessions", ops: BATCH, budget },
    contestants: {
      "one session, synchronous": sampled(machine, () => {
        for (let i = 0; i < BATCH; i++) {
          write(i);
          kept.invokeSync(SCMI_PTA.PROCESS_MSG_CHANNEL.id, params);
        }
      }),
      "one session, awaited": sampled(machine, async () => {
        for (let i = 0; i < BATCH; i++) {
          write(i);
          await kept.invoke(SCMI_PTA.PROCESS_MSG_CHANNEL.id, params);
        }
      }),
      "a session a message, awaited": sampled(machine, async () => {
        for (let i = 0; i < BATCH; i++) {
          const session = await openSession();
          await getChannel(session);
          write(i);
          await session.invoke(SCMI_PTA.PROCESS_MSG_CHANNEL.id, params);
          await session.close();
        }
      }),
    },
  });
}

async function measureForms() {
  const contestants = {};
  for (const form of ["loopback", "static", "smt", "msg"]) {
    const machine = await boot();
    const memory = form === "static" ? machine.memory : form;
    const transport =
      form === "loopback"
        ? loopback(machine.platform.connect(1))
        : optee({ tees: [machine.tee], channelId: CHANNEL_ID, memory, maxPayload: 100 });
    const performance = await machine.open(transport);
    await performance.describe(0);
    const name = form === "loopback" ? form : `optee, ${form}`;
    contestants[`${name}, polled`] = sampled(machine, () => {
      for (let i = 0; i < BATCH; i++) performance.setLevelPolled(0, LEVELS[i & 3]);
    });
    contestants[`${name}, awaited`] = sampled(machine, async () => {
      for (let i = 0; i < BATCH; i++) await performance.setLevel(0, LEVELS[i & 3]);
    });
  }
  return compare({ name: "forms", ops: BATCH, contestants, budget });
}

const sessions = await measureSessions();
const forms = await measureForms();

if (flags.json) {
  const environment = describeEnvironment({}, timerStepNs());
  console.log(JSON.stringify({ environment, unit: "ns per message", batch: BATCH, sessions, forms }, null, 2));
} else {
  print("PERFORMANCE_LEVEL_SET, ns per message", sessions, "one session, awaited");
  print("by transport and memory", forms, "loopback, polled");
}

function print(title, results, base) {
  console.log(`${title.padEnd(40)} ${"median".padStart(9)} ${"p99".padStart(9)}`);
  for (const [name, { median, p99 }] of Object.entries(results)) {
    const ratio = (median / results[base].median).toFixed(2);
    console.log(
      `${name.padEnd(40)} ${median.toFixed(1).padStart(9)} ${p99.toFixed(1).padStart(9)}  ${ratio} × ${base}`,
    );
  }
}
