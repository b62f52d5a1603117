import type { BoardPowercapDomain } from "../board/board-powercap.ts";
import {
  PowercapCapGet,
  PowercapCapSet,
  PowercapPaiGet,
  PowercapPaiSet,
  powercapProtocol,
} from "../protocols/powercap.ts";
import type { AgentState } from "./agents.ts";
import { FastChannels } from "./fast-channels.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import { isSettable, type PowercapDomains } from "./powercap-domains.ts";

const CELL_BYTES = 4;
/** Of a domain's state: cap, power, then the interval. */
const PAI_IN_STATE = 8;

/** Bytes of the core's region that the FastChannels of a domain take. */
export function powercapCellBytes({ fastChannels, caps, paisUs, controlAgents }: BoardPowercapDomain): number {
  const cap = fastChannels.capSet && isSettable(caps) ? 1 : 0;
  const pai = fastChannels.paiSet && isSettable(paisUs) ? 1 : 0;
  return FastChannels.bytesOf((cap + pai) * controlAgents.length);
}

/** Opens the FastChannels of all powercap domains.
 *  @param requestCap what a cap in a FastChannel does */
export function powercapFastChannels(
  machine: Machine,
  domains: PowercapDomains,
  map: MemoryMap,
  requestCap: (agent: AgentState, domainId: number, cap: number) => void,
): FastChannels {
  const channels = new FastChannels(machine, map);
  domains.domains.forEach(({ fastChannels, caps, paisUs, controlAgents }, domainId) => {
    const { capGet, capSet, paiGet, paiSet } = fastChannels;
    const offset = machine.tables.stateOffset(powercapProtocol.id, domainId);
    const cell = { domainId, byteLength: CELL_BYTES } as const;
    if (capGet) channels.show({ ...cell, messageId: PowercapCapGet.id, offset, spec: capGet });
    if (paiGet) channels.show({ ...cell, messageId: PowercapPaiGet.id, offset: offset + PAI_IN_STATE, spec: paiGet });
    for (const agent of machine.agents) {
      if (!controlAgents.includes(agent.id)) continue;
      if (capSet && isSettable(caps)) {
        const request = (cap: number) => requestCap(agent, domainId, cap);
        channels.open({ ...cell, agent, messageId: PowercapCapSet.id, spec: capSet, request });
      }
      if (paiSet && isSettable(paisUs)) {
        const request = (paiUs: number) => void domains.requestPai(agent, domainId, paiUs);
        channels.open({ ...cell, agent, messageId: PowercapPaiSet.id, spec: paiSet, request });
      }
    }
  });
  return channels;
}
