import type { Board } from "../board/board.ts";
import type { BoardPin } from "../board/board-pinctrl.ts";
import { PinctrlListAssociations, PinctrlNameGet, pinctrlProtocol } from "../protocols/pinctrl.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { PinctrlServer } from "./pinctrl.ts";

/** Pin control as part of a platform. Permissions are given for pins; groups are denied with any of theirs. */
export const pinctrlPart: Part<PinctrlServer> = {
  protocol: pinctrlProtocol,
  isIn: ({ pinctrl }) => pinctrl !== undefined,
  resourceCount: (board) => pinsOf(board).length,
  maySet: () => true,
  hasCommand(board, messageId) {
    const { groups = [], functions = [] } = board.pinctrl ?? {};
    switch (messageId) {
      case PinctrlListAssociations.id:
        return groups.length + functions.length > 0;
      case PinctrlNameGet.id:
        return [...pinsOf(board), ...groups, ...functions].some(({ name }) => isLong(name));
      default:
        return true;
    }
  },
  describe: (board) => ({ domains: pinsOf(board).map(() => ({})) }),
  open: (machine) => new PinctrlServer(machine, machine.section("pinctrl")),
};

function pinsOf(board: Board): readonly BoardPin[] {
  return board.pinctrl?.pins ?? [];
}
