/** The entry point `scmi-wasm/bus`: modules, devices, drivers and suppliers, probed with deferral and torn down in order.
 *  @module */

export { Assignment, type SupplyClaim } from "./assignment.ts";
export { Bus, type Driver, type Match, type Probe } from "./bus.ts";
export { Buses, type UnboundDevice } from "./buses.ts";
export { ProbeDeferral } from "./deferral.ts";
export { Device, type DeviceDescription } from "./device.ts";
export { LEAK_KINDS, type LeakKind, type Leaks, Ledger } from "./ledger.ts";
export type { Module, Registration } from "./module.ts";
export { ModuleError, type ModuleFault } from "./module-error.ts";
export { Scope } from "./scope.ts";
export { Suppliers, type Supply, type SupplyUser, type UsePolicy } from "./suppliers.ts";
