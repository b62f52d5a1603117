import type { BoardSource } from "../board/index.ts";
import { SECTIONS, type Section } from "../board/sections.ts";
import { BoardError } from "../errors.ts";

/** A board file that says what a tree cannot. */
export interface AddedBoard {
  /** For errors. */
  readonly file: string;
  /** The parsed file. */
  readonly data: unknown;
}

/** A board source, and which of its values are invented. */
export interface MergedBoard {
  readonly source: BoardSource;
  readonly invented: ReadonlySet<string>;
}

/** Lays a board file over a derived board: every protocol that the file has replaces the derived one, and so do vendor, agents and
 *  limits; devices are added. What the file holds is judged by `parseBoard`, together with the rest.
 *  @throws BoardError when the file is no mapping */
export function mergedBoard(derived: BoardSource, invented: ReadonlySet<string>, added: AddedBoard): MergedBoard {
  const { file, data } = added;
  if (!isMapping(data)) {
    throw new BoardError({ file, path: "/", expected: "a mapping, as of a board file", got: kindOf(data) });
  }
  const sections: readonly Section[] = SECTIONS;
  const replaced = sections.filter(({ key }) => data[key] !== undefined);
  const gone = replaced.map(({ resources }) => resources?.device);
  const devices = (derived.devices ?? [])
    .map((device) => without(device, gone))
    .filter((device) => sections.some(({ resources }) => resources && resources.device in device));
  const more = Array.isArray(data.devices) ? data.devices : data.devices === undefined ? [] : [data.devices];
  const merged: Record<string, unknown> = { ...derived, ...data };
  if (devices.length + more.length > 0) merged.devices = [...devices, ...more];
  else delete merged.devices;
  const stays = (path: string) => !replaced.some(({ key }) => path === key || path.startsWith(`${key}.`));
  return { source: merged as unknown as BoardSource, invented: new Set([...invented].filter(stays)) };
}

function without(record: object, keys: readonly (string | undefined)[]): object {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? "nothing" : Array.isArray(value) ? "a list" : typeof value;
}
