import { ChannelError, TeeError } from "../../errors.ts";
import { TEE_RESULT, type TeeSession } from "../../tee/index.ts";
import type { Channel, ChannelTraits, TransportHost } from "../transport.ts";
import type { Form } from "./form.ts";

/** One channel of the SCMI PTA: one session, one command in it at a time. */
export class OpteeChannel implements Channel {
  readonly traits: ChannelTraits;
  readonly row: number;
  readonly #host: TransportHost;
  readonly #session: TeeSession;
  readonly #form: Form;
  readonly #isSync: boolean;
  readonly #maxWaiting: number;
  /** Commands of callers that did not wait until the one before was through. */
  readonly #waiting: (Uint8Array | undefined)[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: {
    readonly host: TransportHost;
    readonly row: number;
    readonly traits: ChannelTraits;
    readonly session: TeeSession;
    readonly form: Form;
    readonly isSync: boolean;
    /** Commands that may wait for one whose caller gave up. */
    readonly maxWaiting: number;
  }) {
    this.traits = parts.traits;
    this.row = parts.row;
    this.#host = parts.host;
    this.#session = parts.session;
    this.#form = parts.form;
    this.#isSync = parts.isSync;
    this.#maxWaiting = parts.maxWaiting;
  }

  ring(message?: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isSync) {
      this.#exchange(message);
    } else {
      if (this.#waiting.length >= this.#maxWaiting) {
        throw new ChannelError(this.#form.command.name, "busy", `${this.#maxWaiting} commands wait for the TEE`);
      }
      this.#waiting.push(message?.slice());
      this.#running ??= this.#run();
    }
  }

  /** No further commands; resolves when the TEE has none of this channel's any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    if (this.#running) this.#session.cancel();
    await this.#running;
  }

  #exchange(message: Uint8Array | undefined): void {
    const { command, params } = this.#form;
    try {
      this.#form.load(message);
      this.#session.invokeSync(command.id, params);
    } catch (reason) {
      this.#form.giveBack();
      this.#fail(reason);
      return;
    }
    this.#unload();
  }

  async #run(): Promise<void> {
    const { command, params } = this.#form;
    while (this.#waiting.length > 0) {
      try {
        this.#form.load(this.#waiting.shift());
        await this.#session.invoke(command.id, params);
      } catch (reason) {
        this.#form.giveBack();
        if (!this.#isClosed) this.#fail(reason);
        continue;
      }
      if (this.#isClosed) this.#form.giveBack();
      else this.#unload();
    }
    this.#running = undefined;
  }

  #unload(): void {
    const trouble = this.#form.unload();
    if (trouble) this.#host.reset(this.row, trouble);
  }

  /** A dead service stays dead: only a new session may help. Anything else is this command's trouble alone. */
  #fail(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
    if (error instanceof TeeError && error.result === TEE_RESULT.TARGET_DEAD) this.#host.fail(error);
    else this.#host.reset(this.row, error);
  }
}
