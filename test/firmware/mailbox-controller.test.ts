import { describe, expect, test } from "vitest";
import { MailboxController, type MailboxControllerOptions } from "../../src/firmware/index.ts";

/** A controller with a client at channel 0, and everything that happens there. */
function wired(options: Partial<MailboxControllerOptions> = {}) {
  const controller = new MailboxController({ channels: 2, ...options });
  const log: string[] = [];
  const line = controller.request(0, {
    received: (word) => log.push(`agent heard ${word}`),
    sent: () => log.push("taken"),
  });
  const peer = controller.peer(0);
  peer.onMessage = (word) => log.push(`platform heard ${word}`);
  return { controller, line, peer, log };
}

describe("a mailbox channel", () => {
  test("rings both ways", () => {
    const { line, peer, log } = wired();
    line.send();
    peer.raise();
    expect(log).toEqual(["platform heard 0", "taken", "agent heard 0"]);
  });

  test("has one client at a time, and counts those that it has", () => {
    const { controller, line } = wired();
    const client = { received: () => {} };
    expect(() => controller.request(0, client)).toThrow(expect.objectContaining({ reason: "busy" }));
    const other = controller.request(1, client);
    expect(controller.requested).toBe(2);
    line.free();
    line.free();
    other.free();
    expect(controller.requested).toBe(0);
    controller.request(0, client).free();
  });

  test("is silent once it was given back, and no longer takes anything", () => {
    const { line, peer, log } = wired();
    line.free();
    peer.raise();
    expect(log).toEqual([]);
    expect(() => line.send()).toThrow(expect.objectContaining({ reason: "closed" }));
  });

  test("of a former client does not free that of the next", () => {
    const { controller, line } = wired();
    line.free();
    controller.request(0, { received: () => {} });
    line.free();
    expect(controller.requested).toBe(1);
  });

  test("keeps what is sent while the last message was not taken, in order, up to its limit", () => {
    const { line, peer, log } = wired({ mode: "data", takesAtOnce: false, queue: 2 });
    for (const word of [1, 2, 3]) line.send(word);
    expect(() => line.send(4)).toThrow(expect.objectContaining({ reason: "busy" }));
    expect(log).toEqual(["platform heard 1"]);
    peer.taken();
    peer.taken();
    peer.taken();
    peer.taken();
    const heard = ["platform heard 1", "taken", "platform heard 2", "taken", "platform heard 3", "taken"];
    expect(log).toEqual(heard);
    line.send(5);
    expect(log.at(-1)).toBe("platform heard 5");
  });

  test("rings again after whoever heard it has failed", () => {
    const { line, peer, log } = wired();
    const { onMessage } = peer;
    peer.onMessage = () => {
      throw new Error("firmware");
    };
    expect(() => line.send()).toThrow("firmware");
    peer.onMessage = onMessage;
    line.send();
    expect(log).toEqual(["taken", "platform heard 0", "taken"]);
  });

  test("drops what waits when it is given back", () => {
    const { controller, line, peer, log } = wired({ mode: "data", takesAtOnce: false });
    line.send(1);
    line.send(2);
    line.free();
    peer.taken();
    controller.request(0, { received: () => {} }).send(9);
    expect(log).toEqual(["platform heard 1", "platform heard 9"]);
  });

  test("serves a thousand bells that are rung from inside of each other without deep recursion", () => {
    const { line, peer } = wired();
    let left = 20_000;
    peer.onMessage = () => {
      if (left-- > 0) line.send();
    };
    for (let i = 0; i < 3; i++) line.send();
    expect(left).toBeLessThan(0);
  });

  test.each([
    ["doorbell", 0],
    ["data", 0xffffffff],
  ] as const)("in %s mode carries words up to %i", (mode, most) => {
    const { line, peer, log } = wired({ mode });
    line.send(most);
    peer.raise(most);
    expect(log).toEqual([`platform heard ${most}`, "taken", `agent heard ${most}`]);
    for (const word of [most + 1, -1, 0.5]) {
      expect(() => line.send(word)).toThrow(RangeError);
      expect(() => peer.raise(word)).toThrow(RangeError);
    }
  });
});

test.each([0, -1, 1.5])("a controller of %d channels is refused", (channels) => {
  expect(() => new MailboxController({ channels })).toThrow(RangeError);
});

test.each([-1, 2, 0.5])("there is no channel %d of two", (index) => {
  const { controller } = wired();
  expect(() => controller.peer(index)).toThrow(RangeError);
  expect(() => controller.request(index, { received: () => {} })).toThrow(/0 to 1/);
});
