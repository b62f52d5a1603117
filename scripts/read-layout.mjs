import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const path = fileURLToPath(new URL("../assembly/layout.ts", import.meta.url));

/** Reads assembly/layout.ts as paragraphs: constants that stand together, with the line comments above them.
 *  Each constant has its value, its doc comment, and its text in C. */
export async function readLayout() {
  const source = readFileSync(path, "utf8");
  const values = await evaluate(source);
  const paragraphs = [];
  for (const chunk of source.split(/\n\n+/)) {
    const comments = [];
    const constants = [];
    let doc = "";
    let isOpen = false;
    for (const line of chunk.split("\n")) {
      const constant = /^export const (\w+) = (.*);$/.exec(line);
      if (constant) {
        const [, name, literal] = constant;
        constants.push({ name, value: values[name], doc: doc.trim(), text: asC(values[name], literal) });
        doc = "";
      } else if (isOpen || line.startsWith("/**")) {
        doc += ` ${line
          .replace(/^\/?\*+ ?| \*\s+/, "")
          .replace(/\*\/$/, "")
          .trim()}`;
        isOpen = !line.endsWith("*/");
      } else if (line.startsWith("//")) {
        comments.push(line.replace(/^\/\/ ?/, ""));
      } else if (line !== "") {
        throw new Error(`layout.ts: expected a constant or a comment, got "${line}"`);
      }
    }
    if (comments.length || constants.length) paragraphs.push({ comments, constants });
  }
  const read = paragraphs.reduce((sum, { constants }) => sum + constants.length, 0);
  const exported = Object.keys(values).length;
  if (read !== exported)
    throw new Error(`layout.ts: expected ${exported} constants on lines of their own, got ${read}`);
  return paragraphs;
}

/** The constants of assembly/layout.ts by name. */
export async function layoutConstants() {
  return evaluate(readFileSync(path, "utf8"));
}

async function evaluate(source) {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: "esnext", target: "es2022" } });
  return { ...(await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) };
}

/** Masks stay hexadecimal, as the sources write them. */
function asC(value, literal) {
  const digits = literal.startsWith("0x") ? `0x${value.toString(16)}` : `${value}`;
  if (value < 0) return `(${value})`;
  return value > 0x7fffffff ? `${digits}u` : digits;
}
