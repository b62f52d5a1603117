import type { Board, BoardVoltageDomain } from "../board/board.ts";
import { VoltageDomainNameGet, voltageProtocol } from "../protocols/voltage.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { VoltageServer } from "./voltage.ts";

/** Voltage domain management as part of a platform. */
export const voltagePart: Part<VoltageServer> = {
  protocol: voltageProtocol,
  isIn: ({ voltage }) => voltage !== undefined,
  resourceCount: (board) => domainsOf(board).length,
  maySet: (board, agentId, domain) => domainsOf(board)[domain]?.permissions.get(agentId)?.level ?? true,
  hasCommand: (board, messageId) =>
    messageId !== VoltageDomainNameGet.id || domainsOf(board).some(({ name }) => isLong(name)),
  describe: (board) => ({
    voltages: domainsOf(board).map(({ levelsUv, levelUv, mode, asyncLatencyUs }) => ({
      ...{ levelsUv, levelUv, config: mode, hasAsync: asyncLatencyUs !== undefined },
    })),
  }),
  open: (machine) => new VoltageServer(machine, machine.section("voltage")),
};

function domainsOf(board: Board): readonly BoardVoltageDomain[] {
  return board.voltage?.domains ?? [];
}
