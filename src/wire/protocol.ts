import { UnsupportedError } from "../errors.ts";
import { NegotiateProtocolVersion, ProtocolMessageAttributes, ProtocolVersion } from "./generic.ts";
import { type Codec, Layout, type Role } from "./layout.ts";
import type { Command, Message, Notification, Payload } from "./message.ts";
import { optionAt } from "./version.ts";

/** Whose vendor protocol it is; ids 0x80 to 0xff mean nothing without. Strings are compared without regard to case. */
export interface VendorMatch {
  /** What `BASE_DISCOVER_VENDOR` answers. */
  readonly vendor: string;
  /** What `BASE_DISCOVER_SUB_VENDOR` answers; any unless said. */
  readonly subVendor?: string;
  /** What `BASE_DISCOVER_IMPLEMENTATION_VERSION` answers; any unless said. */
  readonly implementationVersion?: number;
}

/** Codecs of one layout after the other, each from a version word on, ascending. */
export type CodecsByVersion = readonly (readonly [version: number, codec: Codec])[];

/** Generated codecs: by spec name of the message, then by role. */
export type CodecTable = Readonly<Record<string, Readonly<Partial<Record<Role, CodecsByVersion>>> | undefined>>;

/** What {@link protocol} is told. */
export interface ProtocolSpec {
  /** Header bits 17:10. */
  readonly id: number;
  /** Lower case, words joined by hyphens: `clock`, `system-power`. */
  readonly name: string;
  /** As the specification's chapter is called. */
  readonly title: string;
  /** Every version word that changed something, ascending. */
  readonly versions: readonly [number, ...number[]];
  /** The protocol's own commands; the generic ones are added, `PROTOCOL_ATTRIBUTES` excepted, which differs everywhere. */
  readonly commands: readonly Command[];
  readonly notifications?: readonly Notification[];
  /** First version with `NEGOTIATE_PROTOCOL_VERSION`; none unless said. */
  readonly negotiableSince?: number;
  /** Required for ids 0x80 to 0xff. */
  readonly vendor?: VendorMatch;
  /** Faster than the combinators and equal to them. */
  readonly codecs?: readonly CodecTable[];
}

/** A command as one protocol version has it. */
export interface CommandAt<Request = unknown, Response = unknown, Delayed = unknown> {
  readonly command: Command<Request, Response, Delayed>;
  readonly isMandatory: boolean;
  readonly request: Layout<Request>;
  readonly response: Layout<Response>;
  /** `undefined` where the command has none. */
  readonly delayedResponse: Layout<Delayed> | undefined;
}

/** A notification as one protocol version has it. */
export interface NotificationAt<Value = unknown> {
  readonly notification: Notification<Value>;
  readonly payload: Layout<Value>;
}

/** The messages of a protocol at one version, with their layouts. */
export class MessageSet {
  readonly protocol: Protocol;
  /** The version word whose layouts these are: the newest known that is not newer than what was asked for. */
  readonly version: number;
  /** Ascending by id. */
  readonly commands: readonly CommandAt[];
  /** Ascending by id. */
  readonly notifications: readonly NotificationAt[];
  readonly #byMessage: ReadonlyMap<Message, CommandAt | NotificationAt>;
  readonly #commandById: ReadonlyMap<number, CommandAt>;
  readonly #notificationById: ReadonlyMap<number, NotificationAt>;

  /** @internal */
  constructor(protocol: Protocol, version: number, isNewer: boolean, tables: readonly CodecTable[]) {
    this.protocol = protocol;
    this.version = version;
    const layout = <T>(name: string, role: Role, payload: Payload<T>, codecName = name) => {
      const type = optionAt(payload, version)?.at(version);
      if (!type) throw new TypeError(`${name}: expected a ${role} in version ${versionText(version)}, got none`);
      const codec = tables.map((table) => optionOf(table[codecName]?.[role], version)).find((it) => it !== undefined);
      // A request of a newer version is for the platform to refuse: only what comes from there may have grown.
      const Made = (codec ?? Layout) as typeof Layout<T>;
      return new Made(name, role, type, isNewer && role !== "request");
    };
    this.commands = protocol.commands
      .filter((command) => protocol.sinceOf(command) <= version)
      .map((command) => ({
        command,
        isMandatory: command.mandatorySince !== undefined && command.mandatorySince <= version,
        request: layout(command.name, "request", command.request),
        response: layout(command.name, "response", command.response),
        delayedResponse:
          command.delayedResponse &&
          layout(command.delayedResponse.name, "delayedResponse", command.delayedResponse.payload, command.name),
      }));
    this.notifications = protocol.notifications
      .filter(({ since }) => since <= version)
      .map((it) => ({ notification: it, payload: layout(it.name, "notification", it.payload) }));
    this.#byMessage = new Map<Message, CommandAt | NotificationAt>([
      ...this.commands.map((it) => [it.command, it] as const),
      ...this.notifications.map((it) => [it.notification, it] as const),
    ]);
    this.#commandById = new Map(this.commands.map((it) => [it.command.id, it]));
    this.#notificationById = new Map(this.notifications.map((it) => [it.notification.id, it]));
  }

  /** Whether this version has a message. */
  has(message: Message): boolean {
    return this.#byMessage.has(message);
  }

  /** The layouts of a command.
   *  @throws UnsupportedError when this version lacks it */
  command<Request, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
  ): CommandAt<Request, Response, Delayed> {
    // The map pairs each command with its own layouts.
    return this.#found(command) as CommandAt<Request, Response, Delayed>;
  }

  /** The layout of a notification.
   *  @throws UnsupportedError when this version lacks it */
  notification<Value>(notification: Notification<Value>): NotificationAt<Value> {
    return this.#found(notification) as NotificationAt<Value>;
  }

  /** The command with an id; `undefined` when this version lacks it. */
  commandById(id: number): CommandAt | undefined {
    return this.#commandById.get(id);
  }

  /** The notification with an id; `undefined` when this version lacks it. */
  notificationById(id: number): NotificationAt | undefined {
    return this.#notificationById.get(id);
  }

  #found(message: Message): CommandAt | NotificationAt {
    const found = this.#byMessage.get(message);
    if (found) return found;
    const { title } = this.protocol;
    throw new UnsupportedError(
      message.name,
      `${title} protocol ${versionText(this.protocol.sinceOf(message))}`,
      versionText(this.version),
    );
  }
}

/** One protocol: its messages in all versions. */
export class Protocol {
  /** Header bits 17:10. */
  readonly id: number;
  /** Lower case, words joined by hyphens: `clock`, `system-power`. */
  readonly name: string;
  /** As the specification's chapter is called. */
  readonly title: string;
  /** Every version word that changed something, ascending. */
  readonly versions: readonly [number, ...number[]];
  /** All commands of all versions, the generic ones included, ascending by id. */
  readonly commands: readonly Command[];
  /** All notifications of all versions, ascending by id. */
  readonly notifications: readonly Notification[];
  /** First version with `NEGOTIATE_PROTOCOL_VERSION`; `undefined` = none. */
  readonly negotiableSince: number | undefined;
  /** Whose vendor protocol it is; `undefined` for ids below 0x80. */
  readonly vendor: VendorMatch | undefined;
  readonly #codecs: readonly CodecTable[];
  readonly #sets = new Map<number, MessageSet>();

  /** @internal */
  constructor(spec: ProtocolSpec) {
    this.id = spec.id;
    this.name = spec.name;
    this.title = spec.title;
    this.versions = spec.versions;
    this.negotiableSince = spec.negotiableSince;
    this.vendor = spec.vendor;
    this.#codecs = spec.codecs ?? [];
    const generic = [ProtocolVersion, ProtocolMessageAttributes, NegotiateProtocolVersion].filter(
      (it) =>
        !spec.commands.some(({ id }) => id === it.id) &&
        (it !== NegotiateProtocolVersion || spec.negotiableSince !== undefined),
    );
    this.commands = [...generic, ...spec.commands].sort((a, b) => a.id - b.id);
    this.notifications = [...(spec.notifications ?? [])].sort((a, b) => a.id - b.id);
    checkSpec(this);
  }

  /** The newest version word known. */
  get newestVersion(): number {
    return this.versions.at(-1) as number;
  }

  /** First version that has a message. */
  sinceOf(message: Message): number {
    if (message === NegotiateProtocolVersion) return this.negotiableSince ?? Number.POSITIVE_INFINITY;
    return Math.max(message.since, this.versions[0]);
  }

  /** The messages and layouts of a version. Between two versions that are known the older one holds. A version newer than all
   *  that are known gets the newest, and its responses and notifications may then be longer: best effort, as without
   *  negotiation.
   *  @param version version word
   *  @throws UnsupportedError when it is older than the first */
  at(version: number): MessageSet {
    const known = this.versions.filter((it) => it <= version).at(-1);
    if (known === undefined) {
      const first = versionText(this.versions[0]);
      throw new UnsupportedError(`${this.title} protocol`, `version ${first} or newer`, versionText(version));
    }
    const isNewer = version > this.newestVersion;
    const key = isNewer ? Number.POSITIVE_INFINITY : known;
    let set = this.#sets.get(key);
    if (!set) {
      set = new MessageSet(this, known, isNewer, this.#codecs);
      this.#sets.set(key, set);
    }
    return set;
  }
}

/** A version word as people write it: `3.0` for 0x30000. */
export function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}

/** Describes a protocol by its messages. {@link ProtocolVersion}, {@link ProtocolMessageAttributes} (unless the protocol lists
 *  one of its own) and, where it is negotiable, {@link NegotiateProtocolVersion} are added.
 *  @throws RangeError, TypeError when ids or names repeat, versions do not ascend, or a vendor id has no vendor */
/* @__NO_SIDE_EFFECTS__ */
export function protocol(spec: ProtocolSpec): Protocol {
  return new Protocol(spec);
}

function optionOf(codecs: CodecsByVersion | undefined, version: number): Codec | undefined {
  return codecs?.filter(([first]) => first <= version).at(-1)?.[1];
}

function checkSpec({ id, name, versions, commands, notifications, vendor }: Protocol): void {
  if (!(id >= 0x10 && id <= 0xff)) throw new RangeError(`"id" expected integer 16 to 255, got ${id}`);
  if (id >= 0x80 !== (vendor !== undefined)) {
    throw new TypeError(`"vendor" expected one for ids 0x80 to 0xff, and only there, got id 0x${id.toString(16)}`);
  }
  if (versions.some((version, i) => i > 0 && version <= (versions[i - 1] as number))) {
    throw new RangeError(`"versions" of ${name} expected ascending version words, got ${versions.map(versionText)}`);
  }
  for (const messages of [commands, notifications]) {
    const ids = new Set(messages.map((it) => it.id));
    const names = new Set(messages.map((it) => it.name));
    if (ids.size !== messages.length || names.size !== messages.length) {
      throw new TypeError(`messages of ${name}: expected ids and names that differ, got one twice`);
    }
  }
}
