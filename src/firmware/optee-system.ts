import type { Clock } from "../core/clock.ts";
import type { TeeOrigin } from "../errors.ts";
import { TEE_LOGIN, TEE_LOGIN_KERNEL_LAST, TEE_RESULT, type TeeLogin, teeError } from "../tee/index.ts";
import { ParamPasser } from "./optee-params.ts";
import { Lock, OpteeThreads } from "./optee-threads.ts";
import type { TrustedApp } from "./trusted-app.ts";

/** What can be asked of OP-TEE, and can fail. */
export type OpteeOperation =
  | "openContext"
  | "openSession"
  | "systemSession"
  | "invoke"
  | "allocate"
  | "register"
  | "release"
  | "closeSession"
  | "closeContext";

/** One thing that is asked. */
export interface OpteeCall {
  readonly operation: OpteeOperation;
  /** The trusted application, where one is asked. */
  readonly uuid?: string;
  /** Of an invoke. */
  readonly command?: number;
}

/** How a call is made to fail. */
export interface OpteeFault {
  /** `TEE_Result`. */
  readonly result: number;
  /** Default: the TEE. */
  readonly origin?: TeeOrigin;
}

/** Decides whether a call fails, for tests of what happens then. */
export type OpteeInterference = (call: OpteeCall) => OpteeFault | undefined;

/** What is open and was not closed. */
export interface OpteeLeaks {
  readonly contexts: number;
  readonly sessions: number;
  readonly sharedMemory: number;
  /** Calls about a session or memory that was not there: closed twice, released twice, or used afterwards. */
  readonly strays: number;
  /** Sessions and memories that a client still had when its context went: OP-TEE lost nothing, the client forgot something. */
  readonly abandoned: number;
}

/** A trusted application as it runs. */
interface Instance {
  readonly app: TrustedApp;
  sessions: number;
  hasPanicked: boolean;
}

/** Whether a command is to be given up, from the moment when it was asked for. */
export class Cancellation {
  /** Gives up the command that is inside. */
  giveUp: (() => void) | undefined;
  #isAskedFor = false;

  get isAskedFor(): boolean {
    return this.#isAskedFor;
  }

  ask(): void {
    this.#isAskedFor = true;
    this.giveUp?.();
  }
}

/** Asks for all commands of a session to be given up. */
export function cancelAll({ cancellations }: OpteeSession): void {
  for (const cancellation of [...cancellations]) cancellation.ask();
}

/** A session as OP-TEE sees it. */
export interface OpteeSession {
  readonly id: number;
  readonly instance: Instance;
  /** One command of a session at a time; the others wait. */
  readonly lock: Lock;
  /** Whoever has the lock uses it. */
  readonly passer: ParamPasser;
  isSystem: boolean;
  /** Of its commands, also of those that wait for their turn. */
  readonly cancellations: Set<Cancellation>;
}

/** How the inside of OP-TEE is made. */
export interface SystemOptions {
  readonly apps: readonly TrustedApp[];
  readonly threads: number;
  readonly maxSessions: number;
  readonly memoryBytes: number;
  readonly isSync: boolean;
  readonly latency: { readonly ms: number; readonly clock: Clock } | undefined;
}

const LOGINS: readonly number[] = /* @__PURE__ */ Object.values(TEE_LOGIN);
const ENDINGS: readonly OpteeOperation[] = ["release", "closeSession", "closeContext"];
const PAGE_BYTES = 4096;
const SESSION_IDS = 2 ** 32;

/** The inside of the simulated OP-TEE: what all its clients share. */
export class OpteeSystem {
  readonly threads: OpteeThreads;
  readonly isSync: boolean;
  interfere: OpteeInterference | undefined;
  isGone = false;
  contexts = 0;
  strays = 0;
  abandoned = 0;
  readonly #options: SystemOptions;
  readonly #instances: ReadonlyMap<string, Instance>;
  readonly #sessions = new Map<number, OpteeSession>();
  readonly #memories = new Map<number, Uint8Array>();
  #lastSession = 0;
  #lastCookie = 0;
  #memoryBytes = 0;

  constructor(options: SystemOptions) {
    this.#options = options;
    this.isSync = options.isSync;
    this.threads = new OpteeThreads(options.threads);
    this.#instances = new Map(options.apps.map((app) => [app.uuid, { app, sessions: 0, hasPanicked: false }]));
  }

  get leaks(): OpteeLeaks {
    const { contexts, strays, abandoned } = this;
    return { contexts, sessions: this.#sessions.size, sharedMemory: this.#memories.size, strays, abandoned };
  }

  /** Whether {@link attempt} has anything to say. */
  get mayRefuse(): boolean {
    return this.isGone || this.interfere !== undefined;
  }

  /** Lets a call fail that is meant to.
   *  @throws TeeError */
  attempt(call: OpteeCall): void {
    if (this.isGone) {
      if (ENDINGS.includes(call.operation)) return; // went with the rest
      throw teeError(call.operation, TEE_RESULT.TARGET_DEAD, "comms");
    }
    const fault = this.interfere?.(call);
    if (fault) throw teeError(call.operation, fault.result, fault.origin ?? "tee");
  }

  /** Runs what takes a thread and a moment of OP-TEE. */
  async enter<T>(isSystem: boolean, operation: string, run: () => T): Promise<T> {
    if (this.isSync) return this.enterSync(isSystem, operation, run);
    await this.threads.enter(isSystem);
    try {
      await this.pass();
      return run();
    } finally {
      this.threads.leave();
    }
  }

  /** {@link enter} of a TEE whose calls are over when they return.
   *  @throws TeeError `BUSY` when all threads are further up the stack */
  enterSync<T>(isSystem: boolean, operation: string, run: () => T): T {
    if (!this.threads.tryEnter(isSystem)) throw teeError(operation, TEE_RESULT.BUSY, "tee");
    try {
      return run();
    } finally {
      this.threads.leave();
    }
  }

  /** Waits for as long as a call takes. */
  async pass(): Promise<void> {
    const { latency } = this.#options;
    if (latency) await new Promise<void>((done) => latency.clock.after(latency.ms, done));
  }

  /** Opens a session; its id. */
  openSession({ uuid, login, isUserSpace }: TeeLogin): number {
    const isKernels = login >= TEE_LOGIN.REE_KERNEL && login <= TEE_LOGIN_KERNEL_LAST;
    if (isUserSpace && isKernels) throw teeError("openSession", TEE_RESULT.ACCESS_DENIED, "api");
    if (!LOGINS.includes(login)) throw teeError("openSession", TEE_RESULT.BAD_PARAMETERS, "tee");
    const instance = this.#instances.get(uuid);
    if (!instance) throw teeError("openSession", TEE_RESULT.ITEM_NOT_FOUND, "tee");
    // A new instance starts when nobody holds on to the dead one
    if (instance.sessions === 0) instance.hasPanicked = false;
    if (instance.hasPanicked) throw teeError("openSession", TEE_RESULT.TARGET_DEAD, "tee");
    if (this.#sessions.size >= this.#options.maxSessions) throw teeError("openSession", TEE_RESULT.OVERFLOW, "tee");
    const result = instance.app.openSession(login);
    if (result !== TEE_RESULT.SUCCESS) throw teeError("openSession", result, "trustedApp");
    const id = this.#nextSession();
    this.#sessions.set(id, {
      id,
      instance,
      lock: new Lock(),
      passer: new ParamPasser(),
      isSystem: false,
      cancellations: new Set(),
    });
    instance.sessions++;
    return id;
  }

  session(id: number): OpteeSession | undefined {
    return this.#sessions.get(id);
  }

  makeSystem(session: OpteeSession): void {
    if (this.threads.count <= 1) throw teeError("systemSession", TEE_RESULT.NOT_SUPPORTED, "api");
    if (!session.isSystem) this.threads.systemSessions++;
    session.isSystem = true;
  }

  closeSession(session: OpteeSession): void {
    if (!this.#sessions.delete(session.id)) return;
    session.instance.sessions--;
    if (session.isSystem) this.threads.systemSessions--;
  }

  /** Whole pages, zeroed.
   *  @throws TeeError `OUT_OF_MEMORY` */
  allocate(byteLength: number): { readonly cookie: number; readonly bytes: Uint8Array } {
    return this.register(new Uint8Array(Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES), "allocate");
  }

  register(
    bytes: Uint8Array,
    operation: "allocate" | "register" = "register",
  ): { readonly cookie: number; readonly bytes: Uint8Array } {
    if (this.#memoryBytes + bytes.byteLength > this.#options.memoryBytes) {
      throw teeError(operation, TEE_RESULT.OUT_OF_MEMORY, "api");
    }
    this.#memoryBytes += bytes.byteLength;
    this.#lastCookie++;
    this.#memories.set(this.#lastCookie, bytes);
    return { cookie: this.#lastCookie, bytes };
  }

  memory(cookie: number): Uint8Array | undefined {
    return this.#memories.get(cookie);
  }

  release(cookie: number): void {
    this.#memoryBytes -= this.#memories.get(cookie)?.byteLength ?? 0;
    this.#memories.delete(cookie);
  }

  /** Everything of every client is gone. */
  drop(): void {
    this.isGone = true;
    for (const session of [...this.#sessions.values()]) {
      cancelAll(session);
      this.closeSession(session);
    }
    this.#memories.clear();
    this.#memoryBytes = 0;
    this.contexts = 0;
  }

  panic(uuid: string): void {
    const instance = this.#instances.get(uuid);
    if (!instance) throw new RangeError(`"uuid" expected that of a trusted application here, got ${uuid}`);
    instance.hasPanicked = instance.sessions > 0;
    for (const session of this.#sessions.values()) if (session.instance === instance) cancelAll(session);
  }

  /** The one after the last; 0 is none. */
  #nextSession(): number {
    do {
      this.#lastSession = (this.#lastSession + 1) % SESSION_IDS;
    } while (this.#lastSession === 0 || this.#sessions.has(this.#lastSession));
    return this.#lastSession;
  }
}
