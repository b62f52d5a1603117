import type { BoardFastChannel } from "./board-memory.ts";

/** The powercap protocol of a board. */
export interface BoardPowercap {
  /** By domain id. */
  readonly domains: readonly BoardPowercapDomain[];
}

/** Lowest, lowest + step … highest; a single value with step 0 where nothing can be set. */
export interface BoardPowercapRange {
  readonly lowest: number;
  readonly highest: number;
  readonly step: number;
}

/** A powercap domain; power is in its unit. */
export interface BoardPowercapDomain {
  /** At most 63 ASCII characters. */
  readonly name: string;
  readonly unit: "abstract" | "milliwatt" | "microwatt";
  /** Domain id; `undefined` = none. No domain is its own ancestor. */
  readonly parent: number | undefined;
  readonly caps: BoardPowercapRange;
  /** In force until an agent asks for one. */
  readonly cap: number;
  /** Power averaging intervals in microseconds. */
  readonly paisUs: BoardPowercapRange;
  readonly paiUs: number;
  /** Its power is measured. */
  readonly isMonitored: boolean;
  /** Reported, 0 = not stated. */
  readonly sustainablePower: number;
  /** Reported, in 0.001 %, 0 = not stated. */
  readonly accuracy: number;
  /** What its own consumers draw at start where nothing limits them; that of its children comes on top. */
  readonly demand: number;
  /** Ids of the agents that may set cap and interval. */
  readonly controlAgents: readonly number[];
  readonly notifyCap: boolean;
  readonly notifyMeasurements: boolean;
  /** Time that an asynchronous change of the cap takes; `undefined` = there is none. */
  readonly asyncLatencyUs: number | undefined;
  readonly fastChannels: BoardPowercapFastChannels;
}

/** The FastChannels of a powercap domain, by what they replace. */
export interface BoardPowercapFastChannels {
  readonly capGet: BoardFastChannel | undefined;
  readonly capSet: BoardFastChannel | undefined;
  readonly paiGet: BoardFastChannel | undefined;
  readonly paiSet: BoardFastChannel | undefined;
}
