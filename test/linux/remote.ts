import { fileURLToPath } from "node:url";
import type { Guest } from "./guest.ts";

const PROGRAM = fileURLToPath(new URL("agent-in-guest.mjs", import.meta.url));
const MARK = "@@ ";

/** What went wrong inside of the guest. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly errorName: string;
  readonly status: number | undefined;

  constructor({
    name,
    message,
    status,
  }: { readonly name: string; readonly message: string; readonly status?: number }) {
    super(`${name}: ${message}`);
    this.errorName = name;
    this.status = status;
  }
}

/** A value as it comes through the console: no bigint, no Map. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, it) => (typeof it === "bigint" ? `${it}n` : it instanceof Map ? [...it] : it)),
  );
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: ConstructorParameters<typeof RemoteError>[0];
}

/** An agent of ours inside of a guest, which asks over the raw mode of the guest's kernel. */
export class RemoteAgent {
  readonly #guest: Guest;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(reason: Error): void }>();
  readonly #other: string[] = [];
  #nextId = 1;
  #pump: Promise<void> | undefined;

  private constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Starts it; the shell of the guest is busy until {@link end}. */
  static async open(guest: Guest): Promise<RemoteAgent> {
    const agent = new RemoteAgent(guest);
    const isReady = new Promise((resolve, reject) => agent.#waiting.set(0, { resolve, reject }));
    guest.console.send(`${process.execPath} ${PROGRAM} 2>&1`);
    agent.#pump = agent.#listen();
    await isReady;
    return agent;
  }

  /** Calls a method of a protocol. */
  // biome-ignore lint/suspicious/noExplicitAny: results of every protocol there is
  call(of: string, method: string, ...args: readonly unknown[]): Promise<any> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#guest.console.send(JSON.stringify({ id, of, method, args }));
    });
  }

  /** Switches notifications on, and resolves with a way to the next one. */
  async watch(of: string, method: string, ...args: readonly unknown[]): Promise<RemoteWatch> {
    const index = await this.call("own", "watch", of, method, ...args);
    return {
      next: () => this.call("own", "next", index),
      leave: () => this.call("own", "leave", index),
    };
  }

  /** Ends it, and gives the shell back. */
  async end(): Promise<void> {
    this.#guest.console.send("end");
    await this.#pump;
  }

  async #listen(): Promise<void> {
    for (;;) {
      const line = await this.#guest.console.next();
      if (line === undefined || /^=== \d+$/.test(line)) break;
      if (!line.startsWith(MARK)) {
        this.#other.push(line);
        continue;
      }
      const { id, result, error } = JSON.parse(line.slice(MARK.length)) as Answer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new RemoteError(error));
      else waiting?.resolve(result);
    }
    const reason = new Error(`guest: the agent has ended: ${this.#other.join("\n").slice(-2000)}`);
    for (const { reject } of this.#waiting.values()) reject(reason);
  }
}

/** Notifications that come in the guest. */
export interface RemoteWatch {
  // biome-ignore lint/suspicious/noExplicitAny: those of every protocol there is
  next(): Promise<any>;
  leave(): Promise<void>;
}
