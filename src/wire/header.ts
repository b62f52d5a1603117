/** Header bits 9:8 of a message. Type 1 is reserved. */
export const MESSAGE_TYPE = { COMMAND: 0, DELAYED_RESPONSE: 2, NOTIFICATION: 3 } as const;

/** The fields of a message header. DEN0056, message header:
 *
 *  ```text
 *   31    28 27            18 17         10 9   8 7           0
 *  ├────────┼────────────────┼─────────────┼─────┼─────────────┤
 *  │   0    │     token      │ protocol_id │type │ message_id  │
 *  ```
 */
export interface Header {
  /** 0 to 0xff. */
  readonly protocolId: number;
  /** {@link MESSAGE_TYPE}, 0 to 3. */
  readonly messageType: number;
  /** 0 to 0xff; commands and notifications are numbered apart. */
  readonly messageId: number;
  /** 0 to 1023. */
  readonly token: number;
}

/** Composes a header word, unsigned.
 *  @throws RangeError when a field is out of range */
export function encodeHeader({ protocolId, messageType, messageId, token }: Header): number {
  if ((protocolId & 0xff) !== protocolId) throw outOfRange("protocolId", 0xff, protocolId);
  if ((messageType & 3) !== messageType) throw outOfRange("messageType", 3, messageType);
  if ((messageId & 0xff) !== messageId) throw outOfRange("messageId", 0xff, messageId);
  if ((token & 0x3ff) !== token) throw outOfRange("token", 0x3ff, token);
  return messageId | (messageType << 8) | (protocolId << 10) | (token << 18);
}

/** Takes a header word apart; its reserved bits 31:28 are ignored. */
export function decodeHeader(word: number): Header {
  return {
    protocolId: (word >>> 10) & 0xff,
    messageType: (word >>> 8) & 3,
    messageId: word & 0xff,
    token: (word >>> 18) & 0x3ff,
  };
}

function outOfRange(name: string, max: number, value: number): RangeError {
  return new RangeError(`"${name}" expected integer 0 to ${max}, got ${value}`);
}
