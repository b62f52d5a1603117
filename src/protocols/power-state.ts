/** Power states of device domains. Cores, clusters and others have states of their platform's own; `encodePowerState` and
 *  `encodeCompositePowerState` build them. DEN0056, power state parameter */
export const POWER_STATE = { ON: 0x00000000, OFF: 0x40000000 } as const;

/** What a level of a composite power state may be, in firmware for Arm's own systems. */
export const POWER_LEVEL = { OFF: 0, ON: 1, SLEEP: 2 } as const;

/** A power state word, taken apart. */
export interface PowerState {
  /** A state within its type: 28 bits. */
  readonly stateId: number;
  /** Bit 30, the state's type: off, or another state that does not keep what the domain knew. */
  readonly isContextLost: boolean;
}

/** A composite power state: a state for each level of the hierarchy, from the core upwards. */
export interface CompositePowerState {
  /** One to four, each 0 to 15: {@link POWER_LEVEL}. Levels above the last are not described. */
  readonly levels: readonly number[];
  /** Firmware that speaks this format leaves the type at 0 even where levels go off. */
  readonly isContextLost: boolean;
}

const CONTEXT_LOST = 0x40000000;
const MAX_STATE_ID = 0x0fffffff;
const BITS_PER_LEVEL = 4;
const MAX_LEVELS = 4;
const HIGHEST_LEVEL_SHIFT = 16;
const COMPOSITE_ID = 0x000fffff;

/** The power state word of a state.
 *  @param state `isContextLost`: not unless said
 *  @throws RangeError for a state id of more than 28 bits */
export function encodePowerState(state: Pick<PowerState, "stateId"> & Partial<PowerState>): number {
  const { stateId, isContextLost = false } = state;
  if (!(stateId >= 0 && stateId <= MAX_STATE_ID && Number.isInteger(stateId))) {
    throw new RangeError(`"stateId" expected integer 0 to ${MAX_STATE_ID}, got ${stateId}`);
  }
  return stateId + (isContextLost ? CONTEXT_LOST : 0);
}

/** Takes a power state word apart; reserved bits are ignored. */
export function decodePowerState(powerState: number): PowerState {
  return { stateId: powerState & MAX_STATE_ID, isContextLost: (powerState & CONTEXT_LOST) !== 0 };
}

/** The power state word of a composite state, as Arm's firmware for cores and clusters has it.
 *  @param state `isContextLost`: not unless said
 *  @throws RangeError unless there are one to four levels of 0 to 15 */
export function encodeCompositePowerState(
  state: Pick<CompositePowerState, "levels"> & Partial<CompositePowerState>,
): number {
  const { levels, isContextLost = false } = state;
  if (levels.length < 1 || levels.length > MAX_LEVELS) {
    throw new RangeError(`"levels" expected 1 to ${MAX_LEVELS} of them, got ${levels.length}`);
  }
  let stateId = (levels.length - 1) << HIGHEST_LEVEL_SHIFT;
  levels.forEach((level, i) => {
    if ((level & 0xf) !== level) throw new RangeError(`"levels[${i}]" expected integer 0 to 15, got ${level}`);
    stateId |= level << (i * BITS_PER_LEVEL);
  });
  return encodePowerState({ stateId, isContextLost });
}

/** Takes a composite power state apart; `undefined` for a word that is none. Levels that it does not describe are as they were. */
export function decodeCompositePowerState(powerState: number): CompositePowerState | undefined {
  const { stateId, isContextLost } = decodePowerState(powerState);
  const highest = stateId >>> HIGHEST_LEVEL_SHIFT;
  if ((stateId & ~COMPOSITE_ID) !== 0 || highest >= MAX_LEVELS) return undefined;
  const levels = Array.from({ length: highest + 1 }, (_, i) => (stateId >>> (i * BITS_PER_LEVEL)) & 0xf);
  return { levels, isContextLost };
}
