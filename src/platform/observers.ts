import type { ResetState } from "../protocols/reset.ts";

/** What an observer of a platform hears, by event. Agent 0 is the platform itself; times are nanoseconds of its clock. */
export interface PlatformEvents {
  /** A power domain is in another state. */
  powerStateChanged: {
    readonly agentId: number;
    readonly domainId: number;
    /** Power state words. */
    readonly before: number;
    readonly powerState: number;
    readonly time: number;
  };
  /** An agent asked for a power state; whether the domain gets there, others decide, too. */
  powerStateRequested: {
    readonly agentId: number;
    readonly domainId: number;
    readonly powerState: number;
    readonly time: number;
  };
  /** Somebody asked for a state of the system: those who listen to it are to bring it about if graceful, else it is under way. */
  systemPowerRequested: {
    readonly agentId: number;
    readonly systemState: number;
    readonly isGraceful: boolean;
    /** When a graceful shutdown is forced; 0 = never. */
    readonly timeoutMs: number;
    readonly time: number;
  };
  /** The system went into a state. After a reset it is up again. */
  systemPowerChanged: {
    /** Who brought it about; 0 also for a graceful shutdown that nobody honoured in time. */
    readonly agentId: number;
    readonly systemState: number;
    readonly time: number;
  };
  /** A level, or level index where the domain goes by indices. */
  levelChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly before: number;
    readonly level: number;
    readonly time: number;
  };
  limitsChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly max: number;
    readonly min: number;
    readonly time: number;
  };
  rateChanged: {
    readonly agentId: number;
    readonly clockId: number;
    readonly beforeHz: number;
    readonly rateHz: number;
    readonly time: number;
  };
  /** A clock started or stopped. */
  clockSwitched: {
    readonly agentId: number;
    readonly clockId: number;
    readonly isEnabled: boolean;
    readonly time: number;
  };
  parentChanged: {
    readonly agentId: number;
    readonly clockId: number;
    readonly parentId: number;
    readonly time: number;
  };
  /** Values by axis, in the scale of readings: a number where that is exact, a bigint beyond. */
  sensorRead: {
    readonly agentId: number;
    readonly sensorId: number;
    readonly values: readonly (number | bigint)[];
    readonly time: number;
  };
  /** A trip point was reached or crossed in a direction that an agent asked for. */
  sensorTripped: {
    readonly sensorId: number;
    readonly tripPointId: number;
    readonly isRising: boolean;
    readonly value: number | bigint;
    readonly time: number;
  };
  /** A sensor was enabled or disabled. */
  sensorSwitched: {
    readonly agentId: number;
    readonly sensorId: number;
    readonly isEnabled: boolean;
    readonly time: number;
  };
  /** A domain was reset: a cycle is over, or its signal was asserted. */
  resetIssued: {
    readonly agentId: number;
    readonly domainId: number;
    readonly resetState: ResetState;
    readonly time: number;
  };
  /** A domain got into reset or out of it, by a cycle or by explicit control. */
  resetSignalChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly isAsserted: boolean;
    readonly time: number;
  };
  voltageChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly beforeUv: number;
    readonly levelUv: number;
    readonly time: number;
  };
  /** The operating mode of a voltage domain: 0 = off, 7 = on. */
  voltageModeChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly mode: number;
    readonly time: number;
  };
  /** A cap or an interval, as they are in force now; a cap of 0 is none. */
  powercapChanged: {
    readonly agentId: number;
    readonly domainId: number;
    readonly powerCap: number;
    readonly paiUs: number;
    readonly time: number;
  };
  /** The average power of a powercap domain is another one now. */
  powerMeasured: {
    readonly domainId: number;
    readonly before: number;
    readonly power: number;
    readonly time: number;
  };
  /** An agent took a pin or a group for itself. */
  pinRequested: {
    readonly agentId: number;
    readonly target: "pin" | "group";
    readonly id: number;
    readonly time: number;
  };
  /** A pin or a group is free again. */
  pinReleased: {
    readonly agentId: number;
    readonly target: "pin" | "group";
    readonly id: number;
    readonly time: number;
  };
  /** Function or settings of a pin changed; `undefined` = no function. */
  pinConfigured: {
    readonly agentId: number;
    readonly pinId: number;
    readonly functionId: number | undefined;
    readonly settings: ReadonlyMap<number, number>;
    readonly time: number;
  };
  /** A notification was lost: an agent did not take those before it, or its channel is too narrow. */
  notificationDropped: { readonly agentId: number; readonly header: number };
}

/** The name of an event. */
export type PlatformEventName = keyof PlatformEvents;

type Listener<Name extends PlatformEventName> = (event: PlatformEvents[Name]) => void;

/** Who listens to what. */
export class Observers {
  readonly #listeners = new Map<PlatformEventName, Set<(event: never) => void>>();

  /** Listens; the result takes it back. */
  add<Name extends PlatformEventName>(name: Name, listener: Listener<Name>): () => void {
    // One object a call: the same function may listen twice
    const entry = (event: PlatformEvents[Name]) => listener(event);
    const entries = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, entries.add(entry));
    return () => {
      entries.delete(entry);
    };
  }

  has(name: PlatformEventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  tell<Name extends PlatformEventName>(name: Name, event: PlatformEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as Listener<Name>)(event);
  }
}
