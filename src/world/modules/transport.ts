import type { Device, Probe, Registration } from "../../bus/index.ts";
import { type ScmiInstance, type ScmiTransport, supplierKeyOf } from "../../devicetree/index.ts";
import type { Transport } from "../../transport/transport.ts";
import { ASSIGNED, type MachineParts, type MakeModule, type NodeData } from "../parts.ts";

/** One kind of transport, as a module. */
export interface TransportModule {
  readonly kind: ScmiTransport;
  /** Registers drivers for what supplies it, where other subsystems do. */
  readonly suppliers?: (parts: MachineParts, registration: Registration) => void;
  /** Makes the transport of one instance.
   *  @param key of its supplier, where that has to be assigned; else empty
   *  @throws ProbeDeferral, by way of {@link Probe.require} */
  readonly transportOf: (parts: MachineParts, instance: ScmiInstance, key: string, probe: Probe) => Transport;
}

/** A transport as a module of its own: a driver for its nodes, registered once, that hands each node's transport on to the stack. Its
 *  unload unbinds the stack from those nodes first. */
export function transportModule({ kind, suppliers, transportOf }: TransportModule): MakeModule {
  const assigned = ASSIGNED[kind];
  return (parts) => {
    const keyOf = ({ instance }: NodeData) => (assigned ? parts.assignments[assigned].keyFor(claimOf(instance)) : "");
    return {
      name: moduleNameOf(kind),
      init: (registration) => {
        suppliers?.(parts, registration);
        registration.driver(parts.nodes, {
          name: `scmi-${kind}`,
          match: ({ data }) => data.instance.transport === kind,
          check: ({ data }) => void keyOf(data),
          probe: async ({ name, data }: Device<NodeData>, probe) => {
            const transport = transportOf(parts, data.instance, keyOf(data), probe);
            probe.addChild(parts.stacks, { name, data: { ...data, transport } });
          },
        });
      },
    };
  };
}

/** The module of a kind of transport. */
export function moduleNameOf(kind: ScmiTransport): string {
  return `scmi-transport-${kind}`;
}

/** What an instance asks for. */
export function claimOf(instance: ScmiInstance): {
  readonly path: string;
  readonly file: string;
  readonly key: string | undefined;
} {
  const { path, file } = instance.node;
  return { path, file, key: supplierKeyOf(instance) };
}
