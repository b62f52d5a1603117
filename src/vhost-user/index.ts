/** The entry point `scmi-wasm/vhost-user`: the SCMI device of guests of QEMU and User Mode Linux. Node on Linux only, with the package
 *  koffi.
 *  @module */

export type { VhostUserCounters } from "./back-end.ts";
export { type VhostUserOptions, VhostUserServer } from "./server.ts";
export type { VhostUserOutcome } from "./session.ts";
