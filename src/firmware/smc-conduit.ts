import { ChannelError } from "../errors.ts";
import type { SmtArea } from "./shared-memory.ts";
import type { SmtServer } from "./smt-server.ts";

/** `SMCCC_RET_NOT_SUPPORTED`: nobody serves this function. */
export const SMC_NOT_SUPPORTED = -1;
const SMC_SUCCESS = 0;
const PAGE_SHIFT = 12n;
const PAGE_MASK = 0xfffn;

/** Serves a function: takes x1 and what follows, returns x0. */
export type SmcFunction = (registers: readonly bigint[]) => number;

/** The way into secure firmware: SMC, or HVC where a hypervisor stands in between. */
export class SmcConduit {
  readonly kind: "smc" | "hvc";
  readonly #functions = new Map<number, SmcFunction>();
  #calls = 0;

  constructor(kind: "smc" | "hvc" = "smc") {
    this.kind = kind;
  }

  /** Serves a function id; the result takes it back.
   *  @throws RangeError for an id of more than 32 bits
   *  @throws ChannelError "busy" when it is served already */
  serve(functionId: number, run: SmcFunction): () => void {
    if (functionId >>> 0 !== functionId) {
      throw new RangeError(`"functionId" expected integer 0 to 0xffffffff, got ${functionId}`);
    }
    if (this.#functions.has(functionId)) throw new ChannelError(`${this.kind} 0x${functionId.toString(16)}`, "busy");
    this.#functions.set(functionId, run);
    return () => {
      this.#functions.delete(functionId);
    };
  }

  /** Calls a function; x0 of the return, -1 when nobody serves it.
   *  @param registers x1 and what follows */
  call(functionId: number, registers: readonly bigint[]): number {
    this.#calls++;
    return this.#functions.get(functionId)?.(registers) ?? SMC_NOT_SUPPORTED;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }
}

/** A line from the platform to one handler: the `a2p` interrupt. */
export class InterruptLine {
  #handler: (() => void) | undefined;

  /** Takes the line; the result frees it.
   *  @throws ChannelError "busy" while somebody else has it */
  request(handler: () => void): () => void {
    if (this.#handler) throw new ChannelError("interrupt", "busy");
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  /** Interrupts; nothing happens while nobody has the line. */
  raise(): void {
    this.#handler?.();
  }

  /** Whether somebody has the line: a leak check. */
  get isRequested(): boolean {
    return this.#handler !== undefined;
  }
}

/** How a call tells which area it is about. */
export type SmcVariant = "plain" | "param" | "capability";

/** An area that commands come in through SMC or HVC. */
export interface SmcArea {
  readonly area: SmtArea;
  /** Physical, for `param`. */
  readonly address?: bigint;
  /** For `capability`: stored in the last 8 bytes of the area, where the agent finds it. */
  readonly capability?: bigint;
  /** Raised when a command that asked for it was answered. */
  readonly interrupt?: InterruptLine;
}

const CAPABILITY_BYTES = 8;

/** Lets a server listen to a function id; the result ends that.
 *  @throws TypeError when an area lacks what the variant tells areas apart by
 *  @throws ChannelError "busy" when the function is served already */
export function serveSmc(
  server: SmtServer,
  conduit: SmcConduit,
  functionId: number,
  variant: SmcVariant,
  areas: readonly SmcArea[],
): () => void {
  const doorbells = new Map<bigint, () => void>();
  for (const it of areas) {
    const key = keyOf(variant, it);
    const isCapability = variant === "capability";
    const area = isCapability ? shortened(it.area) : it.area;
    const doorbell = server.addA2p(area, () => it.interrupt?.raise());
    if (key !== undefined) doorbells.set(key, doorbell);
    if (isCapability && key !== undefined) {
      it.area.memory.data.setBigUint64(it.area.at + area.byteLength, key, true);
    }
  }
  if (variant === "plain") {
    return conduit.serve(functionId, () => {
      server.ringAll();
      return SMC_SUCCESS;
    });
  }
  // An agent calls with the same registers again and again, and arithmetic on them would be garbage
  const doorbellFor = (first = 0n, second = 0n) =>
    doorbells.get(variant === "param" ? (first << PAGE_SHIFT) | (second & PAGE_MASK) : first);
  let first: bigint | undefined;
  let second: bigint | undefined;
  let last = doorbellFor();
  return conduit.serve(functionId, (registers) => {
    if (registers[0] !== first || registers[1] !== second) {
      first = registers[0];
      second = registers[1];
      last = doorbellFor(first, second);
    }
    const doorbell = last; // from inside of it, another one may be rung
    doorbell?.();
    return doorbell ? SMC_SUCCESS : SMC_NOT_SUPPORTED;
  });
}

function keyOf(variant: SmcVariant, { address, capability }: SmcArea): bigint | undefined {
  if (variant === "plain") return undefined;
  const key = variant === "param" ? address : capability;
  if (key === undefined) {
    const name = variant === "param" ? "address" : "capability";
    throw new TypeError(`"areas" expected an ${name} in each, for the ${variant} variant`);
  }
  return key;
}

/** Without the last bytes, which hold the capability id. */
function shortened({ memory, at, byteLength }: SmtArea): SmtArea {
  return { memory, at, byteLength: byteLength - CAPABILITY_BYTES };
}
