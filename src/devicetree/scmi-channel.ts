import { regionsOf } from "./addresses.ts";
import { type Interrupt, interruptsOf } from "./interrupts.ts";
import { referencesOf } from "./references.ts";
import { type DeviceTree, type Node, offText } from "./tree.ts";

/** How an instance reaches its platform. */
export type ScmiTransport = "mailbox" | "smc" | "optee" | "virtio";

/** Shared memory of a channel, `arm,scmi-shmem`. */
export interface ShmemArea {
  readonly node: Node;
  /** As the processor sees it. */
  readonly address: bigint;
  readonly sizeBytes: number;
  /** `reg-io-width = <4>`: accesses of 32 bits only. */
  readonly isWordAccess: boolean;
}

/** What a mailbox of a channel is for. */
export type MailboxRole = "tx" | "txReply" | "rx" | "rxReply";

/** One entry of `mboxes`. */
export interface ScmiMailbox {
  readonly role: MailboxRole;
  readonly controller: Node;
  /** As the controller has them. */
  readonly cells: readonly number[];
}

/** A channel of an instance or of one protocol. */
export type ScmiChannel = MailboxScmiChannel | SmcScmiChannel | OpteeScmiChannel | VirtioScmiChannel;

interface AnyChannel {
  /** Shared memory: agent to platform, then platform to agent where there is one; empty where it is allocated, or none. */
  readonly areas: readonly ShmemArea[];
}

/** `arm,scmi` */
export interface MailboxScmiChannel extends AnyChannel {
  readonly kind: "mailbox";
  readonly mailboxes: readonly ScmiMailbox[];
  /** `arm,no-completion-irq`: the agent polls. */
  readonly isPolled: boolean;
}

/** `arm,scmi-smc`, `arm,scmi-smc-param` and `qcom,scmi-smc` */
export interface SmcScmiChannel extends AnyChannel {
  readonly kind: "smc";
  readonly variant: "plain" | "param" | "capability";
  /** For register 0. */
  readonly functionId: number;
  /** Named `a2p`: completion; `undefined` = on return of the call. */
  readonly interrupt: Interrupt | undefined;
}

/** `linaro,scmi-optee` */
export interface OpteeScmiChannel extends AnyChannel {
  readonly kind: "optee";
  readonly channelId: number;
}

/** `arm,scmi-virtio` */
export interface VirtioScmiChannel extends AnyChannel {
  readonly kind: "virtio";
}

/** Whose channels these are. */
export interface ChannelOwner {
  readonly node: Node;
  readonly compatible: string;
  readonly transport: ScmiTransport;
}

/** The SMT area without any payload but a status and one word. */
const LEAST_AREA_BYTES = 36;
const CAPABILITY_BYTES = 8;

/** Mailboxes and areas that go together, and what each mailbox is for. DEN0056 has none of this: it is the binding's. */
const COMBINATIONS: Readonly<Record<string, readonly MailboxRole[]>> = {
  "1 1": ["tx"],
  "2 2": ["tx", "rx"],
  "2 1": ["tx", "txReply"],
  "3 2": ["tx", "txReply", "rx"],
  "4 2": ["tx", "txReply", "rx", "rxReply"],
};

/** Whether a protocol node brings a channel of its own. */
export function hasOwnChannel({ transport }: ChannelOwner, node: Node): boolean {
  if (transport === "mailbox") return node.has("mboxes");
  if (transport === "smc") return node.has("shmem");
  return transport === "optee" && node.has("linaro,optee-channel-id");
}

/** The channel that a node describes: the instance's own, or one of its protocols.
 *  @throws BoardError for what the binding does not allow */
export function channelOf(tree: DeviceTree, owner: ChannelOwner, node: Node): ScmiChannel {
  switch (owner.transport) {
    case "mailbox":
      return mailboxChannel(tree, owner, node);
    case "smc":
      return smcChannel(tree, owner, node);
    case "optee":
      return opteeChannel(tree, node);
    case "virtio":
      return { kind: "virtio", areas: [] };
  }
}

function mailboxChannel(tree: DeviceTree, owner: ChannelOwner, node: Node): MailboxScmiChannel {
  required(node, "mboxes", "a mailbox for arm,scmi");
  const mailboxes = referencesOf(tree, node, "mboxes", "#mbox-cells");
  for (const { index, provider } of mailboxes) {
    if (provider.isEnabled) continue;
    throw node.wrong(`mboxes[${index}]`, "a mailbox controller that is switched on", offText(provider));
  }
  const areas = areasOf(tree, node, 2);
  const roles = COMBINATIONS[`${mailboxes.length} ${areas.length}`];
  if (!roles) {
    const got = `${mailboxes.length} and ${areas.length}`;
    throw node.wrong("mboxes", "1 mailbox with 1 shmem, 2 with 1 or 2, 3 with 2, or 4 with 2", got);
  }
  if (node !== owner.node && mailboxes.length > 3) {
    throw node.wrong("mboxes", "at most 3 for one protocol", `${mailboxes.length}`);
  }
  return {
    kind: "mailbox",
    mailboxes: mailboxes.map(({ provider, args }, i) => ({
      role: roles[i] as MailboxRole,
      controller: provider,
      cells: args,
    })),
    areas,
    isPolled: owner.node.has("arm,no-completion-irq"),
  };
}

function smcChannel(tree: DeviceTree, owner: ChannelOwner, node: Node): SmcScmiChannel {
  const functionId = owner.node.cell("arm,smc-id");
  if (functionId === undefined) throw owner.node.wrong("arm,smc-id", "the function id of the call", "none");
  const areas = areasOf(tree, node, 1);
  const variant =
    owner.compatible === "qcom,scmi-smc" ? "capability" : owner.compatible === "arm,scmi-smc-param" ? "param" : "plain";
  const [area] = areas;
  if (variant === "capability" && area && area.sizeBytes < LEAST_AREA_BYTES + CAPABILITY_BYTES) {
    const least = LEAST_AREA_BYTES + CAPABILITY_BYTES;
    throw area.node.wrong("reg", `at least ${least} bytes, the capability id included`, `${area.sizeBytes}`);
  }
  const interrupt = interruptsOf(tree, node).find(({ name }) => name === "a2p");
  return { kind: "smc", variant, functionId, areas, interrupt };
}

function opteeChannel(tree: DeviceTree, node: Node): OpteeScmiChannel {
  const channelId = node.cell("linaro,optee-channel-id");
  if (channelId === undefined) throw node.wrong("linaro,optee-channel-id", "the id of a channel", "none");
  return { kind: "optee", channelId, areas: node.has("shmem") ? areasOf(tree, node, 1) : [] };
}

function areasOf(tree: DeviceTree, node: Node, most: number): readonly ShmemArea[] {
  required(node, "shmem", "shared memory");
  const references = referencesOf(tree, node, "shmem", undefined);
  if (references.length === 0 || references.length > most) {
    throw node.wrong("shmem", most === 1 ? "one area" : `1 or ${most} areas`, `${references.length}`);
  }
  return references.map(({ provider }) => areaOf(node, provider));
}

function areaOf(user: Node, node: Node): ShmemArea {
  if (!node.isCompatible("arm,scmi-shmem")) {
    throw user.wrong("shmem", `"arm,scmi-shmem" at ${node.path}`, node.strings("compatible")?.join(", ") ?? "none");
  }
  const regions = regionsOf(node);
  const [region] = regions;
  if (!region || regions.length !== 1) throw node.wrong("reg", "one area", `${regions.length}`);
  if (region.size < LEAST_AREA_BYTES || region.size > 0x7fffffffn) {
    throw node.wrong("reg", `an area of ${LEAST_AREA_BYTES} bytes or more`, `${region.size}`);
  }
  return {
    node,
    address: region.address,
    sizeBytes: Number(region.size),
    isWordAccess: node.cell("reg-io-width") === 4,
  };
}

function required(node: Node, property: string, what: string): void {
  if (!node.has(property)) throw node.wrong(property, what, "none");
}
