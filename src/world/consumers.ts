import type { ScmiConsumer } from "../devicetree/index.ts";
import { PROTOCOL_ID } from "../protocols/index.ts";
import type { ConsumerReport, ProtocolReport } from "./report.ts";

/** Who refers to what, and whether the agent found it. */
export function consumerReports(
  consumers: readonly ScmiConsumer[],
  protocols: readonly ProtocolReport[],
): readonly ConsumerReport[] {
  const ids = new Map(protocols.map((it) => [it.id, new Set(it.resources.map(({ id }) => id))]));
  const pinNames = new Set(protocols.find(({ id }) => id === PROTOCOL_ID.PINCTRL)?.resources.map(({ name }) => name));
  return consumers.map((it): ConsumerReport => {
    const { device, property, protocol, resource } = it;
    const isResolved = resource === undefined ? hasPins(it, pinNames) : ids.get(protocol.id)?.has(resource);
    return {
      ...{ device: device.path, property, protocol: protocol.id },
      ...{ resource: resource ?? null, resolved: isResolved ?? false },
    };
  });
}

/** A node of pins says groups, pins and functions by name, or is itself the group (NXP). */
function hasPins({ provider }: ScmiConsumer, names: ReadonlySet<string>): boolean {
  const wanted = ["groups", "pins", "function"].flatMap((property) => provider.strings(property) ?? []);
  if (wanted.length > 0) return wanted.every((name) => names.has(name));
  return !provider.has("fsl,pins") || names.has(provider.name);
}
