// A vendor protocol as a table: the fans of a board, id 0x90 of the vendor "acme". Agent, platform, length checks and decoders
// are all driven by it.
import { array, bit, command, flags, name, notification, protocol, struct, u32 } from "scmi-wasm/wire";

const V1 = 0x10000;
const V1_1 = 0x10001;

export const FanProtocolAttributes = command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ fanCount: u32 }),
});

export const FanAttributes = command("FAN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ fanId: u32 }),
  response: struct({ attributes: flags({ notify: 0 }), name: name(16), maxRpm: u32 }),
  statuses: ["NOT_FOUND"],
  resource: "fanId",
});

/** Sets a speed in revolutions a minute. With `async` the response says that it was accepted, and FAN_SPEED_SET_COMPLETE follows. */
export const FanSpeedSet = command("FAN_SPEED_SET", 0x4, {
  mandatory: true,
  request: struct({ flags: flags({ async: 0 }), fanId: u32, rpm: u32 }),
  delayedResponse: {
    name: "FAN_SPEED_SET_COMPLETE",
    payload: struct({ fanId: u32, rpm: u32 }),
    when: "flags.async",
  },
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "OUT_OF_RANGE"],
  resource: "fanId",
});

export const FanSpeedNotify = command("FAN_SPEED_NOTIFY", 0x5, {
  request: struct({ fanId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND"],
  resource: "fanId",
});

/** All speeds at once; newer than the first version. */
export const FanSpeedsGet = command("FAN_SPEEDS_GET", 0x6, {
  since: V1_1,
  response: struct({ count: u32, rpm: array(u32, { count: "count" }) }),
});

export const FanSpeedChanged = notification("FAN_SPEED_CHANGED", 0x0, {
  payload: struct({ agentId: u32, fanId: u32, rpm: u32 }),
  resource: "fanId",
  enabledBy: "FAN_SPEED_NOTIFY",
});

export const fanProtocol = protocol({
  id: 0x90,
  name: "fan",
  title: "Fan control",
  vendor: { vendor: "acme" }, // 0x90 means something else on a platform of anybody else
  versions: [V1, V1_1],
  commands: [FanProtocolAttributes, FanAttributes, FanSpeedSet, FanSpeedNotify, FanSpeedsGet],
  notifications: [FanSpeedChanged],
});
