import type { MailboxPeer } from "./mailbox-controller.ts";
import type { SmtArea } from "./shared-memory.ts";
import type { SmtServer } from "./smt-server.ts";

/** The far ends of the mailbox channels of one binding, by the names of `mbox-names`. */
export interface MailboxEnds {
  readonly tx: MailboxPeer;
  /** Without it, `tx` is bidirectional. */
  readonly txReply?: MailboxPeer;
  readonly rx?: MailboxPeer;
  /** Acknowledge of P2A messages; `rx` itself where that is bidirectional. */
  readonly rxReply?: MailboxPeer;
}

/** Memory of one binding: A2P, then P2A. */
export interface MailboxAreas {
  readonly a2p: SmtArea;
  readonly p2a?: SmtArea;
}

/** Lets a server listen at the far ends of a binding.
 *  @param protocolId for a binding of one protocol
 *  @throws TypeError when there is a P2A area without `rx`, or the other way around */
export function serveMailbox(server: SmtServer, ends: MailboxEnds, areas: MailboxAreas, protocolId?: number): void {
  const { tx, txReply, rx, rxReply } = ends;
  if ((rx === undefined) !== (areas.p2a === undefined)) {
    throw new TypeError('"areas.p2a" and "ends.rx" expected both or neither, got one');
  }
  tx.onMessage = server.addA2p(areas.a2p, () => (txReply ?? tx).raise());
  if (!rx || !areas.p2a) return;
  // A unidirectional pair for commands means that rx is unidirectional, too
  const acknowledge = rxReply ?? (txReply ? undefined : rx);
  const options = { hasAcknowledge: acknowledge !== undefined, ...(protocolId === undefined ? {} : { protocolId }) };
  const freed = server.addP2a(areas.p2a, () => rx.raise(), options);
  if (acknowledge) acknowledge.onMessage = freed;
}
