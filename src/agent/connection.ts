import type { ChannelCounters, FastChannelOptions } from "../core/options.ts";
import { ChannelError } from "../errors.ts";
import type { Channel, InstanceWishes, Link, RowOptions, Transport, TransportHost } from "../transport/transport.ts";
import type { Report } from "./anomaly.ts";
import type { FastRow } from "./fast-channel.ts";
import type { Hub } from "./hub.ts";
import { Inflow, type OnNotification } from "./inflow.ts";
import { Line } from "./line.ts";
import { XferPool } from "./pool.ts";
import { RowPool, type TakenInstance } from "./rows.ts";
import { Watchman } from "./watchman.ts";

/** Whom a connection tells what nobody waits for. */
export interface ConnectionEvents {
  readonly report: Report;
  readonly onNotification: OnNotification;
  /** The other side is gone. */
  readonly onFailure: (reason: ChannelError) => void;
}

/** An open link with its channels: where messages go out and come in. */
export class Connection implements TransportHost {
  readonly hub: Hub;
  /** For error texts. */
  readonly kind: string;
  readonly #events: ConnectionEvents;
  readonly #rows = new Map<number, Line | Inflow>();
  readonly #lines = new Map<number, Line>();
  readonly #taken: TakenInstance[] = [];
  readonly #fastRows: { readonly key: string; readonly row: FastRow }[] = [];
  /** By row: a view for each message would be garbage. */
  readonly #areas: (Uint8Array | undefined)[] = [];
  /** What rows had counted for agents before this one. */
  readonly #countedBefore = new Map<number, ChannelCounters>();
  #isClamped = false;
  #base: Line | undefined;
  #link: Link | undefined;
  #pool: XferPool | undefined;
  #failure: ChannelError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(hub: Hub, kind: string, events: ConnectionEvents) {
    this.hub = hub;
    this.kind = kind;
    this.#events = events;
  }

  /** Opens the transport's channels. The hub is left again when that fails, or when the connection closes. */
  static async open(
    hub: Hub,
    transport: Transport,
    events: ConnectionEvents,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    const connection = new Connection(hub, transport.kind, events);
    try {
      const link = await transport.open(connection, signal);
      connection.#link = link;
      signal?.throwIfAborted();
      connection.#attach(link);
      return connection;
    } catch (reason) {
      await connection.close();
      throw reason;
    }
  }

  get core(): Hub["core"] {
    return this.hub.core;
  }

  /** The channel that carries a protocol. */
  lineOf(protocolId: number): Line {
    const line = this.#lines.get(protocolId) ?? this.#base;
    if (line === undefined) throw new ChannelError(this.kind, "closed");
    return line;
  }

  /** Whether notifications and delayed responses can come in. */
  get hasP2a(): boolean {
    return this.#link?.p2a !== undefined || (this.#link?.p2aProtocols?.size ?? 0) > 0;
  }

  /** {@link Link.resolve}. */
  resolve(address: bigint, byteLength: number): number | undefined {
    return this.#link?.resolve?.(address, byteLength);
  }

  openInstance({ maxMessages }: InstanceWishes = {}): number {
    const taken = RowPool.of(this.core).takeInstance(maxMessages);
    this.#taken.push(taken);
    return taken.instance;
  }

  openRow(instance: number, options: RowOptions): { readonly row: number; readonly maxPayload: number } {
    const taken = this.#taken.find((it) => it.instance === instance);
    if (!taken) throw new RangeError(`"instance" expected one of this host's openInstance, got ${instance}`);
    const row = RowPool.of(this.core).takeRow(taken, options);
    const maxPayload = this.core.maxPayloadOf(row);
    const isClamped = options.areaBytes > 0 && (options.maxMessage ?? 0) > maxPayload;
    if (isClamped && !this.#isClamped) {
      this.#isClamped = true;
      this.#events.report("clamped", undefined, 1, clampedText(this.kind, options.maxMessage ?? 0, maxPayload));
    }
    return { row, maxPayload };
  }

  /** A row for a FastChannel; it goes back when the connection closes.
   *  @throws RangeError for values out of range, or when the core has no room left */
  takeFastRow(channel: number, options: FastChannelOptions): FastRow {
    const key = JSON.stringify([channel, options], (_, value) => (typeof value === "bigint" ? `${value}` : value));
    const row = this.hub.idleFastRows.get(key)?.pop() ?? {
      index: this.core.openFastChannel(channel, options),
      nextWrite: Number.NEGATIVE_INFINITY,
    };
    this.#fastRows.push({ key, row });
    return row;
  }

  complete(row: number): void {
    this.#rows.get(row)?.complete();
  }

  receive(row: number, message: Uint8Array): void {
    this.#rows.get(row)?.receive(message);
  }

  areaOf(row: number): Uint8Array {
    const known = this.#areas[row];
    if (known !== undefined && known.byteLength > 0) return known; // else memory has grown, or nobody asked before
    const area = this.core.areaOf(row);
    if (area.byteLength === 0) throw new TypeError(`"row" expected one with an area, got ${row}`);
    this.#areas[row] = area;
    return area;
  }

  reset(row: number, cause: Error): void {
    const it = this.#rows.get(row);
    if (it instanceof Line) it.reset(cause);
    else this.core.resetChannel(row);
  }

  fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = new ChannelError(this.kind, "closed", undefined, { cause });
    this.#refuse(this.#failure);
    this.#events.onFailure(this.#failure);
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#closing !== undefined || this.#failure !== undefined;
  }

  /** What broke the connection; `undefined` while nothing did. */
  get failure(): ChannelError | undefined {
    return this.#failure;
  }

  /** What all channels have counted, in sum. */
  get counters(): ChannelCounters {
    const sum: Record<string, number> = {};
    for (const row of this.#rows.keys()) {
      const before: Readonly<Record<string, number>> = { ...this.#countedBefore.get(row) };
      for (const [name, count] of Object.entries(this.core.counters(row))) {
        sum[name] = (sum[name] ?? 0) + ((count - (before[name] ?? 0)) >>> 0);
      }
    }
    return sum as unknown as ChannelCounters; // the same keys, summed
  }

  /** Ends all calls under way; the channels stay open for what has to be said at the end. */
  endCalls(): void {
    for (const it of this.#rows.values()) if (it instanceof Line) it.endCalls();
  }

  /** Ends all calls, then the link, and gives everything back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#refuse(new ChannelError(this.kind, "closed"));
    const closing = this.#link?.close();
    // In the same breath: a platform in memory may give rows that it got back to the next agent.
    for (const [row, it] of this.#rows) {
      this.hub.rows[row] = undefined;
      if (it instanceof Line) this.core.resetChannel(row); // forgives the tokens of those who gave up
    }
    this.#pool?.close();
    const idle = this.hub.idleFastRows;
    for (const { key, row } of this.#fastRows.splice(0)) idle.set(key, [...(idle.get(key) ?? []), row]);
    this.hub.leave();
    try {
      await closing;
    } finally {
      // Only now: what the transport still did to them was for us
      for (const taken of this.#taken.splice(0)) RowPool.of(this.core).giveBack(taken);
    }
  }

  #refuse(reason: ChannelError): void {
    for (const it of this.#rows.values()) it.close(reason);
  }

  #attach(link: Link): void {
    const pool = new XferPool(this.core, link.instance);
    this.#pool = pool;
    const lineFor = (channel: Channel) => {
      const known = this.#rows.get(channel.row);
      if (known instanceof Line) return known; // protocols may share one
      const line = new Line(this.hub, pool, channel, this.#watchmanOf(channel));
      this.#add(channel.row, line);
      return line;
    };
    this.#base = lineFor(link.a2p);
    for (const [protocolId, channel] of link.protocols ?? []) this.#lines.set(protocolId, lineFor(channel));
    const inflows = [...(link.p2a ? [link.p2a] : []), ...(link.p2aProtocols?.values() ?? [])].map((channel) => {
      const inflow = new Inflow(this.hub, channel, this.#watchmanOf(channel), this.#events.onNotification);
      this.#add(channel.row, inflow);
      return inflow;
    });
    for (const inflow of inflows) inflow.complete(); // what was sent before somebody listened would block the area for ever
    if (this.#failure) throw this.#failure;
  }

  #add(row: number, it: Line | Inflow): void {
    this.#rows.set(row, it);
    this.#countedBefore.set(row, this.core.counters(row));
    this.hub.rows[row] = it;
  }

  #watchmanOf({ row }: Channel): Watchman {
    return new Watchman(this.core, row, this.#events.report);
  }
}

function clampedText(kind: string, maxMessage: number, maxPayload: number): RangeError {
  return new RangeError(`${kind}: expected areas for ${maxMessage} bytes of payload, got ones for ${maxPayload}`);
}
