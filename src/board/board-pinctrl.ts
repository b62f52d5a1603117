/** The pin control protocol of a board. */
export interface BoardPinctrl {
  /** By pin id. */
  readonly pins: readonly BoardPin[];
  /** By group id. */
  readonly groups: readonly BoardPinGroup[];
  /** By function id. */
  readonly functions: readonly BoardPinFunction[];
}

/** A pin. */
export interface BoardPin {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** The settings that it has, by configuration type, ascending, with their values at start. */
  readonly settings: ReadonlyMap<number, number>;
  /** Ids of the functions that it can have, by itself or as part of a group, ascending. */
  readonly functionIds: readonly number[];
  /** Function id at start; `undefined` = none. */
  readonly functionId: number | undefined;
}

/** Pins that go together. */
export interface BoardPinGroup {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** Pin ids, ascending. */
  readonly pins: readonly number[];
}

/** What groups, or single pins, can be used for. */
export interface BoardPinFunction {
  /** At most 63 ASCII characters. */
  readonly name: string;
  readonly isGpio: boolean;
  /** It is for single pins. */
  readonly isPinOnly: boolean;
  /** Ids of the groups that can have it, or of the pins where it is for these, ascending. */
  readonly members: readonly number[];
}
