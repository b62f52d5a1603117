/** In which order the groups of a dump hold their bytes: as they lie in memory, or as 16-bit or 32-bit words of a little-endian
 *  machine, most significant digit first. */
export type ByteOrder = "bytes" | "words16" | "words32";

/** One line of hexadecimal digits. */
export interface HexLine {
  /** Where the line says it lies; `undefined` where it does not say. */
  readonly offset: number | undefined;
  /** Hexadecimal digits, blanks between them. */
  readonly groups: readonly string[];
  /** Some group is a word of 32 bits, `0x…` and not of two digits; then all of them are. */
  readonly hasWords: boolean;
}

/** Takes a line of a dump apart: of `hexdump -C`, `xxd`, `od`, U-Boot's `md`, a debugger, a C array, or digits that somebody typed.
 *  @returns `undefined` when it is none */
export function parseHexLine(text: string): HexLine | undefined {
  // The text beside the bytes: |….| of hexdump, >….< of od -z, two blanks in xxd and md.
  const bare = text.replace(/(?:\|.*\||\s{2}>.*<)\s*$/, "").replace(/[{}[\];]/g, " ");
  const colon = /^\s*(?:0x)?([\da-f]{4,16}):(.*)$/i.exec(bare);
  const words = (colon ? withoutText(colon[2] ?? "") : bare).split(/[\s,]+/).filter((it) => it !== "");
  let offset = colon ? Number.parseInt(colon[1] ?? "", 16) : undefined;
  const [first = "", second] = words;
  // hexdump and od number their lines without a colon.
  if (!colon && second !== undefined && /^[\da-f]{6,8}$/i.test(first) && second.length !== first.length) {
    offset = Number.parseInt(first, 16);
    words.shift();
  }
  // The last line of hexdump without -C: its seven digits are no bytes.
  if (!colon && second === undefined && /^[\da-f]{7}$/i.test(first)) {
    return { offset: Number.parseInt(first, 16), groups: [], hasWords: false };
  }
  const groups: string[] = [];
  let hasWords = false;
  for (const word of words) {
    const prefixed = /^(?:0x|\\x)([\da-f]{1,8})$/i.exec(word)?.[1];
    if (prefixed === undefined) {
      if (!/^(?:[\da-f]{2})+$/i.test(word)) return undefined;
      groups.push(word);
    } else {
      // A byte has two digits; `0x0` is how a word is printed that happens to be small.
      if (prefixed.length !== 2) hasWords = true;
      groups.push(prefixed);
    }
  }
  return groups.length === 0 && offset === undefined ? undefined : { offset, groups, hasWords };
}

/** The offset of the last line of hexdump and od, where a dump ends and no bytes stand; `undefined` for other lines. */
export function endOffsetOf({ offset, groups, hasWords }: HexLine): number | undefined {
  const [only = ""] = groups;
  if (offset !== undefined) return groups.length === 0 ? offset : undefined;
  return !hasWords && groups.length === 1 && /^[\da-f]{6,8}$/i.test(only) ? Number.parseInt(only, 16) : undefined;
}

/** The bytes of words of 32 bits, whose leading zeros may have been left out. */
export function bytesOfWords(groups: readonly string[]): Uint8Array {
  return bytesOf(
    groups.map((it) => it.padStart(8, "0")),
    "words32",
  );
}

/** The bytes of groups of digits. */
export function bytesOf(groups: readonly string[], order: ByteOrder): Uint8Array {
  const size = order === "words32" ? 4 : order === "words16" ? 2 : 0;
  const bytes: number[] = [];
  for (const group of groups) {
    const own: number[] = [];
    for (let i = 0; i < group.length; i += 2) own.push(Number.parseInt(group.slice(i, i + 2), 16));
    if (own.length === size) own.reverse();
    bytes.push(...own);
  }
  return Uint8Array.from(bytes);
}

/** Cuts off the characters that xxd and md print beside the bytes, two blanks away. */
function withoutText(body: string): string {
  const [digits = ""] = /^\s*(?:[\da-f]{2,16}\s)*(?:[\da-f]{2,16})(?=\s\s|\s*$)/i.exec(body) ?? [];
  return digits === "" ? body : digits;
}
