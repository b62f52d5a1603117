import type { Interrupt, ShmemArea } from "../devicetree/index.ts";
import type { StaticMemory } from "../tee/index.ts";
import type { Mailbox, SharedArea } from "../transport/mailbox.ts";
import type { CompletionInterrupt, Conduit } from "../transport/smc.ts";

/** What the nodes of a description refer to by address or number, as this machine has it. */
export interface Wiring {
  /** Shared memory, `arm,scmi-shmem`. */
  area?(area: ShmemArea): SharedArea;
  /** The same for OP-TEE, as the TEE sees it. */
  staticMemory?(area: ShmemArea): StaticMemory;
  /** The interrupt that a node names. */
  interrupt?(interrupt: Interrupt): CompletionInterrupt;
  /** Where memory that the platform of an instance names by a physical address lies in the core: for FastChannels and statistics.
   *  @param path of the instance's node
   *  @param address as the platform describes it
   *  @returns an offset from the core's base; `undefined` when these bytes are not to be had */
  resolve?(path: string, address: bigint, byteLength: number): number | undefined;
}

/** A mailbox controller, as a machine has it. */
export interface MailboxSupply {
  readonly controller: Mailbox;
  /** The channel that the cells of a specifier mean.
   *  @param cells as in `mboxes`, without the phandle */
  channelOf(cells: readonly number[]): number;
}

/** A way into secure firmware, as a machine has it. */
export interface ConduitSupply {
  readonly conduit: Conduit;
  /** The firmware answers after its calls have returned, and announces nothing. Default: the answer is there when the call returns. */
  readonly isPolled?: boolean;
}
