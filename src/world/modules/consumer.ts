import type { ProtocolClass } from "../../agent/handle.ts";
import type { Probe } from "../../bus/index.ts";
import type { MakeModule, ScmiDeviceData } from "../parts.ts";

/** A driver of one protocol: what clocks, regulators and the like are in an operating system. */
export interface ConsumerOptions<T> {
  /** Of the module, and of its driver. */
  readonly name: string;
  readonly protocol: ProtocolClass<T>;
  /** The protocol comes in a module of its own ({@link vendorProtocol}): the driver waits for that, and keeps it loaded. */
  readonly isVendor?: boolean;
  /** Takes the protocol of one instance into use. What it acquires belongs to the probe. */
  bind(protocol: T, device: ScmiDeviceData, probe: Probe): Promise<void>;
}

/** A consumer of one protocol as a module: it is bound to that protocol of each instance. Its unload unbinds it. */
export function consumerDriver<T>({ name, protocol, isVendor = false, bind }: ConsumerOptions<T>): MakeModule {
  const { id } = protocol.table;
  return (parts) => ({
    name,
    needs: ["scmi-core"],
    init: (registration) =>
      registration.driver(parts.scmi, {
        name,
        match: ({ data }) => data.protocolId === id,
        probe: async ({ data }, probe) => {
          if (isVendor) probe.require(parts.protocols, `${id}`);
          await bind(await data.agent.protocol(protocol, { signal: probe.signal }), data, probe);
        },
      }),
  });
}
