import { MessageError, STATUS, statusName } from "../errors.ts";
import {
  type CommandAt,
  GENERIC_STATUSES,
  type Layout,
  type MessageSet,
  type NotificationAt,
  STATUS_BYTES,
  versionText,
} from "../wire/index.ts";
import type { MessageKind } from "./event.ts";
import { type KnownVersion, otherVersions } from "./versions.ts";

/** Bytes at the end of a payload that a trace may lack. */
const MOST_CUT = 128;

/** What the bytes of a payload say. */
export interface DecodedPayload {
  readonly fields: unknown;
  /** The version whose layout fits. */
  readonly version: number;
}

/** The layout of a message; `undefined` when the version lacks it. */
export function layoutOf(set: MessageSet, role: MessageKind, messageId: number): Layout<unknown> | undefined {
  if (role === "notification") return set.notificationById(messageId)?.payload;
  const command = set.commandById(messageId);
  return role === "command" ? command?.request : command?.[role];
}

/** Reads a payload by the layout of its version. Where the version is only assumed, the layouts of others are tried before the bytes
 *  are called wrong.
 *  @param findings what breaks the specification is added here
 *  @returns `undefined` when no layout fits */
export function decodePayload(
  known: KnownVersion,
  role: MessageKind,
  messageId: number,
  bytes: Uint8Array,
  findings: string[],
  mayBeCut = false,
): DecodedPayload | undefined {
  const layout = layoutOf(known.set, role, messageId);
  if (layout === undefined) return decodeByOthers(known, role, messageId, bytes, findings);
  const view = viewOf(bytes);
  try {
    const fields = layout.decode(view, 0, bytes.byteLength);
    const reserved = layout.findReserved(view, 0, bytes.byteLength);
    if (reserved !== undefined) findings.push(`reserved bits are set in ${reserved}`);
    return { fields, version: known.version };
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    const isCut = mayBeCut && isBeginning(layout, bytes);
    return decodeByOthers(known, role, messageId, bytes, findings, { text: breachText(error), isCut });
  }
}

function decodeByOthers(
  known: KnownVersion,
  role: MessageKind,
  messageId: number,
  bytes: Uint8Array,
  findings: string[],
  breach?: { readonly text: string; readonly isCut: boolean },
): DecodedPayload | undefined {
  const table = known.set.protocol;
  const own = versionText(known.version);
  const isAssumed = known.from === "profile";
  // A message that the version lacks is still read by the version that brought it.
  if (isAssumed || breach === undefined || breach.isCut) {
    for (const version of otherVersions(table, known.set.version)) {
      const layout = layoutOf(table.at(version), role, messageId);
      if (!layout) continue;
      const fields = triedLayout(layout, bytes);
      if (fields === undefined) continue;
      const read = `read as of ${versionText(version)}`;
      if (breach === undefined) findings.push(`version ${own} of the protocol has no such message; ${read}`);
      else if (isAssumed) {
        findings.push(
          `the payload has the layout of version ${versionText(version)}, not of ${own}, which was assumed`,
        );
      } else
        findings.push(`the payload ends early for version ${own}, ${read}: the trace shows what the driver asked for`);
      return { fields, version };
    }
  }
  if (breach === undefined) findings.push(`version ${own} of the protocol has no such message`);
  else findings.push(breach.isCut ? `${breach.text}; or the driver asked for no more` : breach.text);
  return undefined;
}

/** Whether bytes would fit if more of them came. */
function isBeginning(layout: Layout<unknown>, bytes: Uint8Array): boolean {
  for (let more = 4; more <= MOST_CUT; more += 4) {
    const longer = new Uint8Array(bytes.byteLength + more);
    longer.set(bytes);
    if (triedLayout(layout, longer) !== undefined) return true;
  }
  return false;
}

/** Whether a payload has the layout of a message, in the version at hand or, while that is only assumed, in another. */
export function fits(known: KnownVersion, role: MessageKind, messageId: number, bytes: Uint8Array): boolean {
  if (role === "response" || role === "delayedResponse") {
    if (bytes.byteLength < STATUS_BYTES) return false;
    const status = viewOf(bytes).getInt32(0, true);
    // What failed is its status alone; anything of that size is not such a number by chance.
    if (status < 0 && bytes.byteLength === STATUS_BYTES) return statusName(status) !== "VENDOR" || status >= -255;
    if (status !== STATUS.SUCCESS) return false;
  }
  const table = known.set.protocol;
  const versions =
    known.from === "trace" ? [known.set.version] : [known.set.version, ...otherVersions(table, known.set.version)];
  return versions.some((version) => {
    const layout = layoutOf(table.at(version), role, messageId);
    return layout !== undefined && triedLayout(layout, bytes) !== undefined;
  });
}

function triedLayout(layout: Layout<unknown>, bytes: Uint8Array): unknown {
  try {
    return layout.decode(viewOf(bytes), 0, bytes.byteLength);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/** What is wrong with a payload, without the message's name, which stands beside it. */
function breachText({ field, offset, expected, got }: MessageError): string {
  return `${field} at byte ${offset}: expected ${expected}, got ${got}`;
}

/** Whether a status is one that a command may answer with; adds what is wrong with it to the findings. */
export function judgeStatus(
  status: number,
  at: CommandAt | undefined,
  byteLength: number | undefined,
  findings: string[],
): void {
  const name = statusName(status);
  if (status > 0) findings.push(`status ${status} is positive, which no specification defines`);
  else if (name === "RESERVED") findings.push(`status ${status} is reserved`);
  else if (status !== STATUS.SUCCESS && at && name !== "VENDOR") {
    // Who lacks an optional command may say so either way.
    const isAllowed =
      GENERIC_STATUSES.includes(name) ||
      at.command.statuses.includes(name) ||
      (name === "NOT_FOUND" && !at.isMandatory);
    if (!isAllowed) findings.push(`status ${name} is not among those of ${at.command.name}`);
  }
  if (status !== STATUS.SUCCESS && byteLength !== undefined && byteLength > STATUS_BYTES) {
    findings.push(`${byteLength - STATUS_BYTES} bytes follow a status other than SUCCESS, and are ignored`);
  }
}

/** The spec name of a message of a version; `undefined` when the version lacks it. */
export function nameOf(set: MessageSet, role: MessageKind, messageId: number): string | undefined {
  if (role === "notification")
    return (set.notificationById(messageId) as NotificationAt | undefined)?.notification.name;
  const command = set.commandById(messageId)?.command;
  return role === "delayedResponse" ? (command?.delayedResponse?.name ?? command?.name) : command?.name;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
