import type { Probe } from "../../bus/index.ts";
import type { MailboxScmiChannel, ScmiInstance } from "../../devicetree/index.ts";
import { type MailboxBinding, mailbox } from "../../transport/mailbox.ts";
import type { Transport } from "../../transport/transport.ts";
import type { MachineParts } from "../parts.ts";
import { areaLimitsOf, areaOf, ownChannels, resolveOf } from "./bindings.ts";
import { transportModule } from "./transport.ts";

/** The mailbox transport as a module, `arm,scmi`. Its suppliers are the controllers that `mboxes` names. */
export const mailboxModule = /* @__PURE__ */ transportModule({ kind: "mailbox", transportOf });

function transportOf(parts: MachineParts, instance: ScmiInstance, _: string, probe: Probe): Transport {
  const channel = expectMailbox(instance.channel);
  const bindingOf = ({ mailboxes, areas }: MailboxScmiChannel): MailboxBinding => ({
    mboxes: mailboxes.map(({ controller, cells }) => {
      const supply = probe.require(parts.mailboxes, controller.path);
      return { controller: supply.controller, channel: supply.channelOf(cells) };
    }),
    shmem: areas.map((area) => areaOf(parts, instance, area)),
  });
  const protocols = ownChannels(instance).map(([id, own]) => [id, bindingOf(expectMailbox(own))] as const);
  return mailbox({
    ...bindingOf(channel),
    ...areaLimitsOf(instance),
    ...resolveOf(parts, instance),
    protocols: new Map(protocols),
    hasCompletionInterrupt: !channel.isPolled,
  });
}

function expectMailbox(channel: ScmiInstance["channel"]): MailboxScmiChannel {
  if (channel.kind === "mailbox") return channel;
  throw new TypeError(`"channel" expected one by mailbox, got ${channel.kind}`);
}
