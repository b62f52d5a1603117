/** What stands in front of each message in a pcapng file, little-endian; the dissector is generated with these numbers.
 *
 *  ```text
 *   0        1           2         3      4          6          8          12        13       14      16
 *  ├────────┼───────────┼─────────┼──────┼──────────┼──────────┼──────────┼─────────┼────────┼───────┼─── header, payload
 *  │ format │ direction │ framing │ role │ instance │ channel  │ version  │ refusal │ is cut │   0   │
 *  │   1    │           │         │      │   u16    │   u16    │   u32    │         │        │       │
 *  ```
 *
 *  `version` is that of the protocol, as far as the trace has told it; 0 = unknown. `refusal` is 0, or why the receiver threw the message
 *  away. `is cut` is 1 when bytes may be missing at the end. */
export const PSEUDO = {
  ...{ format: 0, direction: 1, framing: 2, role: 3, instance: 4, channel: 6, version: 8, refusal: 12, isCut: 13 },
  bytes: 16,
} as const;

/** `LINKTYPE_USER0` of the registry of link types: ours to define. */
export const LINKTYPE_USER0 = 147;

/** Agent to platform, or platform to agent. */
export const DIRECTION = { a2p: 0, p2a: 1 } as const;

/** How a message was framed, in the pseudo header. */
export const FRAMING = { unknown: 0, smt: 1, msg: 2 } as const;

/** A FastChannel call is no message: its payload is the domain id and the words. */
export const ROLE = { command: 0, response: 1, delayedResponse: 2, notification: 3, fastChannel: 4 } as const;

/** In the order of their numbers, from 1. */
export const REFUSALS = ["unexpected", "invalid", "unknownType", "noMemory", "spurious"] as const;
