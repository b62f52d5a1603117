import type { ByteStream, ByteStreamListener } from "./byte-stream.ts";

/** What {@link nodeStream} needs of a Node stream: `net.Socket` and any other `Duplex` has it. */
export interface NodeDuplex {
  /** Listens to `data`, `drain`, `end`, `error` and `close`. */
  on(event: string, listener: (...values: never[]) => void): unknown;
  /** False when it has enough. */
  write(bytes: Uint8Array): boolean;
  /** Stops `data`. */
  pause(): unknown;
  /** Undoes {@link pause}. */
  resume(): unknown;
  /** Ends the writable half. */
  end(): unknown;
  /** Drops both halves. */
  destroy(): unknown;
  /** It was dropped, or is over. */
  readonly destroyed: boolean;
  /** `end` was told already. */
  readonly readableEnded: boolean;
}

/** A socket or another duplex of Node as a {@link ByteStream}. From then on it is the stream's: it is ended and destroyed with it.
 *  @param duplex for a pair of pipes, what `Duplex.from({ readable, writable })` makes of them */
export function nodeStream(duplex: NodeDuplex): ByteStream {
  let listener: ByteStreamListener | undefined;
  let end: { readonly cause?: Error } | undefined;
  let isEnding = false;
  const finish = (cause?: Error) => {
    if (end) return;
    end = cause ? { cause } : {};
    listener?.onEnd(cause);
  };
  // From the start: an error that nobody listens to would end the process.
  duplex.on("error", (cause: Error) => finish(cause));
  duplex.on("end", () => finish());
  duplex.on("close", () => finish(new Error("closed without an end")));
  return {
    open(it) {
      listener = it;
      if (duplex.readableEnded) end ??= {};
      else if (duplex.destroyed) end ??= { cause: new Error("closed without an end") };
      if (end) it.onEnd(end.cause);
      duplex.on("drain", () => it.onDrain());
      duplex.on("data", (bytes: Uint8Array) => {
        if (!isEnding) it.onBytes(bytes);
      });
    },
    write: (bytes) => duplex.destroyed || duplex.write(bytes),
    pause: () => void duplex.pause(),
    resume: () => void duplex.resume(),
    end() {
      isEnding = true;
      duplex.end();
      duplex.resume(); // what nobody reads would keep its end from coming
    },
    destroy() {
      isEnding = true;
      duplex.destroy();
    },
  };
}
