import { StatusError } from "../errors.ts";

/** What the platform refuses to tell is not known, and `instead` stands for it; silence and broken messages are errors all the same.
 *  @param isFine which refusals are no error; all unless said */
export async function orElse<T, U>(
  answer: Promise<T>,
  instead: U,
  isFine: (refusal: StatusError) => boolean = () => true,
): Promise<T | U> {
  try {
    return await answer;
  } catch (reason) {
    if (reason instanceof StatusError && isFine(reason)) return instead;
    throw reason;
  }
}
