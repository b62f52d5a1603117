import { FULL } from "../../assembly/sim/layout.ts";
import { BoardError } from "../errors.ts";

/** One line of a trace: from here on a domain has this utilisation. */
export interface TraceSample {
  readonly timeUs: number;
  /** 0 … 1024. */
  readonly utilisation: number;
}

/** A recorded load: samples of each domain in the order of time. */
export interface UtilisationTrace {
  readonly file: string;
  readonly domains: ReadonlyMap<string, readonly TraceSample[]>;
}

const SHAPE = "time in ms, domain, utilisation in per cent";
const LONGEST_MS = 1e9;
const SEPARATORS = ",;\t";

/** Reads a CSV text: time in milliseconds, name of a domain, utilisation in per cent of what its highest level can do; one sample a line,
 *  in the order of time for each domain. Fields are parted by comma, semicolon or tab, unless that stands in quotes. Empty lines, lines that start with `#`
 *  and a head line count for nothing.
 *  @throws BoardError with the line */
export function parseTrace(text: string, file: string): UtilisationTrace {
  const domains = new Map<string, TraceSample[]>();
  let isFirst = true;
  for (const [i, line] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const cells = fieldsOf(trimmed);
    const isHead = isFirst && cells[0]?.toLowerCase().startsWith("time");
    isFirst = false;
    if (isHead) continue;
    const fail = (expected: string, got: string) => new BoardError({ file, path: `line ${i + 1}`, expected, got });
    const [time = "", domain = "", share = ""] = cells;
    if (cells.length !== 3) throw fail(`3 fields (${SHAPE})`, `${cells.length}`);
    const timeMs = numberOf(time);
    if (!(timeMs >= 0 && timeMs <= LONGEST_MS)) throw fail(`a time in ms, 0 … ${LONGEST_MS}`, quoted(time));
    if (domain === "") throw fail("the name of a domain", "nothing");
    const percent = numberOf(share);
    if (!(percent >= 0 && percent <= 100)) throw fail("a utilisation in per cent, 0 … 100", quoted(share));
    const samples = domains.get(domain) ?? [];
    domains.set(domain, samples);
    const timeUs = Math.round(timeMs * 1000);
    const last = samples.at(-1);
    if (last && timeUs <= last.timeUs) throw fail(`a time after ${last.timeUs / 1000} ms for ${domain}`, quoted(time));
    samples.push({ timeUs, utilisation: Math.round((percent * FULL) / 100) });
  }
  if (domains.size === 0) throw new BoardError({ file, path: "/", expected: `a line (${SHAPE})`, got: "none" });
  return { file, domains };
}

/** The mean utilisation in each tick, rounded down: nothing before the first sample, the last one for ever. */
export function sampleTrace(samples: readonly TraceSample[], tickUs: number, ticks: number): Uint16Array {
  const values = new Uint16Array(ticks);
  let next = 0;
  let utilisation = 0;
  for (let tick = 0; tick < ticks; tick++) {
    let at = tick * tickUs;
    const end = at + tickUs;
    let sum = 0;
    for (let sample = samples[next]; sample && sample.timeUs < end; sample = samples[++next]) {
      sum += utilisation * (sample.timeUs - at);
      at = sample.timeUs;
      utilisation = sample.utilisation;
    }
    values[tick] = Math.floor((sum + utilisation * (end - at)) / tickUs);
  }
  return values;
}

/** The fields of a line. One in quotes may hold what parts others: names of nodes have commas. */
function fieldsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(/[,;\t]/).map((it) => it.trim());
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (const letter of line) {
    if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (!isQuoted && SEPARATORS.includes(letter)) {
      fields.push(field.trim());
      field = "";
    } else {
      field += letter;
    }
  }
  return [...fields, field.trim()];
}

function numberOf(text: string): number {
  return /^[+]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
