/** The entry point `scmi-wasm/transport/mailbox`: shared memory with doorbells by mailbox channels.
 *  @module */

import { Scope } from "./scope.ts";
import { type AreaLimits, type FullLimits, limitsOf, openAreaRow, p2aChannel, type SharedArea } from "./shared-area.ts";
import type { Channel, Link, Transport, TransportHost } from "./transport.ts";

export type { AreaLimits, AreaMapping, SharedArea } from "./shared-area.ts";

/** A mailbox controller: `MailboxController` of `scmi-wasm/firmware` is one. */
export interface Mailbox {
  /** Takes the near end of a channel.
   *  @throws ChannelError "busy" while somebody else has it
   *  @throws RangeError for a channel that it does not have */
  request(index: number, client: MailboxListener): MailboxLine;
}

/** Who listens at a mailbox channel. */
export interface MailboxListener {
  /** The platform rang. */
  received(word: number): void;
}

/** The near end of a mailbox channel. */
export interface MailboxLine {
  /** Rings the platform.
   *  @throws ChannelError when the controller cannot take that */
  send(): void;
  /** Gives the channel back. */
  free(): void;
}

/** One entry of `mboxes`. */
export interface MailboxSpecifier {
  readonly controller: Mailbox;
  /** Index of the channel there. */
  readonly channel: number;
}

/** Mailboxes and memory of the default channels, or of those of one protocol. The numbers of both say what is what:
 *
 *  | mboxes | shmem | meaning |
 *  |---|---|---|
 *  | 1 | 1 | A2P over one bidirectional channel |
 *  | 2 | 2 | A2P and P2A, both bidirectional |
 *  | 2 | 1 | A2P over two unidirectional channels: commands, answers |
 *  | 3 | 2 | the same, and P2A over a third |
 *  | 4 | 2 | the same, and a fourth on which the agent says that it took a P2A message out |
 */
export interface MailboxBinding {
  readonly mboxes: readonly MailboxSpecifier[];
  /** For A2P, and for P2A where there is that. */
  readonly shmem: readonly SharedArea[];
}

/** How the transport is made: plain data, as a device tree has it. */
export interface MailboxOptions extends MailboxBinding, AreaLimits {
  /** Channels of single protocols, by protocol id; all others use the default ones. At most three mailboxes each. */
  readonly protocols?: ReadonlyMap<number, MailboxBinding>;
  /** The platform rings when it has answered; default true. Device tree: not `arm,no-completion-irq`. */
  readonly hasCompletionInterrupt?: boolean;
  /** Where memory that the platform names by a physical address lies in the core: for FastChannels and statistics. */
  readonly resolve?: Link["resolve"];
}

interface Roles {
  readonly tx: MailboxSpecifier;
  readonly txReply: MailboxSpecifier | undefined;
  readonly rx: MailboxSpecifier | undefined;
  readonly rxReply: MailboxSpecifier | undefined;
}

interface Opened {
  readonly a2p: Channel;
  readonly p2a: Channel | undefined;
}

const PROTOCOL_MBOXES = 3;

/** The mailbox transport (`arm,scmi`): messages lie in shared memory, and mailbox channels ring. DEN0056, mailbox transport.
 *  @throws RangeError for numbers of mailboxes and areas that do not go together, for an area that has two uses, or for a limit that is
 *  none. When opened: for an area under 36 bytes
 *  @throws ChannelError "busy", when opened, while somebody else has a mailbox channel or an area */
export function mailbox(options: MailboxOptions): Transport {
  const limits = limitsOf(options);
  const base = rolesOf(options, "mboxes");
  const protocols = new Map<number, Roles>();
  for (const [protocolId, binding] of options.protocols ?? []) {
    const name = `protocols[0x${protocolId.toString(16)}].mboxes`;
    if (binding.mboxes.length > PROTOCOL_MBOXES) {
      throw new RangeError(`"${name}" expected at most ${PROTOCOL_MBOXES}, got ${binding.mboxes.length}`);
    }
    protocols.set(protocolId, rolesOf(binding, name));
  }
  expectDistinct([options, ...(options.protocols?.values() ?? [])].flatMap(({ shmem }) => shmem));
  return {
    kind: "mailbox",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const scope = new Scope();
      try {
        return openLink(host, scope, options, limits, base, protocols);
      } catch (reason) {
        await scope.undo();
        throw reason;
      }
    },
  };
}

function openLink(
  host: TransportHost,
  scope: Scope,
  options: MailboxOptions,
  limits: FullLimits,
  base: Roles,
  protocols: ReadonlyMap<number, Roles>,
): Link {
  const instance = host.openInstance({ maxMessages: limits.maxMessages });
  const hasCompletionInterrupt = options.hasCompletionInterrupt ?? true;
  const open = (roles: Roles, binding: MailboxBinding) =>
    openBinding(host, scope, instance, limits, roles, binding, hasCompletionInterrupt);
  const { a2p, p2a } = open(base, options);
  const a2ps = new Map<number, Channel>();
  const p2as = new Map<number, Channel>();
  for (const [protocolId, binding] of options.protocols ?? []) {
    const roles = protocols.get(protocolId);
    if (!roles) continue;
    const own = open(roles, binding);
    a2ps.set(protocolId, own.a2p);
    if (own.p2a) p2as.set(protocolId, own.p2a);
  }
  return {
    instance,
    a2p,
    protocols: a2ps,
    p2aProtocols: p2as,
    ...(p2a ? { p2a } : {}),
    ...(options.resolve ? { resolve: options.resolve } : {}),
    close: () => scope.close(),
  };
}

function openBinding(
  host: TransportHost,
  scope: Scope,
  instance: number,
  limits: FullLimits,
  { tx, txReply, rx, rxReply }: Roles,
  { shmem }: MailboxBinding,
  hasCompletionInterrupt: boolean,
): Opened {
  const facts = { completesOnPost: false, canPoll: true, hasCompletionInterrupt };
  const [a2pArea, p2aArea] = shmem as [SharedArea, SharedArea | undefined];
  const a2p = openAreaRow(host, scope, instance, a2pArea, limits, facts);
  const answered = () => host.complete(a2p.row);
  // A unidirectional channel that rings backwards says nothing
  const line = request(scope, tx, txReply ? () => {} : answered);
  if (txReply) request(scope, txReply, answered);
  const channel: Channel = { row: a2p.row, traits: a2p.traits, ring: () => line.send() };
  if (!rx || !p2aArea) return { a2p: channel, p2a: undefined };

  const p2a = openAreaRow(host, scope, instance, p2aArea, limits, facts, { p2a: true });
  const rxLine = request(scope, rx, () => host.complete(p2a.row));
  const replyLine = rxReply ? request(scope, rxReply, () => {}) : undefined;
  const back = replyLine ?? (txReply ? undefined : rxLine);
  return { a2p: channel, p2a: p2aChannel(p2a, back && (() => back.send())) };
}

function request(scope: Scope, { controller, channel }: MailboxSpecifier, received: () => void): MailboxLine {
  const line = controller.request(channel, { received });
  scope.ownNow(() => line.free());
  return line;
}

function rolesOf({ mboxes, shmem }: MailboxBinding, name: string): Roles {
  const [first, second, third, fourth] = mboxes;
  const roles = (rest: Omit<Roles, "tx">): Roles => ({ tx: first as MailboxSpecifier, ...rest });
  const none = { txReply: undefined, rx: undefined, rxReply: undefined };
  switch (`${mboxes.length} ${shmem.length}`) {
    case "1 1":
      return roles(none);
    case "2 1":
      return roles({ ...none, txReply: second });
    case "2 2":
      return roles({ ...none, rx: second });
    case "3 2":
      return roles({ ...none, txReply: second, rx: third });
    case "4 2":
      return roles({ txReply: second, rx: third, rxReply: fourth });
    default:
      throw new RangeError(
        `"${name}" expected 1 or 2 with one area, 2 to 4 with two, got ${mboxes.length} with ${shmem.length}`,
      );
  }
}

function expectDistinct(areas: readonly SharedArea[]): void {
  if (new Set(areas).size !== areas.length)
    throw new RangeError('"shmem" expected another area for each channel, got one twice');
}
