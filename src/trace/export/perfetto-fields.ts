/** Field numbers of Perfetto's trace format, as far as it is written here; from its published `.proto` files (`protos/perfetto/trace/`). The
 *  test next door has them from there once more. */

export const TRACE = { packet: 1 } as const;

export const TRACE_PACKET = {
  timestamp: 8,
  trustedPacketSequenceId: 10,
  trackEvent: 11,
  sequenceFlags: 13,
  trackDescriptor: 60,
} as const;

/** `SEQ_INCREMENTAL_STATE_CLEARED`: the first packet of a sequence has it. */
export const SEQUENCE_START = 1;

export const TRACK_DESCRIPTOR = { uuid: 1, name: 2, parentUuid: 5, counter: 8, childOrdering: 11 } as const;

/** `ChildTracksOrdering.CHRONOLOGICAL`: in the order of their first events. */
export const CHRONOLOGICAL = 2;

export const COUNTER_DESCRIPTOR = { unitName: 6 } as const;

export const TRACK_EVENT = {
  debugAnnotations: 4,
  type: 9,
  trackUuid: 11,
  categories: 22,
  name: 23,
  doubleCounterValue: 44,
  flowIds: 47,
  terminatingFlowIds: 48,
} as const;

export const EVENT_TYPE = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;

export const DEBUG_ANNOTATION = {
  boolValue: 2,
  intValue: 4,
  doubleValue: 5,
  stringValue: 6,
  name: 10,
  dictEntries: 11,
  arrayValues: 12,
} as const;
