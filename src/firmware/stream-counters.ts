/** What a stream server has counted, for one client or in all. */
export interface StreamCounters {
  /** Messages that came in; most are commands. */
  readonly received: number;
  readonly receivedBytes: number;
  /** Answers, type 0. */
  readonly responses: number;
  readonly delayedResponses: number;
  readonly notifications: number;
  /** Bytes of all messages that went out, their lengths included. */
  readonly sentBytes: number;
}

/** How a client went:
 *  - `ended`: in order, between two messages
 *  - `truncated`: within a message
 *  - `garbage`: with a length that no message has; it was cut
 *  - `slow`: it did not read what was sent; it was cut
 *  - `broken`: its stream failed
 *  - `closed`: the server, or whoever runs it, sent it away */
export type StreamOutcome = "ended" | "truncated" | "garbage" | "slow" | "broken" | "closed";

/** {@link StreamCounters} of all clients, those that went included, and how many went which way. */
export interface StreamServerCounters extends StreamCounters, Readonly<Record<StreamOutcome, number>> {
  /** Clients that were let in. */
  readonly clients: number;
  /** Clients that were not, for want of room in the core. */
  readonly refused: number;
}

/** Counters under way. */
export type Tally<T> = { -readonly [K in keyof T]: number };

/** All zero. */
export function newTally(): Tally<StreamCounters> {
  return { received: 0, receivedBytes: 0, responses: 0, delayedResponses: 0, notifications: 0, sentBytes: 0 };
}

/** All zero. */
export function newServerTally(): Tally<StreamServerCounters> {
  const outcomes = { ended: 0, truncated: 0, garbage: 0, slow: 0, broken: 0, closed: 0 };
  return { clients: 0, refused: 0, ...outcomes, ...newTally() };
}
