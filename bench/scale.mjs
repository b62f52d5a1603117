// How do fleets scale: exchanges a second, simulated SoCs a second, bytes a SoC, for 1 to 100,000 SoCs, and with two workers?
// node bench/scale.mjs [--json] [--tiny]; needs `npm run build`
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { parseBoard } from "../dist/src/board/index.js";
import { Batch } from "../dist/src/core/batch.js";
import { Core } from "../dist/src/index.js";
import { describePlatform } from "../dist/src/platform/index.js";
import { Fleet, parseLoad, planFleet } from "../dist/src/sim/index.js";

const LEVELS = [300, 600, 900, 1200, 1500, 1800, 2100, 2400];
const BATCH = 4096;
const PART = 2000;

const BOARD = parseBoard(
  {
    vendor: "bench",
    agents: [{ name: "OSPM" }],
    performance: {
      powerUnit: "milliwatt",
      domains: [
        {
          name: "cpu",
          levels: LEVELS.map((level) => ({ level, power: level, latencyUs: 50 })),
          level: 300,
          setLevel: "OSPM",
        },
      ],
    },
  },
  { file: "bench" },
);

const DESCRIPTION = {
  agents: 1,
  protocols: [
    { id: 0x13, version: 0x40000, performanceDomains: [{ levels: LEVELS, level: 300, max: 2400, min: 300 }] },
  ],
};

if (isMainThread) await main(process.argv.slice(2));
else work(workerData);

async function main(args) {
  const isTiny = args.includes("--tiny");
  const counts = isTiny ? [1, 100] : [1, 10, 100, 1000, 10_000, 100_000];
  const rounds = isTiny ? 3 : 41;
  const exchanges = counts.map((count) => measureExchanges(count, rounds));
  // Once more beside each other, in turns: the noise of the machine hits both
  const fleet = isTiny ? 100 : 10_000;
  const target = inTurns(fleet, rounds * 2);
  const sims = counts.map((count) => measureSim(count, isTiny));
  const workers = await measureWorkers(isTiny);
  const result = { exchanges, target, sims, workers };
  if (args.includes("--json")) console.log(JSON.stringify(result));
  else print(result);
}

/** A fleet as src/sim has it, and a loop that visits it in order. */
function openFleet(count) {
  const core = Core.createSync({
    capacity: {
      ...{ instances: count, channels: count, xfers: count, states: count, areas: count, rows: true },
      ...{ stateBytes: 64, areaBytes: 64, tokenSpaces: 0, maxPayload: 32, claims: 1, fastChannels: 0 },
      ...{ batchEntries: BATCH, batchPayload: 16, p2aEntries: 0, eventEntries: 0, traceEntries: 0, regionBytes: 4096 },
    },
  });
  const description = describePlatform(core, DESCRIPTION);
  for (let i = 0; i < count; i++) {
    const state = core.openState(description);
    core.openChannel(core.openInstance({ description, state, xfers: 1 }), { areaBytes: 64 });
  }
  const batch = new Batch(core);
  let channel = 0;
  let now = 0;
  return {
    core,
    /** One batch: ns in `run` alone, and with filling and reading. */
    sample() {
      const begin = process.hrtime.bigint();
      for (let i = 0; i < BATCH; i++) {
        batch.setLevel(channel, 0, LEVELS[i & 7], i);
        if (++channel === count) channel = 0;
      }
      now += 1000;
      const filled = process.hrtime.bigint();
      batch.run(now);
      const ran = process.hrtime.bigint();
      let bad = 0;
      while (batch.next()) if (!batch.isSuccess) bad++;
      const end = process.hrtime.bigint();
      if (bad > 0) throw new Error(`${bad} exchanges failed`);
      return [Number(ran - filled) / BATCH, Number(end - begin) / BATCH];
    },
  };
}

function measureExchanges(count, rounds) {
  const fleet = openFleet(count);
  const samples = Array.from({ length: rounds + 5 }, () => fleet.sample()).slice(5);
  const [runNs, allNs] = [0, 1].map((i) => median(samples.map((it) => it[i])));
  return { socs: count, runNs, allNs, bytesPerSoc: fleet.core.totalBytes / count };
}

/** The rate of a fleet, as a share of that of a single SoC. */
function inTurns(count, rounds) {
  const single = openFleet(1);
  const fleet = openFleet(count);
  const samples = Array.from({ length: rounds + 5 }, () => [single.sample(), fleet.sample()]).slice(5);
  const [run, all] = [0, 1].map(
    (i) => median(samples.map(([one]) => one[i])) / median(samples.map(([, many]) => many[i])),
  );
  return { socs: count, run, all };
}

function measureSim(count, isTiny) {
  const seconds = isTiny ? 0.05 : Math.min(20, Math.max(0.2, 20_000 / count));
  const plan = planFleet([BOARD], { load: [parseLoad("bursty")], socs: count, seconds });
  // Processor time, as these runs are too long to hope that nobody else is at work meanwhile
  const begin = cpuNs();
  const fleet = Fleet.open(plan);
  const opened = cpuNs();
  while (fleet.advance(1000));
  const ns = cpuNs() - opened;
  const messages = fleet.tally().counts[0];
  const bytesPerSoc = fleet.core.totalBytes / count;
  fleet.dispose();
  return {
    ...{ socs: count, seconds, openNsPerSoc: (opened - begin) / count, nsPerTick: ns / (count * plan.ticks) },
    ...{ socSecondsPerSecond: (count * seconds * 1e9) / ns, messagesPerSecond: (messages * 1e9) / ns, bytesPerSoc },
  };
}

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Two workers against one, for simulations, and for loops that share nothing. */
async function measureWorkers(isTiny) {
  const socs = isTiny ? 100 : 8000;
  const pool = [0, 1].map(() => new Worker(new URL(import.meta.url), { workerData: { socs, isTiny } }));
  const ask = async (worker, job) => {
    const answer = once(worker, "message");
    worker.postMessage(job);
    await answer;
  };
  /** Wall and processor time, in ns. Processor time says what sharing caches and memory costs, whoever else uses the machine. */
  const time = async (jobs) => {
    const cpu = process.cpuUsage();
    const begin = process.hrtime.bigint();
    await Promise.all(jobs.map((job, i) => ask(pool[i], job)));
    const wall = Number(process.hrtime.bigint() - begin);
    const { user, system } = process.cpuUsage(cpu);
    return { wall, cpu: (user + system) * 1000 };
  };
  const half = socs / 2;
  const rounds = isTiny ? 1 : 9;
  // Code is compiled, by threads that nobody sees: as long as they are at work, there is no second processor for the second worker
  for (let i = 0; i < (isTiny ? 1 : 4); i++) await time(pool.map(() => ({ from: 0, to: socs })));
  const samples = { spin: [], spinCpu: [], sim: [], simCpu: [] };
  for (let round = 0; round < rounds; round++) {
    // On one worker, and on two at once
    const spin = { spin: isTiny ? 1e6 : 4e8 };
    const [spun, spunTwice] = [await time([spin]), await time([spin, spin])];
    const whole = await time([{ from: 0, to: socs }]);
    const halves = await time([
      { from: 0, to: half },
      { from: half, to: socs },
    ]);
    samples.spin.push((2 * spun.wall) / spunTwice.wall);
    samples.spinCpu.push((2 * spun.cpu) / spunTwice.cpu);
    samples.sim.push(whole.wall / halves.wall);
    samples.simCpu.push(whole.cpu / halves.cpu);
  }
  await Promise.all(pool.map((worker) => worker.terminate()));
  const [spin, spinCpu, sim, simCpu] = Object.values(samples).map(median);
  return { socs, spin, sim, share: sim / spin, spinCpu, simCpu, cpuShare: simCpu / spinCpu };
}

function work({ socs, isTiny }) {
  const plan = planFleet([BOARD], { load: [parseLoad("bursty")], socs, seconds: isTiny ? 0.05 : 10 });
  parentPort.on("message", ({ spin, from, to }) => {
    if (spin) {
      let x = 1;
      for (let i = 0; i < spin; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
      parentPort.postMessage(x);
      return;
    }
    // In parts, as scmi sim has them
    for (let part = from; part < to; part += PART) {
      const fleet = Fleet.open(plan, { from: part, to: Math.min(to, part + PART) });
      while (fleet.advance(1000));
      fleet.dispose();
    }
    parentPort.postMessage(0);
  });
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function print({ exchanges, target, sims, workers }) {
  const row = (...cells) => console.log(cells.map((it) => String(it).padStart(14)).join(""));
  const f = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
  console.log("PERFORMANCE_LEVEL_SET by Batch, SoCs visited in order, medians");
  row("SoCs", "run ns", "in all ns", "exchanges/s", "bytes/SoC");
  for (const it of exchanges) row(f(it.socs), f(it.runNs), f(it.allNs), f(1e9 / it.allNs), f(it.bytesPerSoc));
  console.log(
    `\n${f(target.socs)} SoCs in order have ${f(target.run * 100)} % of the rate of one SoC in run, ${f(target.all * 100)} % in all`,
  );
  console.log("\nSimulated under schedutil, bursty load, 10 ms ticks, by processor time of one thread");
  row("SoCs", "open ns/SoC", "ns/SoC tick", "SoC s/s", "messages/s", "bytes/SoC");
  for (const it of sims) {
    row(
      f(it.socs),
      f(it.openNsPerSoc),
      f(it.nsPerTick),
      f(it.socSecondsPerSecond),
      f(it.messagesPerSecond),
      f(it.bytesPerSoc),
    );
  }
  const two = (value) => value.toFixed(2);
  console.log(`
two workers, ${f(workers.socs)} SoCs: ${two(workers.sim)} times as fast as one; spinning loops ${two(workers.spin)}; share ${two(workers.share)}
by processor time, which others on the machine do not take: ${two(workers.simCpu)}, ${two(workers.spinCpu)}; share ${two(workers.cpuShare)}`);
}
