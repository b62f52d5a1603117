import { commandHeader } from "../core/inbox.ts";
import { decodeHeader, MESSAGE_TYPE } from "../wire/header.ts";
import { Layout } from "../wire/layout.ts";
import { command } from "../wire/message.ts";
import { struct } from "../wire/struct.ts";
import { BoundCommand, type CallOptions } from "./bound.ts";

/** How a raw message is sent. */
export interface RawOptions extends CallOptions {
  /** Wait for the delayed response; the payload has to ask for it. */
  readonly isAsync?: boolean;
}

/** An answer as it came. */
export interface RawAnswer {
  /** With the token that the engine chose; of the response, also when the payload is that of a delayed response. */
  readonly header: number;
  /** Status first. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

const ANYTHING = /* @__PURE__ */ command("raw message", 0);

/** Bytes out, bytes in: nothing is judged but the frame. */
class RawLayout extends Layout<Uint8Array> {
  constructor() {
    // The struct is never used: both directions are overridden.
    super("raw message", "request", struct({}) as never, true);
  }
  override sizeOf(value: Uint8Array): number {
    return value.byteLength;
  }
  override encode(view: DataView, at: number, value: Uint8Array, capacity: number = view.byteLength - at): number {
    if (value.byteLength > capacity) {
      throw new RangeError(`"payload" expected at most ${capacity} bytes, got ${value.byteLength}`);
    }
    new Uint8Array(view.buffer, view.byteOffset + at, value.byteLength).set(value);
    return value.byteLength;
  }
}

/** A command that is known by its header alone. */
export class RawCommand extends BoundCommand<Uint8Array, RawAnswer, RawAnswer> {
  /** @throws RangeError for a header of another type than command, or with reserved bits */
  constructor(header: number) {
    const { protocolId, messageId, messageType } = decodeHeader(header);
    if (messageType !== MESSAGE_TYPE.COMMAND || header >>> 28 !== 0 || header >>> 0 !== header) {
      throw new RangeError(`"header" expected that of a command, got ${header}`);
    }
    const layout = new RawLayout();
    const entry = { ...ANYTHING, id: messageId };
    const at = { command: entry, isMandatory: false, request: layout, response: layout, delayedResponse: undefined };
    // Layouts of a raw message carry bytes; what `read` makes of them is below.
    super(protocolId, at as never, false);
  }
  override read(view: DataView, at: number, byteLength: number): RawAnswer {
    return {
      header: commandHeader(view, at),
      payload: new Uint8Array(view.buffer.slice(at, at + byteLength) as ArrayBuffer),
    };
  }
  override readDelayed(view: DataView, at: number, byteLength: number): RawAnswer {
    return this.read(view, at, byteLength);
  }
}
