import type { ScmiChannel, ScmiInstance, ShmemArea } from "../../devicetree/index.ts";
import type { BoardError } from "../../errors.ts";
import type { AreaLimits, SharedArea } from "../../transport/mailbox.ts";
import type { Link } from "../../transport/transport.ts";
import type { MachineParts } from "../parts.ts";

/** The limits of an instance by shared memory. */
export function areaLimitsOf({ limits }: ScmiInstance): AreaLimits {
  const { timeoutMs, maxMessages, maxPayload: maxMessageBytes, atomicThresholdUs } = limits;
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    ...(atomicThresholdUs === undefined ? {} : { atomicThresholdUs }),
  };
}

/** The shared memory of a channel.
 *  @throws BoardError when the machine has nothing there */
export function areaOf({ wiring }: MachineParts, instance: ScmiInstance, area: ShmemArea): SharedArea {
  const shared = wiring.area?.(area);
  if (!shared) throw unwired(instance, "shmem", area.node.path);
  return shared;
}

/** The channels that protocols have for themselves, by protocol id. */
export function ownChannels({ protocols }: ScmiInstance): readonly (readonly [number, ScmiChannel])[] {
  return protocols.flatMap(({ id, channel }) => (channel ? [[id, channel] as const] : []));
}

/** Where the memory of an instance's platform is to be had. */
export function resolveOf({ wiring }: MachineParts, { node }: ScmiInstance): Pick<Link, "resolve"> {
  const { resolve } = wiring;
  if (!resolve) return {};
  return { resolve: (address, byteLength) => resolve(node.path, address, byteLength) };
}

/** A node refers to something that this machine does not have. */
export function unwired({ node }: ScmiInstance, property: string, path: string): BoardError {
  return node.wrong(property, `something that this machine has at ${path}`, "nothing");
}
