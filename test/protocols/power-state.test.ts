import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeCompositePowerState,
  decodePowerState,
  encodeCompositePowerState,
  encodePowerState,
  POWER_LEVEL,
  POWER_STATE,
} from "../../src/protocols/index.ts";

test("the states of device domains are the words of the text", () => {
  expect(POWER_STATE).toEqual({ ON: 0, OFF: 0x40000000 });
  expect(encodePowerState({ stateId: 0 })).toBe(POWER_STATE.ON);
  expect(encodePowerState({ stateId: 0, isContextLost: true })).toBe(POWER_STATE.OFF);
});

test("a state id has 28 bits, and bit 30 is the type", () => {
  expect(encodePowerState({ stateId: 0x0fffffff, isContextLost: true })).toBe(0x4fffffff);
  expect(decodePowerState(0xffffffff)).toEqual({ stateId: 0x0fffffff, isContextLost: true });
  expect(decodePowerState(0xb0000005)).toEqual({ stateId: 5, isContextLost: false });
  for (const stateId of [-1, 0x10000000, 1.5, Number.NaN]) {
    expect(() => encodePowerState({ stateId })).toThrow('"stateId" expected integer 0 to 268435455');
  }
});

test("a core and its cluster going on is the composite word of the text", () => {
  expect(encodeCompositePowerState({ levels: [POWER_LEVEL.ON, POWER_LEVEL.ON] })).toBe(0x00010011);
  expect(decodeCompositePowerState(0x00010011)).toEqual({ levels: [1, 1], isContextLost: false });
  expect(decodeCompositePowerState(0x40030210)).toEqual({ levels: [0, 1, 2, 0], isContextLost: true });
});

test("what no composite state can say is refused, and what is none is not read as one", () => {
  expect(() => encodeCompositePowerState({ levels: [] })).toThrow('"levels" expected 1 to 4 of them, got 0');
  expect(() => encodeCompositePowerState({ levels: [1, 1, 1, 1, 1] })).toThrow(RangeError);
  expect(() => encodeCompositePowerState({ levels: [1, 16] })).toThrow('"levels[1]" expected integer 0 to 15, got 16');
  expect(decodeCompositePowerState(0x00040000)).toBeUndefined();
  expect(decodeCompositePowerState(0x00100000)).toBeUndefined();
});

test("states survive the round trip", () => {
  const states = fc.record({ stateId: fc.nat(0x0fffffff), isContextLost: fc.boolean() });
  const levels = fc.array(fc.nat(15), { minLength: 1, maxLength: 4 });
  const composites = fc.record({ levels, isContextLost: fc.boolean() });
  fc.assert(
    fc.property(states, composites, (state, composite) => {
      expect(decodePowerState(encodePowerState(state))).toEqual(state);
      expect(decodeCompositePowerState(encodeCompositePowerState(composite))).toEqual(composite);
    }),
  );
});
