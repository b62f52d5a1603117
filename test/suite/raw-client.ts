import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The other end of `scmi serve`, as a stranger would write it from the reference texts alone: nothing here comes from src/.

const PROGRAM = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARDS = fileURLToPath(new URL("../../examples/boards/", import.meta.url));

/** Statuses of spec/00-transport.md section 6. */
export const STATUS = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  DENIED: -3,
  NOT_FOUND: -4,
  OUT_OF_RANGE: -5,
  BUSY: -6,
  PROTOCOL_ERROR: -10,
} as const;

/** A message as it came. */
export interface Raw {
  readonly header: number;
  readonly type: number;
  readonly protocol: number;
  readonly message: number;
  readonly token: number;
  readonly payload: Buffer;
}

/** One agent that speaks bytes over a socket. */
export class RawClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #token = 0;
  readonly #answers: Raw[] = [];
  readonly #p2a: Raw[] = [];
  #wake: (() => void) | undefined;
  #isGone = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#take(Buffer.from(bytes)));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isGone = true;
      this.#wake?.();
    });
  }

  static open(path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawClient(socket)));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends a header and a payload as they are; the result is the next message of type 0 or 1. */
  async send(header: number, payload: Buffer): Promise<Raw> {
    const message = Buffer.alloc(8 + payload.length);
    message.writeUInt32LE(4 + payload.length, 0);
    message.writeUInt32LE(header >>> 0, 4);
    payload.copy(message, 8);
    this.#socket.write(message);
    return this.#next(this.#answers);
  }

  /** The words of the response, its status signed. Its header is checked to the bit. */
  async call(protocol: number, message: number, ...parameters: readonly number[]): Promise<number[]> {
    return wordsOf(await this.bytes(protocol, message, words(...parameters)));
  }

  async status(protocol: number, message: number, ...parameters: readonly number[]): Promise<number> {
    return (await this.call(protocol, message, ...parameters))[0] as number;
  }

  /** The payload of the response. */
  async bytes(protocol: number, message: number, payload: Buffer): Promise<Buffer> {
    this.#token = (this.#token + 1) % 1024;
    const header = (message | (protocol << 10) | (this.#token << 18)) >>> 0;
    const answer = await this.send(header, payload);
    if (answer.header !== header)
      throw new Error(`sent header ${header.toString(16)}, got ${answer.header.toString(16)}`);
    const status = answer.payload.readInt32LE(0);
    if (status !== 0 && answer.payload.length !== 4)
      throw new Error(`${answer.payload.length} bytes with status ${status}`);
    return answer.payload;
  }

  /** The next delayed response or notification. */
  heard(): Promise<Raw> {
    return this.#next(this.#p2a);
  }

  /** Those that came since the last time. */
  takeP2a(): Raw[] {
    return this.#p2a.splice(0);
  }

  async #next(queue: Raw[]): Promise<Raw> {
    for (;;) {
      const first = queue.shift();
      if (first) return first;
      if (this.#isGone) throw new Error("the server hung up");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4) {
      const end = 4 + this.#bytes.readUInt32LE(0);
      if (this.#bytes.length < end) break;
      const message = this.#bytes.subarray(4, end);
      this.#bytes = this.#bytes.subarray(end);
      const header = message.readUInt32LE(0);
      const raw = {
        header,
        type: (header >>> 8) & 3,
        protocol: (header >>> 10) & 0xff,
        message: header & 0xff,
        token: (header >>> 18) & 0x3ff,
        payload: Buffer.from(message.subarray(4)),
      };
      (raw.type < 2 ? this.#answers : this.#p2a).push(raw);
    }
    this.#wake?.();
  }
}

/** Little-endian words. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value >>> 0, i * 4);
  });
  return bytes;
}

/** Words of a response, the first one signed. */
export function wordsOf(payload: Buffer): number[] {
  const all = Array.from({ length: payload.length >>> 2 }, (_, i) => payload.readUInt32LE(i * 4));
  return payload.length >= 4 ? [payload.readInt32LE(0), ...all.slice(1)] : [];
}

/** Text up to the first NUL of a field; the rest of the field must be NULs. */
export function textAt(payload: Buffer, at: number, byteLength: number): string {
  const field = payload.subarray(at, at + byteLength);
  const end = field.indexOf(0);
  if (end < 0 || field.subarray(end).some((byte) => byte !== 0))
    throw new Error("a name that does not end, or ends twice");
  return field.toString("latin1", 0, end);
}

/** A platform in a process of its own. */
export interface Served {
  open(): Promise<RawClient>;
  /** Ends it. */
  stop(): Promise<number | null>;
}

export async function serve(profile: string, agent: number, board = "example.yaml"): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "scmi-suite-"));
  const path = join(folder, "s");
  const args = [PROGRAM, "serve", join(BOARDS, board), "--socket", path, "--profile", profile, "--agent", `${agent}`];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<number | null>((resolve) => child.once("close", resolve));
  await Promise.race([
    new Promise((resolve) => child.stdout?.once("data", resolve)),
    gone.then(() => Promise.reject(new Error("the server did not start"))),
  ]);
  return {
    open: () => RawClient.open(path),
    async stop() {
      child.kill("SIGINT");
      const status = await gone;
      rmSync(folder, { recursive: true, force: true });
      return status;
    },
  };
}
