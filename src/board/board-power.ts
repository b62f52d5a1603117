/** The power domain protocol of a board. */
export interface BoardPower {
  /** `undefined` = no statistics region. */
  readonly statistics: { readonly address: bigint | undefined } | undefined;
  /** By domain id. */
  readonly domains: readonly BoardPowerDomain[];
}

/** A power domain; states are power state words. */
export interface BoardPowerDomain {
  /** At most 63 ASCII characters. */
  readonly name: string;
  /** The most powered first: of several wishes the first one counts. */
  readonly states: readonly number[];
  /** At start. */
  readonly state: number;
  /** It can be set synchronously. */
  readonly hasSync: boolean;
  /** Time that an asynchronous change takes; `undefined` = there is none. */
  readonly asyncLatencyUs: number | undefined;
  /** Ids of the agents that may set the state. */
  readonly setStateAgents: readonly number[];
  readonly notifyChanged: boolean;
  readonly notifyRequested: boolean;
  /** Id of the domain that is on while this one is. */
  readonly parent: number | undefined;
}

/** The system power protocol of a board. */
export interface BoardSystemPower {
  readonly hasWarmReset: boolean;
  readonly hasSuspend: boolean;
  /** States of the vendor that can be asked for. */
  readonly vendorStates: readonly number[];
  /** Ids of the agents that may ask for a state. */
  readonly setStateAgents: readonly number[];
  /** Ids of those of them that may power the system up. */
  readonly powerUpAgents: readonly number[];
  /** Ids of the agents that may ask for its state. */
  readonly getStateAgents: readonly number[];
  /** Ids of the agents that may hear of requests. */
  readonly notifyAgents: readonly number[];
  /** Id of the agent whose requests are final, graceful ones included; `undefined` = there is none. */
  readonly psciAgent: number | undefined;
  /** When a graceful shutdown is forced; 0 = never. */
  readonly gracefulTimeoutMs: number;
  /** From the answer to a request until it is carried out. */
  readonly transitionUs: number;
}
