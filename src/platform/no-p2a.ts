import { MessageError, STATUS } from "../errors.ts";
import { ProtocolMessageAttributes } from "../wire/generic.ts";
import type { CommandAt } from "../wire/protocol.ts";
import type { Call } from "./handlers.ts";

/** What an agent hears that has no P2A channel and asks for what would come by it: switching a notification on, and commands whose delayed
 *  response it wants. Commands that only switch notifications do not exist for it. OASIS virtio, SCMI device, without
 *  `VIRTIO_SCMI_F_P2A_CHANNELS`.
 *  @returns the status; `undefined` for everything else */
export function refusalWithoutP2a({ command, request }: CommandAt, call: Call): number | undefined {
  const { messages, view, requestAt, byteLength } = call;
  const isSwitch = (name: string | undefined) =>
    messages.notifications.some((it) => it.notification.enabledBy === name);
  const { delayedResponse } = command;
  const asksForAttributes = command.id === ProtocolMessageAttributes.id;
  if (!asksForAttributes && !delayedResponse && !isSwitch(command.name)) return undefined;
  let values: unknown;
  try {
    values = request.decode(view, requestAt, byteLength);
  } catch (error) {
    if (error instanceof MessageError) return STATUS.PROTOCOL_ERROR;
    throw error;
  }
  if (asksForAttributes) {
    const asked = messages.commandById(Number(valueAt(values, "messageId")));
    return isSwitch(asked?.command.name) ? STATUS.NOT_FOUND : undefined;
  }
  if (!delayedResponse) return valueAt(values, "notifyEnable") ? STATUS.NOT_SUPPORTED : undefined;
  const { when, unless } = delayedResponse;
  const isWanted = Boolean(valueAt(values, when)) && !(unless !== undefined && valueAt(values, unless));
  return isWanted ? STATUS.NOT_SUPPORTED : undefined;
}

/** A field by its path, `flags.async`. */
function valueAt(values: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], values);
}
