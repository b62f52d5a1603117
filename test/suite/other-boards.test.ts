import { expect, test } from "vitest";
import { type RawClient, STATUS, serve } from "./raw-client.ts";

// What Arm's compliance tests ask of the boards beside example.yaml, over the socket of `scmi serve`.

const { SUCCESS, NOT_SUPPORTED, DENIED } = STATUS;
const [BASE, SYSTEM, RESET] = [0x10, 0x12, 0x16] as const;
const TRUSTED = 2;

async function withServed(board: string, agentId: number, run: (it: RawClient) => Promise<void>): Promise<void> {
  const served = await serve("2.0", agentId, board);
  try {
    const it = await served.open();
    await run(it);
    it.close();
  } finally {
    expect(await served.stop()).toBe(0);
  }
}

test("large.yaml: whoever is denied device 8 has no reset protocol, until it gets it back", () =>
  withServed("large.yaml", TRUSTED, async (it) => {
    const [, before = 0] = await it.call(BASE, 0x1);
    for (const [deny, allow] of [
      [
        [0x9, TRUSTED, 8, 0],
        [0x9, TRUSTED, 8, 1],
      ],
      [
        [0xa, TRUSTED, 8, RESET, 0],
        [0xb, TRUSTED, 1],
      ],
    ] as const) {
      expect(await it.status(BASE, deny[0], ...deny.slice(1))).toBe(SUCCESS);
      expect(await it.call(RESET, 0x0)).toEqual([DENIED]);
      expect(await it.call(BASE, 0x1)).toEqual([SUCCESS, before - 1]);
      expect(await it.status(BASE, allow[0], ...allow.slice(1))).toBe(SUCCESS);
      expect(await it.call(RESET, 0x0)).toEqual([SUCCESS, 0x10000]);
    }
  }));

test.each([
  ["demo.dtb", 1], // its agent is the operating system: the platform knows the state, and does not tell those who run in it
  ["large.yaml", 1],
  ["large.yaml", TRUSTED],
] as const)(
  "%s: agent %i may ask whether there is SYSTEM_POWER_STATE_GET, and is refused the state",
  (board, agentId) =>
    withServed(board, agentId, async (it) => {
      expect(await it.call(SYSTEM, 0x2, 0x4)).toEqual([SUCCESS, 0]);
      expect(await it.call(SYSTEM, 0x4)).toEqual([NOT_SUPPORTED]);
    }),
);
