// The public methods of fast switch for the laboratory: polled, awaited and in batches, for 1, 8 and 64 domains, over every transport.
import { compare } from "./harness/measure.mjs";
import { LEVELS, openMachine, RATES, sampled, sampledSync, VOLTAGES } from "./machines.mjs";

const { Batch } = await import(new URL("../dist/src/sim/index.js", import.meta.url));

const OPS = 1024;
const DOMAINS = [1, 8, 64];

/** Transports whose calls can be polled, beside loopback: as cases are called, and as machines are. */
const TRANSPORTS = {
  mailbox: "mailbox",
  smc: "smc",
  "optee-static": "optee, static SMT",
  "optee-smt": "optee, SMT",
  "optee-msg": "optee, MSG",
  virtio: "virtio, polled",
};

/** Loopback by itself: call sites have seen no other transport. */
export async function typedCalls(budget, add, twins) {
  for (const domains of DOMAINS) {
    // Two machines, so that call sites have seen two cores
    const options = { domains, batch: OPS };
    const machines = [await openMachine("loopback", options), await openMachine("loopback", options)];
    const [one, other] = machines;
    for (let i = 0; i < 2000; i++) other.performance.setLevelPolled(i % domains, LEVELS[i & 3]);
    const many = manyOf(domains);
    const contestants = {
      ...levelCalls(one, "loopback", domains),
      [`perf.getLevelPolled.loopback${many}`]: sampledSync(() => {
        for (let i = 0; i < OPS; i++) one.performance.getLevelPolled(i & (domains - 1));
      }),
      [`perf.setLevel.batch.loopback${many}`]: levelBatch(one, domains),
      ...(domains === 1 ? { ...otherSets(one, "loopback"), ...limitsGet(one) } : {}),
    };
    const results = await compare({ name: `typed calls, ${domains} domains`, ops: OPS, contestants, budget });
    addAll(add, results, domains, twins);
    for (const machine of machines) await machine.close();
  }
}

/** All the others, side by side. They are many, and slower, so that half of the samples steady them as well. */
export async function transports(whole, add, twins) {
  const budget = { ...whole, warmUpMs: whole.warmUpMs / 2, samples: Math.ceil(whole.samples / 2) };
  for (const domains of DOMAINS) {
    const machines = [];
    const contestants = {};
    for (const [path, way] of Object.entries(TRANSPORTS)) {
      const machine = await openMachine(way, { domains });
      machines.push(machine);
      Object.assign(contestants, levelCalls(machine, path, domains), domains === 1 ? otherSets(machine, path) : {});
    }
    const results = await compare({ name: `transports, ${domains} domains`, ops: OPS, contestants, budget });
    addAll(add, results, domains, twins);
    for (const machine of machines) await machine.close();
  }
}

export async function fastChannels(budget, add, twins) {
  for (const domains of DOMAINS) {
    const machine = await openMachine("loopback", { domains, hasFastChannels: true });
    const { performance } = machine;
    const many = manyOf(domains);
    const contestants = {
      [`perf.fastChannel.set${many}`]: sampledSync(() => {
        for (let i = 0; i < OPS; i++) performance.setLevelPolled(i & (domains - 1), LEVELS[i & 3]);
      }),
      [`perf.fastChannel.get${many}`]: sampledSync(() => {
        for (let i = 0; i < OPS; i++) performance.getLevelPolled(i & (domains - 1));
      }),
    };
    const sent = machine.agent.counters.sent;
    const results = await compare({ name: `FastChannels, ${domains} domains`, ops: OPS, contestants, budget });
    if (machine.agent.counters.sent !== sent) throw new Error("bench: expected FastChannels to carry no message");
    for (const id of Object.keys(contestants)) add(id, "one word of memory, no message", results, id, twins);
    await machine.close();
  }
}

function addAll(add, results, domains, twins) {
  for (const id of Object.keys(results)) {
    const how = id.includes("Polled") ? "polled" : id.includes(".batch.") ? "typed batch of 1,024" : "awaited";
    add(id, `${how}, ${domains} domain${domains === 1 ? "" : "s"}`, results, id, twins);
  }
}

function manyOf(domains) {
  return domains === 1 ? "" : `.${domains}`;
}

function isLastLevel({ platform }, domains) {
  return () => platform.performance.level((OPS - 1) & (domains - 1)) !== LEVELS[(OPS - 1) & 3];
}

function levelCalls(machine, path, domains) {
  const { performance } = machine;
  const mask = domains - 1;
  const many = manyOf(domains);
  return {
    [`perf.setLevelPolled.${path}${many}`]: sampledSync(
      () => {
        for (let i = 0; i < OPS; i++) performance.setLevelPolled(i & mask, LEVELS[i & 3]);
      },
      isLastLevel(machine, domains),
    ),
    [`perf.setLevel.${path}${many}`]: sampled(
      async () => {
        for (let i = 0; i < OPS; i++) await performance.setLevel(i & mask, LEVELS[i & 3]);
      },
      isLastLevel(machine, domains),
    ),
  };
}

function otherSets({ performance, clocks, voltages, platform }, path) {
  return {
    [`perf.setLimitsPolled.${path}`]: sampledSync(() => {
      for (let i = 0; i < OPS; i++) performance.setLimitsPolled(0, 1800, 600);
    }),
    [`clock.setRatePolled.${path}`]: sampledSync(
      () => {
        for (let i = 0; i < OPS; i++) clocks.setRatePolled(0, RATES[i & 3]);
      },
      () => platform.clock.rate(0) !== RATES[(OPS - 1) & 3],
    ),
    [`voltage.setLevelPolled.${path}`]: sampledSync(
      () => {
        for (let i = 0; i < OPS; i++) voltages.setLevelPolled(0, VOLTAGES[i & 3]);
      },
      () => platform.voltage.level(0) !== VOLTAGES[(OPS - 1) & 3],
    ),
  };
}

function limitsGet({ performance }) {
  const limits = { rangeMax: 0, rangeMin: 0 };
  return {
    "perf.getLimitsPolled.loopback": sampledSync(() => {
      for (let i = 0; i < OPS; i++) performance.getLimitsPolled(0, limits);
    }),
  };
}

/** Filled and read through the typed builder. */
function levelBatch(machine, domains) {
  const { a2p } = machine.platform.connect(1);
  const batch = new Batch(machine.core);
  let failed = 0;
  return sampledSync(
    () => {
      for (let i = 0; i < OPS; i++) batch.setLevel(a2p, i & (domains - 1), LEVELS[i & 3], i);
      failed |= batch.run(0).stop;
      while (batch.next()) failed |= batch.fault | batch.status;
    },
    () => failed || isLastLevel(machine, domains)(),
  );
}
