import { Agent } from "../agent/agent.ts";
import type { AnomalyEvent, AnomalyKind } from "../agent/anomaly.ts";
import type { RawAnswer } from "../agent/raw.ts";
import { SimulatedClock } from "../core/clock.ts";
import { Core } from "../core/core.ts";
import type { ChannelTraits, Link, Transport, TransportHost } from "../transport/transport.ts";
import { join, ScriptedPlatform, words } from "./script.ts";
import { ContractError, type MakeWorld, type Stage, type TransportWorld } from "./world.ts";

/** A vendor protocol that the scripted platform answers with an echo. */
const ECHO_HEADER = (0x80 << 10) | 0x1;
const ECHO_PROTOCOL = 0x80;
/** So often may a check wait for an arrival while one and the same command is in flight. */
const ARRIVALS = 8;
const FAR_END_MS = 1000;
/** Promises that wait for promises: opening a transport with sessions of its own takes some hundred turns. */
const TURNS = 1000;
/** Waits inside of a wait look once in so many turns, too. */
const WAITS = 4;
/** On the way to a far end, where the time-out is a long one: several such ways may not add up to that of a delayed response. */
const LONGEST_WAY_MS = 100;

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}

/** Bytes that tell where they belong. */
export function pattern(byteLength: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, i) => (i * 7 + seed * 31 + 1) & 0xff);
}

/** Fails the check unless `isMet`. */
export function expectThat(isMet: boolean, expected: string, got?: unknown): asserts isMet {
  if (!isMet) throw new ContractError(`expected ${expected}${got === undefined ? "" : `, got ${textOf(got)}`}`);
}

/** How a promise ended. */
export interface Outcome<T> {
  readonly value?: T;
  readonly reason?: unknown;
}

/** The outcome of a promise as a value. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await promise };
  } catch (reason) {
    return { reason };
  }
}

/** What an error calls itself, and its `reason` or `phase`. */
export function nameOf(reason: unknown): string {
  if (!(reason instanceof Error)) return textOf(reason);
  const detail = "reason" in reason ? reason.reason : "phase" in reason ? reason.phase : undefined;
  return detail === undefined ? reason.name : `${reason.name} ${textOf(detail)}`;
}

function textOf(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One run of one check: a core, a clock, a scripted platform, and the world that was built around them. */
export class Trial {
  readonly core: Core;
  readonly clock: SimulatedClock;
  readonly platform = new ScriptedPlatform();
  readonly world: TransportWorld;
  readonly anomalies: AnomalyEvent[] = [];
  /** What the transport opened last. */
  link: Link | undefined;
  /** Calls of the transport after its link was closed. */
  callsAfterClose = 0;
  readonly #makeWorld: MakeWorld;
  readonly #agents: Agent[] = [];
  /** Called before each call of the transport to open something; may throw. */
  beforeOpening: () => void = () => {};

  constructor(makeWorld: MakeWorld, options: Pick<Stage, "maxMessageBytes"> & Partial<Stage> = {}) {
    const { core = Core.createSync(), clock = new SimulatedClock(), maxMessageBytes } = options;
    this.core = core;
    this.clock = clock;
    this.#makeWorld = makeWorld;
    const limit = maxMessageBytes === undefined ? {} : { maxMessageBytes };
    this.world = makeWorld({ core, clock, platform: this.platform, ...limit });
    this.platform.on(ECHO_PROTOCOL, 0x1, ({ payload }) => join(words(0), payload.subarray(4)));
  }

  /** A second world in the same core. */
  beside(): Trial {
    return new Trial(this.#makeWorld, { core: this.core, clock: this.clock });
  }

  /** Opens an agent over the transport. */
  async open(signal?: AbortSignal): Promise<Agent> {
    const opening = Agent.open(this.core, this.#watched(), {
      clock: this.clock,
      onAnomaly: (event) => this.anomalies.push(event),
      ...(signal ? { signal } : {}),
    });
    const agent = await this.drive(opening);
    this.#agents.push(agent);
    this.platform.received.length = 0;
    return agent;
  }

  /** Waits for a promise and moves the clock on whenever nothing else moves. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    promise.then(end, end);
    for (let turn = 0; turn < 10_000; turn++) {
      await settle();
      if (isOver) return promise;
      if (!this.clock.advanceToNext()) break;
    }
    for (let i = 0; i < WAITS && !isOver; i++) await settle();
    expectThat(isOver, "an end of the wait, or a time-out", "neither, and nothing left that could happen");
    return promise;
  }

  /** The traits of the default channel. */
  get traits(): ChannelTraits {
    if (!this.link) throw new ContractError("expected an open link, got none");
    return this.link.a2p.traits;
  }

  /** Sends bytes that come back behind a status, but for the first four. */
  echo(agent: Agent, payload: Uint8Array, options: { readonly isAsync?: boolean } = {}): Promise<RawAnswer> {
    return agent.raw(ECHO_HEADER, payload, options);
  }

  /** Does a whole exchange and looks at both ends of it. */
  async exchange(agent: Agent, payload: Uint8Array): Promise<void> {
    const answer = await this.drive(this.echo(agent, payload));
    const reached = this.platform.received.find(({ header }) => header === answer.header);
    expectThat(reached !== undefined, "the command at the far end");
    expectBytes("the payload at the far end", reached.payload, payload);
    expectThat((reached.header & 0x3ffff) === ECHO_HEADER, "the command's header at the far end", reached.header);
    expectBytes("the answer", answer.payload, join(words(0), payload.subarray(4)));
  }

  /** How often an anomaly was reported. */
  count(kind: AnomalyKind): number {
    return this.anomalies.filter((it) => it.kind === kind).reduce((sum, { count }) => sum + count, 0);
  }

  /** Closes what is open and looks for what is left. */
  async end(): Promise<void> {
    await this.closeAgents();
    this.world.close?.();
    this.expectNothingLeft();
  }

  async closeAgents(): Promise<void> {
    for (const agent of this.#agents.splice(0)) await this.drive(agent.close());
    await settle();
  }

  /** Time for a slow far end to answer what nobody waits for any more. */
  letFarEndFinish(): void {
    this.clock.advance(FAR_END_MS);
  }

  /** Gives commands the time to get to the far end. Nothing that this waits for is a time-out, also when several wait in turn. */
  async arrive(): Promise<void> {
    await settle();
    this.clock.advance(Math.min(this.traits.timeoutMs / ARRIVALS, LONGEST_WAY_MS));
    await settle();
  }

  /** Everything that was taken was given back. */
  expectNothingLeft(): void {
    const left = { ...this.core.leaks(), ...this.world.leaks(), appointments: this.clock.pending };
    const leaks = Object.entries(left).filter(([, count]) => count !== 0);
    expectThat(leaks.length === 0, "nothing left behind", Object.fromEntries(leaks));
  }

  #watched(): Transport {
    const { transport } = this.world;
    return {
      kind: transport.kind,
      open: async (host, signal) => {
        let isClosed = false;
        const link = await transport.open(
          this.#hostFor(host, () => isClosed),
          signal,
        );
        this.link = link;
        const close = () => {
          const closing = link.close();
          const mark = () => {
            isClosed = true;
          };
          closing.then(mark, mark);
          return closing;
        };
        return { ...link, close };
      },
    };
  }

  #hostFor(host: TransportHost, isClosed: () => boolean): TransportHost {
    const count = () => {
      if (isClosed()) this.callsAfterClose++;
    };
    return {
      core: host.core,
      openInstance: (options) => {
        this.beforeOpening();
        return host.openInstance(options);
      },
      openRow: (instance, options) => {
        this.beforeOpening();
        return host.openRow(instance, options);
      },
      areaOf: (row) => host.areaOf(row),
      reset: (row, cause) => {
        count();
        host.reset(row, cause);
      },
      complete: (row) => {
        count();
        host.complete(row);
      },
      receive: (row, message) => {
        count();
        host.receive(row, message);
      },
      fail: (cause) => {
        count();
        host.fail(cause);
      },
    };
  }
}

function expectBytes(what: string, got: Uint8Array, expected: Uint8Array): void {
  const isSame = got.byteLength === expected.byteLength && got.every((byte, i) => byte === expected[i]);
  expectThat(isSame, `${what} to be ${hex(expected)}`, hex(got));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("") || "nothing";
}
