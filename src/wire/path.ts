/** Paths of the fields in a value, of at most two steps: `clockId`, `flags.async`. */
export type FieldPath<T> = {
  [K in keyof T & string]: NonNullable<T[K]> extends readonly unknown[] | Uint8Array
    ? K
    : NonNullable<T[K]> extends object
      ? K | `${K}.${keyof NonNullable<T[K]> & string}`
      : K;
}[keyof T & string];

/** The value at a path of at most two steps; `undefined` when a step leads nowhere. */
export function fieldAt(value: unknown, path: string): unknown {
  return follow(value, stepsOf(path));
}

/** A path taken apart. */
export interface PathSteps {
  readonly outer: string;
  readonly inner: string | undefined;
}

/** Takes a path apart, once, for those who follow it often. */
export function stepsOf(path: string): PathSteps {
  const [outer = "", inner] = path.split(".");
  return { outer, inner };
}

/** {@link fieldAt} for a path that was taken apart. */
export function follow(value: unknown, { outer, inner }: PathSteps): unknown {
  const field = (value as Record<string, Record<string, unknown> | undefined>)[outer];
  return inner === undefined ? field : field?.[inner];
}
