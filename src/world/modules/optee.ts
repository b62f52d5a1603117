import type { Probe } from "../../bus/index.ts";
import type { OpteeScmiChannel, ScmiInstance } from "../../devicetree/index.ts";
import { SCMI_PTA_UUID } from "../../tee/index.ts";
import { type OpteeChannelOptions, optee } from "../../transport/optee.ts";
import type { Transport } from "../../transport/transport.ts";
import type { MachineParts } from "../parts.ts";
import { ownChannels, unwired } from "./bindings.ts";
import { transportModule } from "./transport.ts";

/** The OP-TEE transport as a module, `linaro,scmi-optee`. Its suppliers are the SCMI services of TEEs; there may be any number. */
export const opteeModule = /* @__PURE__ */ transportModule({
  kind: "optee",
  suppliers: (parts, registration) =>
    registration.driver(parts.teeServices, {
      name: "scmi-optee-service",
      match: ({ data }) => data.uuid === SCMI_PTA_UUID,
      probe: async ({ data }, probe) => probe.publish(parts.tees, data.key, data.tee),
    }),
  transportOf,
});

function transportOf(parts: MachineParts, instance: ScmiInstance, key: string, probe: Probe): Transport {
  const tee = probe.require(parts.tees, key);
  const { timeoutMs, maxMessages, maxPayload, atomicThresholdUs } = instance.limits;
  const optionsOf = ({ channelId, areas: [area] }: OpteeScmiChannel): OpteeChannelOptions => {
    if (!area) return { channelId };
    const memory = parts.wiring.staticMemory?.(area);
    if (!memory) throw unwired(instance, "shmem", area.node.path);
    return { channelId, memory };
  };
  const protocols = ownChannels(instance).map(([id, own]) => [id, optionsOf(expectOptee(own))] as const);
  return optee({
    ...optionsOf(expectOptee(instance.channel)),
    tees: [tee],
    protocols: new Map(protocols),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(maxPayload === undefined ? {} : { maxPayload }),
    ...(atomicThresholdUs === undefined ? {} : { atomicThresholdUs }),
  });
}

function expectOptee(channel: ScmiInstance["channel"]): OpteeScmiChannel {
  if (channel.kind === "optee") return channel;
  throw new TypeError(`"channel" expected one by OP-TEE, got ${channel.kind}`);
}
