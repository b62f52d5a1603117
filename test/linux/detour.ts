import type { MessageSink } from "../../src/platform/index.ts";

/** Which messages of the platform something is done with. */
export type Which = (header: {
  readonly type: number;
  readonly protocolId: number;
  readonly messageId: number;
}) => boolean;

/** A way between platform and guest on which messages can be kept back. Everything passes unless it is told otherwise. */
export class Detour {
  #sink: MessageSink | undefined;
  #rule: (isMeant: (which: Which) => boolean) => "pass" | "keep" = () => "pass";
  readonly #kept: Uint8Array[] = [];
  #noticed: () => void = () => {};

  /** What stands in the platform's sink. */
  readonly through = (sink: MessageSink): MessageSink => {
    this.#sink = sink;
    return {
      send: (message) => {
        if (this.#rule((which) => which(headerOf(message))) === "pass") {
          sink.send(message);
          return;
        }
        this.#kept.push(message);
        this.#noticed();
      },
    };
  };

  /** What is kept back now. */
  get kept(): readonly Uint8Array[] {
    return this.#kept;
  }

  /** Keeps the next one back; the result resolves when it has come. */
  keepNext(which: Which): Promise<void> {
    return new Promise((resolve) => {
      this.#rule = (isMeant) => {
        if (!isMeant(which)) return "pass";
        this.#rule = () => "pass";
        return "keep";
      };
      this.#noticed = resolve;
    });
  }

  /** Keeps them until there are `count`, then lets them go, the last one first; and so on. */
  reverse(count: number, which: Which): void {
    this.#rule = (isMeant) => (isMeant(which) ? "keep" : "pass");
    this.#noticed = () => {
      if (this.#kept.length === count) this.release();
    };
  }

  /** Keeps nothing back any more. */
  pass(): void {
    this.#rule = () => "pass";
  }

  /** Lets everything go that is kept, the last one first. */
  release(): void {
    for (const message of this.#kept.splice(0).reverse()) this.#sink?.send(message);
  }

  /** Forgets what is kept. */
  lose(): void {
    this.#kept.length = 0;
  }
}

function headerOf(message: Uint8Array): Parameters<Which>[0] {
  const word = new DataView(message.buffer, message.byteOffset).getUint32(0, true);
  return { type: (word >>> 8) & 3, protocolId: (word >>> 10) & 0xff, messageId: word & 0xff };
}
