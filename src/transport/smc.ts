/** The entry point `scmi-wasm/transport/smc`: shared memory with SMC or HVC calls as doorbells.
 *  @module */

import { ChannelError } from "../errors.ts";
import { Scope } from "./scope.ts";
import {
  type AreaLimits,
  type AreaMapping,
  type FullLimits,
  limitsOf,
  openAreaRow,
  type SharedArea,
} from "./shared-area.ts";
import type { Channel, Link, Transport, TransportHost } from "./transport.ts";

export type { AreaLimits, AreaMapping, SharedArea } from "./shared-area.ts";

/** The way into secure firmware: `SmcConduit` of `scmi-wasm/firmware` is one. */
export interface Conduit {
  /** For errors. */
  readonly kind: "smc" | "hvc";
  /** Calls a function of the firmware and returns x0: 0 = the message was delivered.
   *  @param functionId x0
   *  @param registers x1 and what follows */
  call(functionId: number, registers: readonly bigint[]): number;
}

/** The `a2p` interrupt: `InterruptLine` of `scmi-wasm/firmware` is one. */
export interface CompletionInterrupt {
  /** Takes the line; the result frees it.
   *  @throws ChannelError "busy" while somebody else has it */
  request(handler: () => void): () => void;
}

/** Memory of the default channel, or of that of one protocol. */
export interface SmcBinding {
  readonly shmem: SharedArea;
  /** The platform answers later and raises this; without it the answer is there when the call returns. Device tree: `interrupts` named
   *  `a2p`. */
  readonly interrupt?: CompletionInterrupt;
}

/** How the call says which area it is about:
 *  - `plain` (`arm,scmi-smc`): not at all
 *  - `param` (`arm,scmi-smc-param`): x1 = 4 KiB page number of the area, x2 = offset in that page
 *  - `capability` (`qcom,scmi-smc`): x1 = a capability id, which the firmware left in the last 8 bytes of the area */
export type SmcVariant = "plain" | "param" | "capability";

/** How the transport is made: plain data, as a device tree has it. */
export interface SmcOptions extends SmcBinding, AreaLimits {
  readonly conduit: Conduit;
  /** Device tree: `arm,smc-id`. */
  readonly functionId: number;
  /** Default: plain. */
  readonly variant?: SmcVariant;
  /** Channels of single protocols, by protocol id; all others use the default one. */
  readonly protocols?: ReadonlyMap<number, SmcBinding>;
  /** The platform answers after the call has returned, and announces nothing: the area is looked at. Default false. */
  readonly isPolled?: boolean;
  /** Where memory that the platform names by a physical address lies in the core: for FastChannels and statistics. */
  readonly resolve?: Link["resolve"];
}

const PAGE_SHIFT = 12n;
const PAGE_MASK = 0xfffn;
const CAPABILITY_BYTES = 8;
const NOT_SUPPORTED = -1;

/** The SMC/HVC transport (`arm,scmi-smc`, `arm,scmi-smc-param`, `qcom,scmi-smc`): messages lie in shared memory, and a call into secure
 *  firmware rings. There is no way from platform to agent. DEN0056, SMC transport.
 *  @throws RangeError for a function id of more than 32 bits, an area without the address that `param` needs, or a limit that is none.
 *  When opened: for an area under 36 bytes, or 44 where its end holds a capability id
 *  @throws ChannelError "busy", when opened, while somebody else has the interrupt or an area */
export function smc(options: SmcOptions): Transport {
  const { functionId, variant = "plain" } = options;
  const limits = limitsOf(options);
  if (functionId >>> 0 !== functionId) {
    throw new RangeError(`"functionId" expected integer 0 to 0xffffffff, got ${functionId}`);
  }
  const bindings = [options, ...(options.protocols?.values() ?? [])];
  if (variant === "param" && bindings.some(({ shmem }) => shmem.address === undefined)) {
    throw new RangeError('"shmem" expected an address, for the param variant');
  }
  return {
    kind: options.conduit.kind,
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const scope = new Scope();
      try {
        return openLink(host, scope, options, limits);
      } catch (reason) {
        await scope.undo();
        throw reason;
      }
    },
  };
}

function openLink(host: TransportHost, scope: Scope, options: SmcOptions, limits: FullLimits): Link {
  const instance = host.openInstance({ maxMessages: limits.maxMessages });
  const known = new Map<SharedArea, Channel>();
  const open = (binding: SmcBinding) => {
    // A protocol may name the area of another one: then they share its channel
    const channel = known.get(binding.shmem) ?? openChannel(host, scope, instance, options, limits, binding);
    known.set(binding.shmem, channel);
    return channel;
  };
  const a2p = open(options);
  const protocols = new Map<number, Channel>();
  for (const [protocolId, binding] of options.protocols ?? []) protocols.set(protocolId, open(binding));
  const { resolve } = options;
  return { instance, a2p, protocols, ...(resolve ? { resolve } : {}), close: () => scope.close() };
}

function openChannel(
  host: TransportHost,
  scope: Scope,
  instance: number,
  { conduit, functionId, variant = "plain", isPolled = false }: SmcOptions,
  limits: FullLimits,
  { shmem, interrupt }: SmcBinding,
): Channel {
  const isSync = !interrupt && !isPolled;
  const facts = { completesOnPost: isSync, canPoll: true, hasCompletionInterrupt: interrupt !== undefined || isSync };
  const reservedBytes = variant === "capability" ? CAPABILITY_BYTES : 0;
  const { row, traits, mapping } = openAreaRow(host, scope, instance, shmem, limits, facts, { reservedBytes });
  if (interrupt) scope.ownNow(interrupt.request(() => host.complete(row)));
  const registers = registersFor(variant, shmem, mapping);
  const subject = `${conduit.kind} 0x${functionId.toString(16)}`;
  const ring = () => {
    const result = conduit.call(functionId, registers);
    if (result !== 0) throw new ChannelError(subject, "undelivered", resultText(result));
    if (isSync) host.complete(row);
  };
  return { row, traits, ring };
}

/** x1 and what follows; made once, for they never change. */
function registersFor(variant: SmcVariant, { address = 0n }: SharedArea, mapping: AreaMapping): readonly bigint[] {
  if (variant === "plain") return [];
  if (variant === "param") return [address >> PAGE_SHIFT, address & PAGE_MASK];
  const bytes = mapping.bytes();
  const at = bytes.byteLength - CAPABILITY_BYTES;
  return [new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true)];
}

function resultText(result: number): string {
  return result === NOT_SUPPORTED ? "NOT_SUPPORTED (-1)" : `${result}`;
}
