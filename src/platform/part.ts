import type { Board } from "../board/board.ts";
import type { ProtocolDescription } from "../core/description.ts";
import type { PermittedProtocol } from "./access.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { Server } from "./server.ts";

/** Resources of a protocol, as the core's tables hold them. */
export type ResourceTables = Omit<ProtocolDescription, "id" | "version" | "messages" | "deniedAgents">;

/** What one protocol adds to a platform: facts of a board that hold before there is a platform, and the server. */
export interface Part<S extends Server = Server> extends PermittedProtocol {
  /** Whether a board has the protocol. */
  isIn(board: Board): boolean;
  /** Whether a board has use for a command: optional ones that none of its resources needs are missing, and agents are to see
   *  that (`NOT_FOUND`), for so they find out what there is. */
  hasCommand(board: Board, messageId: number): boolean;
  /** Rows of the core's tables; permissions are written afterwards, with those that change at run time. */
  describe(board: Board, version: number): ResourceTables;
  /** Bytes of the core's region beside descriptions; none unless said. */
  regionBytes?(board: Board): number;
  /** FastChannels that an agent can have open; none unless said. */
  fastChannelCount?(board: Board): number;
  /** The server of a platform whose board has the protocol. */
  open(machine: Machine, map: MemoryMap): S;
}
