import type { Agent, CallOptions } from "../index.ts";
import { statusName } from "../index.ts";
import {
  type Command,
  type CommandAt,
  encodeHeader,
  fieldAt,
  type Layout,
  MESSAGE_TYPE,
  type Protocol,
  statusOf,
} from "../wire/index.ts";
import { UsageError } from "./context.ts";
import { bytesOf, requestOf } from "./request.ts";

/** Which command is sent, and what with. */
export interface Wanted {
  readonly protocolId: number;
  readonly table: Protocol | undefined;
  readonly messageId: number;
  readonly command: Command | undefined;
  readonly words: readonly string[];
  /** The payload in hexadecimal digits, in place of the words. */
  readonly raw: string | undefined;
}

/** What became of it. */
export interface Exchanged {
  /** The version word that the layouts are of; `undefined` where no table was used. */
  readonly version: number | undefined;
  /** The platform speaks an older version, which lacks the command. */
  readonly isNewer: boolean;
  readonly request: unknown;
  readonly requestBytes: Uint8Array;
  readonly status: { readonly code: number; readonly name: string };
  /** Name of the delayed response, when the answer is one. */
  readonly delayed: string | undefined;
  readonly response: unknown;
  readonly responseBytes: Uint8Array;
}

const PROTOCOL_VERSION = 0x0;

/** Sends a command and reads its answer; of an asynchronous one, the delayed response.
 *  @throws UsageError when the words are no request */
export async function exchange(agent: Agent, wanted: Wanted, options: CallOptions): Promise<Exchanged> {
  const { protocolId, messageId, table, command, words, raw } = wanted;
  const reported = table && command ? await versionOf(agent, table, options) : undefined;
  const at = table && command && reported !== undefined ? layoutsAt(table, command, reported) : undefined;
  const name = command?.name ?? `message 0x${messageId.toString(16)}`;
  let request: unknown;
  let requestBytes: Uint8Array;
  if (raw !== undefined || at === undefined) {
    requestBytes = bytesOf("--raw", raw ?? "");
    request = at && tryDecode(at.request, requestBytes);
  } else {
    request = requestOf(name, at.request, words);
    requestBytes = encoded(at.request, request);
  }
  const isAsync = request !== undefined && command !== undefined && isDelayed(command, request);
  const header = encodeHeader({ protocolId, messageId, messageType: MESSAGE_TYPE.COMMAND, token: 0 });
  const { payload } = await agent.raw(header, requestBytes, { ...options, isAsync });
  const code = statusOf(viewOf(payload), 0, payload.byteLength, name);
  const isDelayedAnswer = isAsync && code === 0;
  const layout = isDelayedAnswer ? at?.delayedResponse : at?.response;
  return {
    version: reported,
    isNewer: table !== undefined && command !== undefined && (reported ?? 0) < table.sinceOf(command),
    request,
    requestBytes,
    status: { code, name: statusName(code) },
    delayed: isDelayedAnswer ? command?.delayedResponse?.name : undefined,
    response: code === 0 ? layout?.decode(viewOf(payload), 0, payload.byteLength) : undefined,
    responseBytes: payload,
  };
}

/** The version that the platform speaks; the newest known when it would not say. */
async function versionOf(agent: Agent, table: Protocol, options: CallOptions): Promise<number> {
  const header = encodeHeader({
    ...{ protocolId: table.id, messageId: PROTOCOL_VERSION, messageType: MESSAGE_TYPE.COMMAND, token: 0 },
  });
  const { payload } = await agent.raw(header, new Uint8Array(0), options);
  if (payload.byteLength < 8 || viewOf(payload).getInt32(0, true) !== 0) return table.newestVersion;
  return Math.max(viewOf(payload).getUint32(4, true), table.versions[0]);
}

/** As the platform's version has it; a command that it lacks, as its first version has it: the platform shall say that. */
function layoutsAt(table: Protocol, command: Command, version: number): CommandAt {
  return table.at(Math.max(version, table.sinceOf(command))).command(command);
}

function isDelayed({ delayedResponse }: Command, request: unknown): boolean {
  if (delayedResponse === undefined || fieldAt(request, delayedResponse.when) !== true) return false;
  return delayedResponse.unless === undefined || fieldAt(request, delayedResponse.unless) !== true;
}

/** @throws UsageError for a value that its field cannot hold */
function encoded(layout: Layout<unknown>, request: unknown): Uint8Array {
  try {
    const bytes = new Uint8Array(layout.sizeOf(request));
    layout.encode(viewOf(bytes), 0, request);
    return bytes;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function tryDecode(layout: Layout<unknown>, bytes: Uint8Array): unknown {
  try {
    return layout.decode(viewOf(bytes), 0, bytes.byteLength);
  } catch {
    return undefined; // raw bytes need not be a request
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
