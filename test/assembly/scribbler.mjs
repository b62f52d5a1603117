// A peer gone mad: writes into shared areas as fast as it can, whole words mostly, and headers that it has just seen.
import { parentPort, workerData } from "node:worker_threads";

const { memory, control, areas, seed } = workerData;
const bytes = new Uint8Array(memory.buffer);
const words = new Int32Array(memory.buffer);

const SMT_STATUS = 0x04;
const SMT_LENGTH = 0x14;
const SMT_HEADER = 0x18;

let state = seed | 1;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

const LENGTHS = [8, 12, 3, 0, 36, 0x7fffffff, -1, -4];
const HEADER_BITS = [0x200, 0x10000000, 1, 1 << 18];

/** Any byte or word of an area. */
function scrawl({ byteOffset, byteLength }) {
  if (random() & 1) bytes[byteOffset + (random() % byteLength)] = random();
  else words[(byteOffset + (random() % (byteLength & ~3))) >> 2] = random();
}

/** Gives an SMT area back as it is, mostly with a length that tempts. */
function giveBack({ byteOffset }) {
  const at = byteOffset >> 2;
  if (random() & 3) words[at + (SMT_LENGTH >> 2)] = LENGTHS[random() & 7];
  Atomics.store(words, at + (SMT_STATUS >> 2), 1 + (random() % 3));
}

/** The same command, as a delayed response, or with a reserved bit, or another id or token. */
function bendHeader({ byteOffset, isSmt }) {
  const at = (byteOffset + (isSmt ? SMT_HEADER : 0)) >> 2;
  Atomics.store(words, at, Atomics.load(words, at) ^ HEADER_BITS[random() & 3]);
}

let turn = 0;
while (Atomics.load(control, 0) === 0) {
  const left = Atomics.load(control, 2);
  if (left === 0) {
    Atomics.wait(control, 2, 0, 100);
    continue;
  }
  // Short bursts on one area: the time between a post and its poll is short, too.
  const area = areas[random() % areas.length];
  const mode = random() % 8;
  if (mode < 5 && area.isSmt) {
    giveBack(area);
  } else if (mode < 6) {
    bendHeader(area);
    if (area.isSmt) giveBack(area);
  } else {
    for (let write = 0; write < 16; write++) scrawl(area);
  }
  Atomics.add(control, 1, 1);
  if (turn++ === 0) parentPort.postMessage("writing");
  if (left < 0) continue;
  Atomics.sub(control, 2, 1);
  Atomics.notify(control, 2);
}
