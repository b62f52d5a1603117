import ts from "typescript";

/** One import, re-export, `import()` or `import("…").T` of a file. */
export interface Edge {
  readonly from: string;
  readonly specifier: string;
  /** Vanishes when compiled. */
  readonly isType: boolean;
}

/** What the boundary rules look at in one source file. */
export interface Source {
  readonly file: string;
  readonly edges: readonly Edge[];
  readonly hasDefaultExport: boolean;
  /** Free uses of globals, dotted for members: `Date`, `Math.random`. */
  readonly globals: ReadonlySet<string>;
}

/** Reads one TypeScript or AssemblyScript file. */
export function parse(file: string, text: string): Source {
  const edges: Edge[] = [];
  const globals = new Set<string>();
  let hasDefaultExport = false;
  const add = (node: ts.Node | undefined, isType: boolean) => {
    // A computed specifier cannot be judged, so it gets a name that no rule allows.
    const specifier = node && ts.isStringLiteralLike(node) ? node.text : "(computed)";
    edges.push({ from: file, specifier, isType });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isCallExpression(node) && isLoad(node)) add(node.arguments[0], false);
    else if (ts.isExportAssignment(node)) hasDefaultExport = true;
    else if (ts.isExportSpecifier(node)) hasDefaultExport ||= node.name.text === "default";
    else if (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)) hasDefaultExport = true;
    else if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node))
      return void ts.forEachChild(node, visitTypesOnly);
    else collectGlobal(node);
    ts.forEachChild(node, visit);
  };
  // `Date` as a type is harmless, but `import("…")` hides in types, too.
  const visitTypesOnly = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node)) visit(node);
    else ts.forEachChild(node, visitTypesOnly);
  };
  const collectGlobal = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const owner = node.expression.text;
      globals.add(owner === "globalThis" ? node.name.text : `${owner}.${node.name.text}`);
    } else if (ts.isIdentifier(node) && !isName(node)) {
      globals.add(node.text);
    }
  };

  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS));
  return { file, edges, hasDefaultExport, globals };
}

function isLoad(call: ts.CallExpression): boolean {
  const callee = call.expression;
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require");
}

/** True where an identifier names a member or a key rather than a variable. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) && parent.name === node
  );
}

/** Follows edges from `start`; answers every file reached, and the files that lead to it. */
export function reach(
  start: string,
  edgesOf: (file: string) => readonly string[],
): ReadonlyMap<string, string | undefined> {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const next of edgesOf(file)) {
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return cameFrom;
}

/** The first cycle met, as a path whose last file equals its first. */
export function findCycle(
  files: Iterable<string>,
  edgesOf: (file: string) => readonly string[],
): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): readonly string[] | undefined => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of edgesOf(file)) {
      const cycle = walk(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = walk(file);
    if (cycle) return cycle;
  }
  return undefined;
}
