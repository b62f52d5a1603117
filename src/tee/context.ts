/// <reference lib="esnext.disposable" preserve="true" />
import { TeeError } from "../errors.ts";
import type { TeeMemory } from "./memory.ts";
import type { TeeParam } from "./param.ts";
import { TEE_LOGIN, TEE_RESULT, teeError } from "./result.ts";
import { TeeSession } from "./session.ts";
import { TeeSharedMemory } from "./shared-memory.ts";
import type { Tee, TeeConnection, TeeVersion } from "./tee.ts";
import { normalUuid } from "./uuid.ts";

/** How a session is opened. */
export interface SessionOptions {
  /** One of `TEE_LOGIN`; default `PUBLIC`. */
  readonly login?: number;
  readonly params?: readonly TeeParam[];
}

/** How a context is opened. */
export interface ContextOptions {
  /** The client is user space, which may not use every login; default: a driver. */
  readonly isUserSpace?: boolean;
}

/** A client's way into one TEE: sessions and shared memory belong to it. Memory keeps it alive as the kernel's does: the connection
 *  ends when the context is closed *and* the last memory was released. GlobalPlatform, `TEEC_Context`. */
export class TeeContext {
  readonly tee: Tee;
  readonly #connection: TeeConnection;
  readonly #isUserSpace: boolean;
  readonly #sessions = new Set<TeeSession>();
  /** The context itself, and every memory that lives. */
  #references = 1;
  #closing: Promise<void> | undefined;

  private constructor(tee: Tee, connection: TeeConnection, { isUserSpace = false }: ContextOptions) {
    this.tee = tee;
    this.#connection = connection;
    this.#isUserSpace = isUserSpace;
  }

  /** Opens a context with the first TEE that `match` accepts and that opens. GlobalPlatform, `TEEC_InitializeContext`.
   *  @throws TeeError `ITEM_NOT_FOUND` when there is none, with the last refusal as its cause; `OUT_OF_MEMORY` at once */
  static async open(
    tees: Iterable<Tee>,
    match: (version: TeeVersion) => boolean,
    options: ContextOptions = {},
  ): Promise<TeeContext> {
    let cause: TeeError | undefined;
    for (const tee of tees) {
      if (!match(tee.version)) continue;
      try {
        return new TeeContext(tee, await tee.open(), options);
      } catch (reason) {
        if (!(reason instanceof TeeError) || reason.result === TEE_RESULT.OUT_OF_MEMORY) throw reason;
        cause = reason;
      }
    }
    throw teeError("open context", TEE_RESULT.ITEM_NOT_FOUND, "api", cause && { cause });
  }

  /** Opens a session with a trusted application. GlobalPlatform, `TEEC_OpenSession`.
   *  @throws TeeError the TEE's or the application's result
   *  @throws TypeError for what is no UUID */
  async openSession(uuid: string, { login = TEE_LOGIN.PUBLIC, params = [] }: SessionOptions = {}): Promise<TeeSession> {
    this.#expectOpen("open session");
    const isUserSpace = this.#isUserSpace;
    const id = await this.#connection.openSession({ uuid: normalUuid(uuid), login, params, isUserSpace });
    const session: TeeSession = new TeeSession(id, this.#connection, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /** Allocates memory that the TEE sees, zeroed; whole pages, so often more than `byteLength`. GlobalPlatform, `TEEC_AllocateSharedMemory`.
   *  @throws TeeError `BAD_PARAMETERS` for no bytes, `OUT_OF_MEMORY` */
  async allocate(byteLength: number): Promise<TeeSharedMemory> {
    this.#expectOpen("allocate shared memory");
    if (byteLength <= 0) throw teeError("allocate shared memory", TEE_RESULT.BAD_PARAMETERS, "api");
    return this.#hold(() => this.#connection.allocate(byteLength));
  }

  /** Lets the TEE see memory of the caller's. GlobalPlatform, `TEEC_RegisterSharedMemory`.
   *  @param bytes borrowed until the memory is released
   *  @throws TeeError `BAD_PARAMETERS` for no bytes, `OUT_OF_MEMORY` */
  async register(bytes: Uint8Array): Promise<TeeSharedMemory> {
    this.#expectOpen("register shared memory");
    if (bytes.byteLength === 0) throw teeError("register shared memory", TEE_RESULT.BAD_PARAMETERS, "api");
    return this.#hold(() => this.#connection.register(bytes));
  }

  /** Refuses everything new. Sessions that are left close with the connection: now, or when the last memory is released.
   *  Idempotent. GlobalPlatform, `TEEC_FinalizeContext`.
   *  @throws TeeError */
  close(): Promise<void> {
    this.#closing ??= this.#put();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #hold(make: () => Promise<TeeMemory>): Promise<TeeSharedMemory> {
    this.#references++;
    let memory: TeeMemory;
    try {
      memory = await make();
    } catch (reason) {
      await this.#put();
      throw reason;
    }
    return new TeeSharedMemory(memory, async () => {
      try {
        await this.#connection.release(memory.cookie);
      } finally {
        await this.#put();
      }
    });
  }

  async #put(): Promise<void> {
    this.#references--;
    if (this.#references > 0) return;
    let failure: { readonly reason: unknown } | undefined;
    for (const session of [...this.#sessions].reverse()) {
      try {
        await session.close();
      } catch (reason) {
        failure ??= { reason };
      }
    }
    await this.#connection.close();
    if (failure) throw failure.reason;
  }

  #expectOpen(operation: string): void {
    if (this.#closing) throw teeError(`${operation}: context is closed`, TEE_RESULT.BAD_STATE, "api");
  }
}
