import { ScmiError } from "../errors.ts";

/** Why a module, or what one brings, was refused. */
export type ModuleFault =
  /** Others use it: an unload. */
  | "inUse"
  /** What it needs is not loaded: a load. */
  | "missing"
  /** It is there already: a load, or something under a name that is taken. */
  | "duplicate"
  /** It is not there: an unload. */
  | "notLoaded"
  /** Several drivers match one device. */
  | "ambiguous"
  /** Registering is for `init` alone. */
  | "sealed";

/** Something about modules was refused, and nothing has changed. */
export class ModuleError extends ScmiError {
  override readonly name = "ModuleError";
  readonly code = "SCMI_MODULE";
  readonly reason: ModuleFault;
  /** The module, or what it was about. */
  readonly subject: string;
  /** Who stands in the way: users, or what is missing. */
  readonly others: readonly string[];

  constructor(reason: ModuleFault, subject: string, others: readonly string[]) {
    super(`${subject}: ${textOf(reason, others)}`);
    this.reason = reason;
    this.subject = subject;
    this.others = others;
  }
}

function textOf(reason: ModuleFault, others: readonly string[]): string {
  const list = others.join(", ");
  switch (reason) {
    case "inUse":
      return `expected no users, got ${list}; unload or unbind those first`;
    case "missing":
      return `expected ${list}, got none; load that first`;
    case "duplicate":
      return "expected one, got another under the same name";
    case "notLoaded":
      return "expected it loaded, got no such module";
    case "ambiguous":
      return `expected one driver, got ${list}`;
    case "sealed":
      return "expected registrations in init, got one later; probes register nothing";
  }
}
