import { describe, expect, test } from "vitest";
import { FORMS, NO_LEAKS, OpteeMachine } from "./optee-kit.ts";

describe.each(FORMS)("messages in %s", (form) => {
  test("are answered before a call returns, awaited and polled, and leave nothing behind", async () => {
    const machine = new OpteeMachine();
    const { agent, clocks } = await machine.openClock(form);
    expect(agent.platform.vendor).toBe(machine.platform.board.vendor);
    await clocks.setRate(2, 300e6);
    expect(await clocks.getRate(2)).toBe(300e6);
    clocks.setRatePolled(2, 200e6);
    expect(clocks.getRatePolled(2)).toBe(200e6);
    expect(machine.platform.clock.rate(2)).toBe(200e6);
    await agent.close();
    expect(machine.optee.leaks).toEqual(NO_LEAKS);
    expect(machine.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(machine.clock.pending).toBe(0);
  });
});
