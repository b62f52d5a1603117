import type { Board } from "../board/board.ts";
import type { PlatformTables } from "../core/platform-tables.ts";
import { PROTOCOL_ID } from "../protocols/releases.ts";

/** How many resources a protocol of a board has. */
export function domainCount(board: Board, protocolId: number): number {
  if (protocolId === PROTOCOL_ID.PERFORMANCE) return board.performance?.domains.length ?? 0;
  if (protocolId === PROTOCOL_ID.CLOCK) return board.clock?.clocks.length ?? 0;
  return 0;
}

/** Who may do what. Devices are denied as a whole, or one of their protocols; a resource is denied with any device that it
 *  belongs to, and a protocol when none of its resources is left. The answer always stands in the core's tables, for there
 *  the hot commands look. */
export class Access {
  readonly #board: Board;
  readonly #tables: PlatformTables;
  readonly #protocols: readonly number[];
  /** Device ids, or device and protocol ids, by agent id. */
  readonly #denied = new Map<number, Set<string>>();

  /** @param protocols ids of the protocols that the platform has */
  constructor(board: Board, tables: PlatformTables, protocols: readonly number[]) {
    this.#board = board;
    this.#tables = tables;
    this.#protocols = protocols;
    for (let agentId = 1; agentId <= board.agents.length; agentId++) this.restore(agentId);
  }

  /** Gives an agent the permissions of the board. */
  restore(agentId: number): void {
    const devices = this.#board.devices.filter(({ deniedAgents }) => deniedAgents.includes(agentId));
    this.#denied.set(agentId, new Set(devices.map(({ id }) => `${id}`)));
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

  #set(agentId: number, what: string, isAllowed: boolean): void {
    const denied = this.#denied.get(agentId);
    if (isAllowed) denied?.delete(what);
    else denied?.add(what);
    this.#write(agentId);
  }

  #write(agentId: number): void {
    for (const protocolId of this.#protocols) {
      const count = domainCount(this.#board, protocolId);
      const unreachable = this.#unreachable(agentId, protocolId);
      for (let domain = 0; domain < count; domain++) {
        const use = !unreachable.has(domain);
        const set = use && this.#isSettable(agentId, protocolId, domain);
        this.#tables.setPermission(agentId, protocolId, domain, { use, set });
      }
      const isDenied = this.#board.agents[agentId - 1]?.deniedProtocols.includes(protocolId) ?? false;
      this.#tables.allowProtocol(agentId, protocolId, !isDenied && (count === 0 || unreachable.size < count));
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

  #isSettable(agentId: number, protocolId: number, domain: number): boolean {
    if (protocolId === PROTOCOL_ID.PERFORMANCE) {
      return this.#board.performance?.domains[domain]?.setLevelAgent === agentId;
    }
    return this.#board.clock?.clocks[domain]?.permissions.get(agentId)?.rate ?? true;
  }
}
