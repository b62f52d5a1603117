/** Whether a number is a u32, as words of `PolledCommand.tryWords` have to be. */
export function isWord(value: number): boolean {
  return value >>> 0 === value;
}
