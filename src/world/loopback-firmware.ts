import type { Transport } from "../transport/transport.ts";
import { direct } from "./direct.ts";
import { type FarEnd, type FarEndStage, openPlatform } from "./far-end.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { statedPayload } from "./limits.ts";

const TIMEOUT_MS = 30;
const HEADER_BYTES = 4;

/** A platform in memory, for a board that no device tree describes, and the way there. */
export function loopbackFirmware(
  stage: FarEndStage,
  plan: InstancePlan,
): { readonly farEnd: FarEnd; readonly transport: Transport } {
  const { platform, traffic } = openPlatform(stage, plan, { isSync: false });
  const maxPayload = statedPayload(plan);
  const sizeBytes = HEADER_BYTES + maxPayload;
  const channel = { protocols: [0x10], framing: "msg", sizeBytes, completion: "interrupt" } as const;
  return {
    transport: direct(traffic, maxPayload, TIMEOUT_MS),
    farEnd: {
      ...{ plan, platform, traffic },
      channels: [
        { direction: "a2p", ...channel },
        { direction: "p2a", ...channel },
      ],
      close: () => platform.close(),
    },
  };
}
