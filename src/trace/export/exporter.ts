import type { TraceEvent } from "../event.ts";

/** Takes the bytes of a file, in order; they are the callee's to keep. */
export type ByteListener = (bytes: Uint8Array) => void;

/** Writes events in some format, as they come. */
export interface TraceExporter {
  /** Takes the next event. */
  write(event: TraceEvent): void;
  /** No more events come: writes what is left. */
  end(): void;
}
