/** The entry point `scmi-wasm/platform`: a simulated SCMI platform, from a board of `scmi-wasm/board`.
 *  @module */

export type { Clock } from "../core/clock.ts";
export { describePlatform } from "../core/describe.ts";
export type { ResetState } from "../protocols/reset.ts";
export type { AgentState } from "./agents.ts";
export type { FailedCommand } from "./base.ts";
export type { ClockControls } from "./clock-controls.ts";
export type { Call } from "./handlers.ts";
export type { MessagePlace, MessagePort, MessageSink } from "./message-port.ts";
export type { PlatformEventName, PlatformEvents } from "./observers.ts";
export type { PerformanceControls } from "./performance-controls.ts";
export type { PinctrlControls } from "./pinctrl-controls.ts";
export { type CapacityOptions, type ConnectOptions, Platform, type PlatformOptions } from "./platform.ts";
export type { PlatformPort } from "./port.ts";
export type { PowerControls } from "./power-controls.ts";
export type { PowercapControls } from "./powercap-controls.ts";
export type { ResetControls } from "./reset-controls.ts";
export type { SensorControls } from "./sensor-controls.ts";
export type { Signal } from "./signals.ts";
export type { SystemPowerControls } from "./system-power-controls.ts";
export type { VendorHost, VendorProtocol, VendorService } from "./vendor.ts";
export type { VoltageControls } from "./voltage-controls.ts";
