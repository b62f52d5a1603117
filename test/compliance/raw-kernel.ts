import type { Stage } from "../../src/compliance/index.ts";
import type { RawFile, RawFiles } from "../../src/transport/raw.node.ts";

/** What a simulated kernel is like. */
export interface RawKernelOptions {
  readonly maxPayload?: number;
  readonly timeoutMs?: number;
  readonly maxMessages?: number;
  /** Has the polling files of Linux 6.16. */
  readonly hasPolling?: boolean;
}

/** SCMI_MAX_RESPONSE_TIMEOUT */
const DELAYED_MS = 2000;
const TYPE_DELAYED = 2;

interface Pending {
  readonly isAsync: boolean;
  cancel: () => void;
  isAnswered: boolean;
}

class KernelError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The raw mode of Linux by its description (spec: raw mode, 2 to 8), with one instance in front of a scripted platform. */
export class RawKernel implements RawFiles {
  /** Descriptors that are open. */
  descriptors = 0;
  /** Names of the files that commands were written to. */
  readonly written: string[] = [];
  /** Nothing comes from the platform any more. */
  isDead = false;
  /** What write(2) fails with. */
  writeFault: string | undefined;
  /** What read(2) fails with. */
  readFault: string | undefined;
  readonly queues = { message: [] as Uint8Array[], notification: [] as Uint8Array[], errors: [] as Uint8Array[] };
  readonly #files: ReadonlyMap<string, string>;
  readonly #stage: Stage;
  readonly #limits: Required<RawKernelOptions>;
  readonly #pending = new Map<number, Pending>();
  readonly #far;

  constructor(stage: Stage, options: RawKernelOptions = {}) {
    const limits = { maxPayload: 104, timeoutMs: 30, maxMessages: 20, hasPolling: true, ...options };
    this.#stage = stage;
    this.#limits = limits;
    this.#files = new Map([
      ["/sys/kernel/debug/scmi/0/instance_name", "/firmware/scmi\n"],
      ["/sys/kernel/debug/scmi/0/transport/max_msg_size", `${limits.maxPayload}\n`],
      ["/sys/kernel/debug/scmi/0/transport/max_rx_timeout_ms", `${limits.timeoutMs}\n`],
      ["/sys/kernel/debug/scmi/0/transport/tx_max_msg", `${limits.maxMessages}\n`],
      ...["message", "message_async", "notification", "errors", "reset"].map(rawFile),
      ...(limits.hasPolling ? ["message_poll", "message_poll_async"].map(rawFile) : []),
    ]);
    this.#far = stage.platform.connect({ send: (message) => this.#arrive(message.slice()) });
  }

  list(path: string): readonly string[] {
    const below = [...this.#files.keys()].filter((it) => it.startsWith(`${path}/`));
    if (below.length === 0) throw new KernelError("ENOENT");
    return [...new Set(below.map((it) => it.slice(path.length + 1).split("/", 1)[0] as string))];
  }

  readText(path: string): string {
    const text = this.#files.get(path);
    if (text === undefined) throw new KernelError("ENOENT");
    return text;
  }

  open(path: string, direction: "read" | "write"): RawFile {
    if (!this.#files.has(path)) throw new KernelError("ENOENT");
    const name = path.slice(path.lastIndexOf("/") + 1);
    this.descriptors++;
    let isOpen = true;
    const check = (wanted: string) => {
      if (!isOpen || wanted !== direction) throw new KernelError("EBADF");
    };
    let isAtEnd = false;
    return {
      read: (into) => {
        check("read");
        if (this.readFault !== undefined) throw new KernelError(this.readFault);
        if (isAtEnd) {
          isAtEnd = false;
          return 0;
        }
        const message = this.queues[name === "notification" || name === "errors" ? name : "message"].shift();
        if (!message) return undefined;
        into.set(message.subarray(0, into.byteLength));
        isAtEnd = true;
        return Math.min(message.byteLength, into.byteLength);
      },
      write: (bytes) => {
        check("write");
        if (name === "reset") this.#reset();
        else this.#send(name, bytes.slice());
      },
      close: () => {
        if (!isOpen) throw new KernelError("EBADF");
        isOpen = false;
        this.descriptors--;
      },
    };
  }

  /** The board goes away. */
  close(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#far.close();
  }

  #reset(): void {
    for (const queue of Object.values(this.queues)) queue.length = 0;
  }

  #send(name: string, message: Uint8Array): void {
    if (this.writeFault !== undefined) throw new KernelError(this.writeFault);
    if (message.byteLength < 4) throw new KernelError("EINVAL");
    if (message.byteLength > this.#limits.maxPayload + 4) throw new KernelError("ENOSPC");
    const token = tokenOf(message);
    if (this.#pending.size >= this.#limits.maxMessages) throw new KernelError("ENOMEM");
    if (this.#pending.has(token)) throw new KernelError("EBUSY");
    this.written.push(name);
    this.#await(token, name.endsWith("_async"));
    if (!this.isDead) this.#far.receive(message);
  }

  #await(token: number, isAsync: boolean): void {
    const giveUp = () => this.#pending.delete(token);
    const cancel = this.#stage.clock.after(this.#limits.timeoutMs, giveUp);
    this.#pending.set(token, { isAsync, cancel, isAnswered: false });
  }

  #arrive(message: Uint8Array): void {
    if (this.isDead) return;
    const { message: replies, notification, errors } = this.queues;
    const type = message.byteLength < 4 ? -1 : (message[1] ?? 0) & 0x3;
    if (type === 3) {
      notification.push(message);
      if (notification.length > this.#limits.maxMessages) notification.shift();
      return;
    }
    const token = tokenOf(message);
    const pending = this.#pending.get(token);
    const isDelayed = type === TYPE_DELAYED;
    if (type === -1 || !pending || (isDelayed && !pending.isAsync) || (!isDelayed && pending.isAnswered)) {
      errors.push(message);
      if (errors.length > this.#limits.maxMessages) errors.shift();
      return;
    }
    if (replies.length < this.#limits.maxMessages) replies.push(message);
    pending.cancel();
    const isOver = isDelayed || !pending.isAsync || statusOf(message) !== 0;
    if (isOver) this.#pending.delete(token);
    else {
      pending.isAnswered = true;
      pending.cancel = this.#stage.clock.after(DELAYED_MS, () => this.#pending.delete(token));
    }
  }
}

function rawFile(name: string): readonly [string, string] {
  return [`/sys/kernel/debug/scmi/0/raw/${name}`, ""];
}

function tokenOf(message: Uint8Array): number {
  if (message.byteLength < 4) return -1;
  return (new DataView(message.buffer, message.byteOffset).getUint32(0, true) >>> 18) & 0x3ff;
}

function statusOf(message: Uint8Array): number {
  return message.byteLength < 8 ? -1 : new DataView(message.buffer, message.byteOffset).getInt32(4, true);
}
