import { expect, test } from "vitest";
import { Assignment } from "../../src/bus/index.ts";
import { BoardError } from "../../src/errors.ts";

const claim = (path: string, key?: string) => ({ path, file: "board.dtb", key });

test("a key is the answer, whether such a supplier is described or not", () => {
  expect(new Assignment("tee").keyFor(claim("/scmi", "/firmware/optee"))).toBe("/firmware/optee");
});

test("a node without key gets the only supplier there is, as long as it is the only node", () => {
  const tees = new Assignment("tee");
  const one = claim("/scmi-0");
  tees.claim(one);
  const forget = tees.declare("/firmware/optee");
  expect(tees.keyFor(one)).toBe("/firmware/optee");
  const remove = tees.claim(claim("/scmi-1", "/firmware/optee"));
  expect(() => tees.keyFor(one)).toThrow("/firmware/optee, for /scmi-0, /scmi-1");
  remove();
  expect(tees.keyFor(one)).toBe("/firmware/optee");
  forget();
  expect(() => tees.keyFor(one)).toThrow("no key, and no tee");
});

test("a node without key among several suppliers is an error that lists the candidates", () => {
  const tees = new Assignment("tee");
  tees.declare("/tee-b");
  tees.declare("/tee-a");
  expect(() => tees.keyFor(claim("/scmi"))).toThrow(BoardError);
  expect(() => tees.keyFor(claim("/scmi"))).toThrow("board.dtb: /scmi: expected a key");
  expect(() => tees.keyFor(claim("/scmi"))).toThrow("got no key, and /tee-a, /tee-b");
});

test("what was declared twice has to be taken back twice", () => {
  const tees = new Assignment("tee");
  const [first, second] = [tees.declare("/tee"), tees.declare("/tee")];
  first();
  first();
  expect(tees.keyFor(claim("/scmi"))).toBe("/tee");
  second();
  expect(() => tees.keyFor(claim("/scmi"))).toThrow(BoardError);
});

test("a supplier that can serve one is refused to all that name it, or the first to come would have it", () => {
  const devices = new Assignment("virtio", { isExclusive: true });
  const [one, other] = [claim("/scmi-0", "/virtio"), claim("/scmi-1", "/virtio")];
  devices.claim(one);
  const remove = devices.claim(other);
  expect(() => devices.keyFor(one)).toThrow(
    "/scmi-0: expected a virtio of its own, got /virtio, which /scmi-1 names, too",
  );
  expect(() => devices.keyFor(other)).toThrow(BoardError);
  remove();
  expect(devices.keyFor(one)).toBe("/virtio");
});
