/** The power domain protocol of a board file. */
export interface PowerSource {
  readonly statistics?: { readonly address?: number | string };
  readonly domains: readonly PowerDomainSource[];
}

/** A power domain of a board file. */
export interface PowerDomainSource {
  readonly name: string;
  readonly states?: readonly number[];
  readonly state?: number;
  readonly sync?: boolean;
  readonly asyncLatencyUs?: number;
  readonly setState?: readonly string[];
  readonly notifyChanged?: boolean;
  readonly notifyRequested?: boolean;
  readonly parent?: string;
}

/** The system power protocol of a board file. */
export interface SystemPowerSource {
  readonly warmReset?: boolean;
  readonly suspend?: boolean;
  readonly vendorStates?: readonly number[];
  readonly setState?: readonly string[];
  readonly powerUp?: readonly string[];
  readonly getState?: readonly string[];
  readonly notify?: readonly string[];
  readonly psci?: string;
  readonly gracefulTimeoutMs?: number;
  readonly transitionUs?: number;
}
