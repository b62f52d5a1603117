// Runs inside of a Linux guest, as root: an agent of ours over the raw mode of that kernel. Prints one line of JSON behind "RESULT ", or
// behind "POLLED " when the kernel is to poll.
import { readdirSync, readFileSync } from "node:fs";
import { Agent, Core } from "../../dist/src/index.js";
import { Base, Clock, Reset, Sensor } from "../../dist/src/protocols/index.js";
import { raw } from "../../dist/src/transport/raw.node.js";

const MESSAGES = Number(process.env.SCMI_MESSAGES ?? 10_000);
const IN_FLIGHT = 8;

const core = await Core.open();
const anomalies = [];
const agent = await Agent.open(core, raw({ instance: 0, isPolled: process.env.SCMI_POLLED === "1" }), {
  onAnomaly: ({ kind, header = 0 }) =>
    anomalies.push({ kind, messageId: header & 0xff, messageType: (header >> 8) & 3 }),
});

const clock = await agent.protocol(Clock);
const sensor = await agent.protocol(Sensor);
const reset = await agent.protocol(Reset);

// Asynchronous commands, whose delayed responses come late, early, or at once
const delayed = {
  slow: await clock.setRateAsync(1, 800_000_000),
  overtaking: await clock.setRateAsync(3, 24_000_000),
  reading: (await sensor.read(5, { isAsync: true })).value,
};
await reset.resetAsync(0);

// Notifications
const changes = clock.watchRate(1);
await changes.ready;
const told = [];
for (const rateHz of [900_000_000, 1_000_000_000]) {
  await clock.setRate(1, rateHz);
  const { value } = await changes.next();
  told.push(value.rateHz);
}
await changes.return();

// One after the other, then several at once
const base = await agent.protocol(Base);
const samples = [];
for (let i = 0; i < MESSAGES / 2; i++) {
  const start = performance.now();
  await clock.getRate(i % 6);
  samples.push((performance.now() - start) * 1000);
}
samples.sort((a, b) => a - b);
const start = performance.now();
let left = MESSAGES - samples.length;
const worker = async () => {
  while (left-- > 0) await base.getAttributes();
};
await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
const elapsedMs = performance.now() - start;

const { counters } = agent;
await agent.close();
const folder = "/sys/kernel/debug/scmi/0/transport/counters";
const kernel = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name !== "reset")
    .map((name) => [name, Number(readFileSync(`${folder}/${name}`, "latin1"))]),
);
console.log(
  `${process.env.SCMI_POLLED === "1" ? "POLLED" : "RESULT"} ${JSON.stringify({
    delayed,
    told,
    anomalies,
    counters,
    kernel,
    leaks: core.leaks(),
    p50Us: samples[samples.length >> 1],
    p99Us: samples[Math.floor(samples.length * 0.99)],
    messagesPerS: ((MESSAGES - samples.length) / elapsedMs) * 1000,
  })}`,
);
