// A front end of vhost-user without a guest behind it: one queue, system calls that block this thread, and nothing else.
import koffi from "koffi";

const { BufferRegion, DriverQueue, layOut, RegionMemory } = await import("../../dist/src/virtio/index.js");

const GUEST_ADDRESS = 0x4000_0000;
const USER_ADDRESS = 0x7f12_3000_0000;
const MEMORY_BYTES = 0x40000;
const QUEUE_SIZE = 64;
const SLOT_BYTES = 0x200;
const BUFFERS = GUEST_ADDRESS + 0x8000;
const FEATURES = { hasIndirect: true, hasEventIndex: true };
const REPLY_AT = 2048;
const ONE_AT = 3072;
const DRAIN_AT = 3080;
const POLL_AT = 3088;
const BLOCK_BYTES = 4096;
const POLLIN = 1;
const PAUSE_US = 20;

const library = koffi.load(null);
const c = {
  socket: library.func("int socket(int, int, int)"),
  connect: library.func("int connect(int, void *, uint32_t)"),
  sendmsg: library.func("int64_t sendmsg(int, void *, int)"),
  recv: library.func("int64_t recv(int, void *, uint64_t, int)"),
  memfd: library.func("int memfd_create(const char *, uint32_t)"),
  ftruncate: library.func("int ftruncate(int, int64_t)"),
  eventfd: library.func("int eventfd(uint32_t, int)"),
  poll: library.func("int poll(void *, uint64_t, int)"),
  read: library.func("int64_t read(int, void *, uint64_t)"),
  write: library.func("int64_t write(int, void *, uint64_t)"),
  close: library.func("int close(int)"),
  mmap: library.func("void *mmap(void *, uint64_t, int, int, int, int64_t)"),
  munmap: library.func("int munmap(void *, uint64_t)"),
  malloc: library.func("void *malloc(uint64_t)"),
};

/** Bytes of numbers of 32 bits (number) and 64 (bigint), little-endian. */
function packed(...values) {
  const bytes = [];
  for (const value of values) {
    for (let i = 0; i < (typeof value === "bigint" ? 8 : 4); i++)
      bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
  }
  return Uint8Array.from(bytes);
}

export class Front {
  #socket = c.socket(1, 1, 0);
  #memfd = c.memfd("guest", 0);
  #kick = c.eventfd(0, 0);
  #call = c.eventfd(0, 0);
  #block = c.malloc(BLOCK_BYTES);
  #view = new DataView(koffi.view(this.#block, BLOCK_BYTES));
  #oneAt = this.#block + BigInt(ONE_AT);
  #drainAt = this.#block + BigInt(DRAIN_AT);
  #pollAt = this.#block + BigInt(POLL_AT);
  #mapped;
  #region;
  #queue;
  #request;
  #responseBytes;

  /** @param request bytes of the command that is sent again and again, without its token
   *  @param responseBytes of its answer */
  constructor(path, request, responseBytes) {
    this.#request = request;
    this.#responseBytes = responseBytes;
    const view = this.#view;
    view.setUint16(0, 1, true);
    new Uint8Array(view.buffer).fill(0, 2, 112).set(new TextEncoder().encode(path), 2);
    if (c.connect(this.#socket, this.#block, 110) !== 0) throw new Error(`${path}: connect: errno ${koffi.errno()}`);
    c.ftruncate(this.#memfd, MEMORY_BYTES);
    this.#mapped = c.mmap(null, MEMORY_BYTES, 3, 1, this.#memfd, 0);
    this.#region = new BufferRegion(GUEST_ADDRESS, koffi.view(this.#mapped, MEMORY_BYTES));
    const memory = new RegionMemory();
    memory.add(this.#region);
    const { end, ...addresses } = layOut(GUEST_ADDRESS, QUEUE_SIZE);
    this.#queue = new DriverQueue(memory, addresses, FEATURES, { address: Math.ceil(end / 16) * 16, entries: 2 });
    this.#queue.enableInterrupts();
    view.setUint32(POLL_AT, this.#call, true);
    view.setUint32(POLL_AT + 4, POLLIN, true);
    view.setBigUint64(ONE_AT, 1n, true);
    this.#negotiate(addresses);
  }

  /** Sends one command after the other, each when the back end has gone to sleep again: one that still looks needs no kick.
   *  @returns nanoseconds from each kick until its answer was seen */
  call(count, pauseUs = PAUSE_US) {
    const ns = [];
    for (let i = 0; i < count; i++) {
      this.#add(0, i & 0x3ff);
      const from = process.hrtime.bigint() + BigInt(pauseUs) * 1000n;
      while (process.hrtime.bigint() < from); // not asleep, or its own waking up would be measured, too
      const start = process.hrtime.bigint();
      const isKicked = this.#publish();
      this.#takeOne();
      if (isKicked) ns.push(Number(process.hrtime.bigint() - start));
      this.#check(0, i & 0x3ff);
    }
    return ns;
  }

  /** Keeps `window` commands in flight until `count` are answered.
   *  @returns nanoseconds for all of them */
  stream(count, window) {
    const slots = new Map();
    let sent = 0;
    const send = (slot) => {
      slots.set(this.#add(slot, sent & 0x3ff), slot);
      sent++;
    };
    const start = process.hrtime.bigint();
    while (sent < Math.min(window, count)) send(sent);
    this.#publish();
    for (let answered = 0; answered < count; ) {
      let used = this.#queue.take();
      if (!used) {
        if (!this.#queue.enableInterrupts()) this.#wait();
        continue;
      }
      let hasSent = false;
      for (; used; used = this.#queue.take()) {
        if (used.writtenBytes !== this.#responseBytes)
          throw new Error(`expected an answer, got ${used.writtenBytes} bytes`);
        answered++;
        const slot = slots.get(used.head);
        slots.delete(used.head);
        if (sent < count) {
          send(slot);
          hasSent = true;
        }
      }
      if (hasSent) this.#publish();
    }
    return Number(process.hrtime.bigint() - start);
  }

  close() {
    for (const fd of [this.#socket, this.#memfd, this.#kick, this.#call]) c.close(fd);
    this.#region.detach();
    c.munmap(this.#mapped, MEMORY_BYTES);
  }

  #add(slot, token) {
    const address = BUFFERS + slot * SLOT_BYTES;
    const at = address - GUEST_ADDRESS;
    const { bytes, data } = this.#region;
    bytes.set(this.#request, at);
    data.setUint32(at, data.getUint32(at, true) | (token << 18), true);
    const readable = [{ address, byteLength: this.#request.byteLength }];
    return this.#queue.add(readable, [{ address: address + SLOT_BYTES / 2, byteLength: 136 }]);
  }

  #check(slot, token) {
    const { data } = this.#region;
    const at = BUFFERS - GUEST_ADDRESS + slot * SLOT_BYTES;
    const answer = at + SLOT_BYTES / 2;
    const isRight = data.getUint32(answer, true) === data.getUint32(at, true) && data.getUint32(answer + 4, true) === 0;
    if (!isRight) throw new Error(`expected the answer of token ${token}, got another`);
  }

  #publish() {
    const isWanted = this.#queue.publish();
    if (isWanted) c.write(this.#kick, this.#oneAt, 8);
    return isWanted;
  }

  #takeOne() {
    for (;;) {
      const used = this.#queue.take();
      if (used) return used;
      if (!this.#queue.enableInterrupts()) this.#wait();
    }
  }

  /** The back end shares the eventfd, and made it non-blocking: reading it would not wait. */
  #wait() {
    c.poll(this.#pollAt, 1, -1);
    c.read(this.#call, this.#drainAt, 8);
  }

  #negotiate(addresses) {
    const user = (address) => BigInt(address - GUEST_ADDRESS + USER_ADDRESS);
    this.#ask(1);
    this.#send(16, packed(0x29n));
    this.#send(2, packed((1n << 32n) | (1n << 30n) | (1n << 29n) | (1n << 28n)));
    const region = packed(BigInt(GUEST_ADDRESS), BigInt(MEMORY_BYTES), BigInt(USER_ADDRESS), 0n);
    this.#send(5, Uint8Array.from([...packed(1, 0), ...region]), this.#memfd);
    this.#send(8, packed(0, addresses.size));
    this.#send(10, packed(0, 0));
    const { descriptors, used, available } = addresses;
    this.#send(9, Uint8Array.from([...packed(0, 0), ...packed(user(descriptors), user(used), user(available), 0n)]));
    this.#send(13, packed(0n), this.#call);
    this.#send(12, packed(0n), this.#kick);
    this.#send(18, packed(0, 1));
    this.#ask(17); // all of it was looked at
  }

  #ask(request) {
    this.#send(request);
    if (c.recv(this.#socket, this.#block + BigInt(REPLY_AT), 512, 0) <= 0) throw new Error("the back end hung up");
  }

  #send(request, payload = new Uint8Array(0), fd = undefined) {
    const view = this.#view;
    const bytes = new Uint8Array(view.buffer);
    const at = (offset) => this.#block + BigInt(offset);
    bytes.fill(0, 0, 512);
    bytes.set(packed(request, 1, payload.byteLength), 1024);
    bytes.set(payload, 1036);
    view.setBigUint64(16, at(64), true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(64, at(1024), true);
    view.setBigUint64(72, BigInt(12 + payload.byteLength), true);
    if (fd !== undefined) {
      view.setBigUint64(32, at(128), true);
      view.setBigUint64(40, 24n, true);
      view.setBigUint64(128, 20n, true);
      view.setUint32(136, 1, true);
      view.setUint32(140, 1, true);
      view.setInt32(144, fd, true);
    }
    c.sendmsg(this.#socket, this.#block, 0x4000);
  }
}
