import type { SimulatedClock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import type { Transport } from "../transport/transport.ts";
import type { ScriptedPlatform } from "./script.ts";

/** What a check gives to build on. */
export interface Stage {
  /** The core of the agent; several worlds may stand in one. */
  readonly core: Core;
  /** The only time there is. */
  readonly clock: SimulatedClock;
  /** Answers what reaches the far end, in place of a platform. */
  readonly platform: ScriptedPlatform;
  /** The payload limit that the transport is to be given, in bytes; its own default unless said. */
  readonly maxMessageBytes?: number;
}

/** A transport and its far end, ready to be opened, any number of times one after the other. */
export interface TransportWorld {
  /** What is judged. */
  readonly transport: Transport;
  /** What is taken and not given back, by name, besides what the core counts: mailboxes, mappings, sessions, sockets. */
  leaks(): Readonly<Record<string, number>>;
  /** Messages lie in an area of this size, which may clamp {@link Stage.maxMessageBytes}. */
  readonly areaBytes?: number;
  /** Announces a completion that nothing is behind; absent where the transport has none to announce. */
  spurious?(): void;
  /** The peer goes away, whatever it was about to do. */
  die?(): void;
  /** A fresh peer takes its place. */
  revive?(): void;
  /** Takes the far end down, at the end of a check. */
  close?(): void;
}

/** Builds a world. Strangers hand in one for their transport. */
export type MakeWorld = (stage: Stage) => TransportWorld;

/** Why a check did not apply: `undefined` when it did, and passed. */
export type Skipped = { readonly skipped: string } | undefined;

/** One clause of the contract. */
export interface TransportCheck {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Rejects when the transport breaks it: with {@link ContractError}, or with whatever went wrong. */
  run(makeWorld: MakeWorld): Promise<Skipped>;
}

/** A transport does not do what its contract says. */
export class ContractError extends Error {
  override readonly name = "ContractError";
}
