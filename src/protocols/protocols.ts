import type { Protocol } from "../wire/index.ts";
import { baseProtocol } from "./base.ts";
import { clockProtocol } from "./clock.ts";
import { performanceProtocol } from "./performance.ts";
import { pinctrlProtocol } from "./pinctrl.ts";
import { powerProtocol } from "./power.ts";
import { powercapProtocol } from "./powercap.ts";
import { resetProtocol } from "./reset.ts";
import { sensorProtocol } from "./sensor.ts";
import { systemPowerProtocol } from "./system-power.ts";
import { voltageProtocol } from "./voltage.ts";

/** All protocols with a table, ascending by id. Whoever imports it imports them all. */
export const PROTOCOLS: readonly Protocol[] = /* @__PURE__ */ Object.freeze([
  baseProtocol,
  powerProtocol,
  systemPowerProtocol,
  performanceProtocol,
  clockProtocol,
  sensorProtocol,
  resetProtocol,
  voltageProtocol,
  powercapProtocol,
  pinctrlProtocol,
]);
