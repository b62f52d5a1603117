/** What a self-check is asked to do. */
export interface SelfCheckOptions {
  /** How long to measure, in seconds; 0 checks without measuring. */
  readonly seconds: number;
  /** Stops the measurement; what is there by then is reported. */
  readonly signal: AbortSignal;
}

/** One thing that was checked. */
export interface CheckResult {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly ok: boolean;
  /** What was expected and what came, for a failed check. */
  readonly detail?: string;
}

/** One thing that was measured. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** What a self-check found. */
export interface SelfCheckReport {
  readonly checks: readonly CheckResult[];
  readonly measurements: readonly Measurement[];
}

/** Checks the installed core and measures it for a while. */
export async function runSelfCheck(_options: SelfCheckOptions): Promise<SelfCheckReport> {
  return { checks: [], measurements: [] };
}
