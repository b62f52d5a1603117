import type { BoardPowercap, BoardPowercapDomain } from "../board/board-powercap.ts";
import { STATUS } from "../errors.ts";
import {
  POWERCAP_ROOT,
  POWERCAP_UNIT,
  PowercapCapChanged,
  PowercapCapGet,
  PowercapCapNotify,
  PowercapCapSet,
  PowercapDescribeFastchannel,
  PowercapDomainAttributes,
  PowercapDomainNameGet,
  PowercapMeasurementsChanged,
  PowercapMeasurementsGet,
  PowercapMeasurementsNotify,
  PowercapMessageAttributes,
  PowercapPaiGet,
  PowercapPaiSet,
  PowercapProtocolAttributes,
  powercapProtocol,
} from "../protocols/powercap.ts";
import type { AgentState } from "./agents.ts";
import type { FastChannels } from "./fast-channels.ts";
import { type Call, DONE, Handlers } from "./handlers.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import { isLong, shortName } from "./names.ts";
import { PowercapControls } from "./powercap-controls.ts";
import { isSettable, PowercapDomains } from "./powercap-domains.ts";
import { powercapFastChannels } from "./powercap-fast-channels.ts";
import type { Server } from "./server.ts";

const UNIT = {
  abstract: POWERCAP_UNIT.ABSTRACT,
  milliwatt: POWERCAP_UNIT.MILLIWATT,
  microwatt: POWERCAP_UNIT.MICROWATT,
} as const;

/** Ids of what a FastChannel may replace. */
const FAST = [PowercapCapGet, PowercapCapSet, PowercapPaiGet, PowercapPaiSet].map(({ id }) => id);

/** Power capping and monitoring. */
export class PowercapServer implements Server {
  readonly protocol = powercapProtocol;
  readonly handlers = new Handlers();
  readonly domains: PowercapDomains;
  readonly fastChannels: FastChannels;
  readonly controls: PowercapControls;
  readonly #machine: Machine;
  readonly #jobs: Jobs;

  constructor(machine: Machine, board: BoardPowercap, map: MemoryMap) {
    this.#machine = machine;
    this.domains = new PowercapDomains(machine, board.domains);
    this.#jobs = new Jobs(machine);
    this.controls = new PowercapControls(machine, this.domains);
    this.fastChannels = powercapFastChannels(machine, this.domains, map, (agent, domainId, cap) => {
      this.#setCap(agent, domainId, cap);
    });
    const { domains } = this;
    this.handlers
      .on(PowercapMessageAttributes, ({ messageId }, { agent }) => {
        if (!machine.commandFor(agent, this.protocol, messageId)) return STATUS.NOT_FOUND;
        const isFast = board.domains.some((_, domainId) => this.fastChannels.has(agent, domainId, messageId));
        return { attributes: { fastChannel: isFast } };
      })
      .on(PowercapProtocolAttributes, (_, { agent }) => ({
        attributes: { domainCount: machine.countFor(agent, powercapProtocol) },
      }))
      .on(PowercapDomainAttributes, ({ domainId }, call) =>
        this.#with(call, domainId, (domain) => this.#attributes(call, domainId, domain)),
      )
      .on(PowercapCapGet, ({ domainId }, call) =>
        this.#with(call, domainId, () => ({ powerCap: domains.cap(domainId) })),
      )
      .on(PowercapCapSet, ({ domainId, flags, powerCap }, call) =>
        this.#with(call, domainId, (domain) => this.#requestCap(call, domain, domainId, flags, powerCap)),
      )
      .on(PowercapPaiGet, ({ domainId }, call) =>
        this.#with(call, domainId, () => ({ paiUs: domains.paiUs(domainId) })),
      )
      .on(PowercapPaiSet, ({ domainId, paiUs }, call) =>
        this.#with(call, domainId, () => {
          if (call.hasReserved) return STATUS.INVALID_PARAMETERS;
          return done(domains.requestPai(call.agent, domainId, paiUs));
        }),
      )
      .on(PowercapDomainNameGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      )
      .on(PowercapMeasurementsGet, ({ domainId }, call) =>
        this.#with(call, domainId, ({ isMonitored }) =>
          isMonitored ? { power: domains.power(domainId), paiUs: domains.intervalUs(domainId) } : STATUS.NOT_SUPPORTED,
        ),
      )
      .on(PowercapCapNotify, ({ domainId, notifyEnable }, call) =>
        this.#with(call, domainId, ({ notifyCap }) =>
          this.#subscribe(PowercapCapChanged.id, notifyCap, domainId, notifyEnable, call),
        ),
      )
      .on(
        PowercapMeasurementsNotify,
        ({ domainId, notifyEnable, powerThresholdLow: low, powerThresholdHigh: high }, call) =>
          this.#with(call, domainId, ({ notifyMeasurements }) => {
            if (!call.hasReserved && notifyMeasurements && notifyEnable) {
              if (low > high) return STATUS.INVALID_PARAMETERS;
              domains.setThresholds(call.agent, domainId, { low, high });
            }
            return this.#subscribe(PowercapMeasurementsChanged.id, notifyMeasurements, domainId, notifyEnable, call);
          }),
      )
      .on(PowercapDescribeFastchannel, ({ domainId, messageId }, call) =>
        this.#with(call, domainId, () => {
          if (!call.messages.commandById(messageId)) return STATUS.NOT_FOUND;
          if (!this.fastChannels.has(call.agent, domainId, messageId)) return STATUS.NOT_SUPPORTED;
          return this.fastChannels.describe(call.agent, domainId, messageId);
        }),
      );
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

  get isRung(): boolean {
    return this.fastChannels.areRung;
  }

  look(options: { readonly rungOnly: boolean }): void {
    this.fastChannels.look(options);
  }

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    this.domains.resetAgent(agent);
  }

  agentLeft(agent: AgentState): void {
    this.fastChannels.forget(agent);
  }

  close(): void {
    this.#jobs.close();
    this.domains.close();
    this.fastChannels.close();
  }

  #with<Result>(
    { agent }: Call,
    domainId: number,
    act: (domain: BoardPowercapDomain) => Result | number,
  ): Result | number {
    const domain = this.domains.find(agent, domainId);
    return typeof domain === "number" ? domain : act(domain);
  }

  #attributes({ agent, connection: { hasP2a } }: Call, domainId: number, domain: BoardPowercapDomain) {
    const { caps, paisUs } = domain;
    return {
      attributes: {
        notifyCap: domain.notifyCap && hasP2a,
        notifyMeasurements: domain.notifyMeasurements && hasP2a,
        asyncCapSet: domain.asyncLatencyUs !== undefined && hasP2a,
        extendedName: isLong(domain.name),
        setCap: isSettable(caps),
        measurements: domain.isMonitored,
        setPai: isSettable(paisUs),
        powerUnit: UNIT[domain.unit],
        fastChannel: FAST.some((messageId) => this.fastChannels.has(agent, domainId, messageId)),
      },
      name: shortName(domain.name),
      ...{ minPaiUs: paisUs.lowest, maxPaiUs: paisUs.highest, paiStepUs: paisUs.step },
      ...{ minPowerCap: caps.lowest, maxPowerCap: caps.highest, powerCapStep: caps.step },
      sustainablePower: domain.sustainablePower,
      accuracy: domain.accuracy,
      parentId: domain.parent ?? POWERCAP_ROOT,
    };
  }

  /** `POWERCAP_CAP_SET`. Linux waives the delayed response and reads the cap back at once, so such a change is not put off. */
  #requestCap(
    call: Call,
    { asyncLatencyUs }: BoardPowercapDomain,
    domainId: number,
    flags: { readonly async: boolean; readonly ignoreDelayedResponse: boolean },
    cap: number,
  ) {
    const { agent, hasReserved } = call;
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (flags.async && asyncLatencyUs === undefined) return STATUS.NOT_SUPPORTED;
    if (!flags.async || flags.ignoreDelayedResponse) return done(this.#setCap(agent, domainId, cap));
    const status = this.#judge(agent, domainId, cap);
    if (status !== STATUS.SUCCESS) return status;
    this.#jobs.add(call, domainId, asyncLatencyUs ?? 0, () => {
      this.domains.imposeCap(agent.id, domainId, cap);
      this.#machine.sendDelayed(call, PowercapCapSet, { domainId, powerCap: this.domains.cap(domainId) });
    });
    return DONE;
  }

  #setCap(agent: AgentState, domainId: number, cap: number): number {
    const status = this.#judge(agent, domainId, cap);
    if (status === STATUS.SUCCESS) this.domains.imposeCap(agent.id, domainId, cap);
    return status;
  }

  #judge(agent: AgentState, domainId: number, cap: number): number {
    const status = this.domains.judgeCap(agent, domainId, cap);
    return status === STATUS.SUCCESS && this.#jobs.isBusy(domainId) ? STATUS.BUSY : status;
  }

  #subscribe(
    notificationId: number,
    isAvailable: boolean,
    domainId: number,
    isEnabled: boolean,
    { agent, hasReserved }: Call,
  ) {
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (!isAvailable) return STATUS.NOT_SUPPORTED;
    agent.subscribe(powercapProtocol, notificationId, domainId, isEnabled);
    this.#machine.settingsChanged();
    return DONE;
  }
}

function done(status: number) {
  return status === STATUS.SUCCESS ? DONE : status;
}
