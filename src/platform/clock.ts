import type { BoardClock, BoardClocks } from "../board/board.ts";
import type { HotKind } from "../core/description.ts";
import type { CoreEvent } from "../core/event-ring.ts";
import { STATUS } from "../errors.ts";
import {
  CLOCK_EXTENDED_CONFIG,
  CLOCK_STATE,
  ClockAttributes,
  ClockConfigGet,
  ClockConfigSet,
  ClockDescribeRates,
  ClockGetPermissions,
  ClockNameGet,
  ClockParentGet,
  ClockParentSet,
  ClockPossibleParentsGet,
  ClockProtocolAttributes,
  ClockRateChanged,
  ClockRateChangeRequested,
  ClockRateChangeRequestedNotify,
  ClockRateGet,
  ClockRateNotify,
  ClockRateSet,
  clockProtocol,
} from "../protocols/clock.ts";
import type { Notification } from "../wire/message.ts";
import type { AgentState } from "./agents.ts";
import { ClockControls } from "./clock-controls.ts";
import { Clocks } from "./clocks.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import { isLong, shortName } from "./names.ts";
import { RATE_FLAGS, roundRate } from "./rates.ts";
import type { Server } from "./server.ts";

/** From here on rates ascend, names may be long, and there are notifications. */
const V2 = 0x20000;

const LIST_HEAD_BYTES = 8;
const RATE_BYTES = 8;
const RANGE_RATES = 3;
const PARENT_BYTES = 4;
const MAX_DUTY_CYCLE = 100;
const MAX_PARENTS_REMAINING = 255;
const MAX_RATES_RETURNED = 0xfff;

/** Clock management. A clock that an agent may not use is not there for it: `NOT_FOUND`. */
export class ClockServer implements Server {
  readonly protocol = clockProtocol;
  readonly handlers = new Handlers();
  readonly clocks: Clocks;
  readonly controls: ClockControls;
  readonly #machine: Machine;
  readonly #board: BoardClocks;
  readonly #jobs: Jobs;

  constructor(machine: Machine, board: BoardClocks) {
    this.#machine = machine;
    this.#board = board;
    this.clocks = new Clocks(machine, board.clocks);
    this.controls = new ClockControls(machine, this.clocks);
    this.#jobs = new Jobs(machine, (clockId) => machine.domainChanged(this, clockId));
    const { clocks } = this;
    this.handlers
      .on(ClockProtocolAttributes, (_, { agent, connection }) => ({
        attributes: {
          clockCount: machine.countFor(agent, clockProtocol),
          maxPendingRateChanges: connection.hasP2a ? board.asyncDepth : 0,
        },
      }))
      .on(ClockAttributes, ({ clockId }, call) =>
        this.#with(call.agent, clockId, (it) => this.#attributes(call, clockId, it)),
      )
      .on(ClockDescribeRates, ({ clockId, rateIndex }, call) =>
        this.#with(call.agent, clockId, ({ rates }) => describeRates(rates, rateIndex, call)),
      )
      .onWords(ClockRateSet, (call) => this.#setRate(call))
      .on(ClockRateGet, ({ clockId }, { agent }) =>
        this.#with(agent, clockId, () => ({ rateHz: Number(clocks.rate(clockId)) })),
      )
      .on(ClockConfigSet, (request, call) => {
        const { clockId, attributes, extendedConfigValue } = request;
        const { state, extendedConfigType } = attributes;
        // The word may be missing where nothing is said with it
        if (extendedConfigType !== 0 && extendedConfigValue === undefined) return STATUS.PROTOCOL_ERROR;
        return this.#with(call.agent, clockId, (it) =>
          this.#configure(it, clockId, state, extendedConfigType, extendedConfigValue ?? 0, call),
        );
      })
      .on(ClockNameGet, ({ clockId }, { agent }) =>
        this.#with(agent, clockId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      )
      .on(ClockRateNotify, ({ clockId, notifyEnable }, call) =>
        this.#with(call.agent, clockId, ({ notifyChanged }) =>
          this.#subscribe(ClockRateChanged, notifyChanged, clockId, notifyEnable, call),
        ),
      )
      .on(ClockRateChangeRequestedNotify, ({ clockId, notifyEnable }, call) =>
        this.#with(call.agent, clockId, ({ notifyRequested }) =>
          this.#subscribe(ClockRateChangeRequested, notifyRequested, clockId, notifyEnable, call),
        ),
      )
      .on(ClockConfigGet, ({ clockId, flags }, { agent, hasReserved }) =>
        this.#with(agent, clockId, () => {
          const type = flags.extendedConfigType;
          const value = type === CLOCK_EXTENDED_CONFIG.NONE ? 0 : clocks.extended(clockId, type);
          if (hasReserved || value === undefined) return STATUS.INVALID_PARAMETERS;
          return { config: { enabled: clocks.isEnabled(clockId) }, extendedConfigValue: value };
        }),
      )
      .on(ClockPossibleParentsGet, ({ clockId, skipParents }, call) =>
        this.#with(call.agent, clockId, (it) => this.#possibleParents(it, skipParents, call)),
      )
      .on(ClockParentSet, ({ clockId, parentId }, { agent }) =>
        this.#with(agent, clockId, (it) => {
          if (!clocks.visible(agent, parentId)) return STATUS.NOT_FOUND;
          if (it.parents.length === 0) return STATUS.NOT_SUPPORTED;
          if (!it.parents.includes(parentId)) return STATUS.INVALID_PARAMETERS;
          if (!clocks.permissions(agent, it).parent) return STATUS.DENIED;
          clocks.setParent(agent.id, clockId, parentId);
          return DONE;
        }),
      )
      .on(ClockParentGet, ({ clockId }, { agent }) =>
        this.#with(agent, clockId, ({ parents }) => {
          if (parents.length === 0) return STATUS.NOT_SUPPORTED;
          const parentId = clocks.parent(clockId);
          // An id that names nothing to the agent would be no answer
          return clocks.visible(agent, parentId) ? { parentId } : STATUS.DENIED;
        }),
      )
      .on(ClockGetPermissions, ({ clockId }, { agent }) =>
        this.#with(agent, clockId, (it) => ({ permissions: clocks.permissions(agent, it) })),
      );
  }

  changingMessages(): readonly number[] {
    return [ClockRateSet.id];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  // An event says which rate a clock has, not which one was asked for: whoever wants to know that needs the host. So does who may not
  // set the rate: the core judges that before the rate.
  hostAnswers(agent: AgentState, clockId: number): readonly HotKind[] {
    const { agents, tables } = this.#machine;
    if (!tables.maySet(agent.id, clockProtocol.id, clockId) || this.#jobs.isBusy(clockId)) return ["set"];
    return agents.some((it) => it.isSubscribed(clockProtocol, ClockRateChangeRequested.id, clockId)) ? ["set"] : [];
  }

  onCoreEvent({ kind, agentId, domain, before, after, time }: CoreEvent): void {
    if (kind === "rateChanged") this.clocks.rateChanged(agentId, domain, before, after, time);
  }

  needsEvents(): boolean {
    return this.#machine.observers.has("rateChanged") || this.#hasSubscribers(ClockRateChanged);
  }

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    this.clocks.resetAgent(agent);
  }

  agentLeft(): void {}

  close(): void {
    this.#jobs.close();
  }

  #with<Result>(agent: AgentState, clockId: number, act: (clock: BoardClock) => Result | number): Result | number {
    const clock = this.clocks.visible(agent, clockId);
    return clock ? act(clock) : STATUS.NOT_FOUND;
  }

  #hasSubscribers({ id }: Notification<never> | Notification): boolean {
    return this.#machine.agents.some((agent) => agent.isSubscribedToAny(clockProtocol, id));
  }

  #attributes({ agent, connection: { hasP2a } }: Call, clockId: number, clock: BoardClock) {
    const version = this.#machine.versionFor(agent, clockProtocol);
    const { state, parent, rate } = this.clocks.permissions(agent, clock);
    return {
      attributes: {
        enabled: this.clocks.isEnabled(clockId),
        restricted: !(state && parent && rate),
        extendedConfig: clock.extendedConfig.size > 0,
        parents: this.clocks.possibleParents(agent, clock).length > 0,
        extendedName: version >= V2 && isLong(clock.name),
        notifyRateChangeRequested: clock.notifyRequested && hasP2a,
        notifyRateChanged: clock.notifyChanged && hasP2a,
      },
      name: shortName(clock.name),
      clockEnableDelayUs: clock.enableDelayUs,
    };
  }

  /** `CLOCK_RATE_SET`: what no clock takes, what this one cannot, then who may. Whether there are asynchronous changes is said for the
   *  protocol, not for a clock: one that takes no time for them is done at once. */
  #setRate(call: Call): number {
    const { agent, view, requestAt } = call;
    const flags = view.getUint32(requestAt, true);
    const clockId = view.getUint32(requestAt + 4, true);
    const wanted = view.getBigUint64(requestAt + 8, true);
    const clock = this.clocks.visible(agent, clockId);
    if (!clock) return STATUS.NOT_FOUND;
    if ((flags & ~RATE_FLAGS.ALL) !== 0) return STATUS.INVALID_PARAMETERS;
    const isAsync = (flags & RATE_FLAGS.ASYNC) !== 0;
    if (isAsync && this.#board.asyncDepth === 0) return STATUS.NOT_SUPPORTED;
    const rate = roundRate(clock.rates, wanted, flags);
    if (rate === undefined) return STATUS.INVALID_PARAMETERS;
    if (!this.#machine.tables.maySet(agent.id, clockProtocol.id, clockId)) return STATUS.DENIED;
    if (isAsync && this.#jobs.countOf(agent) >= this.#board.asyncDepth) return STATUS.BUSY;
    this.clocks.requested(agent.id, clockId, wanted);
    if (!isAsync) {
      // What is under way comes first, or it would undo this
      this.#jobs.flushResource(clockId);
      this.clocks.setRate(agent.id, clockId, rate);
      return STATUS.SUCCESS;
    }
    const wantsDelayed = (flags & RATE_FLAGS.IGNORE_DELAYED) === 0;
    this.#jobs.add(call, clockId, clock.asyncLatencyUs ?? 0, () => {
      this.clocks.setRate(agent.id, clockId, rate);
      if (wantsDelayed) this.#machine.sendDelayed(call, ClockRateSet, { clockId, rateHz: Number(rate) });
    });
    return STATUS.SUCCESS;
  }

  #configure(clock: BoardClock, clockId: number, state: number, type: number, value: number, call: Call) {
    const { agent, hasReserved } = call;
    const isConfigured = type !== CLOCK_EXTENDED_CONFIG.NONE;
    if (hasReserved || state > CLOCK_STATE.UNCHANGED || state === STATE_RESERVED) return STATUS.INVALID_PARAMETERS;
    if (isConfigured ? !clock.extendedConfig.has(type) : state === CLOCK_STATE.UNCHANGED)
      return STATUS.INVALID_PARAMETERS;
    if (type === CLOCK_EXTENDED_CONFIG.DUTY_CYCLE && value > MAX_DUTY_CYCLE) return STATUS.INVALID_PARAMETERS;
    const permissions = this.clocks.permissions(agent, clock);
    if (state !== CLOCK_STATE.UNCHANGED && !permissions.state) return STATUS.DENIED;
    // No permission bit covers extended configurations; NXP asks for the one for the rate, too
    if (isConfigured && !permissions.rate) return STATUS.DENIED;
    if (state !== CLOCK_STATE.UNCHANGED) this.clocks.vote(agent, clockId, state === CLOCK_STATE.ENABLE);
    if (isConfigured) this.clocks.setExtended(clockId, type, value);
    return DONE;
  }

  #subscribe(
    notification: { readonly id: number },
    isAvailable: boolean,
    clockId: number,
    isEnabled: boolean,
    { agent, hasReserved }: Call,
  ) {
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (!isAvailable) return STATUS.NOT_SUPPORTED;
    agent.subscribe(clockProtocol, notification.id, clockId, isEnabled);
    this.#machine.settingsChanged();
    return DONE;
  }

  #possibleParents(clock: BoardClock, skip: number, call: Call) {
    if (clock.parents.length === 0) return STATUS.NOT_SUPPORTED;
    const visible = this.clocks.possibleParents(call.agent, clock);
    if (visible.length === 0) return STATUS.DENIED;
    if (skip >= visible.length) return STATUS.OUT_OF_RANGE;
    const parents = visible.slice(skip, skip + itemsThatFit(call, LIST_HEAD_BYTES, PARENT_BYTES));
    if (parents.length === 0) return STATUS.PROTOCOL_ERROR;
    const remaining = Math.min(visible.length - skip - parents.length, MAX_PARENTS_REMAINING);
    return { numParents: { returned: parents.length, remaining }, parents };
  }
}

/** `state` 2. */
const STATE_RESERVED = 2;

function describeRates(rates: BoardClock["rates"], index: number, call: Call) {
  if ("lowest" in rates) {
    // One triplet, whatever the index, as SCP-firmware and Arm's tests have it
    const ratesHz = [rates.lowest, rates.highest, rates.step].map(Number);
    return { numRates: { returned: RANGE_RATES, isRange: true, remaining: 0 }, ratesHz };
  }
  if (index >= rates.length) return STATUS.OUT_OF_RANGE;
  const room = Math.min(itemsThatFit(call, LIST_HEAD_BYTES, RATE_BYTES), MAX_RATES_RETURNED);
  const ratesHz = rates.slice(index, index + room).map(Number);
  if (ratesHz.length === 0) return STATUS.PROTOCOL_ERROR;
  const remaining = rates.length - index - ratesHz.length;
  return { numRates: { returned: ratesHz.length, isRange: false, remaining }, ratesHz };
}
