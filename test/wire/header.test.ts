import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeHeader, encodeHeader, MESSAGE_TYPE } from "../../src/wire/index.ts";

test("every header survives the round trip and stays positive", () => {
  const header = fc.record({
    protocolId: fc.nat(0xff),
    messageType: fc.nat(3),
    messageId: fc.nat(0xff),
    token: fc.nat(0x3ff),
  });
  fc.assert(
    fc.property(header, (it) => {
      const word = encodeHeader(it);
      expect(word).toBeGreaterThanOrEqual(0);
      expect(decodeHeader(word)).toEqual(it);
    }),
  );
});

test("the reserved bits of a header are ignored", () => {
  expect(decodeHeader(0xf0000000 + 0x00244c07)).toEqual({ protocolId: 0x13, messageType: 0, messageId: 7, token: 9 });
  expect(decodeHeader(0xffffffff)).toEqual({ protocolId: 0xff, messageType: 3, messageId: 0xff, token: 0x3ff });
});

test.each([
  ["protocolId", 256],
  ["messageType", 4],
  ["messageId", -1],
  ["token", 1024],
])("a %s of %i is a RangeError", (name, value) => {
  const header = { protocolId: 0x10, messageType: MESSAGE_TYPE.COMMAND, messageId: 0, token: 0, [name]: value };
  expect(() => encodeHeader(header)).toThrow(RangeError);
});
