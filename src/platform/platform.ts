import type { Board } from "../board/board.ts";
import type { CoreCapacity } from "../core/capacity.ts";
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { PlatformTables } from "../core/platform-tables.ts";
import { ChannelError } from "../errors.ts";
import type { Release } from "../protocols/releases.ts";
import { Access } from "./access.ts";
import { AgentState } from "./agents.ts";
import { BaseServer, type FailedCommand } from "./base.ts";
import { ClockServer } from "./clock.ts";
import { describe, protocolsOf, regionBytes } from "./describe.ts";
import { Dispatcher } from "./dispatch.ts";
import { Machine } from "./machine.ts";
import { MemoryMap } from "./memory-map.ts";
import type { MessagePort, MessageSink } from "./message-port.ts";
import { Observers, type PlatformEventName, type PlatformEvents } from "./observers.ts";
import { PerformanceServer } from "./performance.ts";
import type { PlatformPort } from "./port.ts";
import type { Server } from "./server.ts";
import { Service } from "./service.ts";

/** How a platform is opened. */
export interface PlatformOptions {
  /** The release of the specification that it looks like; default 3.2. */
  readonly profile?: Release;
  /** Where its time comes from. */
  readonly clock: Clock;
  /** Largest payload of its channels in bytes; default: what the board says, else 100, which fits the customary area. */
  readonly maxPayload?: number;
}

/** How an agent is connected. */
export interface ConnectOptions {
  /** For a response, in milliseconds; default 30. */
  readonly timeoutMs?: number;
  /** Notifications that may wait while the agent has not taken the last message; default 32. Further ones are dropped. */
  readonly p2aQueue?: number;
}

/** What a core is to have room for. */
export interface CapacityOptions extends Omit<PlatformOptions, "clock"> {
  /** Connections at once; one for each agent by default. */
  readonly connections?: number;
}

/** Of an area of 128 bytes. */
const DEFAULT_MAX_PAYLOAD = 100;
const DEFAULT_TIMEOUT_MS = 30;
const DEFAULT_P2A_QUEUE = 32;

/** A simulated SCMI platform: one SoC, described by a board, that answers like firmware of one release of the specification. Hot
 *  commands are answered inside of the core; what they change, observers hear all the same. */
export class Platform {
  readonly board: Board;
  /** The release that it looks like. */
  readonly profile: Release;
  readonly #machine: Machine;
  readonly #service: Service;
  readonly #servers: readonly Server[];
  readonly #base: BaseServer;
  readonly #performance: PerformanceServer | undefined;
  readonly #clocks: ClockServer | undefined;

  private constructor(core: Core, board: Board, options: PlatformOptions) {
    const { profile = "3.2", clock, maxPayload = board.maxPayload ?? DEFAULT_MAX_PAYLOAD } = options;
    this.board = board;
    this.profile = profile;
    const protocols = protocolsOf(board, profile);
    const description = core.describe(describe(board, profile, { isPerformanceCold: false }));
    const state = core.openState(description);
    const tables = new PlatformTables(core, description, state);
    const map = new MemoryMap();
    this.#machine = new Machine({
      ...{ core, tables, clock, board, release: profile },
      agents: board.agents.map(({ name, isTrusted }, i) => new AgentState(i + 1, name, isTrusted)),
      access: new Access(
        board,
        tables,
        protocols.map(({ id }) => id),
      ),
      observers: new Observers(),
    });
    const has = (id: number) => protocols.some((protocol) => protocol.id === id);
    const others = protocols.slice(1).map(({ id }) => id);
    this.#base = new BaseServer(this.#machine, others, (agent) => this.#resetAgent(agent));
    if (board.performance && has(0x13))
      this.#performance = new PerformanceServer(this.#machine, board.performance, map);
    if (board.clock && has(0x14)) this.#clocks = new ClockServer(this.#machine, board.clock);
    this.#servers = [this.#base, this.#performance, this.#clocks].filter((it) => it !== undefined);
    const servers = new Map(this.#servers.map((server) => [server.protocol.id, server]));
    const dispatcher = new Dispatcher(this.#machine, servers, this.#performance);
    this.#service = new Service(this.#machine, dispatcher, this.#servers, this.#performance, map, {
      ...{ description, state, maxPayload },
    });
  }

  /** Brings a platform up in a core.
   *  @throws RangeError when the core's tables or region are too small: {@link capacityFor} says what is needed */
  static open(core: Core, board: Board, options: PlatformOptions): Platform {
    return new Platform(core, board, options);
  }

  /** What a core needs so that a platform and its agents fit. */
  static capacityFor(board: Board, options: CapacityOptions = {}): Partial<CoreCapacity> {
    const { profile = "3.2", maxPayload = board.maxPayload ?? DEFAULT_MAX_PAYLOAD } = options;
    const { connections = board.agents.length } = options;
    const bytes = Math.ceil(maxPayload / 4) * 4 + 28;
    return {
      instances: connections,
      channels: 2 * connections,
      xfers: 8 * connections,
      areas: 2 * connections,
      areaBytes: bytes,
      maxPayload: Math.max(128, bytes),
      regionBytes: regionBytes(board, profile) + 8 * bytes,
      fastChannels: 4 * (board.performance?.domains.length ?? 0) * connections,
    };
  }

  /** Gives an agent of the same core its place: what `loopback()` takes.
   *  @throws RangeError for an unknown agent, or when the core has no room left */
  connect(agentId: number, options: ConnectOptions = {}): PlatformPort {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, p2aQueue = DEFAULT_P2A_QUEUE } = options;
    return this.#service.connect(this.#agent(agentId), { timeoutMs, p2aQueue });
  }

  /** Gives an agent elsewhere its place: whole messages in MSG form, which the caller carries.
   *  @throws RangeError for an unknown agent, or when the core has no room left */
  connectMessages(agentId: number, sink: MessageSink): MessagePort {
    return this.#service.connectMessages(this.#agent(agentId), sink);
  }

  /** Listens to what changes, whoever changed it; the result takes it back. */
  on<Name extends PlatformEventName>(name: Name, listener: (event: PlatformEvents[Name]) => void): () => void {
    this.#expectOpen();
    const remove = this.#machine.observers.add(name, listener);
    this.#machine.settingsChanged();
    return () => {
      remove();
      if (!this.#service.isClosed) this.#machine.settingsChanged();
    };
  }

  /** Hands out changes that batches made, and looks at the FastChannels, without waiting for the next doorbell or poll. */
  poll(): void {
    this.#expectOpen();
    this.#service.poll();
  }

  /** Level of a performance domain, or level index where it goes by indices. */
  level(domainId: number): number {
    return this.#domains(domainId).level(domainId);
  }

  /** Limits of a performance domain, in the same numbers. */
  limits(domainId: number): { readonly max: number; readonly min: number } {
    return this.#domains(domainId).limits(domainId);
  }

  /** Moves a domain to a level by the platform's own doing: no limits hold, agents hear of it from agent 0.
   *  @throws RangeError when it is no level */
  setLevel(domainId: number, level: number): void {
    const domains = this.#domains(domainId);
    expectKey(domains, domainId, "level", level);
    domains.moveTo(0, domainId, level);
    this.#service.settleEvents();
  }

  /** Imposes limits by the platform's own doing, as when the chip gets too hot; agents hear of it from agent 0.
   *  @throws RangeError when they are no levels, or the wrong way around */
  setLimits(domainId: number, limits: { readonly max: number; readonly min: number }): void {
    const domains = this.#domains(domainId);
    expectKey(domains, domainId, "max", limits.max);
    expectKey(domains, domainId, "min", limits.min);
    if (limits.min > limits.max) throw new RangeError(`"min" expected at most ${limits.max}, got ${limits.min}`);
    domains.imposeLimits(0, domainId, limits);
    this.#service.settleEvents();
  }

  /** Rate of a clock in Hz. */
  rate(clockId: number): number {
    return Number(this.#clock(clockId).rate(clockId));
  }

  /** Whether a clock runs. */
  isEnabled(clockId: number): boolean {
    return this.#clock(clockId).isEnabled(clockId);
  }

  /** Changes a rate by the platform's own doing; agents hear of it from agent 0.
   *  @throws RangeError unless it is an integer */
  setRate(clockId: number, rateHz: number): void {
    const clocks = this.#clock(clockId);
    if (!Number.isSafeInteger(rateHz) || rateHz < 0) {
      throw new RangeError(`"rateHz" expected integer 0 to 2^53 - 1, got ${rateHz}`);
    }
    clocks.setRate(0, clockId, BigInt(rateHz));
  }

  /** Sends `BASE_ERROR_EVENT` to an agent whose commands failed in a way that their responses could not say.
   *  @throws RangeError for an unknown agent */
  reportErrors(agentId: number, failed: readonly FailedCommand[], options: { readonly isFatal?: boolean } = {}): void {
    this.#base.reportErrors(this.#agent(agentId), failed, options.isFatal ?? false);
  }

  /** Takes the platform down: connections close, timers stop. */
  close(): void {
    if (this.#service.isClosed) return;
    this.#service.close();
  }

  /** Closes it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #resetAgent(agent: AgentState): void {
    for (const server of this.#servers) server.resetAgent(agent);
    agent.forgetSettings();
    this.#machine.settingsChanged();
  }

  #agent(agentId: number): AgentState {
    this.#expectOpen();
    const agent = this.#machine.agent(agentId);
    if (agent) return agent;
    throw new RangeError(`"agentId" expected integer 1 to ${this.board.agents.length}, got ${agentId}`);
  }

  #domains(domainId: number) {
    this.#expectOpen();
    const domains = this.#performance?.domains;
    if (domains?.domains[domainId]) return domains;
    throw new RangeError(`"domainId" expected that of a performance domain, got ${domainId}`);
  }

  #clock(clockId: number) {
    this.#expectOpen();
    const clocks = this.#clocks?.clocks;
    if (clocks?.clocks[clockId]) return clocks;
    throw new RangeError(`"clockId" expected that of a clock, got ${clockId}`);
  }

  #expectOpen(): void {
    if (this.#service.isClosed) throw new ChannelError("platform", "closed");
  }
}

function expectKey(domains: PerformanceServer["domains"], domainId: number, name: string, key: number): void {
  const domain = domains.domains[domainId];
  if (domain?.levels.some((level) => domains.keyOf(domain, level) === key)) return;
  throw new RangeError(`"${name}" expected a level of domain ${domainId}, got ${key}`);
}
