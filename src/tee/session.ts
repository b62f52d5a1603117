/// <reference lib="esnext.disposable" preserve="true" />
import type { TeeParam } from "./param.ts";
import { TEE_RESULT, teeError } from "./result.ts";
import type { TeeConnection } from "./tee.ts";

/** A session with a trusted application. GlobalPlatform, `TEEC_Session`. */
export class TeeSession {
  /** As the TEE numbers it. */
  readonly id: number;
  readonly #connection: TeeConnection;
  readonly #forget: () => void;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(id: number, connection: TeeConnection, forget: () => void) {
    this.id = id;
    this.#connection = connection;
    this.#forget = forget;
  }

  /** Invokes a command; what comes out is in `params` then, also when the command failed. GlobalPlatform, `TEEC_InvokeCommand`.
   *  @throws TeeError the TEE's or the application's result */
  async invoke(command: number, params: readonly TeeParam[] = []): Promise<void> {
    this.#expectOpen("invoke");
    await this.#connection.invoke(this.id, command, params);
  }

  /** {@link invoke}, over when it returns.
   *  @throws TeeError; `NOT_SUPPORTED` where the TEE is not `isSync` */
  invokeSync(command: number, params: readonly TeeParam[] = []): void {
    this.#expectOpen("invoke");
    const connection = this.#connection;
    if (!connection.invokeSync) throw teeError("invoke at once", TEE_RESULT.NOT_SUPPORTED, "api");
    connection.invokeSync(this.id, command, params);
  }

  /** Asks for the command under way to be given up: it ends soon, with `CANCEL`, where the TEE can do that. GlobalPlatform,
   *  `TEEC_RequestCancellation` */
  cancel(): void {
    if (!this.#closing) this.#connection.cancel?.(this.id);
  }

  /** Makes it a system session: a thread of the TEE is kept for those. Linux, `tee_client_system_session`.
   *  @throws TeeError; `NOT_SUPPORTED` where the TEE cannot, or has one thread only */
  async makeSystem(): Promise<void> {
    this.#expectOpen("system session");
    const connection = this.#connection;
    if (!connection.makeSystemSession) throw teeError("system session", TEE_RESULT.NOT_SUPPORTED, "api");
    await connection.makeSystemSession(this.id);
  }

  /** Closes it. Idempotent; it is closed also when the TEE complains. GlobalPlatform, `TEEC_CloseSession`.
   *  @throws TeeError */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#forget();
    await this.#connection.closeSession(this.id);
  }

  #expectOpen(operation: string): void {
    if (this.#closing) throw teeError(`${operation}: session is closed`, TEE_RESULT.BAD_STATE, "api");
  }
}
