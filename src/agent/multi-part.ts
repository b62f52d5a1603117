import { MessageError } from "../errors.ts";
import type { MultiPart } from "../wire/message.ts";
import { fieldAt } from "../wire/path.ts";

/** Asks for a list part by part. The peer's counts are checked against each other, never trusted: the first reply says how many items
 *  there are (where replies have no count of what remains, `total` does), no reply may return more than are still expected, and one
 *  that returns nothing ends the list even if it promises more.
 *  @param ask sends the command for the items from `index` on
 *  @throws MessageError when a reply returns more items than remain */
export async function* partsOf<Response>(
  name: string,
  rule: MultiPart,
  total: number | undefined,
  ask: (index: number) => Promise<Response>,
): AsyncGenerator<Response, void, undefined> {
  let expected = total;
  for (let index = 0; ; ) {
    const response = await ask(index);
    const returned = fieldAt(response, rule.returned) as number;
    const remaining = rule.remaining === undefined ? undefined : (fieldAt(response, rule.remaining) as number);
    if (remaining !== undefined) expected ??= returned + remaining;
    const room = expected === undefined ? Number.POSITIVE_INFINITY : expected - index;
    if (returned > room) throw excess(name, rule.returned, room, returned);
    if (returned === 0) return;
    yield response;
    index += returned;
    if (remaining === 0 || index === expected) return;
  }
}

function excess(name: string, field: string, room: number, returned: number): MessageError {
  return new MessageError(name, {
    field: `response.${field}`,
    offset: 4, // counts come right behind the status, in every message that has them
    expected: `at most the ${room} items that remain`,
    got: `${returned}`,
  });
}
