import type { DeviceQueue } from "../virtio/index.ts";
import type { Libc } from "./libc.ts";

/** A queue as the front end describes it, piece by piece. */
export interface Vring {
  size: number;
  /** Available index to go on at. */
  base: number;
  /** In the front end's process. */
  userAddresses: { readonly descriptors: number; readonly used: number; readonly available: number } | undefined;
  isEnabled: boolean;
  /** Descriptor that the guest's kicks come by; -1 = none yet. */
  kick: number;
  /** Descriptor that interrupts the guest; -1 = none. */
  call: number;
  /** Runs from the moment when everything else is there. */
  queue: DeviceQueue | undefined;
  /** Of queues before this one. */
  refused: number;
  /** Looks into the queue; true when there may be more in it, for which no kick will come. */
  onKick: () => boolean;
  unwatch: () => void;
}

/** Nothing is known of it yet. */
export function newVring(): Vring {
  const nothing = () => {};
  return {
    ...{ size: 0, base: 0, userAddresses: undefined, isEnabled: false, kick: -1, call: -1 },
    ...{ queue: undefined, refused: 0, onKick: () => false, unwatch: nothing },
  };
}

const F_SETFL = 4;
const F_GETFL = 3;
const O_NONBLOCK = 0x800;
const EAGAIN = 11;
const ONE_AT = 0;
const DRAIN_AT = 8;
const BLOCK_BYTES = 16;

/** Kicks and interrupts. Nothing here waits: a guest that does not read its interrupts hurts nobody but itself. */
export class VringSignals {
  readonly #libc: Libc;
  readonly #block: bigint;
  readonly #one: bigint;
  readonly #drain: bigint;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#block = libc.malloc(BLOCK_BYTES);
    this.#one = this.#block + BigInt(ONE_AT);
    this.#drain = this.#block + BigInt(DRAIN_AT);
    new DataView(libc.view(this.#block, BLOCK_BYTES)).setBigUint64(ONE_AT, 1n, true);
  }

  /** Takes the descriptor of kicks, which is closed with {@link drop}. */
  setKick(vring: Vring, fd: number, watch: (fd: number, readable: () => void) => () => void): void {
    this.#dropKick(vring);
    this.#unblock(fd);
    vring.unwatch = watch(fd, () => {
      // First the answer, which somebody waits for; then the kick is taken out, and with it perhaps one that came meanwhile
      const mayBeMore = vring.onKick();
      if (vring.kick !== fd) return; // nobody is there any more
      const count = this.#libc.read(fd, this.#drain, 8);
      // The end of what is no eventfd could be read for ever
      if (count === 0 || (count < 0 && this.#libc.errno() !== EAGAIN)) vring.unwatch();
      else if ((mayBeMore || vring.queue?.hasNext) && vring.onKick()) this.kickAgain(vring);
    });
    vring.kick = fd; // not before: what cannot be waited for is still the caller's to close
  }

  /** Takes the descriptor of interrupts. */
  setCall(vring: Vring, fd: number): void {
    if (vring.call >= 0) this.#libc.close(vring.call);
    if (fd >= 0) this.#unblock(fd);
    vring.call = fd;
  }

  /** Interrupts the guest. */
  call(vring: Vring | undefined): void {
    if (vring && vring.call >= 0) this.#libc.write(vring.call, this.#one, 8);
  }

  /** Kicks in the guest's place: the queue is looked at again after everybody else had a turn. */
  kickAgain({ kick }: Vring): void {
    this.#libc.write(kick, this.#one, 8);
  }

  /** Lets go of both descriptors. */
  drop(vring: Vring): void {
    this.#dropKick(vring);
    if (vring.call >= 0) this.#libc.close(vring.call);
    vring.call = -1;
  }

  close(): void {
    this.#libc.free(this.#block);
  }

  #dropKick(vring: Vring): void {
    vring.unwatch();
    vring.unwatch = () => {};
    if (vring.kick >= 0) this.#libc.close(vring.kick);
    vring.kick = -1;
  }

  #unblock(fd: number): void {
    this.#libc.fcntl(fd, F_SETFL, this.#libc.fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  }
}
