import type { OpteeScmiChannel } from "../devicetree/index.ts";
import { ScmiPta, type ScmiPtaChannelOptions, SimulatedOptee } from "../firmware/index.ts";
import { type FarEnd, type FarEndStage, openPlatform, sharedProtocols } from "./far-end.ts";
import type { Hardware } from "./hardware.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { channelsOf, statedPayload } from "./limits.ts";

/** One TEE, and the far ends of the instances behind it. */
export interface OpteeFirmware {
  readonly tee: SimulatedOptee;
  readonly farEnds: readonly FarEnd[];
}

/** An OP-TEE whose SCMI service has the channels of all instances behind it.
 *  @param key of the TEE: the path of its node */
export function opteeFirmware(
  stage: FarEndStage,
  plans: readonly InstancePlan[],
  key: string,
  hardware: Hardware,
): OpteeFirmware {
  const channels: ScmiPtaChannelOptions[] = [];
  const farEnds = plans.map((plan): FarEnd => {
    const { platform, traffic } = openPlatform(stage, plan, { isSync: true });
    const laid = opteeChannelsOf(plan);
    for (const [
      id,
      {
        areas: [area],
      },
    ] of laid) {
      const memory = area ? { memory: hardware.staticMemory(area) } : {};
      channels.push({ id, platform: traffic, agentId: 1, ...memory });
    }
    return {
      ...{ plan, platform, traffic },
      channels: [...laid.values()].map(({ areas: [area], protocols }) => ({
        ...{ direction: "a2p", completion: "sync", framing: area ? "smt" : "msg", protocols },
        sizeBytes: area?.sizeBytes ?? HEADER_BYTES + statedPayload(plan),
      })),
      close: () => platform.close(),
    };
  });
  const tee = new SimulatedOptee({ name: key, apps: [new ScmiPta({ channels })] });
  return { tee, farEnds };
}

const HEADER_BYTES = 4;

interface Laid {
  readonly areas: OpteeScmiChannel["areas"];
  readonly protocols: readonly number[];
}

/** By channel id: protocols may share one. */
function opteeChannelsOf(plan: InstancePlan): ReadonlyMap<number, Laid> {
  const found = new Map<number, Laid>();
  for (const { protocolId, channel } of channelsOf(plan)) {
    if (channel.kind !== "optee") continue;
    const its = protocolId === undefined ? sharedProtocols(plan) : [protocolId];
    const known = found.get(channel.channelId);
    const areas = known?.areas ?? channel.areas;
    found.set(channel.channelId, { areas, protocols: [...(known?.protocols ?? []), ...its] });
  }
  return found;
}
