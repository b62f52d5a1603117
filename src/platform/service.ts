import { copyBytes } from "../core/copy.ts";
import type { Core } from "../core/core.ts";
import type { HotKind } from "../core/description.ts";
import type { PlatformTables } from "../core/platform-tables.ts";
import { TraceRing } from "../core/trace-ring.ts";
import { ChannelError, STATUS } from "../errors.ts";
import type { AgentState, Connection } from "./agents.ts";
import type { Dispatcher } from "./dispatch.ts";
import { EventHub } from "./event-hub.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import {
  type MessageHost,
  type MessagePlace,
  MessagePort,
  type MessageSink,
  type PromptConnection,
} from "./message-port.ts";
import { PlatformPort, type PortHost, type PortOptions, type Rows } from "./port.ts";
import type { Server } from "./server.ts";

const HEADER_BYTES = 4;
const STATUS_BYTES = 4;
const SMT_HEAD_BYTES = 28;

/** The platform's end of its channels: takes commands out of the core, brings answers and P2A messages in, and sees to it that
 *  hot commands are answered by the core unless somebody needs more than it tells. */
export class Service implements PortHost, MessageHost {
  readonly core: Core;
  readonly #machine: Machine;
  readonly #tables: PlatformTables;
  readonly #dispatcher: Dispatcher;
  readonly #servers: readonly Server[];
  readonly #map: MemoryMap;
  readonly #hub: EventHub;
  readonly #trace: TraceRing;
  readonly #description: number;
  readonly #state: number;
  readonly #maxPayload: number;
  /** Offset of a message on its way into the core. */
  readonly #scratch: number;
  /** Address of the answers that the core gives by itself, header first. */
  readonly #promptAnswer: number;
  /** Servers that agents ring for without a message. */
  readonly #rung: readonly Server[];
  readonly #channels: number[] = [];
  readonly #freePorts = new Map<number, (Rows & { readonly p2a: number })[]>();
  readonly #freeMessagePorts = new Map<number, Rows[]>();

  constructor(
    machine: Machine,
    dispatcher: Dispatcher,
    servers: readonly Server[],
    map: MemoryMap,
    placed: { readonly description: number; readonly state: number; readonly maxPayload: number },
  ) {
    this.core = machine.core;
    this.#machine = machine;
    this.#tables = machine.tables;
    this.#dispatcher = dispatcher;
    this.#servers = servers;
    this.#map = map;
    this.#hub = EventHub.of(machine.core);
    this.#trace = new TraceRing(machine.core);
    this.#description = placed.description;
    this.#state = placed.state;
    this.#maxPayload = placed.maxPayload;
    this.#scratch = machine.core.reserve(HEADER_BYTES + placed.maxPayload);
    this.#promptAnswer = machine.core.replyAt(0) - HEADER_BYTES;
    this.#rung = servers.filter(({ isRung }) => isRung);
    machine.settingsChanged = () => this.#refresh();
    machine.domainChanged = (server, domain) => this.#refreshDomain(server, domain);
    machine.settleEvents = () => this.settleEvents();
    this.#refresh();
  }

  /** A connection by areas in the core. */
  connect(agent: AgentState, options: PortOptions): PlatformPort {
    const free = this.#freePorts.get(agent.id)?.pop();
    const rows = free ?? this.#openPort(agent);
    const port = new PlatformPort(this, agent, rows, options);
    this.#join(port);
    return port;
  }

  /** A connection by messages that somebody else carries. */
  connectMessages(agent: AgentState, sink: MessageSink): MessagePort {
    const rows = this.#freeMessagePorts.get(agent.id)?.pop() ?? this.#openMessagePort(agent);
    const port = new MessagePort(this, agent, rows, this.core.maxPayloadOf(rows.a2p), sink);
    this.#join(port);
    return port;
  }

  serveArea(connection: Connection, channel: number): boolean {
    this.#machine.clock.settle();
    const isForEvents = !this.#hub.isEmpty;
    this.#hub.drain();
    let claim = this.#tables.openClaim(channel);
    if (claim === 0) {
      if (isForEvents && this.isAreaFree(channel)) return false;
      claim = this.core.serve(channel, this.#machine.clock.now());
    }
    if (claim <= 0) return claim === 0;
    try {
      this.#answer(connection, claim);
    } finally {
      if (isThere(connection)) this.core.publish(claim, this.#machine.clock.now());
    }
    return isThere(connection);
  }

  serveMessage(connection: Connection, channel: number, message: Uint8Array, send: (answer: Uint8Array) => void): void {
    const failure = this.#catchUp();
    if (isThere(connection)) this.#serveMessage(connection, channel, message, send);
    if (failure) throw failure.error;
  }

  answerMessage(
    connection: PromptConnection,
    channel: number,
    from: MessagePlace,
    fromAt: number,
    byteLength: number,
    to: MessagePlace,
    toAt: number,
    room: number,
  ): number {
    const { core } = this;
    const { memory } = core;
    const failure = this.#catchUp();
    if (failure) {
      connection.fail(failure.error);
      connection.owesSettling = true;
    }
    if (connection.isClosed) return 0;
    let view = memory.data; // now that nobody can make it grow any more
    let at = fromAt;
    if (from !== memory) {
      at = core.base + this.#scratch;
      copyBytes(from.data, fromAt, view, at, Math.min(byteLength, HEADER_BYTES + this.#maxPayload));
    }
    // Times inside of the core are for those who watch
    const isObserved = this.#hub.isObserved(view);
    const claim = this.#takeIn(channel, at, byteLength, isObserved ? this.#machine.clock.now() : 0);
    if (claim !== 0 || isObserved || this.#rung.length > 0) connection.owesSettling = true;
    if (claim === TOO_LONG) return refuseIn(view.getUint32(at, true), to.data, toAt);
    let answerAt = this.#promptAnswer;
    if (claim > 0) {
      this.#answerQuietly(connection, claim);
      if (!isThere(connection)) return 0;
      view = memory.data; // handlers may have made it grow
      answerAt = core.replyAt(claim) - HEADER_BYTES;
    }
    const answerBytes = HEADER_BYTES + this.#tables.answerBytes(view, claim);
    try {
      const target = to === memory ? view : to.data;
      copyBytes(view, answerAt, target, toAt, answerBytes > room ? HEADER_BYTES : answerBytes);
    } finally {
      if (claim > 0) core.publish(claim, this.#machine.clock.now());
    }
    return answerBytes;
  }

  settleEvents(): void {
    if (this.#machine.isClosed) return;
    if (this.#hub.hasAny(this.core.memory.data)) this.#hub.drain();
    for (const server of this.#rung) server.look?.(RUNG_ONLY);
  }

  /** Looks at everything that changes without a doorbell. */
  poll(): void {
    this.#hub.drain();
    for (const server of this.#servers) server.look?.({ rungOnly: false });
  }

  noteSent(channel: number, header: number, payload: Uint8Array): void {
    if (this.#trace.isOn) this.#trace.noteSent(channel, header, payload, this.#machine.clock.now());
  }

  isAreaFree(channel: number): boolean {
    return this.#tables.isAreaFree(channel);
  }

  writeP2a(channel: number, header: number, payload: Uint8Array): void {
    const at = this.core.base + this.#scratch;
    this.core.memory.bytes.set(payload, at);
    this.core.sendP2a(channel, header, at, payload.byteLength, this.#machine.clock.now());
  }

  dropped({ id }: AgentState, header: number): void {
    this.#machine.observers.tell("notificationDropped", { agentId: id, header });
  }

  resolve(agentId: number, address: bigint, byteLength: number): number | undefined {
    return this.#map.resolve(agentId, address, byteLength);
  }

  closed(connection: Connection, rows: Rows): void {
    try {
      this.#hub.drain();
    } finally {
      this.#forget(connection, rows);
    }
  }

  close(): void {
    this.#machine.isClosed = true;
    try {
      this.#hub.drain();
    } finally {
      // Whoever else fails at what happened until now: this is over
      for (const channel of this.#channels) this.#hub.ignore(channel);
      for (const { connections } of this.#machine.agents) for (const connection of [...connections]) connection.close();
      for (const server of this.#servers) server.close();
      this.#hub.want(this, false);
    }
  }

  #serveMessage(
    connection: Connection,
    channel: number,
    message: Uint8Array,
    send: (answer: Uint8Array) => void,
  ): void {
    const { core } = this;
    const at = core.base + this.#scratch;
    core.memory.bytes.set(message.subarray(0, HEADER_BYTES + this.#maxPayload), at);
    const claim = this.#takeIn(channel, at, message.byteLength, this.#machine.clock.now());
    if (claim === TOO_LONG) {
      send(tooLong(message));
      return;
    }
    try {
      if (claim > 0) this.#answer(connection, claim);
    } finally {
      if (isThere(connection)) {
        const answer = core.stagedAnswer(claim).slice();
        if (claim > 0) core.publish(claim, this.#machine.clock.now());
        send(answer);
      }
    }
  }

  /** Its rows are free for whoever comes next. */
  #forget(connection: Connection, rows: Rows): void {
    const { agent } = connection;
    agent.connections.delete(connection);
    this.core.resetChannel(rows.a2p);
    const { p2a } = rows;
    if (p2a === undefined) {
      push(this.#freeMessagePorts, agent.id, rows);
    } else {
      this.core.resetChannel(p2a);
      push(this.#freePorts, agent.id, { ...rows, p2a });
    }
    if (agent.connections.size > 0) return;
    // Whoever comes next under this id starts as every agent does
    agent.forgetSettings();
    for (const server of this.#servers) server.agentLeft(agent);
    this.#refresh();
  }

  /** Brings the platform up to this moment. What fails about that is no fault of the agent's, whose command is answered all the same.
   *  @returns what was thrown */
  #catchUp(): { readonly error: unknown } | undefined {
    this.#machine.clock.settle();
    if (!this.#hub.hasAny(this.core.memory.data)) return undefined;
    try {
      this.#hub.drain();
    } catch (error) {
      return { error };
    }
    return undefined;
  }

  /** The claim of a command in MSG form at an address: 0 when the core has answered it. */
  #takeIn(channel: number, at: number, byteLength: number, now: number): number {
    try {
      return this.core.serveStaged(channel, at, byteLength, now);
    } catch (error) {
      if (error instanceof ChannelError && error.reason === "payloadTooLong") return TOO_LONG;
      throw error;
    }
  }

  /** {@link #answer}, whose error waits until the answer is out. */
  #answerQuietly(connection: PromptConnection, claim: number): void {
    try {
      this.#answer(connection, claim);
    } catch (error) {
      connection.fail(error);
    }
  }

  /** Stages the answer of a claim, unless the connection goes away meanwhile, and the claim with it. */
  #answer(connection: Connection, claim: number): void {
    const { core } = this;
    const replyAt = core.replyAt(claim);
    let byteLength = STATUS_BYTES;
    try {
      byteLength = this.#dispatcher.answer(this.#tables.claimed(claim), connection, replyAt);
    } catch (error) {
      // An agent that is still there wants an answer; the error is for whoever rang
      if (isThere(connection)) {
        core.memory.data.setInt32(replyAt, STATUS.GENERIC_ERROR, true);
        core.stage(claim, STATUS_BYTES);
      }
      throw error;
    }
    if (isThere(connection)) core.stage(claim, byteLength);
  }

  #join(connection: Connection): void {
    connection.agent.connections.add(connection);
  }

  #openPort(agent: AgentState): Rows & { readonly p2a: number } {
    const { core } = this;
    const instance = this.#openInstance(agent);
    const areaBytes = SMT_HEAD_BYTES + Math.ceil(this.#maxPayload / 4) * 4;
    const options = { areaBytes, maxMessage: this.#maxPayload };
    const a2p = core.openChannel(instance, options);
    const p2a = core.openChannel(instance, { ...options, p2a: true });
    this.#listen(a2p);
    return { instance, a2p, p2a };
  }

  #openMessagePort(agent: AgentState): Rows {
    const instance = this.#openInstance(agent);
    const options = { framing: "msg", areaBytes: 0, maxMessage: this.#maxPayload } as const;
    const a2p = this.core.openChannel(instance, options);
    this.#listen(a2p);
    return { instance, a2p, p2a: undefined };
  }

  #openInstance({ id }: AgentState): number {
    return this.core.openInstance({ description: this.#description, state: this.#state, agentId: id });
  }

  #listen(channel: number): void {
    this.#channels.push(channel);
    this.#hub.listen(channel, (event) => {
      for (const server of this.#servers) server.onCoreEvent(event);
    });
  }

  /** Decides anew who answers the hot commands, and whether their changes are told. */
  #refresh(): void {
    for (const server of this.#servers) this.#refreshDomains(server);
    const needsEvents = !this.#machine.isClosed && this.#servers.some((server) => server.needsEvents());
    this.#hub.want(this, needsEvents && this.#hub.hasRoom);
    const isMute = needsEvents && !this.#hub.hasRoom;
    for (const server of this.#servers) {
      for (const id of server.changingMessages()) {
        const isHot = !isMute && !server.coldMessages().includes(id);
        this.#tables.setHot(this.#description, server.protocol.id, id, isHot);
      }
    }
  }

  #refreshDomains(server: Server): void {
    if (!server.needsTranslation && !server.hostAnswers) return;
    const count = this.#tables.domainCount(server.protocol.id);
    for (let domain = 0; domain < count; domain++) this.#refreshDomain(server, domain);
  }

  #refreshDomain(server: Server, domain: number): void {
    for (const agent of this.#machine.agents) {
      const isTranslated = server.needsTranslation?.(agent) ?? false;
      const kinds = isTranslated ? EVERY_KIND : (server.hostAnswers?.(agent, domain) ?? []);
      this.#tables.setHostAnswers(agent.id, server.protocol.id, domain, kinds);
    }
  }
}

/** In place of a claim. */
const TOO_LONG = -1;
const RUNG_ONLY = { rungOnly: true } as const;

const EVERY_KIND: readonly HotKind[] = ["get", "set", "limits"];

function isThere(connection: Connection): boolean {
  return connection.agent.connections.has(connection);
}

function push<Row>(pool: Map<number, Row[]>, agentId: number, row: Row): void {
  pool.set(agentId, [...(pool.get(agentId) ?? []), row]);
}

/** Writes the answer to a command that is too long for its channel; its bytes. */
function refuseIn(header: number, to: DataView, toAt: number): number {
  to.setUint32(toAt, header, true);
  to.setInt32(toAt + HEADER_BYTES, STATUS.PROTOCOL_ERROR, true);
  return HEADER_BYTES + STATUS_BYTES;
}

/** The same as a message. */
function tooLong(message: Uint8Array): Uint8Array {
  const answer = new Uint8Array(HEADER_BYTES + STATUS_BYTES);
  answer.set(message.subarray(0, HEADER_BYTES));
  new DataView(answer.buffer).setInt32(HEADER_BYTES, STATUS.PROTOCOL_ERROR, true);
  return answer;
}
