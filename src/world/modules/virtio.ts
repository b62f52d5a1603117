import type { Probe } from "../../bus/index.ts";
import type { ScmiInstance } from "../../devicetree/index.ts";
import type { Transport } from "../../transport/transport.ts";
import { virtio } from "../../transport/virtio.ts";
import { VIRTIO_ID_SCMI } from "../../virtio/index.ts";
import type { MachineParts } from "../parts.ts";
import { transportModule } from "./transport.ts";

/** The virtio transport as a module, `arm,scmi-virtio`. Its suppliers are virtio SCMI devices; there may be any number. */
export const virtioModule = /* @__PURE__ */ transportModule({
  kind: "virtio",
  suppliers: (parts, registration) =>
    registration.driver(parts.virtioDevices, {
      name: "scmi-virtio-device",
      match: ({ data }) => data.device.deviceId === VIRTIO_ID_SCMI,
      probe: async ({ data }, probe) => probe.publish(parts.virtios, data.key, data.device),
    }),
  transportOf,
});

function transportOf(parts: MachineParts, instance: ScmiInstance, key: string, probe: Probe): Transport {
  const device = probe.require(parts.virtios, key);
  const { timeoutMs, maxMessages, maxPayload, atomicThresholdUs } = instance.limits;
  return virtio({
    device,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(maxPayload === undefined ? {} : { maxMessageBytes: maxPayload }),
    ...(atomicThresholdUs === undefined ? {} : { atomicThresholdUs }),
  });
}
