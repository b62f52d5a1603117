import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../errors.ts";
import { Scope } from "../scope.ts";
import type { ChannelTraits, Link, TransportHost } from "../transport.ts";
import type { RawFile, RawFiles } from "./files.ts";
import { RawInbox } from "./inbox.ts";
import type { RawInstance } from "./instances.ts";
import { openOutFiles, openRaw, RawOutbox } from "./outbox.ts";

/** How a link is opened. */
export interface RawLinkOptions {
  readonly files: RawFiles;
  readonly clock: Clock;
  readonly isPolled: boolean;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

/** Firmware is often done before a timer could be set: so many looks follow a command at once, some microseconds each. */
const LOOKS_AT_ONCE = 8;

/** After that the files are looked at after an eighth of the silence so far, within these bounds. */
const LOOK_AFTER = { least: 1, most: 20, partOfSilence: 8 } as const;

/** The kernel's buffer for what it received: header, status and payload. */
const OVERHEAD_BYTES = 8;
const NS_PER_MS = 1e6;

/** The raw files of one instance. A read(2) that waits would hold a thread of Node until the next message, and the process with it,
 *  so nothing here waits: files are looked at, often while something happens and seldom else. */
export class RawLink {
  readonly #host: TransportHost;
  readonly #clock: Clock;
  readonly #scope = new Scope();
  readonly #outbox: RawOutbox;
  #a2p = -1;
  #p2a = -1;
  #replies!: RawInbox;
  #inboxes: readonly RawInbox[] = [];
  #isOver = false;
  #lastLife: number;
  #cancelLook: (() => void) | undefined;
  #lookAt = Number.POSITIVE_INFINITY;

  private constructor(host: TransportHost, clock: Clock, maxInFlight: number) {
    this.#host = host;
    this.#outbox = new RawOutbox(maxInFlight);
    this.#clock = clock;
    this.#lastLife = clock.now();
  }

  /** Opens the files, and throws away what was in the queues of the instance.
   *  @throws UnsupportedError when one of them cannot be had */
  static async open(host: TransportHost, instance: RawInstance, options: RawLinkOptions): Promise<Link> {
    const link = new RawLink(host, options.clock, options.maxInFlight);
    try {
      return link.#open(instance, options);
    } catch (reason) {
      await link.#scope.undo();
      throw reason;
    }
  }

  #open(instance: RawInstance, { files, isPolled, maxInFlight, timeoutMs }: RawLinkOptions): Link {
    const { folder } = instance;
    this.#flush(files, `${folder}/reset`);
    const { message, messageAsync } = openOutFiles(files, instance, isPolled, (file) => this.#own(file));
    this.#inboxes = ["message", "notification", "errors"].map((name) => {
      const file = openRaw(files, `${folder}/${name}`, "read");
      const inbox = new RawInbox(file, instance.maxPayload + OVERHEAD_BYTES, (it) => this.#take(it));
      this.#own(inbox);
      return inbox;
    });
    this.#replies = this.#inboxes[0] as RawInbox;
    const scmi = this.#host.openInstance();
    const row = { framing: "msg", areaBytes: 0, maxMessage: instance.maxPayload, timeoutMs } as const;
    const { row: a2p, maxPayload } = this.#host.openRow(scmi, row);
    const { row: p2a } = this.#host.openRow(scmi, { ...row, p2a: true });
    this.#a2p = a2p;
    this.#p2a = p2a;
    this.#scope.ownNow(() => this.#end());
    this.#lookLater();
    const traits: ChannelTraits = { maxPayload, maxInFlight, completesOnPost: false, canPoll: false, timeoutMs };
    const ring = (command?: Uint8Array) => this.#ring(message, command);
    const ringDelayed = (command?: Uint8Array) => this.#ring(messageAsync, command);
    return {
      instance: scmi,
      a2p: { traits, row: a2p, ring, ringDelayed },
      p2a: { traits, row: p2a, ring: () => {} },
      close: () => this.#scope.close(),
    };
  }

  #own(file: { close(): void }): void {
    this.#scope.ownNow(() => file.close());
  }

  /** What a program before us left unread is not for us. */
  #flush(files: RawFiles, path: string): void {
    const reset = openRaw(files, path, "write");
    try {
      reset.write(Uint8Array.of(0x31));
    } finally {
      reset.close();
    }
  }

  #ring(file: RawFile, command: Uint8Array | undefined): void {
    if (command === undefined || this.#isOver) return;
    this.#outbox.send(file, command);
    this.#lastLife = this.#clock.now();
    for (let looks = 0; looks < LOOKS_AT_ONCE; looks++) if (this.#look([this.#replies])) break;
    this.#lookLater();
  }

  /** All that the kernel had no place for is for the engine to judge: late answers, delayed responses of commands that it did not take
   *  for asynchronous. */
  #take(message: Uint8Array): void {
    if (this.#isOver) return;
    this.#host.receive(isResponse(message) ? this.#a2p : this.#p2a, message);
  }

  /** Whether there was anything. */
  #look(inboxes: readonly RawInbox[]): boolean {
    let isAlive = false;
    try {
      for (const inbox of inboxes) if (!this.#isOver && inbox.drain()) isAlive = true;
    } catch (reason) {
      this.#fail(reason);
    }
    if (isAlive) this.#lastLife = this.#clock.now();
    return isAlive;
  }

  /** A command that still cannot be sent fails with all that is in flight: which one it was is no longer known here. */
  #retry(): void {
    if (this.#isOver) return;
    try {
      this.#outbox.retry();
    } catch (reason) {
      this.#host.reset(this.#a2p, reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  #lookLater(): void {
    if (this.#isOver) return;
    const now = this.#clock.now();
    const { least, most, partOfSilence } = LOOK_AFTER;
    const delayMs = Math.min(most, Math.max(least, (now - this.#lastLife) / NS_PER_MS / partOfSilence));
    const at = now + delayMs * NS_PER_MS;
    if (at >= this.#lookAt) return;
    this.#cancelLook?.();
    this.#lookAt = at;
    this.#cancelLook = this.#clock.after(delayMs, () => {
      this.#lookAt = Number.POSITIVE_INFINITY;
      this.#look(this.#inboxes);
      this.#retry();
      this.#lookLater();
    });
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return;
    this.#end();
    const { message } = cause instanceof Error ? cause : new Error(String(cause));
    this.#host.fail(new ChannelError("raw", "closed", message, { cause }));
  }

  #end(): void {
    this.#isOver = true;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }
}

/** Message type 0, in bits 9:8 of the header. */
function isResponse(message: Uint8Array): boolean {
  return ((message[1] ?? 0) & 0x3) === 0;
}
