import type { Board } from "../board/board.ts";
import { BaseDiscoverSubVendor, baseProtocol } from "../protocols/base.ts";
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
import {
  PerformanceDescribeFastchannel,
  PerformanceDomainNameGet,
  PerformanceNotifyLevel,
  PerformanceNotifyLimits,
  performanceProtocol,
} from "../protocols/performance.ts";
import type { Protocol } from "../wire/protocol.ts";
import { isLong } from "./names.ts";

/** Whether a platform of this board has a command: optional ones that none of its resources needs are missing, and agents are
 *  to see that (`NOT_FOUND`), for so they find out what there is. */
export function hasCommand(board: Board, { id }: Protocol, messageId: number): boolean {
  if (id === performanceProtocol.id) return hasPerformanceCommand(board.performance?.domains ?? [], messageId);
  if (id === clockProtocol.id) return hasClockCommand(board.clock?.clocks ?? [], messageId);
  return id !== baseProtocol.id || messageId !== BaseDiscoverSubVendor.id || board.subVendor !== undefined;
}

function hasPerformanceCommand(domains: NonNullable<Board["performance"]>["domains"], messageId: number): boolean {
  switch (messageId) {
    case PerformanceNotifyLimits.id:
      return domains.some(({ notifyLimits }) => notifyLimits);
    case PerformanceNotifyLevel.id:
      return domains.some(({ notifyLevel }) => notifyLevel);
    case PerformanceDomainNameGet.id:
      return domains.some(({ name }) => isLong(name));
    case PerformanceDescribeFastchannel.id:
      return domains.some(({ fastChannels }) => Object.values(fastChannels).some((it) => it !== undefined));
    default:
      return true;
  }
}

function hasClockCommand(clocks: NonNullable<Board["clock"]>["clocks"], messageId: number): boolean {
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
}
