// The platform's side of the vendor protocol: what answers the commands of its table.
import { STATUS } from "scmi-wasm";
import {
  FanAttributes,
  FanProtocolAttributes,
  FanSpeedChanged,
  FanSpeedNotify,
  FanSpeedSet,
  FanSpeedsGet,
  fanProtocol,
} from "./fan-protocol.mjs";

const SPIN_UP_MS = 200;

/** @param fans name and maximum of each, by fan id
 *  @returns what `vendorProtocols` of `Platform.open` takes */
export function fanControl(fans, version = fanProtocol.newestVersion) {
  const rpm = fans.map(() => 0);
  return {
    protocol: fanProtocol,
    version,
    serve(host) {
      const turn = (agentId, fanId, wanted) => {
        if (rpm[fanId] === wanted) return;
        rpm[fanId] = wanted;
        host.notify(FanSpeedChanged, fanId, { agentId, fanId, rpm: wanted });
      };
      host
        .on(FanProtocolAttributes, () => ({ fanCount: fans.length }))
        .on(FanAttributes, ({ fanId }) => {
          const fan = fans[fanId];
          return fan ? { attributes: { notify: true }, name: fan.name, maxRpm: fan.maxRpm } : STATUS.NOT_FOUND;
        })
        .on(FanSpeedSet, ({ flags, fanId, rpm: wanted }, call) => {
          const fan = fans[fanId];
          if (!fan) return STATUS.NOT_FOUND; // the resource is judged before the values
          if (call.hasReserved) return STATUS.INVALID_PARAMETERS;
          if (wanted > fan.maxRpm) return STATUS.OUT_OF_RANGE;
          const { id } = call.agent;
          if (!flags.async) turn(id, fanId, wanted);
          else
            host.clock.after(SPIN_UP_MS, () => {
              turn(id, fanId, wanted);
              host.sendDelayed(call, FanSpeedSet, { fanId, rpm: wanted });
            });
          return {};
        })
        .on(FanSpeedNotify, ({ fanId, notifyEnable }, call) => {
          if (!fans[fanId]) return STATUS.NOT_FOUND;
          host.subscribe(call, FanSpeedChanged, fanId, notifyEnable);
          return {};
        })
        .on(FanSpeedsGet, () => ({ count: rpm.length, rpm }));
      return {};
    },
  };
}
