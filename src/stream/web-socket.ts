import type { ByteStream, ByteStreamListener } from "./byte-stream.ts";

/** What {@link webSocketStream} needs of a `WebSocket`, or of what a package makes that is like one. */
export interface WebSocketLike {
  /** Set to `"arraybuffer"`. */
  binaryType: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that wait in it. */
  readonly bufferedAmount: number;
  /** Sends one binary message. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Closes it behind what was sent. */
  close(): void;
  /** Listens to `message`, `open`, `error` and `close`. */
  addEventListener(type: string, listener: (event: Event) => void): void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;
const NORMAL_CLOSURE = 1000;
const NO_STATUS = 1005;

/** As much as a queue of its own would be allowed to hold. */
const DEFAULT_LIMIT_BYTES = 1 << 20;

/** A WebSocket as a {@link ByteStream}; where its messages are cut has no meaning. It cannot hold the other side back, and it does not say
 *  when what was written went out: beyond a limit it is closed.
 *  @param limitBytes what may wait in it; default 1 MiB */
export function webSocketStream(socket: WebSocketLike, limitBytes: number = DEFAULT_LIMIT_BYTES): ByteStream {
  let listener: ByteStreamListener | undefined;
  let isOver = false;
  let isPaused = false;
  const early: Uint8Array<ArrayBuffer>[] = [];
  const held: Uint8Array[] = [];
  socket.binaryType = "arraybuffer";
  const finish = (cause?: Error) => {
    if (isOver) return;
    isOver = true;
    listener?.onEnd(cause);
  };
  const flush = () => {
    while (!isPaused && !isOver && held.length > 0) listener?.onBytes(held.shift() as Uint8Array);
  };
  socket.addEventListener("open", () => {
    for (const bytes of early.splice(0)) socket.send(bytes);
  });
  socket.addEventListener("message", (event) => {
    if (isOver) return;
    const data: unknown = "data" in event ? event.data : undefined;
    if (!(data instanceof ArrayBuffer)) {
      finish(new TypeError(`WebSocket: expected binary messages, got ${typeof data}`));
      socket.close();
      return;
    }
    held.push(new Uint8Array(data));
    if (listener) flush();
  });
  socket.addEventListener("error", () => finish(new Error("WebSocket: the connection failed")));
  socket.addEventListener("close", (event) => {
    const code = "code" in event ? event.code : undefined;
    const reason = "reason" in event ? event.reason : undefined;
    const isNormal = code === NORMAL_CLOSURE || code === NO_STATUS;
    finish(isNormal ? undefined : new Error(`WebSocket: closed with code ${code}${reason ? `, ${reason}` : ""}`));
  });
  return {
    open(it) {
      listener = it;
      flush();
      if (isOver || socket.readyState === CLOSED) {
        isOver = true;
        it.onEnd(new Error("WebSocket: closed before it was used"));
      }
    },
    write(bytes) {
      const copy = new Uint8Array(bytes); // a browser takes no bytes of shared memory
      if (socket.readyState === CONNECTING) early.push(copy);
      else if (socket.readyState === OPEN) socket.send(copy);
      if (socket.bufferedAmount > limitBytes) {
        finish(new Error(`WebSocket: expected at most ${limitBytes} bytes to wait, got ${socket.bufferedAmount}`));
        socket.close();
      }
      return true;
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      flush();
    },
    end: () => socket.close(),
    destroy() {
      isOver = true;
      socket.close();
    },
  };
}
