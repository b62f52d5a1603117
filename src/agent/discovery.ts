import { MessageError, StatusError } from "../errors.ts";
import {
  BaseDiscoverAgent,
  BaseDiscoverImplementationVersion,
  BaseDiscoverListProtocols,
  BaseDiscoverSubVendor,
  BaseDiscoverVendor,
  BaseProtocolAttributes,
  baseProtocol,
  OWN_AGENT_ID,
  PLATFORM_AGENT_ID,
} from "../protocols/base.ts";
import type { Report } from "./anomaly.ts";
import type { CallOptions } from "./bound.ts";
import { type AgentIdentity, isMissing, type PlatformIdentity, type ProtocolHandle } from "./handle.ts";

/** What is not known yet. */
export const UNKNOWN_PLATFORM: PlatformIdentity = {
  vendor: "",
  subVendor: "",
  implementationVersion: 0,
  protocols: [baseProtocol.id],
  agentCount: 0,
  agents: [],
  agentId: undefined,
};

/** Asks Base who is there, in the order of Linux, and who we are: attributes, own agent, vendor, sub-vendor, implementation version,
 *  protocols, agents. Only the attributes are indispensable; what else is refused stays empty.
 *  @throws StatusError, MessageError when there are no attributes
 *  @throws DeadlineError, ChannelError when the platform is silent */
export async function discover(
  base: ProtocolHandle,
  report: Report,
  options: CallOptions | undefined,
): Promise<PlatformIdentity> {
  const tolerant = async <T>(answer: Promise<T>, instead: T): Promise<T> => {
    try {
      return await answer;
    } catch (reason) {
      if (!(reason instanceof StatusError || reason instanceof MessageError)) throw reason;
      // To lack an optional command is nothing odd.
      if (!isMissing(reason)) report("discovery", undefined, 1, reason);
      return instead;
    }
  };
  const { attributes } = await base.call(BaseProtocolAttributes, {}, options);
  const { agentCount, protocolCount } = attributes;
  const knowsAgents = agentCount > 0;
  const knowsSelf = knowsAgents && base.version >= 0x20000;
  const agentId = knowsSelf
    ? await tolerant(
        base.call(BaseDiscoverAgent, { agentId: OWN_AGENT_ID }, options, (it) => it.agentId),
        undefined,
      )
    : undefined;
  const vendor = await tolerant(
    base.call(BaseDiscoverVendor, {}, options, (it) => it.vendorIdentifier),
    "",
  );
  const subVendor = await tolerant(
    base.call(BaseDiscoverSubVendor, {}, options, (it) => it.vendorIdentifier),
    "",
  );
  const implementationVersion = await tolerant(
    base.call(BaseDiscoverImplementationVersion, {}, options, (it) => it.implementationVersion),
    0,
  );
  const protocols = await listProtocols(base, protocolCount, report, options);
  const agents: AgentIdentity[] = [];
  for (let id = PLATFORM_AGENT_ID; knowsAgents && id <= agentCount; id++) {
    const name = await tolerant<string | undefined>(
      base.call(BaseDiscoverAgent, { agentId: id }, options, (it) => it.name),
      undefined,
    );
    if (name !== undefined) agents.push({ id, name });
  }
  return { vendor, subVendor, implementationVersion, protocols, agentCount, agents, agentId };
}

/** The list of protocols, as far as it makes sense: a page that contradicts the count ends it, and what came before stays. */
async function listProtocols(
  base: ProtocolHandle,
  total: number,
  report: Report,
  options: CallOptions | undefined,
): Promise<readonly number[]> {
  const found = new Set([baseProtocol.id]);
  try {
    // Asked even when there are none by count, as Linux does.
    for await (const page of base.multiPart(BaseDiscoverListProtocols, { skip: 0 }, { ...options, total })) {
      for (const id of page.protocols) found.add(id);
    }
  } catch (reason) {
    if (!(reason instanceof StatusError || reason instanceof MessageError)) throw reason;
    report("discovery", undefined, 1, reason);
  }
  return [...found].sort((a, b) => a - b);
}
