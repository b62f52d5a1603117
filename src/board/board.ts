import type { BoardFastChannel, BoardMemory } from "./board-memory.ts";
import type { BoardPinctrl } from "./board-pinctrl.ts";
import type { BoardPower, BoardSystemPower } from "./board-power.ts";
import type { BoardPowercap } from "./board-powercap.ts";
import type { BoardSensors } from "./board-sensor.ts";

/** A board after {@link parseBoard}: plain data, complete and consistent. Ids are positions; names of others are resolved. */
export interface Board {
  /** The file, or what else the board was read from. */
  readonly file: string;
  /** At most 15 ASCII characters, as the next one. */
  readonly vendor: string;
  /** `undefined` = the platform has no `BASE_DISCOVER_SUB_VENDOR`. */
  readonly subVendor: string | undefined;
  readonly implementationVersion: number;
  /** Largest payload of its channels in bytes; `undefined` = what the core allows. */
  readonly maxPayload: number | undefined;
  /** The TEE, virtio device or conduit behind which the platform is, where a file says what a device tree does not: the path of its node, or
   *  another name of it. */
  readonly supplier: string | undefined;
  /** Agent ids are positions + 1; id 0 is the platform. */
  readonly agents: readonly BoardAgent[];
  readonly devices: readonly BoardDevice[];
  readonly power: BoardPower | undefined;
  readonly systemPower: BoardSystemPower | undefined;
  readonly performance: BoardPerformance | undefined;
  readonly clock: BoardClocks | undefined;
  readonly sensor: BoardSensors | undefined;
  readonly reset: BoardResets | undefined;
  readonly voltage: BoardVoltages | undefined;
  readonly powercap: BoardPowercap | undefined;
  readonly pinctrl: BoardPinctrl | undefined;
}

/** Who asks. */
export interface BoardAgent {
  /** At most 15 ASCII characters. */
  readonly name: string;
  /** May change permissions, and reset other agents. */
  readonly isTrusted: boolean;
  /** Protocol ids that the agent may not use, whatever its devices. */
  readonly deniedProtocols: readonly number[];
}

/** What an operating system knows as one device: resources that permissions are given for together. */
export interface BoardDevice {
  /** As in `BASE_SET_DEVICE_PERMISSIONS`. */
  readonly id: number;
  /** Domain ids by protocol id. */
  readonly resources: ReadonlyMap<number, readonly number[]>;
  /** Ids of the agents that may not use it at start, and never give rights to it. */
  readonly deniedAgents: readonly number[];
}

/** What `powerCost` counts. */
export type BoardPowerUnit = "abstract" | "milliwatt" | "microwatt";

/** The performance protocol of a board. */
export interface BoardPerformance {
  readonly powerUnit: BoardPowerUnit;
  /** `undefined` = no statistics region. */
  readonly statistics: BoardMemory | undefined;
  /** By domain id. */
  readonly domains: readonly BoardPerformanceDomain[];
}

/** A performance domain. */
export interface BoardPerformanceDomain {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** Ascending. */
  readonly levels: readonly BoardLevel[];
  /** Where the specification version has it, levels go by their index. */
  readonly isIndexed: boolean;
  readonly sustainedFreqKhz: number;
  /** A level's value. */
  readonly sustainedLevel: number;
  /** Reported, 0 = none. */
  readonly rateLimitUs: number;
  /** Value at start. */
  readonly level: number;
  /** Id of the agent that may set the level; there is one at most. */
  readonly setLevelAgent: number | undefined;
  /** Ids of the agents that may set the limits. */
  readonly setLimitsAgents: readonly number[];
  readonly notifyLevel: boolean;
  readonly notifyLimits: boolean;
  /** From the acceptance of a level until it is in force; 0 = at once. */
  readonly transitionUs: number;
  readonly fastChannels: BoardFastChannels;
}

/** One level. */
export interface BoardLevel {
  readonly level: number;
  /** In the power unit; 0 = not stated. */
  readonly power: number;
  /** Worst case to get there. */
  readonly latencyUs: number;
  readonly frequencyKhz: number;
  readonly index: number;
}

/** The FastChannels of a domain, by what they replace. */
export interface BoardFastChannels {
  readonly limitsSet: BoardFastChannel | undefined;
  readonly limitsGet: BoardFastChannel | undefined;
  readonly levelSet: BoardFastChannel | undefined;
  readonly levelGet: BoardFastChannel | undefined;
}

/** The clock protocol of a board. */
export interface BoardClocks {
  /** Pending asynchronous rate changes of an agent; 0 = none. */
  readonly asyncDepth: number;
  /** By clock id. */
  readonly clocks: readonly BoardClock[];
}

/** A clock; rates in Hz. */
export interface BoardClock {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** Ascending, or a range; a step of 0 = every rate of it. */
  readonly rates: readonly bigint[] | BoardRateRange;
  /** At start. */
  readonly rate: bigint;
  /** Runs at start. */
  readonly isEnabled: boolean;
  /** Reported, 0 = not stated. */
  readonly enableDelayUs: number;
  /** Clock ids, ascending. */
  readonly parents: readonly number[];
  /** Clock id at start; `undefined` without parents. */
  readonly parent: number | undefined;
  /** Time that an asynchronous change takes; `undefined` = there is none. 0 = done before its response is out, which the
   *  delayed response then overtakes. */
  readonly asyncLatencyUs: number | undefined;
  readonly notifyChanged: boolean;
  readonly notifyRequested: boolean;
  /** Values at start by extended configuration type; empty = no extended configuration. */
  readonly extendedConfig: ReadonlyMap<number, number>;
  /** What agents may not change, by agent id; without an entry everything is allowed. */
  readonly permissions: ReadonlyMap<number, BoardClockPermissions>;
}

/** Lowest, lowest + step … highest. */
export interface BoardRateRange {
  readonly lowest: bigint;
  readonly highest: bigint;
  readonly step: bigint;
}

/** What an agent may change of a clock. */
export interface BoardClockPermissions {
  /** Enable and disable. */
  readonly state: boolean;
  readonly parent: boolean;
  /** The rate, and extended configurations. */
  readonly rate: boolean;
}

/** The reset domain protocol of a board. */
export interface BoardResets {
  /** By domain id. */
  readonly domains: readonly BoardResetDomain[];
}

/** A reset domain. */
export interface BoardResetDomain {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** Longest time that a reset takes, reported; `undefined` = not known. */
  readonly latencyUs: number | undefined;
  /** Time that an asynchronous reset takes; `undefined` = there is none. 0 = done before its response is out, which the delayed
   *  response then overtakes. */
  readonly asyncLatencyUs: number | undefined;
  readonly notify: boolean;
  /** Agents may assert and deassert the signal, too. */
  readonly hasExplicit: boolean;
  /** The signal at start. */
  readonly isAsserted: boolean;
  /** Reset ids of the implementation's own, ascending; the cold reset is there always. */
  readonly vendorStates: readonly number[];
  /** Ids of the agents that see it and may not reset it. */
  readonly deniedAgents: readonly number[];
}

/** The voltage domain protocol of a board. */
export interface BoardVoltages {
  /** By domain id. */
  readonly domains: readonly BoardVoltageDomain[];
}

/** A voltage domain; levels in µV, signed. */
export interface BoardVoltageDomain {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** Ascending, or a range. */
  readonly levelsUv: readonly number[] | BoardVoltageRange;
  /** At start. */
  readonly levelUv: number;
  /** Operating modes, ascending: 0 = off, 7 = on, 8 to 15 the implementation's own. */
  readonly modes: readonly number[];
  /** At start. */
  readonly mode: number;
  /** Time that an asynchronous change takes; `undefined` = there is none. 0 = done before its response is out. */
  readonly asyncLatencyUs: number | undefined;
  /** What agents may not change, by agent id; without an entry everything is allowed. */
  readonly permissions: ReadonlyMap<number, BoardVoltagePermissions>;
}

/** Lowest, lowest + step … highest; a step of 0 where there is only one. */
export interface BoardVoltageRange {
  readonly lowest: number;
  readonly highest: number;
  readonly step: number;
}

/** What an agent may change of a voltage domain. */
export interface BoardVoltagePermissions {
  readonly level: boolean;
  readonly mode: boolean;
}
