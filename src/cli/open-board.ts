import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { type Board, parseBoard } from "../board/index.ts";
import { BoardError } from "../index.ts";

/** Reads a board from whatever file it is in.
 *  @throws BoardError with file and place of what is wrong */
export function openBoard(path: string): Board {
  return parseBoard(parsed(path, read(path)), { file: path });
}

function read(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    const got = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a directory" : String(code);
    throw new BoardError({ file: path, path: "/", expected: "a board file (YAML or JSON)", got }, { cause });
  }
  if (extname(path) === ".dtb" || bytes.subarray(0, 4).toString("hex") === "d00dfeed") {
    throw new BoardError({ file: path, path: "/", expected: "a board file (YAML or JSON)", got: "a device tree blob" });
  }
  return bytes.toString("utf8");
}

/** JSON is YAML, too. */
function parsed(file: string, text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  const { line, col } = lineCounter.linePos(error.pos[0]);
  throw new BoardError({ file, path: `line ${line}, column ${col}`, expected: "YAML or JSON", got: error.message });
}
