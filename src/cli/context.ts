/** What programs may rely on; documented in `scmi --help` and docs/cli.md. 130 is what shells expect of a program that SIGINT ended. */
export const EXIT = { ok: 0, failed: 1, usage: 2, status: 3, interrupted: 130 } as const;

/** What a subcommand is given by `main`. */
export interface CliContext {
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Prints to stdout, with a line end. */
  print(line: string): void;
  /** Prints to stderr, with a line end. */
  complain(line: string): void;
  /** The exit code, unless something is thrown. */
  exitWith(code: number): void;
}

/** Wrong usage that commander cannot know of: printed as it is, with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A document as text. A bigint becomes a hexadecimal string, bytes become hexadecimal digits. */
export function asJson(value: unknown, indent?: number): string {
  const replacer = (_key: string, it: unknown) => {
    if (typeof it === "bigint") return `0x${it.toString(16)}`;
    return it instanceof Uint8Array ? hexOf(it) : it;
  };
  return JSON.stringify(value, replacer, indent);
}

/** Two digits a byte. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
