import type { Board } from "../board/board.ts";
import type { BoardPowerDomain } from "../board/board-power.ts";
import {
  PowerDomainNameGet,
  PowerStateChangeRequestedNotify,
  PowerStateNotify,
  powerProtocol,
} from "../protocols/power.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { PowerServer } from "./power.ts";
import { Statistics } from "./statistics.ts";

/** Power domain management as part of a platform. */
export const powerPart: Part<PowerServer> = {
  protocol: powerProtocol,
  isIn: ({ power }) => power !== undefined,
  resourceCount: (board) => domainsOf(board).length,
  // Who may look and not set is answered by the server: the core would say DENIED
  maySet: () => true,
  hasCommand(board, messageId) {
    const domains = domainsOf(board);
    switch (messageId) {
      case PowerStateNotify.id:
        return domains.some(({ notifyChanged }) => notifyChanged);
      case PowerStateChangeRequestedNotify.id:
        return domains.some(({ notifyRequested }) => notifyRequested);
      case PowerDomainNameGet.id:
        return domains.some(({ name }) => isLong(name));
      default:
        return true;
    }
  },
  describe: (board) => ({
    powerDomains: domainsOf(board).map(({ states, state, hasSync, asyncLatencyUs }) => ({
      ...{ states, state, hasSync },
      hasAsync: asyncLatencyUs !== undefined,
    })),
  }),
  regionBytes: (board) =>
    board.power?.statistics ? Statistics.bytesOf(domainsOf(board).map(({ states }) => states.length)) : 0,
  open: (machine, map) => new PowerServer(machine, machine.section("power"), map),
};

function domainsOf(board: Board): readonly BoardPowerDomain[] {
  return board.power?.domains ?? [];
}
