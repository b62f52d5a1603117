import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import {
  BufferRegion,
  DriverQueue,
  layOut,
  type QueueAddresses,
  type QueueFeatures,
  RegionMemory,
} from "../../src/virtio/index.ts";

/** Where the guest's memory is: by its own count, and by that of the front end's process. It starts late in its file. */
export const GUEST_ADDRESS = 0x4000_0000;
export const USER_ADDRESS = 0x7f12_3000_0000;
export const FILE_OFFSET = 0x10000;
export const MEMORY_BYTES = 0x40000;

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
export function packed(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) {
    const count = typeof value === "bigint" ? 8 : 4;
    for (let i = 0; i < count; i++) bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
  }
  return Uint8Array.from(bytes);
}

let paths = 0;

/** A free path for a socket. */
export function socketPath(): string {
  const path = join(tmpdir(), `scmi-vhost-${process.pid}-${paths++}.sock`);
  rmSync(path, { force: true });
  return path;
}

/** The front end of a guest, as QEMU is one: written against the vhost-user protocol, with system calls of its own. */
export class FrontEnd {
  readonly memory = new RegionMemory();
  readonly region: BufferRegion;
  readonly memfd: number;
  readonly kicks = [c.eventfd(0, 0), c.eventfd(0, 0)] as const;
  readonly calls = [c.eventfd(0, 0), c.eventfd(0, 0)] as const;
  readonly #socket: number;
  readonly #block = c.malloc(4096) as bigint;
  readonly #view = new DataView(koffi.view(this.#block, 4096));
  readonly #mapped: bigint;

  constructor(path: string) {
    this.#socket = c.socket(1, 1, 0);
    this.#view.setUint16(0, 1, true);
    new Uint8Array(this.#view.buffer).fill(0, 2, 112).set(new TextEncoder().encode(path), 2);
    if (c.connect(this.#socket, this.#block, 110) !== 0) throw new Error(`connect: errno ${koffi.errno()}`);
    this.memfd = c.memfd("guest", 0);
    c.ftruncate(this.memfd, FILE_OFFSET + MEMORY_BYTES);
    this.#mapped = c.mmap(null, FILE_OFFSET + MEMORY_BYTES, 3, 1, this.memfd, 0) as bigint;
    const view = koffi.view(this.#mapped, FILE_OFFSET + MEMORY_BYTES);
    this.region = new BufferRegion(GUEST_ADDRESS, view, FILE_OFFSET, MEMORY_BYTES);
    this.memory.add(this.region);
  }

  /** Sends a request. */
  send(request: number, payload: Uint8Array = new Uint8Array(0), fds: readonly number[] = [], flags = 1): void {
    this.sendRaw(packed(request, flags, payload.byteLength), payload, fds);
  }

  /** Sends any bytes. */
  sendRaw(header: Uint8Array, payload: Uint8Array, fds: readonly number[] = []): void {
    const view = this.#view;
    const bytes = new Uint8Array(view.buffer);
    const at = (offset: number) => this.#block + BigInt(offset);
    bytes.fill(0, 0, 512);
    bytes.set(header, 1024);
    bytes.set(payload, 1024 + header.byteLength);
    view.setBigUint64(16, at(64), true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(64, at(1024), true);
    view.setBigUint64(72, BigInt(header.byteLength + payload.byteLength), true);
    if (fds.length > 0) {
      const controlBytes = 16 + fds.length * 4;
      view.setBigUint64(32, at(128), true);
      view.setBigUint64(40, BigInt(Math.ceil(controlBytes / 8) * 8), true);
      view.setBigUint64(128, BigInt(controlBytes), true);
      view.setUint32(136, 1, true);
      view.setUint32(140, 1, true);
      fds.forEach((fd, i) => {
        view.setInt32(144 + 4 * i, fd, true);
      });
    }
    c.sendmsg(this.#socket, this.#block, 0x4000);
  }

  /** Sends a request and waits for its reply; `undefined` when the back end hung up. */
  async ask(
    request: number,
    payload?: Uint8Array,
    fds?: readonly number[],
    flags?: number,
  ): Promise<DataView | undefined> {
    this.send(request, payload, fds, flags);
    const received = await new Promise<number>((resolve) => {
      c.recv.async(this.#socket, this.#block + 2048n, 512, 0, (_: unknown, count: number) => resolve(count));
    });
    if (received <= 0) return undefined;
    if (this.#view.getUint32(2048, true) !== request) throw new Error("expected the reply to the request");
    return new DataView(this.#view.buffer.slice(2048 + 12, 2048 + received));
  }

  /** Waits until the back end hangs up. */
  async gone(): Promise<boolean> {
    return (await this.ask(17)) === undefined;
  }

  /** Shares the memory. */
  shareMemory(): void {
    const region = packed(BigInt(GUEST_ADDRESS), BigInt(MEMORY_BYTES), BigInt(USER_ADDRESS), BigInt(FILE_OFFSET));
    this.send(5, Uint8Array.from([...packed(1, 0), ...region]), [this.memfd]);
  }

  /** Features as a guest would accept them, in the order of QEMU. */
  async negotiate({ hasIndirect, hasEventIndex }: QueueFeatures, hasP2a = true): Promise<void> {
    const offered = (await this.ask(1))?.getBigUint64(0, true) ?? 0n;
    if (offered !== 0x1_7000_0001n) throw new Error(`unexpected features 0x${offered.toString(16)}`);
    const protocol = (await this.ask(15))?.getBigUint64(0, true) ?? 0n;
    if (protocol !== 0x29n) throw new Error(`unexpected protocol features 0x${protocol.toString(16)}`);
    this.send(16, packed(protocol));
    this.send(3);
    const features =
      (1n << 32n) |
      (1n << 30n) |
      (hasIndirect ? 1n << 28n : 0n) |
      (hasEventIndex ? 1n << 29n : 0n) |
      (hasP2a ? 1n : 0n);
    this.send(2, packed(features));
  }

  /** Sets a queue up and starts it. */
  startQueue(index: number, addresses: QueueAddresses, base = 0): void {
    const user = (address: number) => BigInt(address - GUEST_ADDRESS + USER_ADDRESS);
    this.send(8, packed(index, addresses.size));
    this.send(10, packed(index, base));
    const { descriptors, available, used } = addresses;
    this.send(9, Uint8Array.from([...packed(index, 0), ...packed(user(descriptors), user(used), user(available), 0n)]));
    this.send(13, packed(BigInt(index)), [this.calls[index] as number]);
    this.send(12, packed(BigInt(index)), [this.kicks[index] as number]);
    this.send(18, packed(index, 1));
  }

  /** A driver's half of a queue of 8 at a place of its own. */
  driver(index: number, features: QueueFeatures): { queue: DriverQueue; addresses: QueueAddresses; buffers: number } {
    const start = GUEST_ADDRESS + index * 0x4000;
    this.region.bytes.fill(0, index * 0x4000, (index + 1) * 0x4000);
    const { end, ...addresses } = layOut(start, 8);
    const tables = Math.ceil(end / 16) * 16;
    const indirect = features.hasIndirect ? { address: tables, entries: 2 } : undefined;
    const queue = new DriverQueue(this.memory, addresses, features, indirect);
    queue.enableInterrupts();
    return { queue, addresses, buffers: start + 0x1000 };
  }

  kick(index: number): void {
    this.#view.setBigUint64(3072, 1n, true);
    c.write(this.kicks[index] as number, this.#block + 3072n, 8);
  }

  /** Waits for an interrupt. */
  interrupted(index: number): Promise<void> {
    const fd = this.calls[index] as number;
    const at = 3088 + index * 16;
    const POLLIN = 1;
    this.#view.setInt32(at, fd, true);
    this.#view.setUint32(at + 4, POLLIN, true);
    return new Promise((resolve) => {
      // The back end shares the eventfd, and made it non-blocking: reading it would not wait
      c.poll.async(this.#block + BigInt(at), 1, -1, () => {
        c.read(fd, this.#block + BigInt(at + 8), 8);
        resolve();
      });
    });
  }

  write(address: number, bytes: Uint8Array): void {
    this.region.bytes.set(bytes, address - GUEST_ADDRESS);
  }

  read(address: number, byteLength: number): Uint8Array {
    return this.region.bytes.slice(address - GUEST_ADDRESS, address - GUEST_ADDRESS + byteLength);
  }

  close(): void {
    for (const fd of [this.#socket, this.memfd, ...this.kicks, ...this.calls]) c.close(fd);
    this.region.detach();
    c.munmap(this.#mapped, FILE_OFFSET + MEMORY_BYTES);
  }
}
