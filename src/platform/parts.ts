import type { Board } from "../board/board.ts";
import { BaseDiscoverSubVendor, baseProtocol } from "../protocols/base.ts";
import { type Release, versionIn } from "../protocols/releases.ts";
import type { Protocol } from "../wire/protocol.ts";
import { clockPart } from "./clock-part.ts";
import type { Part } from "./part.ts";
import { performancePart } from "./performance-part.ts";

/** All protocols that a platform can have beside Base, ascending by id. */
export const PARTS: readonly Part[] = [performancePart, clockPart];

/** What a protocol adds; `undefined` for Base, and for what no platform has. */
export function partOf(protocolId: number): Part | undefined {
  return PARTS.find(({ protocol }) => protocol.id === protocolId);
}

/** The parts that a board and a release have in common, ascending by id. */
export function partsOf(board: Board, release: Release): readonly Part[] {
  return PARTS.filter((part) => part.isIn(board) && versionIn(release, part.protocol.id) !== undefined);
}

/** Whether a platform of this board has a command of the table. */
export function hasCommand(board: Board, { id }: Protocol, messageId: number): boolean {
  if (id === baseProtocol.id) return messageId !== BaseDiscoverSubVendor.id || board.subVendor !== undefined;
  return partOf(id)?.hasCommand(board, messageId) ?? false;
}

/** FastChannels that an agent can have open at once. */
export function fastChannelCount(board: Board, release: Release): number {
  return partsOf(board, release).reduce((sum, part) => sum + (part.fastChannelCount?.(board) ?? 0), 0);
}
