import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RELEASE_NAMES, SYSTEM_STATE } from "../../src/protocols/index.ts";
import { boardFile, boardOf, type Client, hex, PROTOCOL, rig, unhex, words } from "./kit.ts";

const S = PROTOCOL.SYSTEM_POWER;
const { SHUTDOWN, COLD_RESET, WARM_RESET, POWER_UP, SUSPEND } = SYSTEM_STATE;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND] = [-1, -2, -3, -4] as const;
const [ATTRIBUTES, SET, GET, NOTIFY] = [0x2, 0x3, 0x4, 0x5] as const;
const [FORCEFUL, GRACEFUL] = [0, 1] as const;
const VENDOR = 0x80000001;

const AGENTS = [{ name: "OSPM" }, { name: "BMC", trusted: true }, { name: "OTHER" }];

/** A system that OSPM runs on, and that the BMC may read and power up. */
function systemOf(more: object = {}, profile: (typeof RELEASE_NAMES)[number] = "3.2") {
  const systemPower = { getState: ["BMC"], powerUp: ["BMC"], ...more };
  return rig(boardOf({ agents: AGENTS, systemPower }), { profile });
}

/** Words of the notifications since the last time. */
function heard(client: Client): (readonly number[])[] {
  return client.takeP2a().map(({ type, protocolId, messageId, words }) => {
    expect([type, protocolId, messageId]).toEqual([3, S, 0]);
    return words;
  });
}

function listen(...clients: readonly Client[]): void {
  for (const client of clients) {
    expect(client.status(S, NOTIFY, 1)).toBe(0);
    client.takeP2a();
  }
}

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  const version = profile === "3.2" ? 0x20001 : profile === "3.1" ? 0x20000 : 0x10000;

  test("reports its version, no attributes, and what can be asked for", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).call(S, 0x0)).toEqual([0, version]);
    expect(agent(1).call(S, 0x1)).toEqual([0, 0]);
    expect(agent(1).call(S, ATTRIBUTES, SET)).toEqual([0, 0xc0000000]);
    for (const id of [0x0, 0x1, 0x2, GET, NOTIFY]) expect(agent(1).call(S, ATTRIBUTES, id)).toEqual([0, 0]);
    for (const id of [0x6, 0x7, 0xff, 0x103]) expect(agent(1).call(S, ATTRIBUTES, id)).toEqual([NOT_FOUND]);
    expect(agent(1).status(S, GET)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, 0x10, 0x10000)).toBe(profile === "3.2" ? 0 : NOT_FOUND);
  });

  test("notifies in three words, or in four from version 2.0 on", () => {
    const { agent } = systemOf({ gracefulTimeoutMs: 700 }, profile);
    listen(agent(1));
    agent(2).status(S, SET, GRACEFUL, SHUTDOWN);
    const three = [2, 1, SHUTDOWN];
    expect(heard(agent(1))).toEqual([version < 0x20000 ? three : [...three, 700]]);
  });
});

test("an agent that agreed on 1.0 is told in three words", () => {
  const { agent } = systemOf();
  expect(agent(1).status(S, 0x10, 0x10000)).toBe(0);
  listen(agent(1), agent(3));
  agent(2).status(S, SET, GRACEFUL, COLD_RESET);
  expect(heard(agent(1))).toEqual([[2, 1, COLD_RESET]]);
  expect(heard(agent(3))).toEqual([[2, 1, COLD_RESET, 0]]);
});

describe("SYSTEM_POWER_STATE_SET", () => {
  test("judges words first, then what the agent may ask for, then what can be done now", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [1, 3]) {
      for (const flags of [0xf, 2, 0x80000000]) {
        expect(agent(id).status(S, SET, flags, SHUTDOWN)).toBe(INVALID_PARAMETERS);
        expect(agent(id).status(S, SET, flags, POWER_UP)).toBe(INVALID_PARAMETERS);
      }
      for (const state of [5, 0x7fffffff, 0x80000000, 0x80000002, 0xffffffff]) {
        expect(agent(id).status(S, SET, FORCEFUL, state)).toBe(INVALID_PARAMETERS);
        expect(agent(id).status(S, SET, GRACEFUL, state)).toBe(INVALID_PARAMETERS);
      }
    }
    for (const state of [SHUTDOWN, COLD_RESET, WARM_RESET, POWER_UP, SUSPEND, VENDOR]) {
      expect(agent(3).status(S, SET, FORCEFUL, state)).toBe(NOT_SUPPORTED);
    }
    expect(agent(1).status(S, SET, FORCEFUL, POWER_UP)).toBe(NOT_SUPPORTED);
    expect(agent(2).status(S, SET, FORCEFUL, POWER_UP)).toBe(DENIED);
    expect(agent(1).status(S, SET, FORCEFUL, VENDOR)).toBe(0);
  });

  test("takes no more than its attributes promise", () => {
    const { agent } = systemOf({ warmReset: true, setState: ["OSPM", "BMC"] });
    expect(agent(1).call(S, ATTRIBUTES, SET)).toEqual([0, 0x80000000]);
    expect(agent(3).call(S, ATTRIBUTES, SET)).toEqual([0, 0]);
    expect(agent(1).status(S, SET, FORCEFUL, SUSPEND)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, SET, GRACEFUL, SUSPEND)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, SET, FORCEFUL, WARM_RESET)).toBe(0);
  });

  test("forceful: answers first, then does it, and tells all who listen but the one who asked", () => {
    const { agent, clock, platform } = systemOf({ suspend: true, transitionUs: 100 });
    listen(agent(1), agent(3));
    expect(agent(1).status(S, SET, FORCEFUL, SHUTDOWN)).toBe(0);
    expect([heard(agent(1)), heard(agent(3))]).toEqual([[], []]);
    expect(platform.systemPower.state).toBe(POWER_UP);
    clock.advance(0.1);
    expect([heard(agent(1)), heard(agent(3))]).toEqual([[], [[1, 0, SHUTDOWN, 0]]]);
    expect(platform.systemPower.state).toBe(SHUTDOWN);
    expect(agent(2).call(S, GET)).toEqual([0, SHUTDOWN]);
    expect(agent(2).status(S, SET, FORCEFUL, POWER_UP)).toBe(0);
    clock.advance(0.1);
    expect(agent(2).call(S, GET)).toEqual([0, POWER_UP]);
    agent(1).status(S, SET, FORCEFUL, SUSPEND);
    clock.advance(0.1);
    expect(agent(2).call(S, GET)).toEqual([0, SUSPEND]);
    agent(2).status(S, SET, FORCEFUL, COLD_RESET);
    clock.advance(0.1);
    expect(agent(2).call(S, GET)).toEqual([0, POWER_UP]);
    expect(clock.pending).toBe(0);
  });

  test("forceful: the answer is out even if the system goes down with its agent", () => {
    const { agent, clock, platform } = systemOf();
    platform.on("systemPowerChanged", () => agent(1).port.close());
    expect(agent(1).status(S, SET, FORCEFUL, SHUTDOWN)).toBe(0);
    clock.advance(0);
    expect(() => agent(1).status(S, 0x0)).toThrow();
  });

  test("graceful: passes the request on, and forces a shutdown that nobody honours in time", () => {
    const { agent, clock, platform } = systemOf({ gracefulTimeoutMs: 5000 });
    listen(agent(1), agent(2));
    expect(agent(2).status(S, SET, GRACEFUL, SHUTDOWN)).toBe(0);
    expect(heard(agent(1))).toEqual([[2, 1, SHUTDOWN, 5000]]);
    expect(heard(agent(2))).toEqual([]);
    expect(platform.systemPower.isWaiting).toBe(true);
    clock.advance(4999);
    expect(agent(2).call(S, GET)).toEqual([0, POWER_UP]);
    agent(2).takeP2a();
    clock.advance(1);
    // The platform did it, so everybody is told
    expect([heard(agent(1)), heard(agent(2))]).toEqual([[[0, 0, SHUTDOWN, 0]], [[0, 0, SHUTDOWN, 0]]]);
    expect(agent(2).call(S, GET)).toEqual([0, SHUTDOWN]);
    expect(platform.systemPower.isWaiting).toBe(false);
  });

  test("graceful: a forceful request honours it, and calls the timer off", () => {
    const { agent, clock, platform } = systemOf({ gracefulTimeoutMs: 5000 });
    const changes: unknown[] = [];
    platform.on("systemPowerChanged", ({ agentId, systemState, time }) => changes.push([agentId, systemState, time]));
    listen(agent(1), agent(2));
    agent(2).status(S, SET, GRACEFUL, SHUTDOWN);
    clock.advance(100);
    expect(agent(1).status(S, SET, FORCEFUL, SHUTDOWN)).toBe(0);
    expect(clock.pending).toBe(1);
    clock.advance(0);
    agent(1).takeP2a();
    expect(heard(agent(2))).toEqual([[1, 0, SHUTDOWN, 0]]);
    expect(clock.pending).toBe(0);
    clock.advance(10000);
    expect(changes).toEqual([[1, SHUTDOWN, 100e6]]);
  });

  test("graceful: one at a time; a second one has no effect", () => {
    const { agent, clock } = systemOf({ gracefulTimeoutMs: 5000 });
    listen(agent(1));
    agent(2).status(S, SET, GRACEFUL, SHUTDOWN);
    clock.advance(3000);
    for (const state of [SHUTDOWN, COLD_RESET]) expect(agent(3).status(S, SET, GRACEFUL, state)).toBe(0);
    expect(heard(agent(1))).toEqual([[2, 1, SHUTDOWN, 5000]]);
    clock.advance(2000);
    expect(heard(agent(1))).toEqual([[0, 0, SHUTDOWN, 0]]);
    expect(clock.pending).toBe(0);
  });

  test("graceful: only a shutdown has a time-out", () => {
    const { agent, clock } = systemOf({ gracefulTimeoutMs: 5000, suspend: true, warmReset: true });
    listen(agent(1));
    agent(2).status(S, SET, GRACEFUL, WARM_RESET);
    expect(heard(agent(1))).toEqual([[2, 1, WARM_RESET, 0]]);
    expect(clock.pending).toBe(0);
  });

  test("graceful: where nobody listens, or the requester is the last one left, it is done", () => {
    const { agent, clock, platform } = systemOf({ psci: "OTHER" });
    agent(1).status(S, SET, GRACEFUL, SHUTDOWN);
    clock.advance(0);
    expect(platform.systemPower.state).toBe(SHUTDOWN);
    platform.systemPower.force(POWER_UP);
    listen(agent(1));
    // The only one who listens has nobody to ask but itself
    agent(1).status(S, SET, GRACEFUL, SHUTDOWN);
    clock.advance(0);
    expect(platform.systemPower.state).toBe(SHUTDOWN);
    platform.systemPower.force(POWER_UP);
    agent(1).takeP2a();
    agent(2).status(S, SET, GRACEFUL, SHUTDOWN);
    agent(3).status(S, SET, GRACEFUL, SHUTDOWN);
    clock.advance(0);
    expect(heard(agent(1))).toEqual([
      [2, 1, SHUTDOWN, 0],
      [3, 0, SHUTDOWN, 0],
    ]);
    expect(platform.systemPower.state).toBe(SHUTDOWN);
  });

  test("power-up does not care for the flag", () => {
    const { agent, clock, platform } = systemOf();
    listen(agent(1));
    platform.systemPower.force(SHUTDOWN);
    agent(1).takeP2a();
    expect(agent(2).status(S, SET, GRACEFUL, POWER_UP)).toBe(0);
    clock.advance(0);
    expect(heard(agent(1))).toEqual([[2, 0, POWER_UP, 0]]);
    expect(platform.systemPower.state).toBe(POWER_UP);
  });

  test("a suspend is denied while other processors run", () => {
    const { agent, platform } = systemOf({ suspend: true });
    platform.systemPower.allowSuspend(false);
    expect(agent(1).status(S, SET, FORCEFUL, SUSPEND)).toBe(DENIED);
    expect(agent(1).status(S, SET, GRACEFUL, SUSPEND)).toBe(DENIED);
    expect(agent(1).status(S, SET, FORCEFUL, SHUTDOWN)).toBe(0);
    platform.systemPower.allowSuspend(true);
    expect(agent(1).status(S, SET, FORCEFUL, SUSPEND)).toBe(0);
  });
});

describe("SYSTEM_POWER_STATE_NOTIFY", () => {
  test("judges reserved bits, then whether this agent can be notified", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [1, 3]) expect(agent(id).status(S, NOTIFY, 0xf)).toBe(INVALID_PARAMETERS);
    for (const enable of [1, 1, 0, 0]) expect(agent(1).status(S, NOTIFY, enable)).toBe(0);
    for (const enable of [1, 0]) expect(agent(3).status(S, NOTIFY, enable)).toBe(NOT_SUPPORTED);
    expect(agent(3).status(S, ATTRIBUTES, NOTIFY)).toBe(NOT_SUPPORTED);
    expect(agent(3).status(S, ATTRIBUTES, GET)).toBe(0);
  });

  test("ends with the agent's configuration, and with the protocol", () => {
    const { agent, platform } = systemOf();
    listen(agent(1), agent(2), agent(3));
    agent(1).status(S, NOTIFY, 0);
    agent(3).status(PROTOCOL.BASE, 0xb, 3, 0);
    for (const id of [1, 3]) agent(id).takeP2a();
    platform.systemPower.request(COLD_RESET);
    expect([1, 2, 3].map((id) => heard(agent(id)).length)).toEqual([0, 1, 0]);
  });

  test("is not for an agent that the protocol is denied to", () => {
    const { agent } = rig(
      boardOf({ agents: [{ name: "A", deniedProtocols: ["systemPower"] }, { name: "B" }], systemPower: {} }),
    );
    for (const id of [0x0, 0x1, 0x2, SET, GET, NOTIFY]) expect(agent(1).status(S, id, 0, 0)).toBe(DENIED);
    expect(agent(2).status(S, 0x0)).toBe(0);
  });
});

describe("what the owner of a platform does", () => {
  test("asks gracefully in the name of agent 0, and sees it honoured", () => {
    const { agent, clock, platform } = systemOf({ gracefulTimeoutMs: 1000 });
    const events: unknown[] = [];
    platform.on("systemPowerRequested", (event) => events.push(event));
    platform.on("systemPowerChanged", (event) => events.push(event));
    listen(agent(1));
    platform.systemPower.request(SHUTDOWN);
    expect(heard(agent(1))).toEqual([[0, 1, SHUTDOWN, 1000]]);
    clock.advance(10);
    agent(1).status(S, SET, FORCEFUL, SHUTDOWN);
    clock.advance(0);
    expect(events).toEqual([
      { agentId: 0, systemState: SHUTDOWN, isGraceful: true, timeoutMs: 1000, time: 0 },
      { agentId: 1, systemState: SHUTDOWN, isGraceful: false, timeoutMs: 0, time: 10e6 },
      { agentId: 1, systemState: SHUTDOWN, time: 10e6 },
    ]);
    expect(platform.systemPower.state).toBe(SHUTDOWN);
  });

  test("is refused for states that the board has not, and after the end", () => {
    const { platform } = systemOf({ vendorStates: [VENDOR] });
    for (const state of [WARM_RESET, SUSPEND, 5, 0x80000000, -1, Number.NaN]) {
      expect(() => platform.systemPower.request(state)).toThrow('"systemState" expected one of 0,1,3,2147483649');
      expect(() => platform.systemPower.force(state)).toThrow(RangeError);
    }
    platform.systemPower.force(VENDOR);
    expect(platform.systemPower.state).toBe(POWER_UP);
    const { systemPower } = platform;
    platform.close();
    expect(() => systemPower.state).toThrow(expect.objectContaining({ name: "ChannelError" }));
  });

  test("leaves no timer behind", () => {
    const { agent, clock, platform } = systemOf({ gracefulTimeoutMs: 1000, transitionUs: 50 });
    listen(agent(1));
    platform.systemPower.request(SHUTDOWN);
    agent(2).status(S, SET, GRACEFUL, COLD_RESET);
    agent(3).status(S, SET, FORCEFUL, COLD_RESET);
    platform.systemPower.request(SHUTDOWN);
    expect(clock.pending).toBe(2);
    platform.close();
    expect(clock.pending).toBe(0);
  });
});

describe("the worked examples", () => {
  interface Vector {
    readonly id: string;
    readonly protocol: number;
    readonly message: number;
    readonly payload: string;
  }
  const text = readFileSync(new URL("../vectors/12-system-power.json", import.meta.url), "utf8");
  const vectors = new Map((JSON.parse(text) as { messages: Vector[] }).messages.map((it) => [it.id, it]));
  const used = new Set<string>();
  const vector = (id: string) => {
    used.add(id);
    return vectors.get(id) as Vector;
  };
  const exchange = (client: Client, request: string, response: string) => {
    const { protocol, message, payload } = vector(request);
    expect(hex(client.bytes(protocol, message, unhex(payload))), request).toBe(vector(response).payload);
  };

  test("are answered byte for byte", () => {
    for (const [profile, notification] of [
      ["3.2", "12-14.4-notification-1"],
      ["2.0", "12-14.4-notification-2"],
    ] as const) {
      const { agent } = systemOf({ warmReset: true, suspend: true, gracefulTimeoutMs: 5000 }, profile);
      exchange(agent(2), "12-14.1-request", "12-14.1-response");
      exchange(agent(2), "12-14.3-request", "12-14.3-response-1");
      exchange(agent(1), "12-14.3-request", "12-14.3-response-2");
      exchange(agent(2), "12-14.4-request", "12-14.4-response");
      exchange(agent(2), "12-14.5-request", "12-14.5-response");
      agent(2).takeP2a();
      agent(1).status(S, SET, GRACEFUL, SHUTDOWN);
      expect(
        agent(2)
          .takeP2a()
          .map((it) => hex(words(...it.words))),
      ).toEqual([vector(notification).payload]);
      exchange(agent(2), "12-14.2-request-1", "12-14.2-response");
      exchange(agent(2), "12-14.2-request-2", "12-14.2-response");
    }
    expect([...vectors.keys()].filter((id) => !used.has(id))).toEqual([]);
  });
});
