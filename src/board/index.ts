/** The entry point `scmi-wasm/board`: what a simulated platform consists of, as plain data. {@link parseBoard} takes what a YAML
 *  or JSON file says; `scmi-wasm/board.schema.json` is the schema of such files.
 *  @module */

export type {
  Board,
  BoardAgent,
  BoardClock,
  BoardClockPermissions,
  BoardClocks,
  BoardDevice,
  BoardDoorbell,
  BoardFastChannel,
  BoardFastChannels,
  BoardLevel,
  BoardMemory,
  BoardPerformance,
  BoardPerformanceDomain,
  BoardPowerUnit,
  BoardRateRange,
  BoardResetDomain,
  BoardResets,
  BoardVoltageDomain,
  BoardVoltagePermissions,
  BoardVoltageRange,
  BoardVoltages,
} from "./board.ts";
export type { BoardPower, BoardPowerDomain, BoardSystemPower } from "./board-power.ts";
export type {
  BoardInterval,
  BoardIntervalRange,
  BoardQuantity,
  BoardRange,
  BoardResolution,
  BoardSensor,
  BoardSensors,
  BoardSignal,
} from "./board-sensor.ts";
export { parseBoard } from "./parse.ts";
export { BOARD_SCHEMA, type Schema } from "./schema.ts";
export type {
  BoardSource,
  ClockSource,
  DeviceSource,
  DomainSource,
  FastChannelSource,
  ResetDomainSource,
  VoltageDomainSource,
  Word64,
} from "./source.ts";
export type { PowerDomainSource, PowerSource, SystemPowerSource } from "./source-power.ts";
