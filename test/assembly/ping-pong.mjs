// One side of the two-worker exchange: an agent that checks every answer, or a platform that serves until told to stop.
// It knows the core by its exports and the offsets handed to it, as a host in another language would.
import { parentPort, workerData } from "node:worker_threads";

const { module, memory, role, control, base, channel, messages, spins, seed, at } = workerData;
const core = new WebAssembly.Instance(module, { env: { memory } }).exports;
if (core.attach(base) !== base) throw new Error(`${role}: no core at ${base}`);
const words = new Int32Array(memory.buffer);
const bytes = new Uint8Array(memory.buffer);

const RING_PLATFORM = 0;
const RING_AGENT = 1;
const FAULT_NOTHING = -1;
const STOPPED = 0;
const SLEEP_NS = 100e6;
/** Of so many messages, each side sleeps at once at one, the two at different ones. */
const SLEEP_EVERY = 64;
/** A thread that sees nothing for this many sleeps in a row has lost its peer. */
const PATIENCE = 200;

if (role === "agent") parentPort.postMessage(runAgent());
else parentPort.postMessage(runPlatform());

function fail(message) {
  Atomics.store(words, control + STOPPED, 1);
  core.ring(base, channel, RING_PLATFORM);
  throw new Error(`${role}: ${message}`);
}

function looks(message) {
  return message % SLEEP_EVERY === 0 ? 0 : spins;
}

function runAgent() {
  const { xfer, payload, length, header, commands, domains, bulk } = at;
  let random = seed;
  let token = 0;
  let sleeps = 0;
  const levels = new Int32Array(domains);
  const counts = { set: 0, get: 0, bulk: 0, refused: 0 };
  for (let sent = 0; sent < messages; sent++) {
    random = (Math.imul(random, 1664525) + 1013904223) | 0;
    const domain = (random >>> 8) % domains;
    const turn = (random >>> 4) & 7;
    let word = commands.get;
    let byteLength = 4;
    words[payload] = domain;
    if (turn < 4) {
      word = commands.set;
      byteLength = 8;
      words[payload + 1] = (random >>> 3) & 0xfffff;
    } else if (turn === 7) {
      word = commands.bulk;
      byteLength = 0;
    }
    const wanted = words[payload + 1];
    const posted = core.post(base, channel, xfer, word, byteLength, 0);
    if (posted !== 0) fail(`message ${sent}: post gave ${posted}`);
    core.ring(base, channel, RING_PLATFORM);
    for (let tries = 0; core.awaitAnswer(base, channel, looks(sent), SLEEP_NS) !== 1; tries++) {
      sleeps++;
      if (tries > PATIENCE) fail(`message ${sent}: no answer`);
    }
    const settled = core.settle(base, channel, 0);
    if (settled !== xfer) fail(`message ${sent}: settle gave ${settled}`);
    if (words[header] !== (word | (token << 18))) fail(`message ${sent}: header ${words[header]}`);
    token = (token + 1) & 1023;
    const status = words[payload];
    if (turn < 4) {
      // Levels above the limit are refused, and must not have changed anything
      const isLegal = wanted <= at.topLevel;
      if (words[length] !== 4 || status !== (isLegal ? 0 : -5)) fail(`message ${sent}: LEVEL_SET gave ${status}`);
      if (isLegal) {
        levels[domain] = wanted;
        counts.set++;
      } else {
        counts.refused++;
      }
    } else if (turn < 7) {
      if (words[length] !== 8 || status !== 0 || words[payload + 1] !== levels[domain]) {
        fail(`message ${sent}: LEVEL_GET ${domain} gave ${status}, ${words[payload + 1]} for ${levels[domain]}`);
      }
      counts.get++;
    } else {
      if (words[length] !== 4 + bulk.length || status !== 0) fail(`message ${sent}: constant reply gave ${status}`);
      for (let i = 0; i < bulk.length; i++) {
        if (bytes[payload * 4 + 4 + i] !== bulk[i]) fail(`message ${sent}: byte ${i} of the constant reply`);
      }
      counts.bulk++;
    }
  }
  Atomics.store(words, control + STOPPED, 1);
  core.ring(base, channel, RING_PLATFORM);
  return { ...counts, sleeps, levels: [...levels] };
}

function runPlatform() {
  let served = 0;
  let idle = 0;
  for (;;) {
    if (core.awaitCommand(base, channel, looks(served + 7), SLEEP_NS) !== 1) {
      if (Atomics.load(words, control + STOPPED) !== 0) return { served };
      if (++idle > PATIENCE) throw new Error("platform: no command");
      continue;
    }
    idle = 0;
    const result = core.serve(base, channel, 0);
    if (result === FAULT_NOTHING) continue;
    if (result !== 0) throw new Error(`platform: serve gave ${result}`);
    served++;
    core.ring(base, channel, RING_AGENT);
  }
}
