import type { Board, BoardClock } from "../board/board.ts";
import {
  ClockGetPermissions,
  ClockNameGet,
  ClockParentGet,
  ClockParentSet,
  ClockPossibleParentsGet,
  ClockRateChangeRequestedNotify,
  ClockRateNotify,
  clockProtocol,
} from "../protocols/clock.ts";
import { ClockServer } from "./clock.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";

/** Clock management as part of a platform. */
export const clockPart: Part<ClockServer> = {
  protocol: clockProtocol,
  isIn: ({ clock }) => clock !== undefined,
  resourceCount: (board) => clocksOf(board).length,
  maySet: (board, agentId, clock) => clocksOf(board)[clock]?.permissions.get(agentId)?.rate ?? true,
  hasCommand(board, messageId) {
    const clocks = clocksOf(board);
    switch (messageId) {
      case ClockNameGet.id:
        return clocks.some(({ name }) => isLong(name));
      case ClockRateNotify.id:
        return clocks.some(({ notifyChanged }) => notifyChanged);
      case ClockRateChangeRequestedNotify.id:
        return clocks.some(({ notifyRequested }) => notifyRequested);
      case ClockPossibleParentsGet.id:
      case ClockParentSet.id:
      case ClockParentGet.id:
        return clocks.some(({ parents }) => parents.length > 0);
      case ClockGetPermissions.id:
        return clocks.some(({ permissions }) => permissions.size > 0);
      default:
        return true;
    }
  },
  describe: (board) => ({
    clocks: clocksOf(board).map(({ rates, rate }) => ({ rates, rate, asyncDepth: board.clock?.asyncDepth ?? 0 })),
  }),
  open: (machine) => new ClockServer(machine, machine.section("clock")),
};

function clocksOf(board: Board): readonly BoardClock[] {
  return board.clock?.clocks ?? [];
}
