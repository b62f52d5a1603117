/** Where debugfs is to be had: this machine's, another one's, or a test's. Paths are absolute. What fails throws an error with a `code`
 *  as Node has it: `ENOENT`, `EACCES`, `ENOMEM` … */
export interface RawFiles {
  /** Names in a folder. */
  list(path: string): readonly string[];
  /** A small file, whole. */
  readText(path: string): string;
  /** Opens a file for one direction; the kernel sends a message again when one descriptor has both. */
  open(path: string, direction: "read" | "write"): RawFile;
}

/** One descriptor. */
export interface RawFile {
  /** One read(2) that does not wait.
   *  @returns bytes read, 0 behind the last byte of a message; `undefined` when there is nothing yet */
  read(into: Uint8Array): number | undefined;
  /** Hands all bytes over as one message. */
  write(bytes: Uint8Array): void;
  /** Once. */
  close(): void;
}

/** The `code` of what file operations throw. */
export function codeOf(reason: unknown): string | undefined {
  if (!(reason instanceof Error) || !("code" in reason)) return undefined;
  return typeof reason.code === "string" ? reason.code : undefined;
}
