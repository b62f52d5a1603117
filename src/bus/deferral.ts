import { ScmiError } from "../errors.ts";

/** Something is not there yet: the device waits. */
export class ProbeDeferral extends ScmiError {
  override readonly name = "ProbeDeferral";
  readonly code = "SCMI_DEFERRED";
  /** `tee /firmware/optee`. */
  readonly missing: string;

  constructor(missing: string) {
    super(`probe: expected ${missing}, got none so far`);
    this.missing = missing;
  }
}
