// The message header as one word. What each field is for stands in layout.ts.

import { HEADER_COMMAND_MASK, HEADER_TOKEN_SHIFT, HEADER_TYPE_MASK, HEADER_TYPE_SHIFT, TOKEN_COUNT } from "./layout";

/** The header of a command; options and reserved bits of `command` are left out. */
export function pack(command: u32, token: u32): u32 {
  return (command & HEADER_COMMAND_MASK) | (token << HEADER_TOKEN_SHIFT);
}

export function token(header: u32): u32 {
  return (header >>> HEADER_TOKEN_SHIFT) & (TOKEN_COUNT - 1);
}

export function type(header: u32): u32 {
  return (header & HEADER_TYPE_MASK) >>> HEADER_TYPE_SHIFT;
}

/** The header of the command that a delayed response answers. Reserved bits stay, and so never match. */
export function commandOf(header: u32): u32 {
  return header & ~HEADER_TYPE_MASK;
}
