import type { Probe } from "../../bus/index.ts";
import { type ScmiInstance, type SmcScmiChannel, supplierKeyOf } from "../../devicetree/index.ts";
import { type SmcBinding, smc } from "../../transport/smc.ts";
import type { Transport } from "../../transport/transport.ts";
import type { MachineParts } from "../parts.ts";
import { areaLimitsOf, areaOf, ownChannels, resolveOf, unwired } from "./bindings.ts";
import { transportModule } from "./transport.ts";

/** The one conduit of a machine, unless a description says otherwise. */
export const CONDUIT = "firmware";

/** The SMC/HVC transport as a module, `arm,scmi-smc` and its kin. Its supplier is the conduit that the node's key names, else the one
 *  called {@link CONDUIT}. */
export const smcModule = /* @__PURE__ */ transportModule({ kind: "smc", transportOf });

function transportOf(parts: MachineParts, instance: ScmiInstance, _: string, probe: Probe): Transport {
  const { functionId, variant } = expectSmc(instance.channel);
  const { conduit, isPolled = false } = probe.require(parts.conduits, supplierKeyOf(instance) ?? CONDUIT);
  const bindingOf = ({ areas: [area], interrupt }: SmcScmiChannel): SmcBinding => {
    if (!area) throw instance.node.wrong("shmem", "one area", "none");
    const shmem = areaOf(parts, instance, area);
    if (!interrupt) return { shmem };
    const line = parts.wiring.interrupt?.(interrupt);
    if (!line) throw unwired(instance, "interrupts", interrupt.controller.path);
    return { shmem, interrupt: line };
  };
  const protocols = ownChannels(instance).map(([id, own]) => [id, bindingOf(expectSmc(own))] as const);
  return smc({
    ...bindingOf(expectSmc(instance.channel)),
    ...areaLimitsOf(instance),
    ...resolveOf(parts, instance),
    ...{ conduit, functionId, variant, isPolled },
    protocols: new Map(protocols),
  });
}

function expectSmc(channel: ScmiInstance["channel"]): SmcScmiChannel {
  if (channel.kind === "smc") return channel;
  throw new TypeError(`"channel" expected one by SMC, got ${channel.kind}`);
}
