// One platform with performance domains, clocks and voltages, and an agent at it over any transport; for agent-side benches.
const dist = (name) => import(new URL(`../dist/src/${name}.js`, import.meta.url));
const { Agent, Core, SimulatedClock } = await dist("index");
const { parseBoard } = await dist("board/index");
const firmware = await dist("firmware/index");
const { Platform } = await dist("platform/index");
const { Clock, Performance, Voltage } = await dist("protocols/index");
const { loopback } = await dist("transport/loopback");
const { mailbox } = await dist("transport/mailbox");
const { optee } = await dist("transport/optee");
const { smc } = await dist("transport/smc");
const { stream, streamPair } = await dist("transport/stream");
const { virtio } = await dist("transport/virtio");

export const LEVELS = [600, 1000, 1400, 1800];
export const RATES = [24e6, 48e6, 96e6, 192e6];
/** Reset and lost context, as POWER_STATE_SET says it. */
export const OFF = 0x4000_0000;
export const VOLTAGES = [700_000, 800_000, 900_000, 1_000_000];
const AREA_BYTES = 128;
const FUNCTION_ID = 0xc3000001;

/** No transition time and no watchers: every hot command is answered in the core. */
function boardOf(domains, hasFastChannels) {
  return parseBoard(
    {
      vendor: "scmi-wasm",
      agents: [{ name: "OSPM" }],
      performance: {
        domains: Array.from({ length: domains }, (_, i) => ({
          name: `cpu${i}`,
          levels: LEVELS.map((level) => ({ level })),
          setLevel: "OSPM",
          setLimits: ["OSPM"],
          ...(hasFastChannels ? { fastChannels: { levelSet: {}, levelGet: {}, limitsSet: {}, limitsGet: {} } } : {}),
        })),
      },
      clock: { clocks: [{ name: "pll", rates: RATES }] },
      voltage: { domains: [{ name: "vdd", levelsUv: VOLTAGES }] },
      power: { domains: [{ name: "pd", setState: ["OSPM"] }] },
      sensor: { sensors: [{ name: "heat", type: "celsius", signal: 45 }] },
      powercap: {
        domains: [{ name: "soc", caps: { lowest: 1, highest: 9, step: 1 }, paisUs: { lowest: 1000, highest: 1000 } }],
      },
    },
    { file: "bench" },
  );
}

/** Ways to a platform, by name; each is given the machine and returns a transport. */
export const WAYS = {
  loopback: ({ platform }) => loopback(platform.connect(1)),
  mailbox: ({ core, clock, platform }) => {
    const controller = new firmware.MailboxController({ channels: 1 });
    const server = new firmware.SmtServer((sink) => platform.connectMessages(1, sink), { clock });
    const area = new firmware.SharedMemory(core, AREA_BYTES);
    firmware.serveMailbox(server, { tx: controller.peer(0) }, { a2p: area });
    return mailbox({ mboxes: [{ controller, channel: 0 }], shmem: [area], maxMessageBytes: 100 });
  },
  smc: ({ core, clock, platform }) => {
    const conduit = new firmware.SmcConduit("smc");
    const server = new firmware.SmtServer((sink) => platform.connectMessages(1, sink), { clock });
    const area = new firmware.SharedMemory(core, AREA_BYTES, 0x1000n);
    firmware.serveSmc(server, conduit, FUNCTION_ID, "plain", [{ area, address: area.address }]);
    return smc({ conduit, functionId: FUNCTION_ID, shmem: area, variant: "plain", maxMessageBytes: 100 });
  },
  "optee, static SMT": (machine) => opteeWay(machine, "static"),
  "optee, SMT": (machine) => opteeWay(machine, "smt"),
  "optee, MSG": (machine) => opteeWay(machine, "msg"),
  "virtio, polled": ({ clock, platform }) => {
    const device = new firmware.VirtioScmiDevice((sink) => platform.connectMessages(1, sink), { clock });
    return virtio({ device, polling: { clock } });
  },
  "virtio, notified": ({ clock, platform }) => {
    const device = new firmware.VirtioScmiDevice((sink) => platform.connectMessages(1, sink), { clock });
    return virtio({ device });
  },
  stream: ({ platform }) => {
    const server = new firmware.StreamServer(platform, { agentId: 1 });
    return stream(async () => {
      const [ours, theirs] = streamPair();
      server.serve(theirs);
      return ours;
    });
  },
};

function opteeWay({ core, platform }, form) {
  const memory = firmware.coreMemory(core, AREA_BYTES);
  const channel = { id: 0, platform, agentId: 1, memory };
  const tee = new firmware.SimulatedOptee({ apps: [new firmware.ScmiPta({ channels: [channel] })] });
  return optee({ tees: [tee], channelId: 0, memory: form === "static" ? memory : form, maxPayload: 100 });
}

/** Opens a machine and an agent at it.
 *  @param options `domains`: of performance; `hasFastChannels`; `batch`: entries of the rings */
export async function openMachine(way, { domains = 1, hasFastChannels = false, batch = 0 } = {}) {
  const board = boardOf(domains, hasFastChannels);
  const clock = new SimulatedClock();
  clock.advance(12_345.678); // times of real machines are fractions, too, which the engine puts on the heap wherever it cannot help it
  const least = Platform.capacityFor(board, { connections: 2 });
  const capacity = {
    ...least,
    ...{ instances: 16, channels: 32, xfers: 512, areas: 32 },
    regionBytes: (least.regionBytes ?? 0) + (1 << 18),
    ...(batch > 0 ? { batchEntries: batch, batchPayload: 32 } : {}),
  };
  const core = await Core.open({ capacity });
  const platform = Platform.open(core, board, { clock });
  const machine = { clock, core, platform };
  const agent = await Agent.open(core, await WAYS[way](machine), { clock });
  const performance = await agent.protocol(Performance);
  for (let domain = 0; domain < domains; domain++) await performance.describe(domain);
  return {
    ...{ ...machine, agent, performance },
    clocks: await agent.protocol(Clock),
    voltages: await agent.protocol(Voltage),
    async close() {
      await agent.close();
      platform.close();
    },
  };
}

/** Polled calls of several lengths in turn, for who looks at what they leave behind: `i` is the number of the call. */
export function mixOf({ performance, clocks, voltages }) {
  const limits = { rangeMax: 0, rangeMin: 0 };
  return (i) => {
    const kind = i % 6;
    if (kind === 0) performance.setLevelPolled(0, LEVELS[i & 3]);
    else if (kind === 1) performance.getLevelPolled(0);
    else if (kind === 2) performance.setLimitsPolled(0, 1800, 600);
    else if (kind === 3) performance.getLimitsPolled(0, limits);
    else if (kind === 4) clocks.setRatePolled(0, RATES[i & 3]);
    else voltages.setLevelPolled(0, VOLTAGES[i & 3]);
  };
}

/** A contestant of `compare`: one batch a sample, and afterwards the machine is asked whether the last one arrived. */
export function sampled(run, isWrong = () => 0) {
  return async (count) => {
    const ns = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      await run();
      ns.push(Number(process.hrtime.bigint() - start));
    }
    return { ns, sum: 0, bad: isWrong() ? 1 : 0 };
  };
}

/** The same without a promise, so that nothing but the calls is timed. */
export function sampledSync(run, isWrong = () => 0) {
  return (count) => {
    const ns = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      run();
      ns.push(Number(process.hrtime.bigint() - start));
    }
    return { ns, sum: 0, bad: isWrong() ? 1 : 0 };
  };
}
