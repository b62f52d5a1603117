import { expect } from "vitest";
import type { Guest } from "./guest.ts";
import { complaints } from "./report.ts";

/** What Linux says of a response that its delayed response has overtaken. */
const OVERTAKEN = /Message for \d+ type 0 is not expected|Invalid message type:0 for \d+/;

/** Both sides have counted the same, and nothing has gone wrong. A delayed response comes by another queue than its response, which it may
 *  overtake when the guest is slow to look. Linux takes it, and says so; the response is "invalid" to it then, or "unexpected" when
 *  the command is through already. */
export async function expectSameCounts(guest: Guest): Promise<void> {
  const theirs = await guest.counters();
  const { received, responses, delayedResponses, notifications, ...others } = guest.server.counters;
  const { response_ok = 0, err_msg_unexpected = 0, err_msg_invalid = 0 } = theirs;
  expect(theirs).toMatchObject({
    ...{ sent_ok: received, delayed_response_ok: delayedResponses, notification_ok: notifications },
    err_protocol: guest.refusals,
    ...{ sent_fail: 0, err_msg_nomem: 0, xfers_response_timeout: 0, xfers_inflight: 0 },
  });
  expect(response_ok + err_msg_unexpected + err_msg_invalid).toBe(responses);
  expect(err_msg_unexpected + err_msg_invalid).toBeLessThanOrEqual(delayedResponses);
  expect(others).toMatchObject({ refusedChains: 0, dropped: 0, malformed: 0, overlong: 0, refused: 0 });
  const log = complaints(await guest.run("dmesg"));
  expect(log.filter((line) => !OVERTAKEN.test(line))).toEqual([]);
}
