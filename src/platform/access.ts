import type { Board } from "../board/board.ts";
import type { PlatformTables } from "../core/platform-tables.ts";
import type { Protocol } from "../wire/protocol.ts";

/** What permissions need to know of a protocol. */
export interface PermittedProtocol {
  readonly protocol: Protocol;
  /** Resources that permissions are given for; 0 = the protocol is one. */
  resourceCount(board: Board): number;
  /** Whether the board lets an agent change a resource by the hot commands. */
  maySet(board: Board, agentId: number, resource: number): boolean;
  /** Whether the board lets an agent limit a resource; no agent unless said. */
  mayLimit?(board: Board, agentId: number, resource: number): boolean;
}

/** Who may do what. Devices are denied as a whole, or one of their protocols; a resource is denied with any device that it
 *  belongs to, and a protocol when none of its resources is left. The answer always stands in the core's tables, for there
 *  the hot commands look. */
export class Access {
  readonly #board: Board;
  readonly #tables: PlatformTables;
  readonly #parts: readonly PermittedProtocol[];
  /** Device ids, or device and protocol ids, by agent id. */
  readonly #denied = new Map<number, Set<string>>();
  /** Whether single resources are allowed, whatever their devices say: by agent id, then by protocol and resource. */
  readonly #single = new Map<number, Map<string, boolean>>();

  /** @param parts the protocols that the platform has */
  constructor(board: Board, tables: PlatformTables, parts: readonly PermittedProtocol[]) {
    this.#board = board;
    this.#tables = tables;
    this.#parts = parts;
    for (let agentId = 1; agentId <= board.agents.length; agentId++) this.restore(agentId);
  }

  /** Gives an agent the permissions of the board. */
  restore(agentId: number): void {
    const devices = this.#board.devices.filter(({ deniedAgents }) => deniedAgents.includes(agentId));
    this.#denied.set(agentId, new Set(devices.map(({ id }) => `${id}`)));
    this.#single.set(agentId, new Map());
    this.#write(agentId);
  }

  /** `BASE_SET_DEVICE_PERMISSIONS` */
  setDevice(agentId: number, deviceId: number, isAllowed: boolean): void {
    this.#set(agentId, `${deviceId}`, isAllowed);
  }

  /** `BASE_SET_PROTOCOL_PERMISSIONS` */
  setProtocol(agentId: number, deviceId: number, protocolId: number, isAllowed: boolean): void {
    this.#set(agentId, `${deviceId}/${protocolId}`, isAllowed);
  }

  /** `PINCTRL_SET_PERMISSIONS`: one resource by itself, whatever its devices say, until the board's permissions are restored.
   *  @param resource may lie beyond those that permissions are given for with devices */
  setResource(agentId: number, protocolId: number, resource: number, isAllowed: boolean): void {
    this.#single.get(agentId)?.set(`${protocolId}/${resource}`, isAllowed);
    this.#write(agentId);
  }

  /** What {@link setResource} said; `undefined` = nothing. */
  resource(agentId: number, protocolId: number, resource: number): boolean | undefined {
    return this.#single.get(agentId)?.get(`${protocolId}/${resource}`);
  }

  #set(agentId: number, what: string, isAllowed: boolean): void {
    const denied = this.#denied.get(agentId);
    if (isAllowed) denied?.delete(what);
    else denied?.add(what);
    this.#write(agentId);
  }

  #write(agentId: number): void {
    for (const part of this.#parts) {
      const { id: protocolId } = part.protocol;
      const count = part.resourceCount(this.#board);
      const unreachable = this.#unreachable(agentId, protocolId);
      let isAnyUsable = false;
      for (let resource = 0; resource < count; resource++) {
        const use = this.resource(agentId, protocolId, resource) ?? !unreachable.has(resource);
        isAnyUsable ||= use;
        const set = use && part.maySet(this.#board, agentId, resource);
        const limits = use && (part.mayLimit?.(this.#board, agentId, resource) ?? false);
        this.#tables.setPermission(agentId, protocolId, resource, { use, set, limits });
      }
      const isDenied = this.#board.agents[agentId - 1]?.deniedProtocols.includes(protocolId) ?? false;
      this.#tables.allowProtocol(agentId, protocolId, !isDenied && (count === 0 || isAnyUsable));
    }
  }

  #unreachable(agentId: number, protocolId: number): ReadonlySet<number> {
    const denied = this.#denied.get(agentId);
    const domains = new Set<number>();
    for (const { id, resources } of this.#board.devices) {
      if (!denied?.has(`${id}`) && !denied?.has(`${id}/${protocolId}`)) continue;
      for (const domain of resources.get(protocolId) ?? []) domains.add(domain);
    }
    return domains;
  }
}
