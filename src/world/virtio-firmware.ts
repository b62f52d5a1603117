import { VirtioScmiDevice } from "../firmware/index.ts";
import { type FarEnd, type FarEndStage, openPlatform, sharedProtocols } from "./far-end.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { statedPayload, VIRTIO_QUEUE_SIZE } from "./limits.ts";

const HEADER_BYTES = 4;

/** A virtio SCMI device, and the far end of the instance behind it.
 *  @param key of the device: the path of its node */
export function virtioFirmware(
  stage: FarEndStage,
  plan: InstancePlan,
  key: string,
): { readonly device: VirtioScmiDevice; readonly farEnd: FarEnd } {
  const { platform, traffic } = openPlatform(stage, plan, { isSync: false });
  const device = new VirtioScmiDevice((sink) => traffic.connectMessages(1, sink), {
    ...{ name: key, clock: stage.clock, queueSize: VIRTIO_QUEUE_SIZE },
  });
  const channel = { framing: "msg", sizeBytes: HEADER_BYTES + statedPayload(plan), completion: "interrupt" } as const;
  const protocols = sharedProtocols(plan);
  return {
    device,
    farEnd: {
      ...{ plan, platform, traffic },
      channels: [
        { direction: "a2p", protocols, ...channel },
        { direction: "p2a", protocols, ...channel },
      ],
      close: () => {
        device.remove();
        platform.close();
      },
    },
  };
}
