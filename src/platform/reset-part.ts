import type { Board, BoardResetDomain } from "../board/board.ts";
import { ResetDomainNameGet, ResetNotify, resetProtocol } from "../protocols/reset.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { ResetServer } from "./reset.ts";

/** Reset domain management as part of a platform. */
export const resetPart: Part<ResetServer> = {
  protocol: resetProtocol,
  isIn: ({ reset }) => reset !== undefined,
  resourceCount: (board) => domainsOf(board).length,
  maySet: (board, agentId, domain) => !domainsOf(board)[domain]?.deniedAgents.includes(agentId),
  hasCommand(board, messageId) {
    const domains = domainsOf(board);
    if (messageId === ResetNotify.id) return domains.some(({ notify }) => notify);
    return messageId !== ResetDomainNameGet.id || domains.some(({ name }) => isLong(name));
  },
  describe: (board) => ({
    domains: domainsOf(board).map(({ isAsserted }) => ({ state: [isAsserted ? 1 : 0] })),
  }),
  open: (machine) => new ResetServer(machine, machine.section("reset")),
};

function domainsOf(board: Board): readonly BoardResetDomain[] {
  return board.reset?.domains ?? [];
}
