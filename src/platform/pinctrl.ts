import type { BoardPinctrl } from "../board/board-pinctrl.ts";
import { STATUS } from "../errors.ts";
import {
  PINCTRL_NO_FUNCTION,
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
} from "../protocols/pinctrl.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import { isLong, shortName } from "./names.ts";
import { PinctrlControls } from "./pinctrl-controls.ts";
import { kindOf, type PinKind, Pins, type PinTarget, type Setting } from "./pins.ts";
import type { Server } from "./server.ts";

const LIST_HEAD_BYTES = 8;
const ID_BYTES = 2;
const MAX_IDS_RETURNED = 0xfff;
const SETTINGS_HEAD_BYTES = 12;
const SETTING_BYTES = 8;
const MAX_SETTINGS = 255;

/** Where a request has bits that must be 0. The upper half of an identifier is not one: it is ignored. */
interface ReservedBits {
  /** Of the word, in bytes. */
  readonly offset: number;
  readonly mask: number;
}

const FLAGS: ReservedBits = { offset: 4, mask: 0xfffffffc };
const GET_ATTRIBUTES: ReservedBits = { offset: 4, mask: 0xfff00000 };
const CONFIGURE_ATTRIBUTES: ReservedBits = { offset: 8, mask: 0xfffff800 };
const PERMISSION_FLAGS: ReservedBits = { offset: 8, mask: 0xfffffff8 };
const TYPE_MASK = 0xffffff00;

/** Pin control. A bad selector names nothing (`NOT_FOUND`) where names are asked for, and is `INVALID_PARAMETERS` where only pins and
 *  groups make sense. */
export class PinctrlServer implements Server {
  readonly protocol = pinctrlProtocol;
  readonly handlers = new Handlers();
  readonly pins: Pins;
  readonly controls: PinctrlControls;
  readonly #board: BoardPinctrl;

  constructor(machine: Machine, board: BoardPinctrl) {
    this.#board = board;
    this.pins = new Pins(machine, board);
    this.controls = new PinctrlControls(machine, this.pins);
    const { pins } = this;
    this.handlers
      .on(PinctrlProtocolAttributes, (_, { agent }) => ({
        attributesLow: { pinCount: pins.countFor(agent, "pin"), groupCount: pins.countFor(agent, "group") },
        attributesHigh: { functionCount: pins.countFor(agent, "function") },
      }))
      .on(PinctrlAttributes, ({ identifier, flags }, call) =>
        this.#with(call, flags.selector, identifier, (kind) => this.#attributes(kind, identifier)),
      )
      .on(PinctrlListAssociations, ({ identifier, flags, index }, call) =>
        this.#with(call, flags.selector, identifier, (kind) =>
          kind === "pin" ? STATUS.NOT_FOUND : this.#associations(kind, identifier, index, call),
        ),
      )
      .on(PinctrlSettingsGet, ({ identifier, attributes }, call) =>
        this.#withTarget(call, GET_ATTRIBUTES, attributes.selector, identifier, (target) =>
          this.#settings(target, identifier, attributes, call),
        ),
      )
      .on(PinctrlSettingsConfigure, ({ identifier, functionId, attributes, configs }, call) =>
        this.#withTarget(call, CONFIGURE_ATTRIBUTES, attributes.selector, identifier, (target) =>
          this.#configure(target, identifier, attributes.functionValid ? functionId : null, configs, call),
        ),
      )
      .on(PinctrlRequest, ({ identifier, flags }, call) =>
        this.#withTarget(call, FLAGS, flags.selector, identifier, (target) =>
          done(pins.request(call.agent.id, target, identifier)),
        ),
      )
      .on(PinctrlRelease, ({ identifier, flags }, call) =>
        this.#withTarget(call, FLAGS, flags.selector, identifier, (target) =>
          done(pins.release(call.agent.id, target, identifier)),
        ),
      )
      .on(PinctrlNameGet, ({ identifier, flags }, call) =>
        this.#with(call, flags.selector, identifier, (kind) => {
          const name = this.#nameOf(kind, identifier) ?? "";
          return isLong(name) ? { name } : STATUS.NOT_FOUND;
        }),
      )
      .on(PinctrlSetPermissions, ({ agentId, identifier, flags }, call) => {
        const kind = kindOf(flags.selector);
        if (!machine.agent(agentId)) return STATUS.NOT_FOUND;
        if (kind === undefined) return STATUS.INVALID_PARAMETERS;
        if (this.#nameOf(kind, identifier) === undefined) return STATUS.NOT_FOUND;
        if (hasReserved(call, PERMISSION_FLAGS)) return STATUS.INVALID_PARAMETERS;
        if (!call.agent.isTrusted) return STATUS.DENIED;
        machine.access.setResource(agentId, pinctrlProtocol.id, pins.resourceOf(kind, identifier), flags.allow);
        return DONE;
      });
  }

  changingMessages(): readonly number[] {
    return [];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  onCoreEvent(): void {}

  needsEvents(): boolean {
    return false;
  }

  resetAgent(agent: AgentState): void {
    this.pins.resetAgent(agent);
  }

  agentLeft(): void {}

  close(): void {}

  #nameOf(kind: PinKind, id: number): string | undefined {
    const { pins, groups, functions } = this.#board;
    return (kind === "pin" ? pins : kind === "group" ? groups : functions)[id]?.name;
  }

  /** Acts on anything that exists and may be used. */
  #with<Result>(
    { agent }: Call,
    selector: number,
    id: number,
    act: (kind: PinKind) => Result | number,
  ): Result | number {
    const kind = kindOf(selector);
    if (kind === undefined || this.#nameOf(kind, id) === undefined) return STATUS.NOT_FOUND;
    return this.pins.mayUse(agent, kind, id) ? act(kind) : STATUS.DENIED;
  }

  /** Acts on a pin or group that exists and may be used. */
  #withTarget<Result>(
    call: Call,
    reserved: ReservedBits,
    selector: number,
    id: number,
    act: (target: PinTarget) => Result | number,
  ): Result | number {
    const kind = kindOf(selector);
    if (kind === undefined || kind === "function") return STATUS.INVALID_PARAMETERS;
    if (this.#nameOf(kind, id) === undefined) return STATUS.NOT_FOUND;
    if (hasReserved(call, reserved)) return STATUS.INVALID_PARAMETERS;
    return this.pins.mayUse(call.agent, kind, id) ? act(kind) : STATUS.DENIED;
  }

  #attributes(kind: PinKind, id: number) {
    const name = this.#nameOf(kind, id) ?? "";
    const { isPinOnly = false, isGpio = false } = kind === "function" ? (this.#board.functions[id] ?? {}) : {};
    const count = kind === "pin" ? 1 : this.#members(kind, id).length;
    return {
      attributes: { count, pinOnly: isPinOnly, gpio: isGpio, extendedName: isLong(name) },
      name: shortName(name),
    };
  }

  #members(kind: "group" | "function", id: number): readonly number[] {
    const { groups, functions } = this.#board;
    return (kind === "group" ? groups[id]?.pins : functions[id]?.members) ?? [];
  }

  /** Never a reply without ids: U-Boot would ask for ever. */
  #associations(kind: "group" | "function", id: number, index: number, call: Call) {
    const members = this.#members(kind, id);
    if (index >= members.length) return STATUS.OUT_OF_RANGE;
    const room = Math.min(itemsThatFit(call, LIST_HEAD_BYTES, ID_BYTES), MAX_IDS_RETURNED);
    const identifiers = members.slice(index, index + room);
    if (identifiers.length === 0) return STATUS.PROTOCOL_ERROR;
    const remaining = members.length - index - identifiers.length;
    return { flags: { returned: identifiers.length, remaining }, identifiers };
  }

  #settings(
    target: PinTarget,
    id: number,
    {
      what,
      configType,
      skipConfigs,
    }: { readonly what: number; readonly configType: number; readonly skipConfigs: number },
    call: Call,
  ) {
    const functionSelected = this.pins.functionOf(target, id) ?? PINCTRL_NO_FUNCTION;
    const all = this.pins.settingsOf(target, id);
    const counted = (configs: readonly Setting[], remaining: number) => ({
      functionSelected,
      numConfigs: { returned: configs.length, misplacedRemaining: 0, remaining },
      configs,
    });
    switch (what) {
      case PINCTRL_WHAT.ONE: {
        const setting = all.find(({ type }) => type === configType);
        return setting ? counted([setting], 0) : STATUS.NOT_SUPPORTED;
      }
      case PINCTRL_WHAT.ALL: {
        if (skipConfigs > all.length) return STATUS.INVALID_PARAMETERS;
        const room = Math.min(itemsThatFit(call, SETTINGS_HEAD_BYTES, SETTING_BYTES), MAX_SETTINGS);
        const configs = all.slice(skipConfigs, skipConfigs + room);
        if (configs.length === 0 && skipConfigs < all.length) return STATUS.PROTOCOL_ERROR;
        return counted(configs, all.length - skipConfigs - configs.length);
      }
      case PINCTRL_WHAT.FUNCTION:
        return counted([], 0);
      default:
        return STATUS.INVALID_PARAMETERS;
    }
  }

  /** Judges everything before anything is changed. Pairs come in any order: U-Boot does not sort them.
   *  @param functionId `null` = as it is */
  #configure(target: PinTarget, id: number, functionId: number | null, configs: readonly Setting[], call: Call) {
    const { agent } = call;
    const { pins } = this;
    for (let i = 0; i < configs.length; i++) {
      const offset = SETTINGS_HEAD_BYTES + i * SETTING_BYTES;
      if (hasReserved(call, { offset, mask: TYPE_MASK })) return STATUS.INVALID_PARAMETERS;
    }
    if (pins.isTaken(agent.id, pins.pinsOf(target, id) ?? [])) return STATUS.IN_USE;
    if (functionId === null && configs.length === 0) return STATUS.INVALID_PARAMETERS;
    const selected = functionId === PINCTRL_NO_FUNCTION ? undefined : functionId;
    if (typeof selected === "number") {
      if (!this.#board.functions[selected]) return STATUS.NOT_FOUND;
      if (!pins.mayUse(agent, "function", selected)) return STATUS.DENIED;
      if (!pins.canSelect(target, id, selected)) return STATUS.INVALID_PARAMETERS;
    }
    const status = pins.judge(target, id, configs);
    if (status !== STATUS.SUCCESS) return status;
    pins.configure(agent.id, target, id, selected, configs);
    return DONE;
  }
}

function hasReserved({ view, requestAt }: Call, { offset, mask }: ReservedBits): boolean {
  return (view.getUint32(requestAt + offset, true) & mask) !== 0;
}

function done(status: number) {
  return status === STATUS.SUCCESS ? DONE : status;
}
