/** Where what has no address of its own lies, as agents see it. */
const WINDOW_BASE = 0x8000_0000n;

interface Window {
  /** 0 = every agent sees it. */
  readonly agentId: number;
  readonly address: bigint;
  readonly byteLength: number;
  readonly offset: number;
}

/** Physical addresses of what agents reach without messages, and the offsets in the core behind them. */
export class MemoryMap {
  readonly #windows: Window[] = [];

  /** Shows bytes of the core to an agent.
   *  @param agentId 0 = all agents
   *  @param address `undefined` = one that nothing else has
   *  @returns the address */
  show(agentId: number, offset: number, byteLength: number, address = WINDOW_BASE + BigInt(offset)): bigint {
    this.#windows.push({ agentId, address, byteLength, offset });
    return address;
  }

  /** Offset in the core of what an agent finds at an address; `undefined` when nothing is there. */
  resolve(agentId: number, address: bigint, byteLength: number): number | undefined {
    for (const window of this.#windows) {
      if (window.agentId !== 0 && window.agentId !== agentId) continue;
      const into = address - window.address;
      if (into >= 0n && into + BigInt(byteLength) <= BigInt(window.byteLength)) return window.offset + Number(into);
    }
    return undefined;
  }
}
