// Keeps test/export-names.json: what each subpath exports, read from the built declarations. --write or --check.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { emit } from "./emit.mjs";

const root = new URL("..", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

const declarations = new Map();
for (const [subpath, target] of Object.entries(exports)) {
  if (typeof target === "object") declarations.set(subpath, fileURLToPath(new URL(target.types, root)));
}

const program = ts.createProgram([...declarations.values()], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  skipLibCheck: true,
  types: [],
});
const checker = program.getTypeChecker();

const names = {};
for (const [subpath, file] of declarations) names[subpath] = exportsOf(file);
emit("test/export-names.json", `${JSON.stringify(names, null, 2)}\n`);

function exportsOf(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  if (!module) throw new Error(`export-names: ${file}: expected a module, got none: build first`);
  const values = [];
  const types = [];
  for (const symbol of checker.getExportsOfModule(module)) {
    const isAlias = symbol.flags & ts.SymbolFlags.Alias;
    const { flags } = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    // `export type { SomeClass }` names a class but hands out no value.
    const isTypeOnly = symbol.declarations?.some(
      (it) => ts.isExportSpecifier(it) && (it.isTypeOnly || it.parent.parent.isTypeOnly),
    );
    (flags & ts.SymbolFlags.Value && !isTypeOnly ? values : types).push(symbol.name);
  }
  return { values: values.sort(), types: types.sort() };
}
