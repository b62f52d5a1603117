// How long does a guest wait for its answer? From kick to answer, from a front end without guest and from a Linux guest: the low-latency
// worker and the main thread, beside an echo back end that waits as the worker does and answers without looking; how many messages a
// second with 1 and 8 in flight; and how much memory a back end has with an idle guest.
// node bench/vhost.mjs [--tiny] [--json]; build first; SCMI_LINUX_DIR names the folder with linux-uml-7.2, else there are no guests.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "./harness/environment.mjs";
import { timerStepNs } from "./harness/measure.mjs";
import { kernelFolder, runGuest } from "./harness/vhost-guest.mjs";

const { values: flags } = parseArgs({ options: { tiny: { type: "boolean" }, json: { type: "boolean" } } });
const BUDGET = flags.tiny
  ? { rounds: 4, calls: 50, streamed: 200, boots: 1, guestMessages: 50 }
  : { rounds: 200, calls: 100, streamed: 400, boots: 7, guestMessages: 2000 };
const WARM_UP = flags.tiny ? 100 : 4000;
const KINDS = ["echo", "worker", "main"];
const WINDOWS = [1, 8];
const BOARD = fileURLToPath(new URL("../examples/boards/example.yaml", import.meta.url));
const BACK_END = fileURLToPath(new URL("./harness/vhost-back-end.mjs", import.meta.url));
/** PROTOCOL_VERSION of Base, and bytes of its answer: what the guest's raw messages are, too. */
const REQUEST = Uint8Array.of(0x00, 0x40, 0x00, 0x00);
const ANSWER_BYTES = 12;
const AIMS = { host: 1.1, guest: 1.2 };

if (process.platform !== "linux") {
  console.log("vhost-user needs Linux: nothing is measured");
  process.exit(0);
}
const { Front } = await import("./harness/vhost-front.mjs");

const backEnds = {};
for (const kind of KINDS) backEnds[kind] = await startBackEnd(kind);
const memory = { "no guest": memoryOfAll() };
const host = measureHost();
const folder = kernelFolder();
const guest = folder ? await measureGuests() : undefined;
if (folder) memory["an idle guest"] = await measureIdle();
for (const { child } of Object.values(backEnds)) child.stdin.end();

const ratio = (results, kind) => Number((results[kind].p50 / results.echo.p50).toFixed(3));
const aims = {
  [`worker, kick to answer ≤ ${AIMS.host} × echo`]: verdict(host, AIMS.host),
  ...(guest?.raw_message
    ? { [`worker, a guest's raw message ≤ ${AIMS.guest} × echo`]: verdict(guest.raw_message, AIMS.guest) }
    : {}),
};
if (flags.json) {
  const environment = describeEnvironment({}, timerStepNs());
  console.log(JSON.stringify({ environment, unit: "µs", budget: BUDGET, host, guest, memory, aims }, null, 2));
} else {
  print();
}

/** A back end in a process of its own, which ends with its stdin. */
async function startBackEnd(kind) {
  const path = join(tmpdir(), `scmi-bench-${process.pid}-${kind}.sock`);
  rmSync(path, { force: true });
  process.once("exit", () => rmSync(path, { force: true }));
  const child = spawn(process.execPath, [BACK_END, kind, path, BOARD], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`${kind}: expected a back end that serves, got exit code ${code}`)));
  });
  child.removeAllListeners("exit");
  return { path, child };
}

/** The front end is on this thread, and all of its calls block: nothing else runs meanwhile. */
function measureHost() {
  const fronts = {};
  const ns = {};
  const rates = {};
  for (const kind of KINDS) {
    fronts[kind] = new Front(backEnds[kind].path, REQUEST, ANSWER_BYTES);
    ns[kind] = [];
    rates[kind] = Object.fromEntries(WINDOWS.map((window) => [window, []]));
    fronts[kind].call(WARM_UP);
    for (const window of WINDOWS) fronts[kind].stream(WARM_UP, window);
  }
  for (let round = 0; round < BUDGET.rounds; round++) {
    for (let i = 0; i < KINDS.length; i++) {
      // Each goes first in turn; the first call after another's turn finds cold caches and is left out
      const kind = KINDS[(i + round) % KINDS.length];
      for (const it of fronts[kind].call(BUDGET.calls + 1).slice(1)) ns[kind].push(it);
      for (const window of WINDOWS) {
        rates[kind][window].push((BUDGET.streamed * 1e9) / fronts[kind].stream(BUDGET.streamed, window));
      }
    }
  }
  for (const kind of KINDS) fronts[kind].close();
  return Object.fromEntries(
    KINDS.map((kind) => {
      const perSecond = Object.fromEntries(WINDOWS.map((it) => [it, Math.round(quantile(rates[kind][it], 0.5))]));
      return [kind, { p50: us(quantile(ns[kind], 0.5)), p99: us(quantile(ns[kind], 0.99)), perSecond }];
    }),
  );
}

/** Guests in turn, each with its own boot. The medians over boots. */
async function measureGuests() {
  const seen = {};
  for (let boot = 0; boot < BUDGET.boots; boot++) {
    for (let i = 0; i < KINDS.length; i++) {
      const kind = KINDS[(i + boot) % KINDS.length];
      const found = await runGuest(folder, backEnds[kind].path, { messages: BUDGET.guestMessages });
      for (const [name, { p50, p99 }] of Object.entries(found)) {
        seen[name] ??= {};
        seen[name][kind] ??= { p50: [], p99: [] };
        seen[name][kind].p50.push(p50);
        seen[name][kind].p99.push(p99);
      }
    }
  }
  const middle = ({ p50, p99 }) => ({ p50: quantile(p50, 0.5), p99: quantile(p99, 0.5), boots: p50.length });
  return Object.fromEntries(
    Object.entries(seen)
      .filter(([, kinds]) => KINDS.every((kind) => kinds[kind]))
      .map(([name, kinds]) => [name, Object.fromEntries(KINDS.map((kind) => [kind, middle(kinds[kind])]))]),
  );
}

/** KiB of each back end while its guest has started and waits. */
async function measureIdle() {
  const idle = {};
  for (const kind of KINDS) {
    await runGuest(folder, backEnds[kind].path, {
      ...{ messages: 50, words: ["waitshutdown"], until: "waiting for SCMI graceful shutdown" },
      onText: () => {
        idle[kind] = memoryOf(backEnds[kind].child.pid);
      },
    });
  }
  return idle;
}

function memoryOfAll() {
  return Object.fromEntries(KINDS.map((kind) => [kind, memoryOf(backEnds[kind].child.pid)]));
}

/** KiB: what is the process's own, and what it has looked at of the guest's memory. */
function memoryOf(pid) {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
  const word = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN);
  return { own: word("RssAnon") + word("RssFile"), shared: word("RssShmem") };
}

function verdict(results, atMost) {
  const value = ratio(results, "worker");
  return { value, met: value <= atMost };
}

function print() {
  const cells = (results) => (kind) => {
    const { p50, p99 } = results[kind];
    return `${p50.toFixed(1).padStart(8)} ${p99.toFixed(1).padStart(8)} ${ratio(results, kind).toFixed(2).padStart(6)}`;
  };
  const row = (name, cell) => console.log(`${name.padEnd(34)} ${KINDS.map(cell).join("  ")}`);
  row("µs: p50, p99, p50 × echo", (kind) => kind.padStart(24));
  row("kick to answer, without guest", cells(host));
  if (guest) for (const [name, results] of Object.entries(guest)) row(`guest, ${name}`, cells(results));
  else console.log("guests skipped: SCMI_LINUX_DIR names no folder with linux-uml-7.2");
  for (const window of WINDOWS) {
    row(`messages/s, ${window} in flight`, (kind) => `${host[kind].perSecond[window]}`.padStart(24));
  }
  for (const [when, kinds] of Object.entries(memory)) {
    row(`MiB with ${when}, own + guest's`, (kind) => {
      const { own, shared } = kinds[kind];
      return `${(own / 1024).toFixed(1)} + ${(shared / 1024).toFixed(2)}`.padStart(24);
    });
  }
  for (const [aim, { value, met }] of Object.entries(aims)) console.log(`${met ? "met" : "missed"}: ${aim}: ${value}`);
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

function us(ns) {
  return Number((ns / 1000).toFixed(2));
}
