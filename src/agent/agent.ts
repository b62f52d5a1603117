/// <reference lib="esnext.disposable" preserve="true" />
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import type { ChannelCounters } from "../core/options.ts";
import { realClock } from "../core/real-clock.ts";
import { ChannelError, MessageError, UnsupportedError } from "../errors.ts";
import { baseProtocol } from "../protocols/base.ts";
import type { Transport } from "../transport/transport.ts";
import { decodeHeader } from "../wire/header.ts";
import type { Protocol } from "../wire/protocol.ts";
import { AnomalyEvent } from "./anomaly.ts";
import type { CallOptions } from "./bound.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";
import { discover, UNKNOWN_PLATFORM } from "./discovery.ts";
import { type PlatformIdentity, type ProtocolClass, ProtocolHandle } from "./handle.ts";
import { Hub } from "./hub.ts";
import { agreeOnVersion } from "./negotiate.ts";
import { type RawAnswer, RawCommand, type RawOptions } from "./raw.ts";

export type {
  Channel,
  ChannelTraits,
  InstanceWishes,
  Link,
  RowOptions,
  Transport,
  TransportHost,
} from "../transport/transport.ts";

/** How an agent is opened. */
export interface AgentOptions extends CallOptions {
  /** Where time comes from; default: the real clock. Agents of one core share one. */
  readonly clock?: Clock;
  /** Newest version word that the agent admits to know, by protocol id; a protocol that is not in it is unknown. `RELEASES` of
   *  `scmi-wasm/protocols` has those of each release. Default: whatever the message tables know. */
  readonly versions?: ReadonlyMap<number, number>;
  /** Listens to {@link AgentEventMap.anomaly} from the start, so that it hears what is odd about the discovery. */
  readonly onAnomaly?: (event: AnomalyEvent) => void;
}

/** How a protocol is opened. */
export interface ProtocolOptions extends CallOptions {
  /** Version word to agree on with the platform; default: the newest that both know. */
  readonly version?: number;
}

/** What an agent dispatches. */
export interface AgentEventMap {
  /** Something odd that no call fails with. */
  readonly anomaly: AnomalyEvent;
}

/** The agent of one SCMI instance: it asks, the platform answers. Dispatches `"anomaly"` ({@link AnomalyEvent}) for what is odd and fails
 *  no call: late, stray and malformed messages among others. */
export class Agent extends EventTarget {
  readonly core: Core;
  // Set by `open` before anybody else has the agent.
  #connection!: Connection;
  readonly #versions: ReadonlyMap<number, number> | undefined;
  readonly #handles: (ProtocolHandle | undefined)[] = [];
  readonly #opening = new Map<Protocol, Promise<ProtocolHandle>>();
  readonly #protocols = new Map<ProtocolClass<unknown>, unknown>();
  readonly #events: ConnectionEvents = {
    report: (kind, header, count, cause) => this.dispatchEvent(new AnomalyEvent(kind, header, count, cause)),
    onNotification: (header, payload, byteLength) => this.#notify(header, payload, byteLength),
    onFailure: (reason) => this.#endWatches(reason),
  };
  #platform: PlatformIdentity = UNKNOWN_PLATFORM;
  #closing: Promise<void> | undefined;

  private constructor(core: Core, { versions, onAnomaly }: AgentOptions) {
    super();
    this.core = core;
    this.#versions = versions;
    if (onAnomaly) this.addEventListener("anomaly", onAnomaly);
  }

  /** Opens the transport, and asks Base who is there: 7 messages and one for each agent of the platform. What it opened is closed again
   *  when that fails.
   *  @param core shared with other agents and platforms; it outlives the agent
   *  @throws DeadlineError when the platform is silent
   *  @throws StatusError, MessageError when it does not know Base's `PROTOCOL_ATTRIBUTES`
   *  @throws TypeError when other agents of the core use another clock */
  static async open(core: Core, transport: Transport, options: AgentOptions = {}): Promise<Agent> {
    const { clock = realClock, signal } = options;
    signal?.throwIfAborted();
    const agent = new Agent(core, options);
    agent.#connection = await Connection.open(Hub.join(core, clock), transport, agent.#events, signal);
    try {
      const base = await agent.#handleOf(baseProtocol, waitOf(options));
      agent.#platform = await discover(base, agent.#events.report, waitOf(options));
      agent.#opening.clear(); // the next handle of Base knows the platform
      return agent;
    } catch (reason) {
      await agent.close();
      throw reason;
    }
  }

  /** What Base told about the platform. */
  get platform(): PlatformIdentity {
    return this.#platform;
  }

  /** Opens a protocol and agrees on its version; the same object for the same class each time.
   *  @throws UnsupportedError when the platform does not list it, or speaks no version that we know */
  async protocol<T>(type: ProtocolClass<T>, options: ProtocolOptions = {}): Promise<T> {
    const handle = await this.#handleOf(type.table, options);
    // The map pairs each class with its own object.
    const known = this.#protocols.get(type) as T | undefined;
    if (known !== undefined && options.version === undefined) return known;
    const made = new type(handle);
    this.#protocols.set(type, made);
    return made;
  }

  /** Sends bytes and resolves with the bytes of the answer, whatever its status: for experiments.
   *  @param header protocol and message id; the token in it is replaced
   *  @param payload copied */
  raw(header: number, payload: Uint8Array, options: RawOptions = {}): Promise<RawAnswer> {
    let bound: RawCommand;
    try {
      bound = new RawCommand(header);
      if (this.#closing) throw new ChannelError(bound.name, "closed");
    } catch (reason) {
      return Promise.reject(reason);
    }
    return this.#connection.lineOf(bound.protocolId).call(bound, payload, options.isAsync ?? false, options, undefined);
  }

  /** What the channels of this agent have counted, in sum. */
  get counters(): ChannelCounters {
    return this.#connection.counters;
  }

  /** Refuses new calls, ends those under way with `ChannelError` "closed", switches notifications off where that needs no waiting, and
   *  closes the channels. Idempotent: further calls return the first one's promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  override addEventListener<K extends keyof AgentEventMap>(
    type: K,
    listener: ((event: AgentEventMap[K]) => void) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Listens to {@link AgentEventMap}. */
  override addEventListener(
    type: string,
    listener: ((event: never) => void) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListener | null, options);
  }

  async #close(): Promise<void> {
    this.#connection.endCalls();
    for (const handle of this.#handles) {
      try {
        handle?.switchOffNow();
      } catch {
        break; // the platform no longer answers; the channels go anyway
      }
    }
    this.#endWatches();
    await this.#connection.close();
  }

  #endWatches(reason?: unknown): void {
    for (const handle of this.#handles) handle?.endWatches(reason);
  }

  #handleOf(table: Protocol, options: ProtocolOptions): Promise<ProtocolHandle> {
    if (this.#closing) return Promise.reject(new ChannelError(`${table.title} protocol`, "closed"));
    const known = options.version === undefined ? this.#opening.get(table) : undefined;
    if (known) return known;
    const opening = this.#openHandle(table, options);
    this.#opening.set(table, opening);
    opening.catch(() => {
      if (this.#opening.get(table) === opening) this.#opening.delete(table);
    });
    return opening;
  }

  async #openHandle(table: Protocol, options: ProtocolOptions): Promise<ProtocolHandle> {
    const newest = this.#newestOf(table);
    this.#checkListed(table);
    const { report } = this.#events;
    const wait = waitOf(options);
    const inUse = await agreeOnVersion(this.#connection, table, newest, options.version, report, wait);
    const handle = new ProtocolHandle(this.#connection, table, inUse, this.#platform, report);
    this.#handles[table.id]?.endWatches(); // a new version has new layouts
    this.#handles[table.id] = handle;
    return handle;
  }

  #newestOf(table: Protocol): number {
    const newest = this.#versions === undefined ? table.newestVersion : this.#versions.get(table.id);
    if (newest !== undefined) return Math.min(newest, table.newestVersion);
    throw new UnsupportedError(`${table.title} protocol`, "one of the versions given to Agent.open", "none for it");
  }

  #checkListed({ id, title, vendor }: Protocol): void {
    const { protocols, vendor: theirs, subVendor, implementationVersion } = this.#platform;
    const hex = (it: number) => `0x${it.toString(16)}`;
    if (!protocols.includes(id)) {
      throw new UnsupportedError(`${title} protocol`, `${hex(id)} among the protocols`, protocols.map(hex).join(", "));
    }
    if (vendor === undefined) return;
    const isTheirs =
      isSame(vendor.vendor, theirs) &&
      (vendor.subVendor === undefined || isSame(vendor.subVendor, subVendor)) &&
      (vendor.implementationVersion === undefined || vendor.implementationVersion === implementationVersion);
    if (isTheirs) return;
    const needed = [vendor.vendor, vendor.subVendor, vendor.implementationVersion].filter((it) => it !== undefined);
    const got = [theirs, subVendor, implementationVersion];
    throw new UnsupportedError(`${title} protocol`, `a platform of ${needed.join(" ")}`, got.join(" "));
  }

  #notify(header: number, payload: number, byteLength: number): void {
    const { protocolId, messageId } = decodeHeader(header);
    try {
      if (this.#handles[protocolId]?.dispatch(messageId, payload, byteLength)) return;
      this.dispatchEvent(new AnomalyEvent("unwatched", header));
    } catch (reason) {
      if (!(reason instanceof MessageError)) throw reason;
      this.dispatchEvent(new AnomalyEvent("malformed", header, 1, reason));
    }
  }
}

/** The part of options that every call takes. */
function waitOf({ signal, timeoutMs }: CallOptions): CallOptions {
  return { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
