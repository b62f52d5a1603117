import { describe, expect, test } from "vitest";
import { type MakeWorld, transportChecks } from "../../src/compliance/index.ts";
import { loopbackWorld } from "./loopback-world.ts";
import { mailboxWorld, smcWorld } from "./shared-memory-worlds.ts";
import { streamWorld } from "./stream-world.ts";
import { virtioWorld } from "./virtio-world.ts";

const SERIAL = "it carries one command at a time";
const NO_AREA = "its messages lie in no area of a given size";
const NO_P2A = "nothing comes from its platform";
const NO_DEATH = "its peer cannot die";
const QUIET = "nothing announces its completions but answers";

const POLLED_IN_PLACE = { mboxes: 2, areas: 2, hasCompletionInterrupt: false, isPrompt: true } as const;

/** Every transport, with the reasons for which it is exempt from clauses of the contract. */
const WORLDS: readonly (readonly [name: string, makeWorld: MakeWorld, exemptions: readonly string[]])[] = [
  ["loopback", loopbackWorld, [SERIAL, NO_AREA, NO_DEATH]],
  ["mailbox, 1 channel", mailboxWorld({ mboxes: 1, areas: 1 }), [SERIAL, NO_P2A]],
  ["mailbox, 2 channels both ways", mailboxWorld({ mboxes: 2, areas: 2 }), [SERIAL]],
  ["mailbox, 2 channels one way", mailboxWorld({ mboxes: 2, areas: 1 }), [SERIAL, NO_P2A]],
  ["mailbox, 3 channels", mailboxWorld({ mboxes: 3, areas: 2 }), [SERIAL]],
  ["mailbox, 4 channels", mailboxWorld({ mboxes: 4, areas: 2, mode: "data" }), [SERIAL]],
  ["mailbox, polled", mailboxWorld({ mboxes: 2, areas: 2, hasCompletionInterrupt: false }), [SERIAL]],
  ["mailbox, slow", mailboxWorld({ mboxes: 2, areas: 2, latencyMs: 3 }), [SERIAL]],
  [
    "mailbox, a protocol of its own",
    mailboxWorld({ mboxes: 2, areas: 2, ownProtocol: { mboxes: 3, areas: 2 } }),
    [SERIAL],
  ],
  ["mailbox, answered in place", mailboxWorld({ mboxes: 2, areas: 2, isPrompt: true }), [SERIAL]],
  ["mailbox, polled and answered in place", mailboxWorld(POLLED_IN_PLACE), [SERIAL]],
  [
    "smc, answered in place",
    smcWorld({ variant: "param", completion: "return", hasOwnProtocol: true, isPrompt: true }),
    [SERIAL, NO_P2A, QUIET],
  ],
  ["smc, on return", smcWorld({ variant: "plain", completion: "return" }), [SERIAL, NO_P2A, QUIET]],
  ["smc, by interrupt", smcWorld({ variant: "param", completion: "interrupt", latencyMs: 2 }), [SERIAL, NO_P2A]],
  ["smc, polled", smcWorld({ variant: "param", completion: "poll", latencyMs: 2 }), [SERIAL, NO_P2A, QUIET]],
  [
    "hvc, with a capability",
    smcWorld({ variant: "capability", completion: "return", kind: "hvc", hasOwnProtocol: true }),
    [SERIAL, NO_P2A, QUIET],
  ],
  ["stream", streamWorld, [NO_AREA, QUIET]],
  ["virtio", virtioWorld({}), [NO_AREA]],
  ["virtio, neither tables nor event index", virtioWorld({ hasIndirect: false, hasEventIndex: false }), [NO_AREA]],
  ["virtio, tables only", virtioWorld({ hasEventIndex: false }), [NO_AREA]],
  ["virtio, event index only", virtioWorld({ hasIndirect: false }), [NO_AREA]],
  ["virtio, one command at a time", virtioWorld({ queueSize: 2, hasIndirect: false }), [NO_AREA, SERIAL]],
  ["virtio, without P2A channels", virtioWorld({ hasP2a: false }), [NO_AREA, NO_P2A]],
  ["virtio, polled", virtioWorld({ isPolled: true }), [NO_AREA]],
  ["virtio, polled and slow", virtioWorld({ isPolled: true, latencyMs: 3 }), [NO_AREA]],
  ["virtio, answered in place", virtioWorld({ isPrompt: true }), [NO_AREA]],
  ["virtio, polled and answered in place", virtioWorld({ isPolled: true, isPrompt: true }), [NO_AREA]],
  ["virtio, slow", virtioWorld({ latencyMs: 3 }), [NO_AREA]],
  ["virtio, interrupts put off", virtioWorld({ interruptDelayMs: 2 }), [NO_AREA]],
];

describe.each(WORLDS)("%s", (_, makeWorld, exemptions) => {
  const skipped = new Set<string>();

  for (const check of transportChecks) {
    test(check.name, async () => {
      const result = await check.run(makeWorld);
      if (result) skipped.add(result.skipped);
    });
  }

  test("is exempt from no other clauses than it should be", () => {
    expect([...skipped].sort()).toEqual([...exemptions].sort());
  });
});
