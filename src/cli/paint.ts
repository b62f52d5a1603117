/** Marks text for a terminal, or leaves it alone. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

/** What decides about colours. */
interface Surroundings {
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Colours where a person looks: on a terminal, unless `NO_COLOR` is set; elsewhere if `FORCE_COLOR` is. */
export function paintFor({ isTerminal, environment }: Surroundings): Paint {
  const { NO_COLOR: no, FORCE_COLOR: force } = environment;
  const isForced = force !== undefined && force !== "0" && force !== "";
  const isOn = (no === undefined || no === "") && (isForced || isTerminal);
  const mark = (code: number, end: number) => (text: string) =>
    isOn && text !== "" ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return { bold: mark(1, 22), dim: mark(2, 22), good: mark(32, 39), bad: mark(31, 39), accent: mark(36, 39) };
}
