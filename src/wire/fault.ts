import { MessageError } from "../errors.ts";

/** Which message a value belongs to, for the text of errors. */
export interface Origin {
  /** Spec name of the message, `CLOCK_RATE_SET`. */
  readonly subject: string;
  /** Path of the value in it, `response`; empty for none. */
  readonly field: string;
  /** Bytes of the payload before the value: 4 behind a status. */
  readonly offset: number;
}

/** For values that belong to no message. */
export const NOWHERE: Origin = { subject: "wire", field: "", offset: 0 };

type Blame = "peer" | "kind" | "value";

/** What a type found wrong, on its way to the outermost call, which alone knows the message. Each struct and array that it
 *  passes puts its own part in front of the path; so the path costs nothing until something is wrong. */
export class WireFault {
  readonly blame: Blame;
  readonly at: number;
  readonly expected: string;
  readonly got: string;
  #path = "";

  constructor(blame: Blame, at: number, expected: string, got: string) {
    this.blame = blame;
    this.at = at;
    this.expected = expected;
    this.got = got;
  }

  /** The error for the caller.
   *  @param start where the value starts in its view */
  toError(origin: Origin, start: number): Error {
    const { expected, got } = this;
    const field = joined(origin.field, this.#path);
    if (this.blame === "peer") {
      return new MessageError(origin.subject, { field, offset: this.at - start + origin.offset, expected, got });
    }
    const text = `${origin.subject}: "${field}" expected ${expected}, got ${got}`;
    return this.blame === "kind" ? new TypeError(text) : new RangeError(text);
  }

  /** Puts a field's name, or `[index]`, in front of the path. */
  static within(fault: unknown, part: string): unknown {
    if (fault instanceof WireFault) fault.#path = joined(part, fault.#path);
    return fault;
  }
}

function joined(part: string, rest: string): string {
  if (part === "" || rest === "") return part + rest;
  return rest.startsWith("[") ? part + rest : `${part}.${rest}`;
}

/** The peer broke the wire format at this offset of the view. */
export function malformed(at: number, expected: string, got: string): WireFault {
  return new WireFault("peer", at, expected, got);
}

/** Bytes are missing.
 *  @param got how many there are */
export function truncated(at: number, bytes: number, got: number): WireFault {
  return malformed(at, counted(bytes), counted(got));
}

/** A caller's value of the wrong kind (`TypeError`) or the right kind and out of range (`RangeError`). */
export function unfit(value: unknown, kind: string, expected: string): WireFault {
  const isKind = kind !== "object" && typeof value === kind; // what is asked for as an object is never out of range
  return new WireFault(isKind ? "value" : "kind", 0, expected, shown(value));
}

/** `1 byte`, `8 bytes`. */
export function counted(bytes: number, unit = "byte"): string {
  return `${bytes} ${unit}${bytes === 1 ? "" : "s"}`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `${counted(value.length, "element")}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
