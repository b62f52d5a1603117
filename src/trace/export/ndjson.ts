import type { DecodedLine } from "../decoded.ts";
import { type DecoderOptions, TraceDecoder } from "../decoder.ts";
import type { TraceEvent } from "../event.ts";
import type { ByteListener, TraceExporter } from "./exporter.ts";

/** Writes what `scmi decode --json` prints: a line a message with names and values, and the summary as the last line. */
export class NdjsonExporter implements TraceExporter {
  readonly #onBytes: ByteListener;
  readonly #decoder: TraceDecoder;
  readonly #encoder = new TextEncoder();

  constructor(onBytes: ByteListener, options: DecoderOptions = {}) {
    this.#onBytes = onBytes;
    this.#decoder = new TraceDecoder(options);
  }

  write(event: TraceEvent): void {
    const decoded = this.#decoder.take(event);
    if (decoded) this.#print(decoded);
  }

  end(): void {
    this.#print(this.#decoder.summary());
  }

  #print(line: DecodedLine): void {
    this.#onBytes(this.#encoder.encode(`${JSON.stringify(line, plain)}\n`));
  }
}

/** What JSON has no word for: a bigint becomes a hexadecimal string, bytes become hexadecimal digits. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return [...value].map((it) => it.toString(16).padStart(2, "0")).join("");
  return value;
}
