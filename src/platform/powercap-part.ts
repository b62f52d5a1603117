import type { Board } from "../board/board.ts";
import type { BoardPowercapDomain } from "../board/board-powercap.ts";
import {
  PowercapCapNotify,
  PowercapCapSet,
  PowercapDescribeFastchannel,
  PowercapDomainNameGet,
  PowercapMeasurementsGet,
  PowercapMeasurementsNotify,
  PowercapPaiSet,
  powercapProtocol,
} from "../protocols/powercap.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { PowercapServer } from "./powercap.ts";
import { isSettable } from "./powercap-domains.ts";
import { powercapCellBytes } from "./powercap-fast-channels.ts";

/** Cap and interval, SET and GET. */
const FAST_CHANNELS_OF_DOMAIN = 4;

/** Power capping and monitoring as part of a platform. */
export const powercapPart: Part<PowercapServer> = {
  protocol: powercapProtocol,
  isIn: ({ powercap }) => powercap !== undefined,
  resourceCount: (board) => domainsOf(board).length,
  maySet: (board, agentId, domain) => domainsOf(board)[domain]?.controlAgents.includes(agentId) ?? false,
  hasCommand(board, messageId) {
    const domains = domainsOf(board);
    switch (messageId) {
      case PowercapCapSet.id:
        return domains.some(({ caps }) => isSettable(caps));
      case PowercapPaiSet.id:
        return domains.some(({ paisUs }) => isSettable(paisUs));
      case PowercapDomainNameGet.id:
        return domains.some(({ name }) => isLong(name));
      case PowercapMeasurementsGet.id:
        return domains.some(({ isMonitored }) => isMonitored);
      case PowercapCapNotify.id:
        return domains.some(({ notifyCap }) => notifyCap);
      case PowercapMeasurementsNotify.id:
        return domains.some(({ notifyMeasurements }) => notifyMeasurements);
      case PowercapDescribeFastchannel.id:
        return domains.some(({ fastChannels }) => Object.values(fastChannels).some((it) => it !== undefined));
      default:
        return true;
    }
  },
  describe: (board) => ({
    // The power at start is the server's to work out
    powercaps: domainsOf(board).map(({ cap, paiUs, isMonitored }) => ({ cap, paiUs, isMonitored })),
  }),
  regionBytes: (board) => domainsOf(board).reduce((sum, domain) => sum + powercapCellBytes(domain), 0),
  fastChannelCount: (board) => FAST_CHANNELS_OF_DOMAIN * domainsOf(board).length,
  open: (machine, map) => new PowercapServer(machine, machine.section("powercap"), map),
};

function domainsOf(board: Board): readonly BoardPowercapDomain[] {
  return board.powercap?.domains ?? [];
}
