/** The entry point `scmi-wasm/compliance`: contracts as named checks, free of any test framework.
 *  @module */

export {
  type FallibleOperations,
  FaultInjector,
  failEveryCallOnce,
  InjectedError,
  type MakeFallibleWorld,
} from "./failure.ts";
export { type Received, type ScriptedAnswer, ScriptedPlatform, type ScriptPort, type ScriptSink } from "./script.ts";
export { transportChecks } from "./transport.ts";
export {
  ContractError,
  type MakeWorld,
  type Skipped,
  type Stage,
  type TransportCheck,
  type TransportWorld,
} from "./world.ts";
