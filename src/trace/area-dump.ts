import type { Area } from "./area.ts";
import { areaLikeness, readArea } from "./area.ts";
import { type ByteOrder, bytesOf, bytesOfWords, endOffsetOf, type HexLine, parseHexLine } from "./hex-text.ts";

const ORDERS: readonly ByteOrder[] = ["bytes", "words32", "words16"];

/** Bytes of an area at most: what a dump says beyond them is not its. */
const MOST_BYTES = 1 << 16;

/** The fixed part of an area and the header. */
const LEAST_BYTES = 28;

/** An area in bytes, or what is wrong with them. */
export function areaOfBytes(bytes: Uint8Array): Area | string {
  if (bytes.byteLength < LEAST_BYTES)
    return `expected an area of at least ${LEAST_BYTES} bytes, got ${bytes.byteLength}`;
  return readArea(bytes.subarray(0, MOST_BYTES));
}

/** The bytes of a dump in text, in the order in which they look most like an area; `undefined` where no line is one.
 *  @param lines of `hexdump`, `xxd`, `od` or U-Boot's `md`; other lines are passed over */
export function bytesOfDump(lines: readonly string[]): Uint8Array | undefined {
  const parsed: HexLine[] = [];
  let groupCount = 0;
  let repeats = false;
  let isOctal = false;
  for (const text of lines) {
    if (text.trim() === "*") {
      repeats = true;
      continue;
    }
    const line = parseHexLine(text.replace(/(?:#|\/\/).*$/, ""));
    if (!line || groupCount * 2 > MOST_BYTES) continue;
    const last = parsed.at(-1);
    const end = last?.offset === undefined ? undefined : endOffsetOf(line);
    const next = end ?? line.offset;
    if (last?.offset !== undefined && next !== undefined) {
      // od numbers its lines in octal unless told otherwise: 16 bytes further on stands 20
      if (!repeats) isOctal ||= byteLengthOf(last) === 16 && next === last.offset + 0x20;
      else if (isOctal) fill(parsed, { ...last, offset: fromOctal(last.offset) }, fromOctal(next));
      else fill(parsed, last, next);
    }
    repeats = false;
    if (end !== undefined) continue;
    parsed.push(line);
    groupCount += line.groups.length;
  }
  const groups = parsed.flatMap((it) => it.groups);
  if (groups.length === 0) return undefined;
  if (parsed.some((it) => it.hasWords)) return bytesOfWords(groups);
  let best: Uint8Array | undefined;
  let likeness = -1;
  for (const order of ORDERS) {
    const bytes = bytesOf(groups, order);
    const found = areaLikeness(bytes);
    if (found > likeness) [best, likeness] = [bytes, found];
  }
  return best;
}

/** Writes out what `*` stands for: the line above, again and again. */
function fill(parsed: HexLine[], last: HexLine, end: number): void {
  const bytes = byteLengthOf(last);
  const start = last.offset ?? 0;
  if (bytes === 0 || end - start > MOST_BYTES) return;
  for (let at = start + bytes; at < end; at += bytes) parsed.push({ ...last, offset: at });
}

function byteLengthOf({ groups }: HexLine): number {
  return groups.reduce((sum, it) => sum + it.length / 2, 0);
}

/** An offset that was taken for a hexadecimal one. */
function fromOctal(offset: number): number {
  return Number.parseInt(offset.toString(16), 8);
}
