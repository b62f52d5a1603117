import type { TeeMemory } from "./memory.ts";
import type { TeeParam } from "./param.ts";

/** What a TEE says about itself. Linux, `tee_ioctl_version_data`. */
export interface TeeVersion {
  /** Who made it: {@link TEE_IMPLEMENTATION}. */
  readonly implementation: number;
  /** Bits whose meaning depends on the implementation. */
  readonly implementationCapabilities: number;
  /** Bits that all implementations share. */
  readonly capabilities: number;
}

/** Implementations by their numbers in Linux, `TEE_IMPL_ID_*`. */
export const TEE_IMPLEMENTATION = { OPTEE: 1, AMD_TEE: 2, TS_TEE: 3 } as const;

/** A trusted execution environment, as its driver presents it; clients use it through a `TeeContext`. */
export interface Tee {
  /** For error texts, `tee0`. */
  readonly name: string;
  readonly version: TeeVersion;
  /** Commands are over when they return: then its connections have {@link TeeConnection.invokeSync}. */
  readonly isSync: boolean;
  /** Opens a connection.
   *  @throws TeeError */
  open(): Promise<TeeConnection>;
}

/** How a client presents itself to a trusted application. */
export interface TeeLogin {
  /** The trusted application. */
  readonly uuid: string;
  /** One of `TEE_LOGIN`. */
  readonly login: number;
  readonly params: readonly TeeParam[];
  /** The client is user space, which may not use every login. */
  readonly isUserSpace: boolean;
}

/** What one context asks of its TEE. Sessions and memories belong to the connection; whatever is left ends with it. Every method
 *  throws `TeeError` when the TEE refuses. */
export interface TeeConnection {
  /** Its id, above 0. */
  openSession(login: TeeLogin): Promise<number>;
  /** It is closed also when this throws. */
  closeSession(session: number): Promise<void>;
  /** What comes out is written into `params`. */
  invoke(session: number, command: number, params: readonly TeeParam[]): Promise<void>;
  /** {@link invoke}, over when it returns; TEEs that are `isSync` have it. */
  invokeSync?(session: number, command: number, params: readonly TeeParam[]): void;
  /** Asks for the session's command under way to be given up: it ends soon, with `CANCEL`. Absent: the TEE cannot. */
  cancel?(session: number): void;
  /** Keeps a thread of the TEE for this session, so that it never waits behind others. Absent: the TEE cannot. */
  makeSystemSession?(session: number): Promise<void>;
  /** Zeroed memory of at least so many bytes. */
  allocate(byteLength: number): Promise<TeeMemory>;
  /** Lets the TEE see memory of the client's. */
  register(bytes: Uint8Array): Promise<TeeMemory>;
  /** Memory is gone also when this throws. */
  release(cookie: number): Promise<void>;
  /** Ends everything that is left. */
  close(): Promise<void>;
}
