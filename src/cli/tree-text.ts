/** A line, and what hangs below it. */
export interface Branch {
  readonly text: string;
  readonly below?: readonly Branch[];
}

/** Draws branches as `tree` does. */
export function treeLines(branches: readonly Branch[], indent = ""): readonly string[] {
  return branches.flatMap(({ text, below = [] }, i) => {
    const isLast = i === branches.length - 1;
    const [first = "", ...rest] = text.split("\n");
    const further = `${indent}${isLast ? "   " : "│  "}`;
    return [
      `${indent}${isLast ? "└─ " : "├─ "}${first}`,
      ...rest.map((line) => `${further}${below.length > 0 ? "│  " : "   "}${line}`),
      ...treeLines(below, further),
    ];
  });
}
