/** Characters of a name in a field of 16 bytes, its NUL left out. */
const SHORT = 15;

/** Whether a name needs a `…_NAME_GET` of its own. */
export function isLong(name: string): boolean {
  return name.length > SHORT;
}

/** What fits a field of 16 bytes: all of a short name, the beginning of a long one. */
export function shortName(name: string): string {
  return name.slice(0, SHORT);
}
