import { describe, expect, test } from "vitest";
import { Platform } from "../../src/platform/index.ts";
import { boardFile, boardOf, type Client, PROTOCOL, rig } from "./kit.ts";

const { PERFORMANCE: P, CLOCK: C } = PROTOCOL;

function told(client: Client): (readonly number[])[] {
  return client.takeP2a().map(({ type, protocolId, messageId, words }) => {
    expect(type).toBe(3);
    return [protocolId, messageId, ...words];
  });
}

describe("notifications", () => {
  test("go to every agent that asked, the one that caused them included, and to no other", () => {
    const { agents, agent } = rig(boardFile("example"));
    agent(1).status(P, 0xa, 0, 1);
    agent(2).status(P, 0xa, 0, 1);
    agent(3).status(P, 0xa, 4, 1);
    for (const client of agents) client.takeP2a();
    agent(1).status(P, 0x7, 0, 1800);
    expect(agents.map(told)).toEqual([[[P, 1, 1, 0, 1800]], [[P, 1, 1, 0, 1800]], []]);
    agent(1).status(P, 0x7, 0, 1800); // as it was
    expect(agents.map(told)).toEqual([[], [], []]);
    agent(2).status(P, 0xa, 0, 0);
    agent(2).takeP2a();
    agent(1).status(P, 0x7, 0, 600);
    expect(agents.map(told)).toEqual([[[P, 1, 1, 0, 600]], [], []]);
  });

  test("of limits come before the level that they move", () => {
    const { agent } = rig(boardFile("example"));
    agent(2).status(P, 0x9, 0, 1);
    agent(2).status(P, 0xa, 0, 1);
    agent(2).takeP2a();
    agent(1).status(P, 0x5, 0, 1800, 1400);
    expect(told(agent(2))).toEqual([
      [P, 0, 1, 0, 1800, 1400],
      [P, 1, 1, 0, 1400],
    ]);
    agent(1).status(P, 0x5, 0, 1800, 1400);
    expect(told(agent(2))).toEqual([]);
  });

  test("say which rate was asked for, and which one came of it", () => {
    const { agent } = rig(boardFile("example"));
    agent(2).status(C, 0xa, 1, 1);
    agent(2).status(C, 0x9, 1, 1);
    agent(2).takeP2a();
    agent(1).status(C, 0x5, 0, 1, 612e6, 0);
    expect(told(agent(2))).toEqual([
      [C, 1, 1, 1, 612e6, 0],
      [C, 0, 1, 1, 600e6, 0],
    ]);
    agent(1).status(C, 0x5, 0, 1, 613e6, 0); // nothing comes of it
    expect(told(agent(2))).toEqual([[C, 1, 1, 1, 613e6, 0]]);
    agent(1).status(C, 0x5, 0, 1, 1, 0); // refused: nobody has to know
    expect(told(agent(2))).toEqual([]);
  });

  test("of an asynchronous rate come when it is asked for, and when it is in force", () => {
    const { agent, clock } = rig(boardFile("example"));
    agent(2).status(C, 0xa, 1, 1);
    agent(2).status(C, 0x9, 1, 1);
    agent(2).takeP2a();
    agent(1).status(C, 0x5, 1, 1, 700e6, 0);
    expect(told(agent(2))).toEqual([[C, 1, 1, 1, 700e6, 0]]);
    clock.advance(0.5);
    expect(told(agent(2))).toEqual([[C, 0, 1, 1, 700e6, 0]]);
  });

  test("are not for an agent that lost the resource, and come again with it", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(P, 0xa, 0, 1);
    agent(2).status(PROTOCOL.BASE, 0x9, 1, 0, 0);
    agent(1).takeP2a();
    platform.performance.setLevel(0, 600);
    expect(told(agent(1))).toEqual([]);
    agent(2).status(PROTOCOL.BASE, 0x9, 1, 0, 1);
    platform.performance.setLevel(0, 1800);
    expect(told(agent(1))).toEqual([[P, 1, 0, 0, 1800]]);
  });

  test("reach all connections of an agent, and none that is closed", () => {
    const { agent, platform } = rig(boardFile("example"));
    const second: Uint8Array[] = [];
    const port = platform.connectMessages(1, { send: (message) => second.push(message) });
    agent(1).status(P, 0xa, 0, 1);
    agent(1).takeP2a();
    platform.performance.setLevel(0, 600);
    expect([told(agent(1)).length, second.length]).toEqual([1, 1]);
    port.close();
    platform.performance.setLevel(0, 1000);
    expect([told(agent(1)).length, second.length]).toEqual([1, 1]);
  });

  test("work in a core without an event ring, too", () => {
    const { agent } = rig(boardFile("large"), {}, { eventEntries: 0 });
    agent(2).status(P, 0xa, 0, 1);
    agent(2).status(C, 0x9, 10, 1);
    agent(2).takeP2a();
    expect(agent(1).status(P, 0x7, 0, 700)).toBe(0);
    expect(agent(1).status(C, 0x5, 0, 10, 2020000, 0)).toBe(0);
    expect(told(agent(2))).toEqual([
      [P, 1, 1, 0, 700],
      [C, 0, 1, 10, 2020000, 0],
    ]);
  });
});

describe("observers", () => {
  test("hear of every change, with time and cause, until they leave", () => {
    const { agent, platform, clock } = rig(boardFile("large"));
    const heard: unknown[] = [];
    const leave = [
      platform.on("levelChanged", (event) => heard.push(["level", event])),
      platform.on("rateChanged", (event) => heard.push(["rate", event])),
      platform.on("limitsChanged", (event) => heard.push(["limits", event])),
    ];
    clock.advance(2);
    agent(1).status(P, 0x7, 1, 600);
    agent(2).status(C, 0x5, 0, 1, 7e6, 0);
    agent(2).status(P, 0x5, 1, 800, 600);
    expect(heard).toEqual([
      ["level", { agentId: 1, domainId: 1, before: 1000, level: 600, time: 2e6 }],
      ["rate", { agentId: 2, clockId: 1, beforeHz: 1e6, rateHz: 7e6, time: 2e6 }],
      ["limits", { agentId: 2, domainId: 1, max: 800, min: 600, time: 2e6 }],
    ]);
    for (const it of leave) it();
    agent(1).status(P, 0x7, 1, 700);
    expect(heard).toHaveLength(3);
  });

  test("hear of changes in the order in which they happened, also of those that an observer made", () => {
    const { agent, platform } = rig(boardFile("large"));
    const heard: number[] = [];
    platform.on("levelChanged", ({ domainId }) => {
      if (domainId === 0) agent(1).status(P, 0x7, 1, 700);
    });
    platform.on("levelChanged", ({ domainId }) => heard.push(domainId));
    agent(1).status(P, 0x7, 0, 700);
    expect(heard).toEqual([0, 1]);
  });

  test("of two platforms in one core hear of their own only", () => {
    const first = rig(boardFile("example"));
    const { core, clock } = first;
    const board = boardOf({ clock: { clocks: [{ name: "a", rates: [1, 2], notifyChanged: true }] } });
    const heard: string[] = [];
    const second = Platform.open(core, board, { clock });
    first.platform.on("rateChanged", ({ rateHz }) => heard.push(`first ${rateHz}`));
    second.on("rateChanged", ({ rateHz }) => heard.push(`second ${rateHz}`));
    const port = second.connectMessages(1, { send: () => {} });
    port.receive(Uint8Array.of(5, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
    first.agent(1).status(C, 0x5, 0, 2, 300e6, 0);
    expect(heard).toEqual(["second 2", "first 300000000"]);
    first.platform.close();
    port.receive(Uint8Array.of(5, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
    expect(heard.at(-1)).toBe("second 1");
  });
});
