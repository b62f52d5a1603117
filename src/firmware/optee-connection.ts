import {
  TEE_RESULT,
  type TeeConnection,
  type TeeLogin,
  type TeeMemory,
  type TeeParam,
  teeError,
} from "../tee/index.ts";
import { ParamPasser } from "./optee-params.ts";
import { Cancellation, cancelAll, type OpteeCall, type OpteeSession, type OpteeSystem } from "./optee-system.ts";
import { outcomeNow } from "./trusted-app.ts";

/** One client of the simulated OP-TEE: its sessions and memories. */
export class OpteeConnection implements TeeConnection {
  readonly invokeSync?: (session: number, command: number, params: readonly TeeParam[]) => void;
  readonly makeSystemSession?: (session: number) => Promise<void>;
  readonly #system: OpteeSystem;
  readonly #sessions = new Map<number, OpteeSession>();
  readonly #memories = new Set<number>();
  readonly #named = {
    version: 0,
    find: (cookie: number) => (this.#memories.has(cookie) ? this.#system.memory(cookie) : undefined),
  };
  #isClosed = false;

  constructor(system: OpteeSystem, hasSystemSessions: boolean) {
    this.#system = system;
    system.contexts++;
    if (system.isSync) this.invokeSync = (session, command, params) => this.#invokeSync(session, command, params);
    if (hasSystemSessions) this.makeSystemSession = (session) => this.#makeSystemSession(session);
  }

  async openSession(login: TeeLogin): Promise<number> {
    const system = this.#system;
    this.#attempt({ operation: "openSession", uuid: login.uuid });
    const passer = new ParamPasser();
    passer.passIn(login.params, this.#named, "openSession");
    if (passer.types < 0) throw teeError("openSession", TEE_RESULT.BAD_PARAMETERS, "tee");
    const id = await system.enter(false, "openSession", () => system.openSession(login));
    const session = system.session(id);
    if (session) this.#sessions.set(id, session);
    return id;
  }

  async closeSession(id: number): Promise<void> {
    const session = this.#find(id, "closeSession");
    this.#sessions.delete(id); // first: it is gone whatever the TEE says
    if (!session.lock.tryEnter()) await session.lock.enter();
    this.#system.closeSession(session);
    session.lock.leave();
    this.#attempt({ operation: "closeSession", uuid: session.instance.app.uuid });
    await this.#system.enter(session.isSystem, "closeSession", () => {});
  }

  async invoke(id: number, command: number, params: readonly TeeParam[]): Promise<void> {
    if (this.#system.isSync) return this.#invokeSync(id, command, params);
    const session = this.#find(id, "invoke");
    this.#attempt({ operation: "invoke", uuid: session.instance.app.uuid, command });
    const cancellation = new Cancellation();
    session.cancellations.add(cancellation);
    try {
      await this.#carryOut(session, command, params, cancellation);
    } finally {
      session.cancellations.delete(cancellation);
    }
  }

  cancel(id: number): void {
    cancelAll(this.#find(id, "cancel"));
  }

  async allocate(byteLength: number): Promise<TeeMemory> {
    this.#attempt({ operation: "allocate" });
    const memory = this.#system.allocate(byteLength);
    this.#memories.add(memory.cookie);
    this.#named.version++;
    return memory;
  }

  async register(bytes: Uint8Array): Promise<TeeMemory> {
    this.#attempt({ operation: "register" });
    const memory = this.#system.register(bytes);
    this.#memories.add(memory.cookie);
    this.#named.version++;
    return memory;
  }

  async release(cookie: number): Promise<void> {
    if (!this.#memories.delete(cookie)) this.#stray("release", "api");
    this.#named.version++;
    this.#system.release(cookie);
    this.#attempt({ operation: "release" });
  }

  async close(): Promise<void> {
    if (this.#isClosed) this.#stray("closeContext", "api");
    this.#isClosed = true;
    if (!this.#system.isGone) this.#system.abandoned += this.#sessions.size + this.#memories.size;
    for (const session of [...this.#sessions.values()].reverse()) this.#system.closeSession(session);
    this.#sessions.clear();
    for (const cookie of this.#memories) this.#system.release(cookie);
    this.#memories.clear();
    this.#named.version++;
    if (!this.#system.isGone) this.#system.contexts--;
    this.#attempt({ operation: "closeContext" });
  }

  async #carryOut(
    session: OpteeSession,
    command: number,
    params: readonly TeeParam[],
    cancellation: Cancellation,
  ): Promise<void> {
    const { threads } = this.#system;
    await threads.enter(session.isSystem);
    try {
      await session.lock.enter();
      try {
        await this.#system.pass();
        this.#expectPresent();
        this.#passIn(session, command, params);
        // Asked for on the way here, when there was nothing to give up yet
        if (cancellation.isAskedFor) throw teeError(`invoke ${command}`, TEE_RESULT.CANCEL, "tee");
        const result = await outcomeOf(session, command, cancellation);
        this.#expectPresent();
        finish(session, command, result);
      } finally {
        session.lock.leave();
      }
    } finally {
      threads.leave();
    }
  }

  #expectPresent(): void {
    if (this.#system.isGone) throw teeError("invoke", TEE_RESULT.TARGET_DEAD, "comms");
  }

  async #makeSystemSession(id: number): Promise<void> {
    const session = this.#find(id, "systemSession");
    this.#attempt({ operation: "systemSession", uuid: session.instance.app.uuid });
    this.#system.makeSystem(session);
  }

  #invokeSync(id: number, command: number, params: readonly TeeParam[]): void {
    const system = this.#system;
    const session = this.#find(id, "invoke");
    if (system.mayRefuse) this.#attempt({ operation: "invoke", uuid: session.instance.app.uuid, command });
    if (!system.threads.tryEnter(session.isSystem)) throw teeError("invoke", TEE_RESULT.BUSY, "tee");
    try {
      if (!session.lock.tryEnter()) throw teeError("invoke", TEE_RESULT.BUSY, "tee");
      try {
        this.#passIn(session, command, params);
        const { types, params: passed } = session.passer;
        finish(session, command, outcomeNow(session.instance.app, command, types, passed));
      } finally {
        session.lock.leave();
      }
    } finally {
      system.threads.leave();
    }
  }

  #passIn({ instance, passer }: OpteeSession, command: number, params: readonly TeeParam[]): void {
    if (instance.hasPanicked) throw teeError(`invoke ${command}`, TEE_RESULT.TARGET_DEAD, "tee");
    passer.passIn(params, this.#named, "invoke", command);
  }

  #find(id: number, operation: string): OpteeSession {
    return this.#sessions.get(id) ?? this.#stray(operation, "api");
  }

  #stray(operation: string, origin: "api"): never {
    this.#system.strays++;
    throw teeError(`${operation}: unknown here`, TEE_RESULT.BAD_PARAMETERS, origin);
  }

  #attempt(call: OpteeCall): void {
    this.#system.attempt(call);
  }
}

/** Lets an application carry out a command, for as long as it takes. */
function outcomeOf({ instance, passer }: OpteeSession, command: number, cancellation: Cancellation): Promise<number> {
  return new Promise<number>((done) => {
    cancellation.giveUp = instance.app.start(command, passer.types, passer.params, done);
  });
}

/** What came out goes back in any case. */
function finish({ instance, passer }: OpteeSession, command: number, result: number): void {
  if (instance.hasPanicked) throw teeError(`invoke ${command}`, TEE_RESULT.TARGET_DEAD, "tee");
  passer.passOut();
  if (result !== TEE_RESULT.SUCCESS) throw teeError(`invoke ${command}`, result, "trustedApp");
}
