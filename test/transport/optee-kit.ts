import { Agent } from "../../src/agent/agent.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { coreMemory, ScmiPta, type ScmiPtaOptions, SimulatedOptee } from "../../src/firmware/index.ts";
import { Platform } from "../../src/platform/platform.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import type { StaticMemory } from "../../src/tee/index.ts";
import { type OpteeOptions, optee } from "../../src/transport/optee.ts";
import { boardFile } from "../platform/kit.ts";

/** Where messages lie: the three forms, and the static one once more for an agent whose core is another. */
export const FORMS = ["msg", "smt", "static", "static elsewhere"] as const;
export type FormName = (typeof FORMS)[number];

const BOARD = boardFile("example");

/** Before the handle of a channel was asked for, nobody can guess it. */
export const CHANNEL_ID = 5;
export const HANDLE = 0x705;

export interface MachineOptions extends Omit<ScmiPtaOptions, "channels"> {
  /** Calls take so long, and results come later. */
  readonly latencyMs?: number;
  readonly threads?: number;
}

/** A platform behind a simulated OP-TEE, in a core where agents can be, too. */
export class OpteeMachine {
  readonly clock = new SimulatedClock();
  readonly core: Core;
  readonly platform: Platform;
  readonly pta: ScmiPta;
  readonly optee: SimulatedOptee;
  readonly #static: readonly StaticMemory[];

  constructor(options: MachineOptions = {}) {
    const { latencyMs, threads } = options;
    const board = BOARD;
    const { areas = 0, ...capacity } = Platform.capacityFor(board, { connections: 8 });
    const room = { instances: 100, channels: 200, xfers: 2000, areas: areas + 100, tokenSpaces: 4 };
    this.core = Core.createSync({ capacity: { ...capacity, ...room, regionBytes: 1 << 20 } });
    this.platform = Platform.open(this.core, board, { clock: this.clock });
    this.#static = [coreMemory(this.core, 128), coreMemory(this.core, 128)];
    this.pta = new ScmiPta({
      ...options,
      channels: this.#static.map((memory, i) => ({
        ...{ id: CHANNEL_ID + i, handle: HANDLE + i, platform: this.platform, agentId: i + 1, memory },
      })),
    });
    this.optee = new SimulatedOptee({
      apps: [this.pta],
      ...(threads === undefined ? {} : { threads }),
      ...(latencyMs === undefined ? {} : { latency: { clock: this.clock, ms: latencyMs } }),
    });
  }

  /** The options of the transport for a form. */
  optionsFor(form: FormName, index = 0): OpteeOptions {
    const base = { tees: [this.optee], channelId: CHANNEL_ID + index };
    const memory = this.#static[index];
    if (form === "msg" || form === "smt") return { ...base, memory: form };
    if (!memory) throw new RangeError(`expected memory ${index}`);
    if (form === "static") return { ...base, memory };
    const elsewhere: StaticMemory = {
      get bytes() {
        return memory.bytes;
      },
    };
    return { ...base, memory: elsewhere };
  }

  /** The static area of a channel. */
  area(index = 0): Uint8Array {
    const memory = this.#static[index];
    if (!memory) throw new RangeError(`expected memory ${index}`);
    return memory.bytes;
  }

  /** Waits for a promise, and moves the clock on when nothing else moves. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    promise.then(end, end);
    while (!isOver) {
      for (let i = 0; i < 1000 && !isOver; i++) await Promise.resolve();
      if (!isOver && !this.clock.advanceToNext()) throw new RangeError("expected something to wait for, got nothing");
    }
    return promise;
  }

  open(form: FormName, options: Partial<OpteeOptions> = {}): Promise<Agent> {
    return Agent.open(this.core, optee({ ...this.optionsFor(form), ...options }), { clock: this.clock });
  }

  /** An agent with its clock protocol. */
  async openClock(form: FormName, options: Partial<OpteeOptions> = {}): Promise<{ agent: Agent; clocks: Clock }> {
    const agent = await this.open(form, options);
    return { agent, clocks: await agent.protocol(Clock) };
  }
}

export const NO_LEAKS = { contexts: 0, sessions: 0, sharedMemory: 0, strays: 0, abandoned: 0 };
