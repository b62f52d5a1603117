import { PROTOCOL_ID, PROTOCOLS } from "../protocols/index.ts";
import type { Command, Protocol } from "../wire/index.ts";
import { UsageError } from "./context.ts";

/** Something that people may call by several names. */
interface Entry<T> {
  readonly value: T;
  /** Header bits. */
  readonly id: number;
  /** As it is printed. */
  readonly name: string;
  /** All that it may be called, normalized, the full name first. */
  readonly aliases: readonly string[];
}

/** A protocol of the tables, or the number of one that they lack. */
export interface FoundProtocol {
  readonly id: number;
  readonly table: Protocol | undefined;
}

/** A command of the tables, or the number of one that they lack. */
export interface FoundCommand {
  readonly id: number;
  readonly command: Command | undefined;
}

/** Finds a protocol by number, by name, or by the beginning of a name that no other has; case, hyphens and underscores do not matter.
 *  @throws UsageError that suggests what may have been meant */
export function findProtocol(text: string): FoundProtocol {
  const entries = PROTOCOLS.map((table) => protocolEntry(table));
  const id = numberOf(text, "a protocol");
  if (id !== undefined) return { id, table: PROTOCOLS.find((it) => it.id === id) };
  const { value } = find(entries, text, "protocol", "scmi call --list");
  return { id: value.id, table: value };
}

/** Finds a command of a protocol likewise; its name may go without the protocol's.
 *  @throws UsageError that suggests what may have been meant */
export function findCommand({ id: protocolId, table }: FoundProtocol, text: string): FoundCommand {
  const id = numberOf(text, "a command");
  if (id !== undefined) return { id, command: table?.commands.find((it) => it.id === id) };
  if (table === undefined) {
    throw new UsageError(
      `protocol 0x${protocolId.toString(16)} has no table here: expected its command's number, got ${text}`,
    );
  }
  const entries = table.commands.map((command) => commandEntry(table, command));
  const { value } = find(entries, text, `command of ${table.name}`, `scmi call --list ${table.name}`);
  return { id: value.id, command: value };
}

function protocolEntry(table: Protocol): Entry<Protocol> {
  const { id, name, title } = table;
  const specNames = Object.entries(PROTOCOL_ID).filter(([, it]) => it === id);
  const aliases = [name, ...specNames.map(([it]) => it), title].map(normalized);
  return { value: table, id, name, aliases: [...new Set(aliases)] };
}

function commandEntry(table: Protocol, command: Command): Entry<Command> {
  const full = normalized(command.name);
  const prefixes = [
    table.name,
    ...Object.keys(PROTOCOL_ID).filter((it) => PROTOCOL_ID[it as keyof typeof PROTOCOL_ID] === table.id),
  ];
  const short = prefixes
    .map(normalized)
    .filter((prefix) => full.startsWith(prefix) && full.length > prefix.length)
    .map((prefix) => full.slice(prefix.length));
  return { value: command, id: command.id, name: command.name, aliases: [...new Set([full, ...short])] };
}

function find<T>(entries: readonly Entry<T>[], text: string, what: string, where: string): Entry<T> {
  const wanted = normalized(text);
  const named = (isIt: (alias: string) => boolean) => entries.filter(({ aliases }) => aliases.some(isIt));
  // The full name first: "reset" is a command of its own, though others begin with it.
  for (const found of [
    entries.filter(({ aliases }) => aliases[0] === wanted),
    named((alias) => alias === wanted),
    wanted === "" ? [] : named((alias) => alias.startsWith(wanted)),
  ]) {
    const [first] = found;
    if (first && found.length === 1) return first;
    if (first) throw new UsageError(`"${text}" is more than one ${what}: ${found.map(({ name }) => name).join(", ")}`);
  }
  const near = nearest(entries, wanted);
  const hint = near.length > 0 ? `did you mean ${near.map(({ name }) => name).join(" or ")}?` : `${where} shows them`;
  throw new UsageError(`unknown ${what} "${text}": ${hint}`);
}

/** What may have been meant: names that have it within, else those that are a slip or more away, else those that it abbreviates. */
function nearest<T>(entries: readonly Entry<T>[], wanted: string): readonly Entry<T>[] {
  if (wanted === "") return [];
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = entries.map((entry) => ({
    entry,
    rank: Math.min(...entry.aliases.map((it) => rankOf(wanted, it, limit))),
  }));
  const best = Math.min(...ranked.map(({ rank }) => rank));
  if (best === Number.POSITIVE_INFINITY) return [];
  return ranked.filter(({ rank }) => rank === best).map(({ entry }) => entry);
}

function rankOf(wanted: string, alias: string, limit: number): number {
  if (wanted.length > 2 && alias.includes(wanted)) return 0;
  const slips = slipsBetween(wanted, alias);
  if (slips <= limit) return slips;
  return isAbbreviation(wanted, alias) ? limit + 1 : Number.POSITIVE_INFINITY;
}

/** Whether all characters are there in the same order, the first one first. */
function isAbbreviation(wanted: string, alias: string): boolean {
  if (wanted[0] !== alias[0]) return false;
  let at = 0;
  for (const character of wanted) {
    at = alias.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Slips of the fingers between two words: characters inserted, dropped, replaced, or swapped with their neighbour. */
export function slipsBetween(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

function normalized(text: string): string {
  return text.toLowerCase().replace(/[-_\s]/g, "");
}

function numberOf(text: string, what: string): number | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const id = Number(text);
  if (id <= 0xff) return id;
  throw new UsageError(`expected ${what} from 0 to 0xff, got ${text}`);
}
