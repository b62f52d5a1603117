import { ChannelError } from "../errors.ts";
import type { Libc } from "./libc.ts";
import { LARGEST_FDS, LARGEST_PAYLOAD, MESSAGE_HEADER_BYTES, readHeader, type VhostMessage } from "./messages.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CTRUNC = 0x8;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const EAGAIN = 11;
const EINTR = 4;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const CMSG_HEADER_BYTES = 16;

// struct msghdr, struct iovec and the rest of the block, for 64-bit Linux
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;
const IOVEC = 64;
const CONTROL = 128;
const CONTROL_BYTES = CMSG_HEADER_BYTES + LARGEST_FDS * 4;
const DATA = 256;
const BLOCK_BYTES = DATA + MESSAGE_HEADER_BYTES + LARGEST_PAYLOAD;

/** One connection of a front end: whole messages, with the file descriptors that travel with them. */
export class FrontEndSocket {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #block: bigint;
  #view: DataView;
  #have = 0;
  #fds: number[] = [];

  /** @param fd the socket, which is closed with this */
  constructor(libc: Libc, fd: number) {
    this.fd = fd;
    this.#libc = libc;
    this.#block = libc.malloc(BLOCK_BYTES);
    this.#view = new DataView(libc.view(this.#block, BLOCK_BYTES));
    new Uint8Array(this.#view.buffer).fill(0);
  }

  /** The next message; `undefined` when not all of it is there yet, "ended" when the front end hung up.
   *  @throws ChannelError for what is no message */
  receive(): VhostMessage | "ended" | undefined {
    for (;;) {
      const header = this.#have < MESSAGE_HEADER_BYTES ? undefined : readHeader(new DataView(this.#view.buffer, DATA));
      if (this.#have >= MESSAGE_HEADER_BYTES && !header) throw new ChannelError("vhost-user", "refused", "no message");
      const wanted = MESSAGE_HEADER_BYTES + (header?.byteLength ?? 0);
      if (header && this.#have >= wanted) {
        const payload = new DataView(this.#view.buffer.slice(DATA + MESSAGE_HEADER_BYTES, DATA + wanted));
        const message = { ...header, payload, fds: this.#fds };
        this.#have = 0;
        this.#fds = [];
        return message;
      }
      const received = this.#receive(wanted - this.#have);
      if (received === 0) return "ended";
      if (received < 0) return undefined;
      this.#have += received;
    }
  }

  /** Sends a reply. One that the front end does not take is lost: it is then of no use to it. */
  send(bytes: Uint8Array): void {
    new Uint8Array(this.#view.buffer).set(bytes, DATA);
    this.#libc.send(this.fd, this.#block + BigInt(DATA), bytes.byteLength, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Closes the socket, and descriptors of a message that never came to its end. */
  close(): void {
    for (const fd of this.#fds.splice(0)) this.#libc.close(fd);
    this.#libc.close(this.fd);
    this.#view = new DataView(new ArrayBuffer(0));
    this.#libc.free(this.#block);
  }

  /** Bytes that came; 0 at the end, -1 when there are none now. */
  #receive(byteLength: number): number {
    const view = this.#view;
    const at = (offset: number) => this.#block + BigInt(offset);
    view.setBigUint64(MSG_IOV, at(IOVEC), true);
    view.setBigUint64(MSG_IOVLEN, 1n, true);
    view.setBigUint64(MSG_CONTROL, at(CONTROL), true);
    view.setBigUint64(MSG_CONTROLLEN, BigInt(CONTROL_BYTES), true);
    view.setBigUint64(IOVEC, at(DATA + this.#have), true);
    view.setBigUint64(IOVEC + 8, BigInt(byteLength), true);
    const received = this.#libc.recvmsg(this.fd, this.#block, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0) {
      const errno = this.#libc.errno();
      return errno === EAGAIN || errno === EINTR ? -1 : 0;
    }
    this.#takeFds();
    if ((view.getUint32(MSG_FLAGS, true) & MSG_CTRUNC) !== 0 || this.#fds.length > LARGEST_FDS) {
      throw new ChannelError("vhost-user", "refused", `expected at most ${LARGEST_FDS} descriptors, got more`);
    }
    return received;
  }

  #takeFds(): void {
    const view = this.#view;
    if (view.getBigUint64(MSG_CONTROLLEN, true) < BigInt(CMSG_HEADER_BYTES)) return;
    const byteLength = Number(view.getBigUint64(CONTROL, true));
    const isRights =
      view.getUint32(CONTROL + 8, true) === SOL_SOCKET && view.getUint32(CONTROL + 12, true) === SCM_RIGHTS;
    if (!isRights || byteLength > CONTROL_BYTES) return;
    for (let at = CMSG_HEADER_BYTES; at + 4 <= byteLength; at += 4) this.#fds.push(view.getInt32(CONTROL + at, true));
  }
}
