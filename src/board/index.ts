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
  BoardFastChannels,
  BoardLevel,
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
export type { BoardDoorbell, BoardFastChannel, BoardMemory } from "./board-memory.ts";
export type { BoardPin, BoardPinctrl, BoardPinFunction, BoardPinGroup } from "./board-pinctrl.ts";
export type { BoardPower, BoardPowerDomain, BoardSystemPower } from "./board-power.ts";
export type {
  BoardPowercap,
  BoardPowercapDomain,
  BoardPowercapFastChannels,
  BoardPowercapRange,
} from "./board-powercap.ts";
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
export { boardFromTree, type DerivedBoard } from "./derived/derive.ts";
export { parseBoard } from "./parse.ts";
export { BOARD_SCHEMA, type Schema } from "./schema.ts";
export type {
  BoardSource,
  ClockSource,
  DeviceSource,
  DomainSource,
  ResetDomainSource,
  VoltageDomainSource,
} from "./source.ts";
export type { FastChannelSource, Word64 } from "./source-memory.ts";
export type { PinctrlSource, PinFunctionSource, PinGroupSource, PinSource } from "./source-pinctrl.ts";
export type { PowerDomainSource, PowerSource, SystemPowerSource } from "./source-power.ts";
export type { PowercapDomainSource, PowercapRangeSource, PowercapSource } from "./source-powercap.ts";
export type { QuantitySource, SensorSource, SensorsSource, SignalSource } from "./source-sensor.ts";
