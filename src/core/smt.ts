import * as layout from "../../assembly/layout.ts";

/** Offsets and bits of an SMT area, for whoever works one by hand. DEN0056, shared memory area layout. */
export const SMT = {
  /** Channel status, a word of FREE and ERROR. */
  STATUS: layout.SMT_STATUS,
  /** Channel flags, a word of INTERRUPT. */
  FLAGS: layout.SMT_FLAGS,
  /** Bytes of header and payload. */
  LENGTH: layout.SMT_LENGTH,
  HEADER: layout.SMT_HEADER,
  PAYLOAD: layout.SMT_PAYLOAD,
  /** The area belongs to the caller of the channel. */
  FREE: layout.SMT_STATUS_FREE,
  /** The last transfer failed. */
  ERROR: layout.SMT_STATUS_ERROR,
  /** The caller wants an interrupt on completion. */
  INTERRUPT: layout.SMT_FLAGS_INTERRUPT,
  /** The smallest area that holds a response. */
  MINIMUM_BYTES: layout.SMT_MINIMUM_BYTES,
} as const;
