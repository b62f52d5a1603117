import { ChannelError, StatusError, UnsupportedError } from "../errors.ts";
import { NegotiateProtocolVersion, ProtocolMessageAttributes } from "../wire/generic.ts";
import type { Command, Notification } from "../wire/message.ts";
import { stepsOf } from "../wire/path.ts";
import type { MessageSet, NotificationAt, Protocol } from "../wire/protocol.ts";
import { decode } from "../wire/type.ts";
import type { Report } from "./anomaly.ts";
import { BoundCommand, type CallOptions } from "./bound.ts";
import type { Connection } from "./connection.ts";
import { FastChannel, type FastChannelDescription } from "./fast-channel.ts";
import type { Line } from "./line.ts";
import { partsOf } from "./multi-part.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Watch, type WatchOptions } from "./watch.ts";

export type { CallOptions } from "./bound.ts";
export type { FastChannel, FastChannelDescription } from "./fast-channel.ts";
export type { Watch, WatchOptions } from "./watch.ts";

/** An agent that the platform knows. */
export interface AgentIdentity {
  /** 0 = the platform itself. */
  readonly id: number;
  readonly name: string;
}

/** What Base tells about a platform; strings are empty and numbers 0 where it would not say. */
export interface PlatformIdentity {
  readonly vendor: string;
  readonly subVendor: string;
  readonly implementationVersion: number;
  /** Ids of the protocols that this agent may use, Base included, ascending. */
  readonly protocols: readonly number[];
  /** Agents besides the platform; 0 = agents cannot be discovered. */
  readonly agentCount: number;
  /** The platform, then the agents, as far as they could be asked for. */
  readonly agents: readonly AgentIdentity[];
  /** Who we are; `undefined` before Base 2.0, and where agents cannot be discovered. */
  readonly agentId: number | undefined;
}

/** How the version in use came about: the platform's own, agreed on, or used without agreement. */
export type Negotiation = "own" | "negotiated" | "bestEffort";

/** The version of a protocol that agent and platform use. */
export interface VersionInUse {
  /** Version word whose layouts are in force. */
  readonly version: number;
  /** What `PROTOCOL_VERSION` answered; the version in force when it did not. */
  readonly reported: number;
  readonly negotiation: Negotiation;
}

/** The agent's side of a protocol: a class that is given a {@link ProtocolHandle}. */
export interface ProtocolClass<T> {
  /** Its message table. */
  readonly table: Protocol;
  new (handle: ProtocolHandle): T;
}

/** A hot command that is called without waiting for the event loop. */
export interface PolledCommand<Request, Response> {
  /** Exchanges the command.
   *  @param into overwritten with the response and returned
   *  @throws StatusError, MessageError, DeadlineError as an awaited call rejects
   *  @throws ChannelError "busy" when the channel carries another command
   *  @throws UnsupportedError on a channel that cannot be polled */
  call(request: Request, into: Response): Response;
  /** {@link call} for a command whose request is 1 … 4 words that fit already: the shortest way to a platform in the same core.
   *  @returns the first word of the response behind its status, signed, 0 when there is none; `undefined` when nothing was sent, and
   *  {@link call} has to be used
   *  @throws as {@link call} does */
  tryWords(first: number, second: number, third: number, fourth: number): number | undefined;
}

/** Which sources a watch is for. */
export interface SourceOptions extends WatchOptions {
  /** Ids of domains or clocks, or how to find them; none for a notification without sources. */
  readonly sources?: readonly number[] | (() => Promise<readonly number[]>);
  /** Hand out notifications of every source, not only of those that this watch switched on. */
  readonly isAll?: boolean;
  /** What else the command that switches a source on or off says: thresholds. That of the newest watch counts. */
  readonly switchValues?: (source: number, isOn: boolean) => Readonly<Record<string, unknown>>;
}

/** Speaks one protocol at one version: it carries the protocol's id, so it cannot send another one's messages. */
export class ProtocolHandle {
  readonly protocol: Protocol;
  readonly version: number;
  /** What `PROTOCOL_VERSION` answered. */
  readonly reportedVersion: number;
  readonly negotiation: Negotiation;
  /** Who answers. */
  readonly platform: PlatformIdentity;
  readonly #connection: Connection;
  readonly #line: Line;
  readonly #messages: MessageSet;
  readonly #isLenient: boolean;
  readonly #bound = new Map<Command, BoundCommand>();
  readonly #implemented = new Map<number, Promise<boolean>>();
  readonly #subscriptions: Subscriptions;
  readonly #switchValues = new Map<Notification, NonNullable<SourceOptions["switchValues"]>>();
  readonly #report: Report;

  /** @internal */
  constructor(
    connection: Connection,
    protocol: Protocol,
    inUse: VersionInUse,
    platform: PlatformIdentity,
    report: Report,
  ) {
    this.protocol = protocol;
    this.version = inUse.version;
    this.reportedVersion = inUse.reported;
    this.negotiation = inUse.negotiation;
    this.platform = platform;
    this.#connection = connection;
    this.#line = connection.lineOf(protocol.id);
    this.#messages = protocol.at(inUse.version);
    this.#isLenient = inUse.negotiation === "bestEffort";
    this.#report = report;
    this.#subscriptions = new Subscriptions((notification, source, isOn) => this.#switch(notification, source, isOn));
  }

  /** Largest payload of a message, in bytes. */
  get maxPayload(): number {
    return this.#line.channel.traits.maxPayload;
  }

  /** Whether notifications and delayed responses can come from the platform. */
  get canNotify(): boolean {
    return this.#connection.hasP2a;
  }

  /** Whether the version in use has a message. The platform may lack it all the same: {@link isImplemented}. */
  has(message: Command | Notification): boolean {
    // A message set knows messages by identity, and never looks into them.
    return this.#messages.has(message as Command);
  }

  /** Sends a command and resolves with its response.
   *  @param pick what the caller wants of the response; spares a promise
   *  @throws UnsupportedError when the version in use lacks the command
   *  @throws StatusError when the platform refuses
   *  @throws MessageError when its answer breaks the wire format
   *  @throws DeadlineError, ChannelError when no answer comes
   *  @throws RangeError, TypeError when values do not fit */
  call<Request, Response, Delayed, R = Response>(
    command: Command<Request, Response, Delayed>,
    values: Request,
    options?: CallOptions,
    pick?: (response: Response) => R,
  ): Promise<R> {
    const bound = this.#bind(command);
    if (bound instanceof UnsupportedError) return Promise.reject(bound);
    return this.#line.call(bound, values, false, options, pick);
  }

  /** Sends a command whose delayed response matters, and resolves with that. `values` must ask for it. Throws like {@link call}.
   *  @throws UnsupportedError when nothing can come from the platform on its own */
  callAsync<Request, Response, Delayed, R = Delayed>(
    command: Command<Request, Response, Delayed>,
    values: Request,
    options?: CallOptions,
    pick?: (delayed: Delayed) => R,
  ): Promise<R> {
    const bound = this.#bind(command);
    if (bound instanceof UnsupportedError) return Promise.reject(bound);
    if (!this.#connection.hasP2a) return Promise.reject(this.#noP2a(command.name));
    return this.#line.call(bound, values, true, options, pick);
  }

  /** Prepares a command for {@link PolledCommand.call}.
   *  @throws UnsupportedError when the version in use lacks it */
  polled<Request, Response, Delayed>(command: Command<Request, Response, Delayed>): PolledCommand<Request, Response> {
    const bound = this.#bind(command);
    if (bound instanceof UnsupportedError) throw bound;
    if (this.#line.channel.traits.canPoll) return this.#line.polled(bound);
    const { kind } = this.#connection;
    return {
      tryWords: () => undefined,
      call: () => {
        throw new UnsupportedError(command.name, "a channel that can be polled", kind);
      },
    };
  }

  /** Asks for a list part by part; yields each response that has items. Throws like {@link call}.
   *  @param values its index is counted here
   *  @param options `total`: how many items there are, where responses do not say what remains */
  multiPart<Request extends object, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
    values: Request,
    options?: CallOptions & { readonly total?: number },
  ): AsyncGenerator<Response, void, undefined> {
    const rule = command.multiPart;
    if (!rule) throw new TypeError(`${command.name}: expected a command whose replies come in parts`);
    return partsOf(command.name, rule, options?.total, (index) =>
      this.call(command, withIndex(values, rule.index, index), options),
    );
  }

  /** Watches a notification. Its sources are switched on from the first watcher on and off with the last.
   *  @param pick what the watcher wants of a notification
   *  @throws RangeError for a capacity below 1 */
  watch<Value, R = Value>(
    notification: Notification<Value>,
    options: SourceOptions = {},
    pick?: (value: Value) => R,
  ): Watch<R> {
    const { sources = [], isAll = false, switchValues } = options;
    if (switchValues) this.#switchValues.set(notification as Notification, switchValues);
    let leave = async () => {};
    const join = async () => {
      this.#messages.notification(notification);
      if (!this.#connection.hasP2a) throw this.#noP2a(notification.name);
      const ids = typeof sources === "function" ? await sources() : sources;
      if (options.sources && ids.length === 0) throw this.#noSources(notification.name);
      leave = await this.#subscriptions.join(notification as Notification, ids, isAll, watch as Watch<unknown>);
    };
    // The watch may be over before the platform agrees: then what was switched on goes off again at once.
    const watch: Watch<R> = new Watch<R>(
      () => Promise.resolve().then(join),
      async () => {
        try {
          await watch.ready.catch(() => {});
          await leave();
        } catch (reason) {
          this.#report("disable", undefined, 1, reason);
        }
      },
      options,
      pick,
    );
    return watch;
  }

  /** `PROTOCOL_MESSAGE_ATTRIBUTES`: whether the platform implements a command; asked once. DEN0056, `PROTOCOL_MESSAGE_ATTRIBUTES` */
  isImplemented(command: Command, options?: CallOptions): Promise<boolean> {
    const known = this.#implemented.get(command.id);
    if (known) return known;
    const asked = this.#ask(command.id, options);
    this.#implemented.set(command.id, asked);
    asked.catch(() => this.#implemented.delete(command.id)); // a time-out is no answer to remember
    return asked;
  }

  /** `NEGOTIATE_PROTOCOL_VERSION`: asks the platform to speak another version from now on. The layouts of this handle stay as they are;
   *  open the protocol anew with that version. DEN0056E, `NEGOTIATE_PROTOCOL_VERSION` */
  negotiate(version: number, options?: CallOptions): Promise<void> {
    return this.call(NegotiateProtocolVersion, { version }, options, ignore);
  }

  /** Opens a FastChannel; `undefined` when its memory is out of reach, or when it is no channel of 4 or 8 bytes: use messages. */
  openFastChannel(description: FastChannelDescription): FastChannel | undefined {
    const { channelAddress, channelByteLength, rateLimitUs, doorbell, subject } = description;
    if (channelByteLength !== 4 && channelByteLength !== 8) return undefined;
    const connection = this.#connection;
    const cell = connection.resolve(channelAddress, channelByteLength);
    if (cell === undefined) return undefined;
    const register = doorbell && connection.resolve(doorbell.address, doorbell.widthBits / 8);
    if (doorbell && register === undefined) return undefined;
    const { core, hub } = connection;
    try {
      const row = connection.takeFastRow(this.#line.channel.row, {
        cell,
        cellBytes: channelByteLength,
        rateLimitUs,
        ...(subject ? { subject: { ...subject, protocolId: this.#messages.protocol.id } } : {}),
        ...(doorbell && register !== undefined ? { doorbell: { ...doorbell, register } } : {}),
      });
      return new FastChannel(core, hub.clock, row, rateLimitUs, () => connection.isClosed);
    } catch (reason) {
      // No room in the table, or a misaligned address: messages still work.
      if (reason instanceof RangeError) return undefined;
      throw reason;
    }
  }

  /** A copy of memory that the platform shares; `undefined` when it is out of reach.
   *  @param address physical, as the platform names it
   *  @throws ChannelError "closed" once the agent is: it may be somebody else's by then */
  readMemory(address: bigint, byteLength: number): Uint8Array<ArrayBuffer> | undefined {
    const { core, isClosed, kind } = this.#connection;
    if (isClosed) throw new ChannelError(kind, "closed");
    const offset = this.#connection.resolve(address, byteLength);
    if (offset === undefined) return undefined;
    const at = core.base + offset;
    return new Uint8Array(core.memory.bytes.subarray(at, at + byteLength));
  }

  /** @internal A notification came in. False when nobody watches it.
   *  @throws MessageError when it breaks the wire format */
  dispatch(id: number, payload: number, byteLength: number): boolean {
    const found = this.#messages.notificationById(id);
    if (!found) return false;
    return this.#subscriptions.dispatch(found.notification, this.#read(found, payload, byteLength));
  }

  /** @internal Ends every watch; with `reason` for those who wait, or quietly. */
  endWatches(reason?: unknown): void {
    this.#subscriptions.end(reason);
  }

  /** @internal Switches off what is on, as far as that needs no waiting. */
  switchOffNow(): void {
    if (!this.#line.channel.traits.canPoll) return;
    for (const [notification, source] of this.#subscriptions.enabled()) {
      if (this.#line.isBusy) return;
      const [command, values] = this.#switchCommand(notification, source, false);
      const bound = this.#bind(command);
      if (!(bound instanceof UnsupportedError)) this.#line.callPolled(bound, values, {});
    }
  }

  async #ask(messageId: number, options: CallOptions | undefined): Promise<boolean> {
    const table = this.protocol.commands.find(({ id }) => id === ProtocolMessageAttributes.id);
    try {
      await this.call((table ?? ProtocolMessageAttributes) as typeof ProtocolMessageAttributes, { messageId }, options);
      return true;
    } catch (reason) {
      if (isMissing(reason)) return false;
      throw reason;
    }
  }

  #bind<Request, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
  ): BoundCommand<Request, Response, Delayed> | UnsupportedError {
    // The map pairs each command with its own layouts.
    const known = this.#bound.get(command as Command) as BoundCommand<Request, Response, Delayed> | undefined;
    if (known) return known;
    try {
      const bound = new BoundCommand(this.protocol.id, this.#messages.command(command), this.#isLenient);
      this.#bound.set(command as Command, bound as BoundCommand);
      return bound;
    } catch (reason) {
      if (reason instanceof UnsupportedError) return reason;
      throw reason;
    }
  }

  #read({ notification, payload: layout }: NotificationAt, payload: number, byteLength: number): unknown {
    const view = this.#connection.core.memory.data;
    if (!this.#isLenient) return layout.decode(view, payload, byteLength);
    const origin = { subject: notification.name, field: "notification", offset: 0 };
    return decode(layout.type, view, payload, byteLength, origin, undefined, true);
  }

  async #switch(notification: Notification, source: number, isOn: boolean): Promise<void> {
    const [command, values] = this.#switchCommand(notification, source, isOn);
    await this.call(command, values);
  }

  #switchCommand(notification: Notification, source: number, isOn: boolean): readonly [Command, unknown] {
    const command = this.protocol.commands.find(({ name }) => name === notification.enabledBy);
    if (!command) throw new TypeError(`${notification.name}: expected ${notification.enabledBy} in the message table`);
    const { resource } = command;
    const more = this.#switchValues.get(notification)?.(source, isOn);
    return [command, { ...(resource === undefined ? {} : { [resource]: source }), notifyEnable: isOn, ...more }];
  }

  #noSources(name: string): UnsupportedError {
    return new UnsupportedError(name, "a source that can notify", "none");
  }

  #noP2a(name: string): UnsupportedError {
    return new UnsupportedError(name, "a platform-to-agent channel", this.#connection.kind);
  }
}

/** Whether an answer means that the platform lacks a command: firmware says so with either of these, and with PROTOCOL_ERROR where
 *  its check of sizes comes first. */
export function isMissing(reason: unknown): boolean {
  return (
    reason instanceof StatusError &&
    (reason.is("NOT_FOUND") || reason.is("NOT_SUPPORTED") || reason.is("PROTOCOL_ERROR"))
  );
}

/** The values with another index, which may be a field of a field. */
function withIndex<T extends object>(values: T, path: string, index: number): T {
  const { outer, inner } = stepsOf(path);
  if (inner === undefined) return { ...values, [outer]: index };
  const fields = (values as Record<string, unknown>)[outer] as object;
  return { ...values, [outer]: { ...fields, [inner]: index } };
}

/** Makes nothing of a response that says nothing. */
export function ignore(): void {}
