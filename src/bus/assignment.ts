import { BoardError } from "../errors.ts";

/** Somebody who needs a supplier, as described. */
export interface SupplyClaim {
  /** The path of the node. */
  readonly path: string;
  /** The file that it was read from, for errors. */
  readonly file: string;
  /** `scmi-wasm,supplier` or `supplier:`; `undefined` = the only one there is. */
  readonly key: string | undefined;
}

/** Which supplier of one kind serves which node: decided by what is described, never by what arrives. */
export class Assignment {
  /** For errors: `tee`, `virtio`. */
  readonly kind: string;
  readonly #isExclusive: boolean;
  readonly #declared = new Map<string, number>();
  readonly #claims = new Set<SupplyClaim>();

  /** @param options `isExclusive`: one supplier serves one node. Default false */
  constructor(kind: string, { isExclusive = false }: { readonly isExclusive?: boolean } = {}) {
    this.kind = kind;
    this.#isExclusive = isExclusive;
  }

  /** The description says that there is such a supplier, present or not; the result takes that back. */
  declare(key: string): () => void {
    this.#declared.set(key, (this.#declared.get(key) ?? 0) + 1);
    let isDeclared = true;
    return () => {
      if (!isDeclared) return;
      isDeclared = false;
      const count = (this.#declared.get(key) ?? 0) - 1;
      if (count > 0) this.#declared.set(key, count);
      else this.#declared.delete(key);
    };
  }

  /** There is a node that needs one; the result takes it away. */
  claim(claim: SupplyClaim): () => void {
    this.#claims.add(claim);
    return () => {
      this.#claims.delete(claim);
    };
  }

  /** The key of the supplier that serves a node.
   *  @throws BoardError for a node without key unless it is the only such node and one supplier is declared; it lists the candidates. For
   *  nodes that share a supplier which can serve one */
  keyFor({ path, file, key }: SupplyClaim): string {
    if (key !== undefined) {
      const rivals = this.#isExclusive ? [...this.#claims].filter((it) => it.key === key && it.path !== path) : [];
      if (rivals.length === 0) return key;
      const got = `${key}, which ${rivals
        .map((it) => it.path)
        .sort()
        .join(", ")} names, too`;
      throw new BoardError({ file, path, expected: `a ${this.kind} of its own`, got });
    }
    const candidates = [...this.#declared.keys()].sort();
    const [only] = candidates;
    const others = [...this.#claims].map((it) => it.path).filter((it) => it !== path);
    if (only !== undefined && candidates.length === 1 && others.length === 0) return only;
    const rival = others.length > 0 ? `, for ${[path, ...others].sort().join(", ")}` : "";
    throw new BoardError({
      file,
      path,
      expected: `a key (scmi-wasm,supplier, or supplier: in a board file), or one ${this.kind} and one node for it`,
      got: `no key, and ${candidates.length === 0 ? `no ${this.kind}` : candidates.join(", ")}${rival}`,
    });
  }
}
