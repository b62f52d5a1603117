import type { ByteStream, ByteStreamListener } from "./byte-stream.ts";

/** What {@link webStream} needs: a `WebTransportBidirectionalStream`, a connection of Deno, the halves of two `TransformStream`s. */
export interface WebDuplex {
  /** Where bytes come from. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Where bytes go. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Web streams as a {@link ByteStream}. Both are locked by it. */
export function webStream({ readable, writable }: WebDuplex): ByteStream {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let listener: ByteStreamListener | undefined;
  let isOver = false;
  let hold: Promise<void> | undefined;
  let release = () => {};
  const finish = (cause?: Error) => {
    if (isOver) return;
    isOver = true;
    listener?.onEnd(cause);
  };
  const fail = (reason: unknown) => finish(reason instanceof Error ? reason : new Error(`aborted: ${reason}`));
  const read = async () => {
    for (;;) {
      await hold;
      const { done, value } = await reader.read();
      if (done) return;
      if (value && !isOver) {
        await hold; // paused since it was asked for
        listener?.onBytes(value);
      }
    }
  };
  const resume = () => {
    release();
    hold = undefined;
  };
  const quiet = () => {}; // the first failure was told, the others follow from it
  return {
    open(it) {
      listener = it;
      read().then(() => finish(), fail);
    },
    write(bytes) {
      writer.write(bytes).catch(fail);
      if ((writer.desiredSize ?? 1) > 0) return true;
      writer.ready.then(() => listener?.onDrain(), fail);
      return false;
    },
    pause() {
      hold ??= new Promise((resolve) => {
        release = resolve;
      });
    },
    resume,
    end() {
      resume();
      writer.close().catch(quiet);
      reader.cancel().catch(quiet);
    },
    destroy() {
      resume();
      isOver = true;
      writer.abort(new Error("the other end was destroyed")).catch(quiet);
      reader.cancel().catch(quiet);
    },
  };
}
