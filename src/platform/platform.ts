/// <reference lib="esnext.disposable" preserve="true" />
import type { Board } from "../board/board.ts";
import type { CoreCapacity } from "../core/capacity.ts";
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { describePlatform } from "../core/describe.ts";
import { PlatformTables } from "../core/platform-tables.ts";
import { UnsupportedError } from "../errors.ts";
import { PROTOCOL_ID, type Release, versionIn } from "../protocols/releases.ts";
import { Access } from "./access.ts";
import { AgentState } from "./agents.ts";
import { BaseServer, type FailedCommand } from "./base.ts";
import type { ClockServer } from "./clock.ts";
import type { ClockControls } from "./clock-controls.ts";
import { clockPart } from "./clock-part.ts";
import { describe, regionBytes } from "./describe.ts";
import { Dispatcher } from "./dispatch.ts";
import { Machine } from "./machine.ts";
import { MemoryMap } from "./memory-map.ts";
import type { MessagePort, MessageSink } from "./message-port.ts";
import { withDistinctNames } from "./names.ts";
import { Observers, type PlatformEventName, type PlatformEvents } from "./observers.ts";
import type { Part } from "./part.ts";
import { Parts } from "./parts.ts";
import type { PerformanceServer } from "./performance.ts";
import type { PerformanceControls } from "./performance-controls.ts";
import { performancePart } from "./performance-part.ts";
import type { PinctrlServer } from "./pinctrl.ts";
import type { PinctrlControls } from "./pinctrl-controls.ts";
import { pinctrlPart } from "./pinctrl-part.ts";
import type { PlatformPort } from "./port.ts";
import type { PowerServer } from "./power.ts";
import type { PowerControls } from "./power-controls.ts";
import { powerPart } from "./power-part.ts";
import type { PowercapServer } from "./powercap.ts";
import type { PowercapControls } from "./powercap-controls.ts";
import { powercapPart } from "./powercap-part.ts";
import { PromptClock } from "./prompt-clock.ts";
import type { ResetServer } from "./reset.ts";
import type { ResetControls } from "./reset-controls.ts";
import { resetPart } from "./reset-part.ts";
import type { SensorServer } from "./sensor.ts";
import type { SensorControls } from "./sensor-controls.ts";
import { sensorPart } from "./sensor-part.ts";
import type { Server } from "./server.ts";
import { Service } from "./service.ts";
import { withoutSharedMemory } from "./shared-memory.ts";
import type { SystemPowerServer } from "./system-power.ts";
import type { SystemPowerControls } from "./system-power-controls.ts";
import { systemPowerPart } from "./system-power-part.ts";
import type { VendorProtocol } from "./vendor.ts";
import type { VoltageServer } from "./voltage.ts";
import type { VoltageControls } from "./voltage-controls.ts";
import { voltagePart } from "./voltage-part.ts";

/** How a platform is opened. */
export interface PlatformOptions {
  /** The release of the specification that it looks like; default 3.2. */
  readonly profile?: Release;
  /** Protocols of the board's vendor, ids 0x80 to 0xff. */
  readonly vendorProtocols?: readonly VendorProtocol[];
  /** Where its time comes from. */
  readonly clock: Clock;
  /** Largest payload of its channels in bytes; default: what the board says, else 100, which fits the customary area. */
  readonly maxPayload?: number;
  /** Whether its agents reach its memory; default true. False for agents in other processes: they are offered no FastChannels and no
   *  statistics, whose addresses would lead them nowhere. */
  readonly sharesMemory?: boolean;
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

/** Version of the power protocol in the release that gave long names to all protocols. */
const LONG_NAMES = 0x30000;
/** Of an area of 128 bytes. */
const DEFAULT_MAX_PAYLOAD = 100;
const DEFAULT_TIMEOUT_MS = 30;
const DEFAULT_P2A_QUEUE = 32;

/** The board as its agents see it. */
function boardFor(board: Board, { sharesMemory = true, profile = "3.2" }: Omit<PlatformOptions, "clock">): Board {
  const power = versionIn(profile, PROTOCOL_ID.POWER_DOMAIN) ?? 0;
  const named = power < LONG_NAMES ? withDistinctNames(board) : board;
  return sharesMemory ? named : withoutSharedMemory(named);
}

/** A simulated SCMI platform: one SoC, described by a board, that answers like firmware of one release of the specification. Hot
 *  commands are answered inside of the core; what they change, observers hear all the same. */
export class Platform {
  readonly board: Board;
  /** The core that it is in; what a `Tracer` of `scmi-wasm/trace` attaches to. */
  readonly core: Core;
  /** The release that it looks like. */
  readonly profile: Release;
  readonly #machine: Machine;
  readonly #service: Service;
  readonly #servers: readonly Server[];
  readonly #base: BaseServer;
  readonly #power: PowerServer | undefined;
  readonly #systemPower: SystemPowerServer | undefined;
  readonly #performance: PerformanceServer | undefined;
  readonly #clock: ClockServer | undefined;
  readonly #sensor: SensorServer | undefined;
  readonly #reset: ResetServer | undefined;
  readonly #voltage: VoltageServer | undefined;
  readonly #powercap: PowercapServer | undefined;
  readonly #pinctrl: PinctrlServer | undefined;

  private constructor(core: Core, wholeBoard: Board, options: PlatformOptions) {
    const board = boardFor(wholeBoard, options);
    const {
      profile = "3.2",
      vendorProtocols = [],
      clock,
      maxPayload = board.maxPayload ?? DEFAULT_MAX_PAYLOAD,
    } = options;
    this.board = board;
    this.core = core;
    this.profile = profile;
    const parts = new Parts(board, profile, vendorProtocols);
    const description = describePlatform(core, describe(board, parts));
    const state = core.openState(description);
    const tables = new PlatformTables(core, description, state);
    const map = new MemoryMap();
    const machine = new Machine({
      ...{ core, tables, clock: new PromptClock(clock), board, release: profile },
      agents: board.agents.map(({ name, isTrusted }, i) => new AgentState(i + 1, name, isTrusted)),
      access: new Access(board, tables, parts.list),
      observers: new Observers(),
      offer: parts,
    });
    this.#machine = machine;
    const others = parts.list.map(({ protocol }) => protocol.id);
    this.#base = new BaseServer(machine, others, (agent) => this.#resetAgent(agent));
    const open = <S extends Server>(part: Part<S>) => (parts.list.includes(part) ? part.open(machine, map) : undefined);
    this.#power = open(powerPart);
    this.#systemPower = open(systemPowerPart);
    this.#performance = open(performancePart);
    this.#clock = open(clockPart);
    this.#sensor = open(sensorPart);
    this.#reset = open(resetPart);
    this.#voltage = open(voltagePart);
    this.#powercap = open(powercapPart);
    this.#pinctrl = open(pinctrlPart);
    const vendors = parts.list.filter(({ protocol }) => protocol.vendor).map((part) => part.open(machine, map));
    this.#servers = [
      this.#base,
      this.#power,
      this.#systemPower,
      this.#performance,
      this.#clock,
      this.#sensor,
      this.#reset,
      this.#voltage,
      this.#powercap,
      this.#pinctrl,
      ...vendors,
    ].filter((it) => it !== undefined);
    const dispatcher = new Dispatcher(machine, new Map(this.#servers.map((server) => [server.protocol.id, server])));
    this.#service = new Service(machine, dispatcher, this.#servers, map, { description, state, maxPayload });
  }

  /** Brings a platform up in a core.
   *  @throws RangeError when the core's tables or region are too small: {@link capacityFor} says what is needed; or when a vendor
   *  protocol is another vendor's */
  static open(core: Core, board: Board, options: PlatformOptions): Platform {
    return new Platform(core, board, options);
  }

  /** What a core needs so that a platform and its agents fit. */
  static capacityFor(wholeBoard: Board, options: CapacityOptions = {}): Partial<CoreCapacity> {
    const board = boardFor(wholeBoard, options);
    const { profile = "3.2", vendorProtocols = [], maxPayload = board.maxPayload ?? DEFAULT_MAX_PAYLOAD } = options;
    const { connections = board.agents.length } = options;
    const bytes = Math.ceil(maxPayload / 4) * 4 + 28;
    const parts = new Parts(board, profile, vendorProtocols);
    return {
      instances: connections,
      channels: 2 * connections,
      xfers: 8 * connections,
      areas: 2 * connections,
      areaBytes: bytes,
      maxPayload: Math.max(128, bytes),
      regionBytes: regionBytes(board, parts) + 8 * bytes,
      fastChannels: connections * parts.fastChannelCount,
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
    this.#machine.expectOpen();
    const remove = this.#machine.observers.add(name, listener);
    this.#machine.settingsChanged();
    return () => {
      remove();
      if (!this.#machine.isClosed) this.#machine.settingsChanged();
    };
  }

  /** Hands out changes that batches made, and looks at the FastChannels, without waiting for the next doorbell or poll. */
  poll(): void {
    this.#machine.expectOpen();
    this.#service.poll();
  }

  /** The power domains.
   *  @throws UnsupportedError when board or profile have none */
  get power(): PowerControls {
    return this.#controls(this.#power, powerPart);
  }

  /** The power of the system as a whole.
   *  @throws UnsupportedError when the board has no such protocol */
  get systemPower(): SystemPowerControls {
    return this.#controls(this.#systemPower, systemPowerPart);
  }

  /** The performance domains.
   *  @throws UnsupportedError when board or profile have none */
  get performance(): PerformanceControls {
    return this.#controls(this.#performance, performancePart);
  }

  /** The clocks.
   *  @throws UnsupportedError when board or profile have none */
  get clock(): ClockControls {
    return this.#controls(this.#clock, clockPart);
  }

  /** The sensors.
   *  @throws UnsupportedError when board or profile have none */
  get sensor(): SensorControls {
    return this.#controls(this.#sensor, sensorPart);
  }

  /** The reset domains.
   *  @throws UnsupportedError when board or profile have none */
  get reset(): ResetControls {
    return this.#controls(this.#reset, resetPart);
  }

  /** The voltage domains.
   *  @throws UnsupportedError when board or profile have none */
  get voltage(): VoltageControls {
    return this.#controls(this.#voltage, voltagePart);
  }

  /** The powercap domains.
   *  @throws UnsupportedError when board or profile have none */
  get powercap(): PowercapControls {
    return this.#controls(this.#powercap, powercapPart);
  }

  /** The pins.
   *  @throws UnsupportedError when board or profile have none */
  get pinctrl(): PinctrlControls {
    return this.#controls(this.#pinctrl, pinctrlPart);
  }

  /** Sends `BASE_ERROR_EVENT` to an agent whose commands failed in a way that their responses could not say; several, where the reports
   *  do not fit one.
   *  @throws RangeError for an unknown agent */
  reportErrors(agentId: number, failed: readonly FailedCommand[], options: { readonly isFatal?: boolean } = {}): void {
    this.#base.reportErrors(this.#agent(agentId), failed, options.isFatal ?? false);
  }

  /** Takes the platform down: connections close, timers stop. */
  close(): void {
    if (this.#machine.isClosed) return;
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
    this.#machine.expectOpen();
    const agent = this.#machine.agent(agentId);
    if (agent) return agent;
    throw new RangeError(`"agentId" expected integer 1 to ${this.board.agents.length}, got ${agentId}`);
  }

  #controls<Controls>(server: { readonly controls: Controls } | undefined, { protocol }: Part): Controls {
    this.#machine.expectOpen();
    if (server) return server.controls;
    throw new UnsupportedError(
      "platform",
      `${protocol.title} in board and profile`,
      `${this.board.file}, ${this.profile}`,
    );
  }
}
