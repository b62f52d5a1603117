import { L } from "../harness/layout.mjs";
import { openCore } from "../harness/shapes.mjs";

/** A core in a wasm instance of its own, with the questions and the timed loops that all peers have. The loops are shared by
 *  all cores of the process, as an application's code is: with two cores alive their call sites have seen both. */
export class CorePeer {
  constructor(module, shape) {
    this.wasm = new WebAssembly.Instance(module, {}).exports;
    this.core = openCore(this.wasm, shape);
    this.i32 = new Int32Array(this.wasm.memory.buffer);
    this.u8 = new Uint8Array(this.wasm.memory.buffer);
    this.tail = 0;
    this.head = 0;
  }

  word(at) {
    return this.i32[at >> 2];
  }

  row(table, index) {
    const at = this.core + table;
    return this.core + this.word(at + L.TABLE_OFFSET) + index * this.word(at + L.TABLE_STRIDE);
  }

  channelAt(index) {
    return this.row(L.CORE_CHANNELS, index);
  }

  acquire(instance) {
    return this.wasm.acquire(this.core, instance);
  }

  release(xfer) {
    return this.wasm.release(this.core, xfer);
  }

  post(channel, xfer, command, bytes, now) {
    return this.wasm.post(this.core, channel, xfer, command, bytes, now);
  }

  serve(channel, now) {
    return this.wasm.serve(this.core, channel, now);
  }

  settle(channel, now) {
    return this.wasm.settle(this.core, channel, now);
  }

  exchange(channel, xfer, command, bytes, now) {
    return this.wasm.exchange(this.core, channel, xfer, command, bytes, now);
  }

  abort(xfer) {
    return this.wasm.abort(this.core, xfer);
  }

  tick(now) {
    return this.wasm.tick(this.core, now);
  }

  run(budget, now) {
    return this.wasm.run(this.core, budget, now);
  }

  runStop() {
    return this.word(this.core + L.CORE_RUN_STOP);
  }

  xfer(index) {
    const at = this.row(L.CORE_XFERS, index);
    return {
      state: this.word(at + L.XFER_STATE),
      fault: this.word(at + L.XFER_FAULT),
      length: this.word(at + L.XFER_LENGTH),
      header: this.word(at + L.XFER_HEADER),
    };
  }

  payload(index) {
    const at = this.row(L.CORE_XFERS, index) + L.XFER_PAYLOAD;
    return this.u8.subarray(at, at + this.word(this.core + L.CORE_MAX_PAYLOAD));
  }

  area(channel) {
    const at = this.channelAt(channel);
    const area = this.core + this.word(at + L.CHANNEL_AREA);
    return this.u8.subarray(area, area + this.word(at + L.CHANNEL_AREA_BYTES));
  }

  setToken(instance, token) {
    this.i32[(this.row(L.CORE_INSTANCES, instance) + L.INSTANCE_TOKEN_NEXT) >> 2] = token;
  }

  setObserve(bits) {
    this.i32[(this.core + L.CORE_OBSERVE) >> 2] = bits;
  }

  counters(index) {
    const channel = this.channelAt(index);
    const cold = this.core + this.word(this.core + L.CORE_COUNTERS + L.TABLE_OFFSET) + index * L.COUNTERS_BYTES;
    return {
      sent: this.word(channel + L.CHANNEL_SENT),
      responses: this.word(channel + L.CHANNEL_RESPONSES),
      timeouts: this.word(cold + L.COUNTER_TIMEOUTS),
      unexpected: this.word(cold + L.COUNTER_UNEXPECTED),
      malformed: this.word(cold + L.COUNTER_MALFORMED),
      recycled: this.word(cold + L.COUNTER_RECYCLED),
      late: this.word(cold + L.COUNTER_LATE),
      aborted: this.word(cold + L.COUNTER_ABORTED),
      errors: this.word(cold + L.COUNTER_ERRORS),
      spurious: this.word(cold + L.COUNTER_SPURIOUS),
      badCommands: this.word(cold + L.COUNTER_BAD_COMMANDS),
    };
  }

  level(channel, domain) {
    const instance = this.core + this.word(this.channelAt(channel) + L.CHANNEL_INSTANCE);
    const description = this.core + this.word(instance + L.INSTANCE_DESCRIPTION);
    const state = this.core + this.word(instance + L.INSTANCE_STATE);
    const row = this.u8[description + L.DESCRIPTION_MAP + 0x13] - 1;
    const protocol = description + L.DESCRIPTION_PROTOCOL_TABLE + row * L.PROTOCOL_BYTES;
    return this.word(state + this.word(protocol + L.PROTOCOL_STATE) + domain * L.DOMAIN_STATE_BYTES) >>> 0;
  }

  rings() {
    return [L.CORE_EVENTS, L.CORE_TRACE].map((ring) => this.word(this.core + ring + L.RING_TAIL));
  }

  submit(channel, command, length, tag) {
    const ring = this.core + L.CORE_SUBMISSIONS;
    const stride = this.word(ring + L.RING_STRIDE);
    const tail = this.word(ring + L.RING_TAIL);
    const entry =
      this.core + this.word(ring + L.RING_OFFSET) + (tail & (this.word(ring + L.RING_CAPACITY) - 1)) * stride;
    this.i32.set([channel, command, length, tag], entry >> 2);
    this.i32[(ring + L.RING_TAIL) >> 2] = tail + 1;
    return this.u8.subarray(entry + L.SUBMISSION_PAYLOAD, entry + stride);
  }

  complete() {
    const ring = this.core + L.CORE_COMPLETIONS;
    const head = this.word(ring + L.RING_HEAD);
    const index = head & (this.word(ring + L.RING_CAPACITY) - 1);
    const entry = this.core + this.word(ring + L.RING_OFFSET) + index * this.word(ring + L.RING_STRIDE);
    this.i32[(ring + L.RING_HEAD) >> 2] = head + 1;
    const length = this.word(entry + L.COMPLETION_LENGTH);
    const at = entry + L.COMPLETION_PAYLOAD;
    return {
      tag: this.word(entry + L.COMPLETION_TAG),
      fault: this.word(entry + L.COMPLETION_FAULT),
      length,
      header: this.word(entry + L.COMPLETION_HEADER),
      payload: this.u8.subarray(at, at + length),
    };
  }

  exchangeLoop(ops, { command, requestBytes, replyBytes }, levels, start) {
    const { i32, core, wasm } = this;
    const { exchange } = wasm;
    const index = wasm.acquire(core, 0);
    const payload = (this.row(L.CORE_XFERS, index) + L.XFER_PAYLOAD) >> 2;
    const last = replyBytes >> 2;
    let now = start;
    let sum = 0;
    let bad = 0;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      now += 100;
      i32[payload] = i & 1;
      i32[payload + 1] = levels[i & 7];
      bad |= exchange(core, 0, index, command, requestBytes, now) ^ 4;
      bad |= i32[payload];
      sum = (sum + i32[payload + last]) | 0;
    }
    const end = process.hrtime.bigint();
    wasm.release(core, index);
    return { ns: Number(end - begin), sum, bad };
  }

  batchLoop(ops, { command, requestBytes, replyBytes }, levels, start, size, order, first) {
    const { i32, core } = this;
    const { run } = this.wasm;
    const inRing = core + L.CORE_SUBMISSIONS;
    const outRing = core + L.CORE_COMPLETIONS;
    const mask = this.word(inRing + L.RING_CAPACITY) - 1;
    const stride = this.word(inRing + L.RING_STRIDE) >> 2;
    const entries = (core + this.word(inRing + L.RING_OFFSET)) >> 2;
    const results = (core + this.word(outRing + L.RING_OFFSET)) >> 2;
    const tail = this.word(inRing + L.RING_TAIL);
    let sum = 0;
    let bad = 0;
    let now = start;
    let next = first;
    for (let i = 0; i < ops; i++) {
      const entry = entries + ((tail + i) & mask) * stride;
      i32[entry] = order ? order[next] : 0;
      if (order && ++next === order.length) next = 0;
      i32[entry + 1] = command;
      i32[entry + 2] = requestBytes;
      i32[entry + 3] = i;
      i32[entry + 4] = order ? 0 : i & 1;
      i32[entry + 5] = levels[i & 7];
    }
    i32[(inRing + L.RING_TAIL) >> 2] = tail + ops;
    const begin = process.hrtime.bigint();
    for (let done = 0; done < ops; done += size) {
      now += 100;
      bad |= run(core, size, now) ^ size;
    }
    const end = process.hrtime.bigint();
    const head = this.word(outRing + L.RING_HEAD);
    for (let i = 0; i < ops; i++) {
      const result = results + ((head + i) & mask) * stride;
      bad |= (i32[result] ^ i) | i32[result + 1] | i32[result + 4] | (i32[result + 2] ^ (replyBytes + 4));
      sum = (sum + i32[result + 4 + (replyBytes >> 2)]) | 0;
    }
    i32[(outRing + L.RING_HEAD) >> 2] = head + ops;
    return { ns: Number(end - begin), sum, bad };
  }

  mixedLoop(ops, mix, start, size) {
    const { i32, core } = this;
    const { run } = this.wasm;
    const inRing = core + L.CORE_SUBMISSIONS;
    const outRing = core + L.CORE_COMPLETIONS;
    const mask = this.word(inRing + L.RING_CAPACITY) - 1;
    const stride = this.word(inRing + L.RING_STRIDE) >> 2;
    const entries = (core + this.word(inRing + L.RING_OFFSET)) >> 2;
    const results = (core + this.word(outRing + L.RING_OFFSET)) >> 2;
    const tail = this.word(inRing + L.RING_TAIL);
    let sum = 0;
    let bad = 0;
    let now = start;
    for (let i = 0, k = 0, variant = 0; i < ops; i++) {
      const { command, requests, requestWords } = mix[k];
      const request = requests[variant];
      const entry = entries + ((tail + i) & mask) * stride;
      i32[entry] = 0;
      i32[entry + 1] = command;
      i32[entry + 2] = requestWords * 4;
      i32[entry + 3] = i;
      for (let w = 0; w < requestWords; w++) i32[entry + 4 + w] = request[w];
      if (++k === mix.length) {
        k = 0;
        variant ^= 1;
      }
    }
    i32[(inRing + L.RING_TAIL) >> 2] = tail + ops;
    const begin = process.hrtime.bigint();
    for (let done = 0; done < ops; done += size) {
      now += 100;
      bad |= run(core, size, now) ^ size;
    }
    const end = process.hrtime.bigint();
    const head = this.word(outRing + L.RING_HEAD);
    for (let i = 0, k = 0; i < ops; i++) {
      const { replyWords } = mix[k];
      const result = results + ((head + i) & mask) * stride;
      bad |= (i32[result] ^ i) | i32[result + 1] | i32[result + 4] | (i32[result + 2] ^ (replyWords * 4 + 4));
      sum = (sum + i32[result + 4 + replyWords]) | 0;
      if (++k === mix.length) k = 0;
    }
    i32[(outRing + L.RING_HEAD) >> 2] = head + ops;
    return { ns: Number(end - begin), sum, bad };
  }

  halfLoop(ops, command, requestBytes, replyBytes, isPost, now, indices) {
    const { i32, u8, core } = this;
    const { acquire, post, serve, settle, release } = this.wasm;
    const xfers = core + this.word(core + L.CORE_XFERS + L.TABLE_OFFSET);
    const stride = this.word(core + L.CORE_XFERS + L.TABLE_STRIDE);
    let sum = 0;
    let bad = 0;
    for (let i = 0; i < ops; i++) {
      indices[i] = acquire(core, i);
      const at = xfers + indices[i] * stride + L.XFER_PAYLOAD;
      u8.fill(i & 255, at, at + Math.max(requestBytes, replyBytes));
    }
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= post(core, i, indices[i], command, requestBytes, now);
    const middle = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= serve(core, i, now);
    const third = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= settle(core, i, now) ^ indices[i];
    const end = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      const xfer = (xfers + indices[i] * stride) >> 2;
      bad |= i32[xfer + (L.XFER_LENGTH >> 2)] ^ (replyBytes + 4);
      sum = (sum + i32[xfer + ((L.XFER_PAYLOAD + replyBytes) >> 2)]) | 0;
      bad |= release(core, indices[i]);
    }
    return { ns: Number(isPost ? middle - begin : end - third), sum, bad };
  }

  acquireLoop(ops) {
    const { core } = this;
    const { acquire, release } = this.wasm;
    let sum = 0;
    let bad = 0;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      const index = acquire(core, 0);
      bad |= release(core, index);
      sum = (sum + index) | 0;
    }
    return { ns: Number(process.hrtime.bigint() - begin), sum, bad };
  }
}
