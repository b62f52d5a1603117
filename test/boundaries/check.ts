import { posix } from "node:path";
import { type Edge, findCycle, parse, reach, type Source } from "./graph.ts";
import { IMPURE, NODE_ENTRY_POINTS, NODE_ROOMS, NOT_IN_ROOT, OPTIONAL_PEERS, RULES, type Rule } from "./rules.ts";

/** The tree to judge: file texts by path from the root of the repository, and the source file behind each subpath. */
export interface Tree {
  readonly files: ReadonlyMap<string, string>;
  readonly entryPoints: ReadonlyMap<string, string>;
}

/** Everything that breaks a rule, one sentence each. */
export function violations(tree: Tree): string[] {
  const sources = new Map([...tree.files].map(([file, text]) => [file, parse(file, text)]));
  const found: string[] = [];
  for (const source of sources.values()) {
    found.push(...wrongEdges(source, tree), ...wrongHabits(source));
  }

  const all = (file: string) => localTargets(sources.get(file), () => true);
  const cycle = findCycle(sources.keys(), all);
  if (cycle) found.push(`cycle: ${cycle.join(" -> ")}`);

  const atRunTime = (file: string) => localTargets(sources.get(file), (edge) => !edge.isType);
  for (const [subpath, entry] of tree.entryPoints) {
    const reached = reach(entry, atRunTime);
    found.push(...wrongReach(subpath, reached, sources));
  }
  return found;
}

function wrongEdges(source: Source, tree: Tree): string[] {
  const found: string[] = [];
  const room = roomOf(source.file);
  if (!ruleOf(room)) return [`${source.file}: expected a room of the import table, got ${room}`];
  for (const edge of source.edges) {
    const reason = refusal(edge, room, tree);
    if (reason) found.push(`${edge.from} imports ${edge.specifier}: ${reason}`);
  }
  return found;
}

/** Why an edge is forbidden; `undefined` when it is not. */
function refusal(edge: Edge, room: string, tree: Tree): string | undefined {
  const isNodeFile = NODE_ROOMS.includes(room) || edge.from.endsWith(".node.ts");
  if (edge.specifier.startsWith("node:")) return isNodeFile ? undefined : "node: belongs to src/cli and *.node.ts";
  if (!isRelative(edge.specifier)) {
    // The command bundles what it uses; examples import the package by its own name.
    if (room === "cli" || (room === "examples" && /^scmi-wasm(\/|$)/.test(edge.specifier))) return undefined;
    if (OPTIONAL_PEERS[room]?.includes(edge.specifier)) return undefined;
    return "packages belong to src/cli";
  }
  const target = resolveEdge(edge);
  // asc knows no extensions in its imports: "./smt" there is "./smt.ts" here.
  if (!tree.files.has(target)) return `${target} does not exist`;
  const targetRoom = roomOf(target);
  if (targetRoom === room) return undefined;
  const rule = ruleOf(room);
  if (!rule) return `${room} is not in the import table`;
  if (rule.imports.includes("entry points")) {
    return [...tree.entryPoints.values()].includes(target) ? undefined : `${room} may import entry points only`;
  }
  const names = [targetRoom, parentOf(targetRoom), target.replace(/^src\//, "")];
  const isListed = (list: readonly string[] = []) => names.some((name) => list.includes(name));
  if (isListed(rule.imports)) return undefined;
  if (!isListed(rule.types)) return `${room} may not import ${targetRoom}`;
  return edge.isType ? undefined : `${room} may import only types of ${targetRoom}`;
}

function wrongHabits(source: Source): string[] {
  const found: string[] = [];
  if (source.hasDefaultExport) found.push(`${source.file}: default export`);
  for (const [name, homes] of Object.entries(IMPURE)) {
    if (source.globals.has(name) && !homes.includes(source.file)) found.push(`${source.file}: uses ${name}`);
  }
  return found;
}

function wrongReach(
  subpath: string,
  reached: ReadonlyMap<string, string | undefined>,
  sources: ReadonlyMap<string, Source>,
): string[] {
  const found: string[] = [];
  for (const file of reached.keys()) {
    const how = () => `${subpath} reaches ${trail(file, reached)}`;
    if (subpath === "." && NOT_IN_ROOT.includes(roomOf(file))) found.push(how());
    if (NODE_ENTRY_POINTS.includes(subpath)) continue;
    if (sources.get(file)?.edges.some((edge) => edge.specifier.startsWith("node:")))
      found.push(`${how()}, which needs Node`);
  }
  return found;
}

function trail(file: string, reached: ReadonlyMap<string, string | undefined>): string {
  const from = reached.get(file);
  return from === undefined ? file : `${trail(from, reached)} -> ${file}`;
}

function localTargets(source: Source | undefined, wanted: (edge: Edge) => boolean): string[] {
  return (source?.edges ?? []).filter((edge) => isRelative(edge.specifier) && wanted(edge)).map(resolveEdge);
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

function resolveEdge(edge: Edge): string {
  const target = posix.join(posix.dirname(edge.from), edge.specifier);
  return edge.from.startsWith("assembly/") && !target.endsWith(".ts") ? `${target}.ts` : target;
}

/** The room of a file: a line of the import table, or one kind of transport. */
export function roomOf(file: string): string {
  const inside = file.replace(/^src\//, "");
  if (RULES[inside]) return inside;
  const [room = "", kind] = inside.split("/");
  // The module of fleets is a program of its own
  if (inside.startsWith("assembly/sim/")) return "assembly/sim";
  return room === "transport" && kind ? `transport/${kind.replace(/(\.node)?\.ts$/, "")}` : room;
}

/** A kind of transport without a line of its own follows the line of all. */
function ruleOf(room: string): Rule | undefined {
  return RULES[room] ?? RULES[parentOf(room)];
}

function parentOf(room: string): string {
  return room.split("/")[0] ?? room;
}
