import type { CallOptions, ProtocolHandle } from "../agent/handle.ts";
import { MessageError } from "../errors.ts";
import type { Protocol } from "../wire/protocol.ts";
import {
  PINCTRL_NO_FUNCTION,
  PINCTRL_SELECTOR,
  PINCTRL_WHAT,
  PinctrlAttributes,
  PinctrlListAssociations,
  PinctrlNameGet,
  PinctrlProtocolAttributes,
  PinctrlRelease,
  PinctrlRequest,
  PinctrlSetPermissions,
  PinctrlSettingsConfigure,
  PinctrlSettingsGet,
  pinctrlProtocol,
} from "./pinctrl.ts";
import { orElse } from "./refusal.ts";

/** What has settings, and can be requested. */
export type PinctrlTarget = "pin" | "group";

/** What has a name; pins, groups and functions are numbered apart. */
export type PinctrlKind = PinctrlTarget | "function";

/** `PROTOCOL_ATTRIBUTES` of the pin control protocol. */
export interface PinctrlProtocolInfo {
  readonly pinCount: number;
  readonly groupCount: number;
  readonly functionCount: number;
}

/** `PINCTRL_ATTRIBUTES` */
export interface PinctrlAttributeInfo {
  readonly attributes: {
    /** 1 for a pin; pins of a group; groups of a function, or pins where it is `pinOnly`. */
    readonly count: number;
    readonly pinOnly: boolean;
    readonly gpio: boolean;
    readonly extendedName: boolean;
  };
  /** At most 15 characters. */
  readonly name: string;
}

/** All that does not change about a pin. */
export interface PinInfo {
  readonly pinId: number;
  /** The long name where there is one. */
  readonly name: string;
}

/** All that does not change about a group. */
export interface PinGroupInfo {
  readonly groupId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** Ids of its pins; empty where the platform would not say. */
  readonly pins: readonly number[];
}

/** All that does not change about a function. */
export interface PinFunctionInfo {
  readonly functionId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** A pin or group with this function behaves as a GPIO. */
  readonly isGpio: boolean;
  /** It is for single pins, and has no groups. */
  readonly isPinOnly: boolean;
  /** Ids of its groups; none where it is for pins. */
  readonly groups: readonly number[];
  /** Ids of its pins; none where it is for groups. */
  readonly pins: readonly number[];
}

/** Everything that there is to control. */
export interface PinctrlInfo {
  readonly pins: readonly PinInfo[];
  readonly groups: readonly PinGroupInfo[];
  readonly functions: readonly PinFunctionInfo[];
}

/** The value of one property. */
export interface PinSetting {
  /** One of `PINCTRL_CONFIG`, or 192 to 255 for the vendor's. */
  readonly type: number;
  readonly value: number;
}

/** The state of a pin or group. */
export interface PinSettings {
  /** `undefined` = none. */
  readonly functionId: number | undefined;
  /** Ascending by type. */
  readonly settings: readonly PinSetting[];
}

/** What to change of a pin or group. */
export interface PinConfiguration {
  /** Id of a function, or `none`; unchanged unless said. */
  readonly functionId?: number | "none";
  readonly settings?: readonly PinSetting[];
}

const HEAD_BYTES = 12;
const SETTING_BYTES = 8;
const MAX_SETTINGS = 255;
/** What `skipConfigs` can say. */
const MAX_SKIP = 255;

/** Pins, groups and functions, the agent's side. The protocol has neither notifications nor asynchronous commands. DEN0056E, pin control
 *  protocol */
export class Pinctrl {
  /** The message table. */
  static readonly table: Protocol = pinctrlProtocol;
  readonly #handle: ProtocolHandle;
  readonly #pins = new Map<number, PinInfo>();
  readonly #groups = new Map<number, PinGroupInfo>();
  readonly #functions = new Map<number, PinFunctionInfo>();
  #attributes: PinctrlProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: how many pins, groups and functions there are; asked once. DEN0056E, Pin control `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<PinctrlProtocolInfo> {
    this.#attributes ??= await this.#handle.call(PinctrlProtocolAttributes, {}, options, (it) => ({
      ...it.attributesLow,
      ...it.attributesHigh,
    }));
    return this.#attributes;
  }

  /** `PINCTRL_ATTRIBUTES`: what a pin, group or function is. DEN0056E, `PINCTRL_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for one that does not exist */
  getAttributes(kind: PinctrlKind, id: number, options?: CallOptions): Promise<PinctrlAttributeInfo> {
    return this.#handle.call(PinctrlAttributes, namedBy(kind, id), options);
  }

  /** `PINCTRL_LIST_ASSOCIATIONS`: the pins of a group, or the groups of a function (its pins where it is for pins only), in as many
   *  messages as it takes. DEN0056E, `PINCTRL_LIST_ASSOCIATIONS`
   *  @throws MessageError when counts contradict each other */
  async listAssociations(kind: "group" | "function", id: number, options?: CallOptions): Promise<readonly number[]> {
    const ids: number[] = [];
    const parts = this.#handle.multiPart(PinctrlListAssociations, { ...namedBy(kind, id), index: 0 }, options);
    for await (const { identifiers } of parts) ids.push(...identifiers);
    return ids;
  }

  /** Everything that does not change about a pin; gathered once. */
  async describePin(pinId: number, options?: CallOptions): Promise<PinInfo> {
    const known = this.#pins.get(pinId);
    if (known) return known;
    const info = { pinId, name: await this.#nameOf("pin", pinId, options) };
    this.#pins.set(pinId, info);
    return info;
  }

  /** Everything that does not change about a group; gathered once. */
  async describeGroup(groupId: number, options?: CallOptions): Promise<PinGroupInfo> {
    const known = this.#groups.get(groupId);
    if (known) return known;
    const name = await this.#nameOf("group", groupId, options);
    const info = { groupId, name, pins: await orElse(this.listAssociations("group", groupId, options), []) };
    this.#groups.set(groupId, info);
    return info;
  }

  /** Everything that does not change about a function; gathered once. */
  async describeFunction(functionId: number, options?: CallOptions): Promise<PinFunctionInfo> {
    const known = this.#functions.get(functionId);
    if (known) return known;
    const { attributes, name } = await this.getAttributes("function", functionId, options);
    const members = await orElse(this.listAssociations("function", functionId, options), []);
    const info: PinFunctionInfo = {
      functionId,
      name: attributes.extendedName ? await orElse(this.getName("function", functionId, options), name) : name,
      isGpio: attributes.gpio,
      isPinOnly: attributes.pinOnly,
      groups: attributes.pinOnly ? [] : members,
      pins: attributes.pinOnly ? members : [],
    };
    this.#functions.set(functionId, info);
    return info;
  }

  /** Describes every pin, group and function that the platform tells this agent of. */
  async describeAll(options?: CallOptions): Promise<PinctrlInfo> {
    const { pinCount, groupCount, functionCount } = await this.getProtocolAttributes(options);
    return {
      pins: await each(pinCount, (id) => this.describePin(id, options)),
      groups: await each(groupCount, (id) => this.describeGroup(id, options)),
      functions: await each(functionCount, (id) => this.describeFunction(id, options)),
    };
  }

  /** `PINCTRL_SETTINGS_GET`, all: the function and all settings of a pin or group, in as many messages as it takes. DEN0056E,
   *  `PINCTRL_SETTINGS_GET`
   *  @throws MessageError when counts contradict each other */
  async getSettings(target: PinctrlTarget, id: number, options?: CallOptions): Promise<PinSettings> {
    const settings: PinSetting[] = [];
    let expected: number | undefined;
    for (let skipConfigs = 0; ; skipConfigs = settings.length) {
      const part = await this.#get(target, id, { what: PINCTRL_WHAT.ALL, skipConfigs, configType: 0 }, options);
      const { returned, misplacedRemaining, remaining } = part.numConfigs;
      // Firmware of Arm has what remains 8 bits too low
      const left = misplacedRemaining === 0 ? remaining : remaining * 0x100 + misplacedRemaining;
      expected ??= returned + left;
      if (settings.length + returned > expected) throw excess(expected - settings.length, returned);
      settings.push(...part.configs);
      const isOver = returned === 0 || left === 0 || settings.length >= Math.min(expected, MAX_SKIP + 1);
      if (isOver) return { functionId: functionOf(part.functionSelected), settings };
    }
  }

  /** `PINCTRL_SETTINGS_GET`, one value: that of one configuration type. DEN0056E, `PINCTRL_SETTINGS_GET`
   *  @param type one of `PINCTRL_CONFIG`, or 192 to 255 for the vendor's
   *  @throws StatusError `NOT_SUPPORTED` (`INVALID_PARAMETERS` from some firmware) for a type that it has not
   *  @throws MessageError when another one comes */
  async getSetting(target: PinctrlTarget, id: number, type: number, options?: CallOptions): Promise<number> {
    const part = await this.#get(target, id, { what: PINCTRL_WHAT.ONE, skipConfigs: 0, configType: type }, options);
    const [setting] = part.configs;
    if (setting?.type === type) return setting.value;
    const got = setting === undefined ? "none" : `type ${setting.type}`;
    throw new MessageError(PinctrlSettingsGet.name, {
      field: "response.configs",
      offset: HEAD_BYTES,
      expected: `type ${type}`,
      got,
    });
  }

  /** `PINCTRL_SETTINGS_GET`, function: the function of a pin or group; `undefined` = none. DEN0056E, `PINCTRL_SETTINGS_GET` */
  async getFunction(target: PinctrlTarget, id: number, options?: CallOptions): Promise<number | undefined> {
    const what = { what: PINCTRL_WHAT.FUNCTION, skipConfigs: 0, configType: 0 };
    return functionOf((await this.#get(target, id, what, options)).functionSelected);
  }

  /** `PINCTRL_SETTINGS_CONFIGURE`: selects a function for a pin or group, changes settings, or both. What does not fit one message goes
   *  in several, ascending by type, the function first; after an error read back what has come into force. DEN0056E,
   *  `PINCTRL_SETTINGS_CONFIGURE`
   *  @throws RangeError when there is nothing to change
   *  @throws StatusError `NOT_SUPPORTED` or `INVALID_PARAMETERS` for what it has not, `IN_USE` when another agent has it, `DENIED` when
   *  this agent may not */
  async configure(
    target: PinctrlTarget,
    id: number,
    { functionId, settings = [] }: PinConfiguration,
    options?: CallOptions,
  ): Promise<void> {
    if (functionId === undefined && settings.length === 0) {
      throw new RangeError('"configuration" expected a function or settings, got neither');
    }
    const sorted = [...settings].sort((a, b) => a.type - b.type);
    const room = Math.min(Math.floor((this.#handle.maxPayload - HEAD_BYTES) / SETTING_BYTES), MAX_SETTINGS);
    let isFirst = true;
    do {
      const configs = sorted.splice(0, room);
      const attributes = {
        selector: selectorOf(target),
        configCount: configs.length,
        functionValid: isFirst && functionId !== undefined,
      };
      const selected = isFirst && typeof functionId === "number" ? functionId : PINCTRL_NO_FUNCTION;
      const values = { identifier: id, functionId: selected, attributes, configs };
      await this.#handle.call(PinctrlSettingsConfigure, values, options);
      isFirst = false;
    } while (sorted.length > 0);
  }

  /** `PINCTRL_REQUEST`: takes a pin or group for us alone until {@link release}. Some firmware refuses a second request even by the
   *  owner, and some has no ownership at all (`NOT_SUPPORTED`). DEN0056E, `PINCTRL_REQUEST`
   *  @throws StatusError `IN_USE` when another agent has it */
  request(target: PinctrlTarget, id: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(PinctrlRequest, namedBy(target, id), options, ignore);
  }

  /** `PINCTRL_RELEASE`: gives a pin or group back. DEN0056E, `PINCTRL_RELEASE` */
  release(target: PinctrlTarget, id: number, options?: CallOptions): Promise<void> {
    return this.#handle.call(PinctrlRelease, namedBy(target, id), options, ignore);
  }

  /** `PINCTRL_NAME_GET`: the long name of a pin, group or function. DEN0056E, `PINCTRL_NAME_GET`
   *  @throws StatusError `NOT_FOUND` where there is none, too */
  getName(kind: PinctrlKind, id: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(PinctrlNameGet, namedBy(kind, id), options, (it) => it.name);
  }

  /** `PINCTRL_SET_PERMISSIONS`: lets an agent use a pin, group or function, or not; for trusted agents. DEN0056E,
   *  `PINCTRL_SET_PERMISSIONS`
   *  @throws StatusError `DENIED` when we may not */
  setPermission(
    agentId: number,
    kind: PinctrlKind,
    id: number,
    permission: "allow" | "deny",
    options?: CallOptions,
  ): Promise<void> {
    const flags = { selector: selectorOf(kind), allow: permission === "allow" };
    return this.#handle.call(PinctrlSetPermissions, { agentId, identifier: id, flags }, options, ignore);
  }

  async #nameOf(kind: PinctrlKind, id: number, options: CallOptions | undefined): Promise<string> {
    const { attributes, name } = await this.getAttributes(kind, id, options);
    return attributes.extendedName ? orElse(this.getName(kind, id, options), name) : name;
  }

  #get(
    target: PinctrlTarget,
    identifier: number,
    what: { readonly what: number; readonly skipConfigs: number; readonly configType: number },
    options: CallOptions | undefined,
  ) {
    const attributes = { ...what, selector: selectorOf(target) };
    return this.#handle.call(PinctrlSettingsGet, { identifier, attributes }, options);
  }
}

function selectorOf(kind: PinctrlKind): number {
  return kind === "pin" ? PINCTRL_SELECTOR.PIN : kind === "group" ? PINCTRL_SELECTOR.GROUP : PINCTRL_SELECTOR.FUNCTION;
}

function namedBy(kind: PinctrlKind, identifier: number) {
  return { identifier, flags: { selector: selectorOf(kind) } };
}

function functionOf(word: number): number | undefined {
  return word === PINCTRL_NO_FUNCTION ? undefined : word;
}

/** All of a numbering, its refused ones left out. */
async function each<T>(count: number, describe: (id: number) => Promise<T>): Promise<readonly T[]> {
  const infos: T[] = [];
  for (let id = 0; id < count; id++) {
    const info = await orElse(describe(id), undefined);
    if (info) infos.push(info);
  }
  return infos;
}

function excess(room: number, got: number): MessageError {
  return new MessageError(PinctrlSettingsGet.name, {
    field: "response.numConfigs.returned",
    offset: 8,
    expected: `at most the ${room} items that remain`,
    got: `${got}`,
  });
}

function ignore(): void {}
