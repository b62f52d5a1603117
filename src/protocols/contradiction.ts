import { MessageError } from "../errors.ts";

/** An answer of which one field contradicts the question, or another field.
 *  @param subject spec name of the answer
 *  @param got `undefined`: none */
export function contradiction(
  subject: string,
  field: string,
  offset: number,
  expected: string | number,
  got: string | number | undefined,
): MessageError {
  return new MessageError(subject, { field, offset, expected: `${expected}`, got: `${got ?? "none"}` });
}

/** Lowest, highest and step of a range, behind the status and a word of counts.
 *  @throws MessageError when there are not three */
export function tripletOf(
  subject: string,
  field: string,
  noun: string,
  values: readonly number[],
): readonly [lowest: number, highest: number, step: number] {
  const [lowest, highest, step] = values;
  if (lowest === undefined || highest === undefined || step === undefined || values.length > 3) {
    throw contradiction(subject, `response.${field}`, 8, `3 ${noun}`, values.length);
  }
  return [lowest, highest, step];
}
