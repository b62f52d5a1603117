import { MessageError, StatusError, UnsupportedError } from "../errors.ts";
import { NegotiateProtocolVersion, ProtocolMessageAttributes, ProtocolVersion } from "../wire/generic.ts";
import type { Command } from "../wire/message.ts";
import type { Protocol } from "../wire/protocol.ts";
import { type Report, unnegotiatedText } from "./anomaly.ts";
import { BoundCommand, type CallOptions } from "./bound.ts";
import type { Connection } from "./connection.ts";
import type { VersionInUse } from "./handle.ts";

/** Finds the version to use: the platform's own when we know it, else the newest that we know, by agreement where the platform can be
 *  asked, and without where it cannot or would not: then layouts may not fit, and answers may be longer.
 *  @param newest the newest version that this agent admits to know
 *  @param wanted a version to be agreed on, whatever the platform's own is
 *  @throws UnsupportedError when the platform is older than anything we know, or does not speak `wanted`
 *  @throws StatusError, DeadlineError, ChannelError when it does not say which version it speaks */
export async function agreeOnVersion(
  connection: Connection,
  protocol: Protocol,
  newest: number,
  wanted: number | undefined,
  report: Report,
  options: CallOptions | undefined,
): Promise<VersionInUse> {
  const answered = await reportedVersion(connection, protocol, report, options);
  const reported = answered ?? newest;
  const target = wanted ?? Math.min(reported, newest);
  protocol.at(target); // throws when that is older than the table
  if (target === reported) {
    return { version: reported, reported, negotiation: answered === undefined ? "bestEffort" : "own" };
  }
  if (target > reported)
    throw new UnsupportedError(`${protocol.title} protocol`, versionOf(target), versionOf(reported));
  const isAgreed = await negotiate(connection, protocol, target, newest, options);
  if (isAgreed) return { version: target, reported, negotiation: "negotiated" };
  if (wanted !== undefined) {
    throw new UnsupportedError(`${protocol.title} protocol`, `agreement to ${versionOf(wanted)}`, "none");
  }
  report("unnegotiated", undefined, 1, unnegotiatedText(protocol.title, reported, target));
  return { version: target, reported, negotiation: "bestEffort" };
}

/** What the platform says; `undefined` from one that knows the protocol and not this question: it is taken to speak our version, as Linux
 *  does. */
async function reportedVersion(
  connection: Connection,
  protocol: Protocol,
  report: Report,
  options: CallOptions | undefined,
): Promise<number | undefined> {
  try {
    const { version } = await ask(connection, protocol, ProtocolVersion, {}, options);
    return version;
  } catch (reason) {
    const isDenied = reason instanceof StatusError && (reason.is("DENIED") || reason.is("NOT_SUPPORTED"));
    if (isDenied || !isAnswer(reason)) throw reason;
    report("discovery", undefined, 1, reason);
    return undefined;
  }
}

async function negotiate(
  connection: Connection,
  protocol: Protocol,
  version: number,
  newest: number,
  options: CallOptions | undefined,
): Promise<boolean> {
  const { negotiableSince = Number.POSITIVE_INFINITY } = protocol;
  if (negotiableSince > newest) return false; // the release that we are held to does not know how
  try {
    // As Linux: a platform without the command may stumble over it.
    await ask(connection, protocol, ProtocolMessageAttributes, { messageId: NegotiateProtocolVersion.id }, options);
    await ask(connection, protocol, NegotiateProtocolVersion, { version }, options);
    return true;
  } catch (reason) {
    if (!isAnswer(reason)) throw reason;
    return false;
  }
}

/** Calls a generic command before there is a handle: their layouts are the same in all versions. */
function ask<Request, Response, Delayed>(
  connection: Connection,
  protocol: Protocol,
  command: Command<Request, Response, Delayed>,
  values: Request,
  options: CallOptions | undefined,
): Promise<Response> {
  const messages = protocol.at(protocol.newestVersion);
  const own = protocol.commands.find(({ id }) => id === command.id) ?? command;
  // A protocol may have an entry of its own for a generic command; the id says which one it is.
  const bound = new BoundCommand(protocol.id, messages.command(own as typeof command), true);
  return connection.lineOf(protocol.id).call(bound, values, false, options, undefined);
}

/** The platform said something, if not what was hoped for: as opposed to silence, abort and a broken channel. */
function isAnswer(reason: unknown): boolean {
  return reason instanceof StatusError || reason instanceof MessageError;
}

function versionOf(version: number): string {
  return `version ${version >>> 16}.${version & 0xffff}`;
}
