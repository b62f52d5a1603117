import * as layout from "../../assembly/layout.ts";
import type { PermissionDescription, PlatformDescription, ProtocolDescription } from "./description.ts";
import { DescriptionWriter } from "./description-writer.ts";
import { DOMAIN_WRITERS, expectInteger, HOT_MESSAGES, KINDS, permissionBits } from "./domains.ts";

const MESSAGE_PROTOCOL_VERSION = 0x0;

/** Ids of the messages that the core answers for a protocol with these domains, `PROTOCOL_VERSION` aside. */
export function hotMessages(protocol: Omit<ProtocolDescription, "id" | "version">): readonly number[] {
  return KINDS.flatMap((kind) => ((protocol[kind]?.length ?? 0) > 0 ? HOT_MESSAGES[kind].map(({ id }) => id) : []));
}

/** Lays a description out as the core reads it; docs/memory-map.md, Description.
 *  @throws RangeError for ids and counts out of range */
export function encodeDescription(platform: PlatformDescription): Uint8Array<ArrayBuffer> {
  const { agents, protocols } = platform;
  expectInteger("agents", agents, 1, 255);
  expectInteger("protocols", protocols.length, 0, layout.DESCRIPTION_MAX_PROTOCOLS);
  const out = new DescriptionWriter();
  const state = new DescriptionWriter();
  out.reserve(layout.DESCRIPTION_PROTOCOL_TABLE + protocols.length * layout.PROTOCOL_BYTES);
  const masks = state.reserve(agents * 4);
  protocols.forEach((protocol, index) => {
    expectInteger("protocol id", protocol.id, 0, 255);
    if (out.u8(layout.DESCRIPTION_MAP + protocol.id) !== 0) {
      throw new RangeError(`"protocols" expected ids that differ, got ${protocol.id} twice`);
    }
    out.setU8(layout.DESCRIPTION_MAP + protocol.id, index + 1);
    const at = layout.DESCRIPTION_PROTOCOL_TABLE + index * layout.PROTOCOL_BYTES;
    expectAgents("deniedAgents", protocol.deniedAgents, agents);
    writeProtocol(out, state, at, protocol, agents);
    for (let agent = 1; agent <= agents; agent++) {
      const mask = masks + (agent - 1) * 4;
      if (!protocol.deniedAgents?.includes(agent)) state.setU32(mask, state.u32(mask) | (1 << index));
    }
  });
  const image = state.bytes();
  const imageAt = out.append(image);
  out.setU32(layout.DESCRIPTION_STATE_BYTES, image.byteLength);
  out.setU32(layout.DESCRIPTION_INITIAL_STATE, imageAt);
  out.setU32(layout.DESCRIPTION_AGENTS, agents);
  out.setU32(layout.DESCRIPTION_PROTOCOLS, protocols.length);
  out.setU32(layout.DESCRIPTION_PROTOCOL_MASKS, masks);
  const bytes = out.bytes();
  new DataView(bytes.buffer).setUint32(layout.DESCRIPTION_TOTAL_BYTES, bytes.byteLength, true);
  return bytes;
}

function writeProtocol(
  out: DescriptionWriter,
  state: DescriptionWriter,
  at: number,
  protocol: ProtocolDescription,
  agents: number,
): void {
  const { messages = [] } = protocol;
  const present = KINDS.filter((kind) => (protocol[kind]?.length ?? 0) > 0);
  if (present.length > 1) {
    throw new RangeError(`protocol ${protocol.id} expected domains of one kind, got ${present.join(" and ")}`);
  }
  const domains = present.flatMap<PermissionDescription>((kind) => protocol[kind] ?? []);
  const stateAt = state.reserve(domains.length * layout.DOMAIN_STATE_BYTES);
  const permissionsAt = state.reserve(domains.length * agents);
  domains.forEach((domain, index) => {
    expectAgents("deniedAgents", domain.deniedAgents, agents);
    expectAgents("readOnlyAgents", domain.readOnlyAgents, agents);
    for (let agent = 1; agent <= agents; agent++) {
      state.setU8(permissionsAt + (agent - 1) * domains.length + index, permissionBits(domain, agent));
    }
  });
  const domainsAt = out.reserve(domains.length * layout.DOMAIN_BYTES);
  for (const kind of present) DOMAIN_WRITERS[kind]({ out, state, domainsAt, stateAt }, protocol);

  const hot = [
    { id: MESSAGE_PROTOCOL_VERSION, handler: layout.HANDLER_PROTOCOL_VERSION, requestBytes: 0 },
    ...present.flatMap((kind) => HOT_MESSAGES[kind]),
  ];
  for (const { id, requestBytes = 0 } of messages) {
    expectInteger("message id", id, 0, 255);
    expectInteger("requestBytes", requestBytes, 0, layout.MESSAGE_ANY_BYTES - 1);
  }
  const messageCount = 1 + Math.max(...hot.map(({ id }) => id), ...messages.map(({ id }) => id));
  const messagesAt = out.reserve(messageCount * layout.MESSAGE_BYTES);
  for (const { id, handler, requestBytes } of hot) {
    const entry = messagesAt + id * layout.MESSAGE_BYTES;
    out.setU16(entry + layout.MESSAGE_HANDLER, handler);
    out.setU16(entry + layout.MESSAGE_REQUEST_BYTES, requestBytes);
    out.setU16(entry + layout.MESSAGE_HOT_HANDLER, handler);
  }
  for (const { id, requestBytes = layout.MESSAGE_ANY_BYTES, reply } of messages) {
    const entry = messagesAt + id * layout.MESSAGE_BYTES;
    out.setU16(entry + layout.MESSAGE_HANDLER, reply ? layout.HANDLER_CONSTANT : layout.HANDLER_HOST);
    out.setU16(entry + layout.MESSAGE_REQUEST_BYTES, requestBytes);
    out.setU16(entry + layout.MESSAGE_HOT_HANDLER, layout.HANDLER_NONE);
    if (reply) {
      out.setU32(entry + layout.MESSAGE_REPLY, out.append(reply));
      out.setU32(entry + layout.MESSAGE_REPLY_BYTES, reply.byteLength);
    }
  }
  out.setU32(at + layout.PROTOCOL_ID, protocol.id);
  out.setU32(at + layout.PROTOCOL_VERSION_WORD, protocol.version);
  out.setU32(at + layout.PROTOCOL_DOMAINS, domains.length);
  out.setU32(at + layout.PROTOCOL_DOMAIN_TABLE, domainsAt);
  out.setU32(at + layout.PROTOCOL_MESSAGES, messagesAt);
  out.setU32(at + layout.PROTOCOL_MESSAGE_COUNT, messageCount);
  out.setU32(at + layout.PROTOCOL_STATE, stateAt);
  out.setU32(at + layout.PROTOCOL_PERMISSIONS, permissionsAt);
}

function expectAgents(name: string, ids: readonly number[] = [], agents: number): void {
  for (const id of ids) expectInteger(name, id, 1, agents);
}
