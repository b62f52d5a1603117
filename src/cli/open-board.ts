import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { type Board, parseBoard } from "../board/index.ts";
import { type DeviceTree, readDeviceTree } from "../devicetree/index.ts";
import { BoardError } from "../index.ts";
import { type AddedBoard, type BoardPlan, planBoard, planTree } from "../world/index.ts";
import { UsageError } from "./context.ts";

/** Which board is meant, besides the file. */
export interface BoardChoice {
  /** Path of the SCMI instance in a device tree; default: the first that can come up. */
  readonly instance?: string;
  /** Board files to lay over a device tree, `FILE` or `NODE=FILE`. */
  readonly boardFile?: readonly string[];
}

/** Reads a board, from whatever file it is in: YAML, JSON or a device tree blob, whose instances are those that can come up.
 *  @throws BoardError with file and place of what is wrong
 *  @throws UsageError for board files that go with no device tree */
export function openPlan(path: string, { boardFile = [] }: Omit<BoardChoice, "instance"> = {}): BoardPlan {
  const bytes = read(path, "a board: a device tree blob, or a board file (YAML or JSON)");
  if (isTree(path, bytes)) {
    const tree = readDeviceTree(bytes, { file: path });
    return planTree(tree, { boards: addedTo(tree, boardFile) });
  }
  if (boardFile.length > 0) throw new UsageError(`--board-file: expected a device tree blob to add to, got ${path}`);
  return planBoard(parseBoard(parsed(path, bytes), { file: path }));
}

/** The board of one instance: that of the file, or what a device tree says of the platform behind it.
 *  @throws BoardError as {@link openPlan}, and when that instance cannot come up
 *  @throws UsageError for an instance that is none */
export function openBoard(path: string, choice: BoardChoice = {}): Board {
  const plan = openPlan(path, choice);
  if (!plan.tree && choice.instance !== undefined) {
    throw new UsageError(`--instance: expected a device tree blob, got ${path}`);
  }
  const { instances, failures } = plan;
  const found = choice.instance === undefined ? instances[0] : instances.find(({ node }) => node === choice.instance);
  if (found) return found.board;
  const trouble = failures.filter(({ node }) => choice.instance === undefined || node === choice.instance);
  if (trouble.length > 0) throw new Error(trouble.map(({ message }) => message).join("\nscmi: "));
  const known = instances.map(({ node }) => node).join(", ") || "none";
  throw new UsageError(`--instance ${choice.instance}: expected an SCMI instance of ${path} (${known})`);
}

/** Reads a compiled device tree.
 *  @throws BoardError with file and place of what is wrong */
export function openTree(path: string): DeviceTree {
  return readDeviceTree(read(path, "a device tree blob"), { file: path });
}

/** The part of options that chooses a board. */
export function choiceOf({ instance, boardFile }: BoardChoice): BoardChoice {
  return { ...(instance === undefined ? {} : { instance }), ...(boardFile ? { boardFile } : {}) };
}

/** Options of a board, where none is wanted.
 *  @throws UsageError for one that was given */
export function expectNoChoice({ instance, boardFile }: BoardChoice): void {
  const flag = instance !== undefined ? "--instance" : boardFile ? "--board-file" : undefined;
  if (flag) throw new UsageError(`${flag}: expected a device tree; a platform that is connected to has its own board`);
}

/** For `--board-file`, which may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function addedTo(tree: DeviceTree, texts: readonly string[]): ReadonlyMap<string, AddedBoard> {
  const boards = new Map<string, AddedBoard>();
  for (const text of texts) {
    const { node = undefined, file = text } = /^(?<node>\/[^=]*)=(?<file>.+)$/.exec(text)?.groups ?? {};
    const path = node ?? planTree(tree).instances[0]?.node ?? "/";
    if (boards.has(path)) throw new UsageError(`--board-file: expected one for ${path}, got several`);
    boards.set(path, { file, data: parsed(file, read(file, "a board file (YAML or JSON)")) });
  }
  return boards;
}

function isTree(path: string, bytes: Buffer): boolean {
  return extname(path) === ".dtb" || bytes.subarray(0, 4).toString("hex") === "d00dfeed";
}

function read(path: string, expected: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    const got = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a directory" : String(code);
    throw new BoardError({ file: path, path: "/", expected, got }, { cause });
  }
}

/** JSON is YAML, too. */
function parsed(file: string, bytes: Buffer): unknown {
  const lineCounter = new LineCounter();
  if (extname(file) === ".dts") {
    const got = "device tree source; compile it: dtc -I dts -O dtb";
    throw new BoardError({ file, path: "/", expected: "a device tree blob, YAML or JSON", got });
  }
  if (bytes.every((it) => it === 0x20 || (it >= 0x09 && it <= 0x0d))) {
    throw new BoardError({ file, path: "", expected: "a device tree blob, YAML or JSON", got: "an empty file" });
  }
  if (bytes.includes(0)) {
    const got = `bytes that are neither (${bytes.subarray(0, 4).toString("hex")}…)`;
    throw new BoardError({ file, path: "", expected: "a device tree blob, YAML or JSON", got });
  }
  const document = parseDocument(bytes.toString("utf8"), { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  const { line, col } = lineCounter.linePos(error.pos[0]);
  throw new BoardError({ file, path: `line ${line}, column ${col}`, expected: "YAML or JSON", got: error.message });
}
