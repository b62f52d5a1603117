/** One end of a duplex of bytes: a socket, a pair of pipes, Web streams. {@link nodeStream}, {@link webStream} and
 *  {@link webSocketStream} make one of what there is; anything else is wrapped with these five methods. */
export interface ByteStream {
  /** Starts the flow. Called once, before anything else; bytes that came earlier are told now. */
  open(listener: ByteStreamListener): void;
  /** Takes bytes on their way, in order and whole.
   *  @param bytes the stream's to keep
   *  @returns false when enough is on its way: they are taken all the same, and {@link ByteStreamListener.onDrain} follows */
  write(bytes: Uint8Array): boolean;
  /** Holds back what comes in, so that the other side has to wait; a few more chunks may still be told. */
  pause(): void;
  /** Undoes {@link pause}. */
  resume(): void;
  /** Ends it: what was written still goes out, nothing more is told but the end. Idempotent. */
  end(): void;
  /** Drops it at once, with what is on its way. Idempotent. */
  destroy(): void;
}

/** Who hears from a {@link ByteStream}. */
export interface ByteStreamListener {
  /** Bytes came, cut anywhere. They are the listener's to keep. */
  onBytes(bytes: Uint8Array): void;
  /** What was written went out; there is room again. */
  onDrain(): void;
  /** Nothing more comes. Called once, last.
   *  @param cause what broke it; `undefined` when the other side, or we, ended it in order */
  onEnd(cause?: Error): void;
}
