import type { MailboxScmiChannel } from "../devicetree/index.ts";
import { type MailboxEnds, SmtServer, serveMailbox } from "../firmware/index.ts";
import { type ChannelReport, type FarEnd, type FarEndStage, openPlatform, sharedProtocols } from "./far-end.ts";
import type { Hardware } from "./hardware.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { baseChannelOf, channelsOf } from "./limits.ts";

/** Firmware behind mailboxes, for one instance. */
export function mailboxFirmware(stage: FarEndStage, plan: InstancePlan, hardware: Hardware): FarEnd {
  const { isPolled } = baseChannelOf(plan, "mailbox");
  const { platform, traffic } = openPlatform(stage, plan, { isSync: false });
  const server = new SmtServer((sink) => traffic.connectMessages(1, sink), { clock: stage.clock });
  for (const { protocolId, channel } of channelsOf(plan)) {
    if (channel.kind !== "mailbox") continue;
    const [a2p, p2a] = channel.areas.map((area) => hardware.area(area));
    if (a2p) serveMailbox(server, endsOf(channel, hardware), p2a ? { a2p, p2a } : { a2p }, protocolId);
  }
  return {
    ...{ plan, platform, traffic, channels: channelReports(plan, isPolled) },
    close: () => {
      server.close();
      platform.close();
    },
  };
}

function endsOf({ mailboxes }: MailboxScmiChannel, hardware: Hardware): MailboxEnds {
  const peers = mailboxes.map((it) => [it.role, hardware.mailboxAt(it)] as const);
  return Object.fromEntries(peers) as unknown as MailboxEnds; // the roles are the names of the ends
}

function channelReports(plan: InstancePlan, isPolled: boolean): readonly ChannelReport[] {
  return channelsOf(plan).flatMap(({ protocolId, channel }) => {
    const protocols = protocolId === undefined ? sharedProtocols(plan) : [protocolId];
    return channel.areas.map(
      ({ sizeBytes }, i): ChannelReport => ({
        direction: i === 0 ? "a2p" : "p2a",
        ...{ protocols, framing: "smt", sizeBytes },
        completion: isPolled ? "poll" : "interrupt",
      }),
    );
  });
}
