import type { Interrupt, ShmemArea } from "../devicetree/index.ts";
import { type SmcArea, SmtServer, serveSmc } from "../firmware/index.ts";
import { type FarEnd, type FarEndStage, openPlatform, sharedProtocols } from "./far-end.ts";
import type { Hardware } from "./hardware.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { baseChannelOf, channelsOf } from "./limits.ts";

/** The id of the first channel of Qualcomm's variant; any will do that both sides have. */
const FIRST_CAPABILITY = 0xcafe_0000_0000_0001n;

interface Laid {
  readonly protocolId: number | undefined;
  readonly area: ShmemArea;
  readonly interrupt: Interrupt | undefined;
}

/** Secure firmware behind SMC or HVC, for one instance.
 *  @throws ChannelError "busy" when another instance has the function id */
export function smcFirmware(stage: FarEndStage, plan: InstancePlan, hardware: Hardware): FarEnd {
  const { functionId, variant, interrupt: baseInterrupt } = baseChannelOf(plan, "smc");
  const laid = channelsOf(plan).flatMap(({ protocolId, channel }): readonly Laid[] => {
    const [area] = channel.areas;
    return channel.kind === "smc" && area ? [{ protocolId, area, interrupt: channel.interrupt }] : [];
  });
  const { platform, traffic } = openPlatform(stage, plan, { isSync: baseInterrupt === undefined });
  const server = new SmtServer((sink) => traffic.connectMessages(1, sink), { clock: stage.clock });
  const areas = laid.map(
    ({ area, interrupt }, i): SmcArea => ({
      ...{ area: hardware.area(area), address: area.address, capability: FIRST_CAPABILITY + BigInt(i) },
      ...(interrupt ? { interrupt: hardware.interrupt(interrupt) } : {}),
    }),
  );
  const close = () => {
    server.close();
    platform.close();
  };
  let unserve: () => void;
  try {
    unserve = serveSmc(server, hardware.conduit, functionId, variant, areas);
  } catch (reason) {
    close();
    throw reason;
  }
  return {
    ...{ plan, platform, traffic },
    channels: laid.map(({ protocolId, area, interrupt }) => ({
      ...{ direction: "a2p", framing: "smt", sizeBytes: area.sizeBytes },
      protocols: protocolId === undefined ? sharedProtocols(plan) : [protocolId],
      completion: interrupt ? "interrupt" : "sync",
    })),
    close: () => {
      unserve();
      close();
    },
  };
}
