import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { POWER_STATE, RELEASE_NAMES } from "../../src/protocols/index.ts";
import { boardFile, boardOf, type Client, hex, PROTOCOL, rig, unhex, words } from "./kit.ts";

const P = PROTOCOL.POWER;
const { ON, OFF } = POWER_STATE;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND] = [-1, -2, -3, -4] as const;
const [SET, GET, NOTIFY, NOTIFY_REQUESTS] = [0x4, 0x5, 0x6, 0x7] as const;
const ASYNC = 1;

/** Domains of the example board. */
const [SOC, CPU, GPU, DISPLAY, MODEM, SECURE, UNKNOWN] = [0, 1, 2, 3, 4, 5, 6] as const;
const RETENTION = 1;

const AGENTS = [{ name: "A" }, { name: "B", trusted: true }, { name: "C" }];

function state(client: Client, domain: number): number {
  const [status, word] = client.call(P, GET, domain);
  expect(status).toBe(0);
  return word as number;
}

/** Notifications as `[event, agent, domain, state]`. */
function heard(client: Client): number[][] {
  return client.takeP2a().map(({ type, protocolId, messageId, words }) => {
    expect([type, protocolId]).toEqual([3, P]);
    return [messageId, ...words];
  });
}

describe("two faults at once", () => {
  test.each([UNKNOWN, 0x10001, 0xffffffff])("a domain that is not there (%i) comes first", (domain) => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, domain],
      [0x4, 0, domain, 0],
      [0x4, 0xf, domain, 0xff000000],
      [0x5, domain],
      [0x6, domain, 0xf],
      [0x7, domain, 0xf],
      [0x8, domain],
    ] as const) {
      expect(agent(1).status(P, id, ...words), `0x${id.toString(16)}`).toBe(NOT_FOUND);
    }
  });

  test("then what is denied, in every command", () => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, SECURE],
      [0x4, 0, SECURE, OFF],
      [0x4, 0xe, SECURE, 0xff000000],
      [0x5, SECURE],
      [0x6, SECURE, 0xf],
      [0x7, SECURE, 1],
      [0x8, SECURE],
    ] as const) {
      expect(agent(3).status(P, id, ...words), `0x${id.toString(16)}`).toBe(DENIED);
    }
  });

  test("one that an agent may only look at has no modes for it, in its attributes and its answers", () => {
    const { agent, platform } = rig(boardFile("example"));
    expect((agent(3).call(P, 0x3, MODEM)[1] as number) & 0x60000000).toBe(0);
    expect((agent(1).call(P, 0x3, MODEM)[1] as number) & 0x60000000).not.toBe(0);
    for (const flags of [0, 1]) expect(agent(3).status(P, SET, flags, MODEM, OFF)).toBe(NOT_SUPPORTED);
    expect(agent(3).status(P, SET, 0xf, MODEM, OFF)).toBe(INVALID_PARAMETERS);
    expect(agent(3).call(P, GET, MODEM)).toEqual([0, ON]);
    expect(platform.power.state(MODEM)).toBe(ON);
  });

  test("then illegal words, before the mode", () => {
    const { agent } = rig(boardFile("example"));
    for (const domain of [SOC, CPU, GPU, DISPLAY, MODEM]) {
      expect(agent(1).status(P, SET, 0xe, domain, OFF)).toBe(INVALID_PARAMETERS);
      expect(agent(1).status(P, SET, 0xf, domain, OFF)).toBe(INVALID_PARAMETERS);
      expect(agent(1).status(P, SET, 0x80000000, domain, OFF)).toBe(INVALID_PARAMETERS);
      expect(agent(1).status(P, SET, 0, domain, 0xff000000)).toBe(INVALID_PARAMETERS);
      expect(agent(1).status(P, SET, 0, domain, 2)).toBe(INVALID_PARAMETERS);
    }
    expect(agent(1).status(P, SET, 0, SOC, OFF)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(P, SET, ASYNC, SOC, OFF)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(P, SET, ASYNC, GPU, OFF)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(P, SET, 0, DISPLAY, OFF)).toBe(NOT_SUPPORTED);
  });

  test("reserved bits come before the lack of notifications", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [NOTIFY, NOTIFY_REQUESTS]) {
      for (const domain of [CPU, DISPLAY]) expect(agent(1).status(P, id, domain, 0xf)).toBe(INVALID_PARAMETERS);
      expect(agent(1).status(P, id, DISPLAY, 1)).toBe(NOT_SUPPORTED);
      expect(agent(1).status(P, id, DISPLAY, 0)).toBe(NOT_SUPPORTED);
      for (const enable of [1, 1, 0, 0]) expect(agent(1).status(P, id, CPU, enable)).toBe(0);
    }
  });
});

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  const version = { "1.0": 0x10000, "2.0": 0x20000, "3.0": 0x20000, "3.1": 0x30000, "3.2": 0x30001 }[profile];

  test("reports its version, and attributes that this version has", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).call(P, 0x0)).toEqual([0, version]);
    expect(agent(1).call(P, 0x1)).toEqual([0, 6, 0, 0, 0]);
    const bits = [SOC, CPU, GPU, DISPLAY, MODEM].map((it) => (agent(1).call(P, 0x3, it)[1] as number) >>> 24);
    expect(bits).toEqual(version < 0x30000 ? [0x80, 0xe0, 0xa0, 0x40, 0xa0] : [0x90, 0xf0, 0xb0, 0x48, 0xb0]);
    const [, attributes, ...name] = agent(1).call(P, 0x3, DISPLAY);
    expect((attributes as number) & 0x07ffffff).toBe(0);
    expect(hex(words(...name))).toBe(Buffer.from("display-and-cam\0").toString("hex"));
    const [status, flags, ...long] = agent(1).call(P, 0x8, DISPLAY);
    if (version < 0x30000) expect(status).toBe(NOT_FOUND);
    else {
      expect([status, flags, long.length]).toEqual([0, 0, 16]);
      expect(Buffer.from(words(...long)).toString()).toBe("display-and-camera-subsystem".padEnd(64, "\0"));
      expect(agent(1).status(P, 0x8, CPU)).toBe(NOT_SUPPORTED);
    }
  });

  test("notifies of what changed, and from 2.0 on of what was asked for", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(2).status(P, NOTIFY, CPU, 1)).toBe(0);
    expect(agent(2).status(P, NOTIFY_REQUESTS, CPU, 1)).toBe(profile === "1.0" ? NOT_FOUND : 0);
    agent(2).takeP2a();
    expect(agent(1).status(P, SET, 0, CPU, OFF)).toBe(0);
    const changed = [0, 1, CPU, OFF];
    expect(heard(agent(2))).toEqual(profile === "1.0" ? [changed] : [[1, 1, CPU, OFF], changed]);
  });
});

test("what an agent may not set, it sees as a domain for reading", () => {
  const { agent } = rig(boardFile("example"));
  const modes = (id: number) => ((agent(id).call(P, 0x3, MODEM)[1] as number) >>> 29) & 3;
  expect([modes(1), modes(2), modes(3)]).toEqual([1, 1, 0]);
});

test("an agent that agreed on 2.0 sees neither long names nor who notifies of requests", () => {
  const { agent } = rig(boardFile("example"));
  expect(agent(1).status(P, 0x10, 0x20000)).toBe(0);
  for (const domain of [SOC, CPU, GPU, DISPLAY, MODEM]) {
    expect((agent(1).call(P, 0x3, domain)[1] as number) & 0x1fffffff).toBe(0);
  }
  expect(agent(1).status(P, 0x8, DISPLAY)).toBe(NOT_FOUND);
  expect((agent(2).call(P, 0x3, DISPLAY)[1] as number) >>> 24).toBe(0x48);
  expect(agent(1).status(P, 0x10, 0x10000)).toBe(0);
  expect(agent(1).status(P, NOTIFY_REQUESTS, CPU, 1)).toBe(NOT_FOUND);
  for (const wrong of [0x20001, 0x30002, 0x40000]) expect(agent(1).status(P, 0x10, wrong)).toBe(NOT_SUPPORTED);
});

describe("POWER_STATE_SET", () => {
  test("takes every state of a domain, and is read back", () => {
    const { agent, platform } = rig(boardFile("example"));
    for (const wanted of [OFF, RETENTION, ON, ON]) {
      expect(agent(1).call(P, SET, 0, CPU, wanted)).toEqual([0]);
      expect(state(agent(1), CPU)).toBe(wanted);
      expect(platform.power.state(CPU)).toBe(wanted);
    }
  });

  test("counts the wishes of agents that share a domain: it is on while anybody wants it", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [1, 2]) agent(id).status(P, NOTIFY, CPU, 1);
    agent(1).status(P, SET, 0, CPU, ON);
    agent(2).status(P, SET, 0, CPU, ON);
    agent(1).takeP2a();
    expect(agent(1).status(P, SET, 0, CPU, OFF)).toBe(0);
    expect(state(agent(1), CPU)).toBe(ON);
    expect(agent(2).status(P, SET, 0, CPU, RETENTION)).toBe(0);
    expect(state(agent(1), CPU)).toBe(RETENTION);
    expect(agent(2).status(P, SET, 0, CPU, OFF)).toBe(0);
    expect(state(agent(1), CPU)).toBe(OFF);
    // Who caused it hears of it, too
    const told = [
      [0, 2, CPU, RETENTION],
      [0, 2, CPU, OFF],
    ];
    expect(heard(agent(1))).toEqual(told);
    expect(heard(agent(2))).toEqual(told);
  });

  test("holds parents: on before what is below them, off after the last of it", () => {
    const { agent, platform } = rig(boardFile("example"));
    const changes: number[][] = [];
    platform.on("powerStateChanged", ({ domainId, before, powerState }) => {
      changes.push([domainId, before, powerState]);
    });
    agent(1).status(P, SET, 0, CPU, OFF);
    expect(state(agent(1), SOC)).toBe(OFF);
    agent(3).status(P, SET, 0, GPU, ON);
    agent(1).status(P, SET, 0, CPU, RETENTION);
    agent(3).status(P, SET, 0, GPU, OFF);
    expect(state(agent(1), SOC)).toBe(ON);
    agent(1).status(P, SET, 0, CPU, OFF);
    expect(changes).toEqual([
      [CPU, ON, OFF],
      [SOC, ON, OFF],
      [SOC, OFF, ON],
      [GPU, OFF, ON],
      [CPU, OFF, RETENTION],
      [GPU, ON, OFF],
      [CPU, RETENTION, OFF],
      [SOC, ON, OFF],
    ]);
  });

  test("asynchronous is accepted at once, done later, and has no delayed response", () => {
    const { agent, clock } = rig(boardFile("example"));
    agent(1).status(P, NOTIFY, CPU, 1);
    agent(1).takeP2a();
    expect(agent(1).call(P, SET, ASYNC, CPU, OFF)).toEqual([0]);
    expect(state(agent(1), CPU)).toBe(ON);
    clock.advance(0.199);
    expect(state(agent(1), CPU)).toBe(ON);
    clock.advance(0.001);
    expect(heard(agent(1))).toEqual([[0, 1, CPU, OFF]]);
    expect(state(agent(1), CPU)).toBe(OFF);
    expect(clock.pending).toBe(0);
  });

  test("asynchronous requests are done one after the other, and before a synchronous one that follows", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    const states: number[] = [];
    platform.on("powerStateChanged", ({ domainId, powerState }) => void (domainId === CPU && states.push(powerState)));
    for (const wanted of [OFF, RETENTION]) agent(1).status(P, SET, ASYNC, CPU, wanted);
    clock.advance(0.2);
    expect(states).toEqual([OFF]);
    expect(agent(1).status(P, SET, 0, CPU, ON)).toBe(0);
    expect(states).toEqual([OFF, RETENTION, ON]);
    clock.advance(1);
    expect(state(agent(1), CPU)).toBe(ON);
    expect(clock.pending).toBe(0);
  });
});

describe("notifications", () => {
  test("of requests come before the change, to all who listen but the one who asked", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [1, 2, 3]) agent(id).status(P, NOTIFY_REQUESTS, GPU, 1);
    agent(2).status(P, NOTIFY, GPU, 1);
    for (const id of [1, 2, 3]) agent(id).takeP2a();
    agent(3).status(P, SET, 0, GPU, ON);
    agent(1).status(P, SET, 0, GPU, OFF); // changes nothing, for agent 3 wants it on
    agent(1).status(P, SET, 0, GPU, 5); // is no request
    expect(heard(agent(1))).toEqual([[1, 3, GPU, ON]]);
    expect(heard(agent(2))).toEqual([
      [1, 3, GPU, ON],
      [0, 3, GPU, ON],
      [1, 1, GPU, OFF],
    ]);
    expect(heard(agent(3))).toEqual([[1, 1, GPU, OFF]]);
  });

  test("concern one domain and one agent, and end with it", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(P, NOTIFY, GPU, 1);
    agent(1).takeP2a();
    platform.power.setState(CPU, OFF);
    expect(heard(agent(1))).toEqual([]);
    platform.power.setState(GPU, ON);
    expect(heard(agent(1))).toEqual([[0, 0, GPU, ON]]);
    platform.power.setState(GPU, ON);
    agent(1).status(P, NOTIFY, GPU, 0);
    agent(1).takeP2a();
    platform.power.setState(GPU, OFF);
    expect(heard(agent(1))).toEqual([]);
  });

  test("are not sent of what was denied meanwhile", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(3).status(P, NOTIFY, GPU, 1);
    expect(agent(2).status(PROTOCOL.BASE, 0x9, 3, 1, 0)).toBe(0);
    agent(3).takeP2a();
    platform.power.setState(GPU, ON);
    expect(heard(agent(3))).toEqual([]);
    expect(agent(3).status(P, GET, GPU)).toBe(DENIED);
  });
});

describe("BASE_RESET_AGENT_CONFIGURATION", () => {
  test("takes an agent's wishes and notifications back, and finishes what is under way", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    agent(1).status(P, NOTIFY, CPU, 1);
    agent(1).status(P, SET, 0, CPU, OFF);
    agent(2).status(P, SET, 0, CPU, OFF);
    agent(1).status(P, SET, ASYNC, CPU, RETENTION);
    expect(agent(1).status(PROTOCOL.BASE, 0xb, 1, 0)).toBe(0);
    expect(clock.pending).toBe(0);
    expect(platform.power.state(CPU)).toBe(OFF);
    agent(2).status(PROTOCOL.BASE, 0xb, 2, 0);
    expect(platform.power.state(CPU)).toBe(ON); // as the board has it
    agent(1).takeP2a();
    platform.power.setState(CPU, OFF);
    expect(heard(agent(1))).toEqual([]);
  });
});

describe("what the owner of a platform does", () => {
  test("holds whatever agents want, until one of them says so again", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(P, SET, 0, CPU, ON);
    platform.power.setState(CPU, OFF);
    expect(state(agent(1), CPU)).toBe(OFF);
    agent(1).status(P, SET, 0, CPU, ON);
    expect(platform.power.state(CPU)).toBe(ON);
  });

  test("is refused for what is not there", () => {
    const { platform } = rig(boardFile("example"));
    expect(() => platform.power.state(UNKNOWN)).toThrow('"domainId" expected that of a power domain, got 6');
    expect(() => platform.power.setState(CPU, 2)).toThrow('"powerState" expected a state of domain 1, got 2');
    expect(() => rig(boardOf({})).platform.power).toThrow(expect.objectContaining({ name: "UnsupportedError" }));
    const { power } = platform;
    platform.close();
    expect(() => power.state(CPU)).toThrow(expect.objectContaining({ name: "ChannelError" }));
  });

  test("hears of requests and of changes, with the time", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    const events: unknown[] = [];
    platform.on("powerStateRequested", (event) => events.push(event));
    platform.on("powerStateChanged", (event) => events.push(event));
    clock.advance(1);
    agent(1).status(P, SET, ASYNC, DISPLAY, OFF);
    clock.advance(1);
    expect(events).toEqual([
      { agentId: 1, domainId: DISPLAY, powerState: OFF, time: 1e6 },
      { agentId: 1, domainId: DISPLAY, before: ON, powerState: OFF, time: 1.05e6 },
    ]);
  });
});

test("no command reaches a domain of a denied device, nor the protocol when nothing is left", () => {
  const board = boardOf({
    agents: AGENTS,
    devices: [
      { id: 1, power: ["a"], deniedAgents: ["C"] },
      { id: 2, power: ["b"] },
    ],
    power: { domains: [{ name: "a", notifyChanged: true, notifyRequested: true }, { name: "b" }] },
  });
  const { agent } = rig(board);
  for (const [id, ...words] of [
    [3, 0],
    [4, 0, 0, OFF],
    [5, 0],
    [6, 0, 1],
    [7, 0, 1],
  ] as const) {
    expect(agent(3).status(P, id, ...words)).toBe(DENIED);
    expect(agent(1).status(P, id, ...words)).toBe(0);
  }
  expect(agent(2).status(PROTOCOL.BASE, 0xa, 3, 2, P, 0)).toBe(0);
  for (const id of [0x0, 0x1, 0x3, 0x5]) expect(agent(3).status(P, id, 1)).toBe(DENIED);
  expect(agent(2).status(PROTOCOL.BASE, 0xa, 3, 2, P, 1)).toBe(0);
  expect(agent(3).status(P, 0x0)).toBe(0);
});

describe("statistics", () => {
  const board = boardOf({
    agents: AGENTS,
    power: { statistics: { address: 0x1_8040_0000 }, domains: [{ name: "a", states: [0, 1, OFF] }, { name: "b" }] },
  });
  /** Head of 16, two offsets, a block of 16 + 3 × 24 and one of 16 + 2 × 24. */
  const BYTES = 24 + 88 + 64;

  test.each(RELEASE_NAMES)("lie where the board says, from version 2.0 on: release %s", (profile) => {
    const { agent } = rig(board, { profile });
    const there = [0, 2, 0x8040_0000, 1, BYTES];
    expect(agent(1).call(P, 0x1)).toEqual(profile === "1.0" ? [0, 2, 0, 0, 0] : there);
  });

  test("count how often and how long each state was there", () => {
    const { agent, clock, core, platform } = rig(board);
    clock.advance(1);
    agent(1).status(P, SET, 0, 0, OFF);
    clock.advance(2);
    agent(1).status(P, SET, 0, 0, ON);
    agent(1).status(P, SET, 0, 0, ON);
    clock.advance(4);
    agent(1).status(P, SET, 0, 0, OFF);
    const at = core.base + (platform.connect(2).resolve(0x1_8040_0000n, BYTES) as number);
    const word = (offset: number) => core.memory.u32(at + offset);
    expect([0, 4, 8, 16, 20].map(word)).toEqual([0x504f5752, 0, 2, 24, 112]);
    // 3 states, the third current; changed 7 ms after the start
    expect([24, 32, 36].map(word)).toEqual([3 | (2 << 16), 7000, 0]);
    const entries = [0, 1, 2].map((i) => [0, 8, 16].map((offset) => word(40 + 24 * i + offset)));
    expect(entries).toEqual([
      [ON, 2, 5000],
      [1, 0, 0],
      [OFF, 2, 2000],
    ]);
    expect([112, 128, 136].map(word)).toEqual([2, ON, 1]);
  });
});

describe("the worked examples", () => {
  interface Vector {
    readonly id: string;
    readonly protocol: number;
    readonly message: number;
    readonly payload: string;
  }
  const vectors = new Map(
    ["11-power-domain", "notifications"].flatMap((name) => {
      const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8");
      return (JSON.parse(text) as { messages: Vector[] }).messages.map((it) => [it.id, it] as const);
    }),
  );
  const used = new Set<string>();
  const vector = (id: string) => {
    used.add(id);
    return vectors.get(id) as Vector;
  };
  const exchange = (client: Client, request: string, response: string) => {
    const { protocol, message, payload } = vector(request);
    expect(hex(client.bytes(protocol, message, unhex(payload))), request).toBe(vector(response).payload);
  };
  const names = Array.from({ length: 12 }, (_, i) => ({ name: `d${i}`, notifyChanged: i === 7 }));

  test("are answered byte for byte", () => {
    const states = [0x00010011, 0];
    const core = { name: "core", states, asyncLatencyUs: 10 };
    const gpu = { name: "gpu", notifyChanged: true };
    const build = (third: object) =>
      rig(boardOf({ agents: AGENTS, power: { domains: [core, names[1], names[2], third, ...names.slice(4)] } }));
    const { agent } = build(gpu);
    exchange(agent(1), "11-15.1-request", "11-15.1-response");
    exchange(agent(1), "11-15.4-request", "11-15.4-response");
    exchange(agent(1), "11-15.5-request", "11-15.5-response");
    agent(1).takeP2a();
    exchange(agent(1), "11-15.3-request-1", "11-15.3-response-1");
    const [changed] = agent(1).takeP2a();
    expect(hex(words(...(changed?.words ?? [])))).toBe(vector("11-15.5-notification").payload);
    exchange(agent(1), "11-15.3-request-2", "11-15.3-response-2");
    exchange(agent(1), "11-15.6-request", "11-15.3-response-1");
    const named = build({ ...gpu, name: "gpu_shader_core_power_domain" });
    exchange(named.agent(1), "11-15.7-request", "11-15.7-response");
    // Of the domain in 15.2 the short name is not the beginning of the long one, so only its first two words can be had
    const { protocol, message, payload } = vector("11-15.2-request");
    const answer = hex(named.agent(1).bytes(protocol, message, unhex(payload)));
    expect(answer.slice(0, 16)).toBe(vector("11-15.2-response").payload.slice(0, 16));
    const other = rig(boardOf({ agents: AGENTS, power: { domains: names.map((it) => ({ ...it, state: OFF })) } }));
    other.agent(1).status(P, NOTIFY, 7, 1);
    other.agent(1).takeP2a();
    other.agent(2).status(P, SET, 0, 7, ON);
    const [told] = other.agent(1).takeP2a();
    expect(hex(words(...(told?.words ?? [])))).toBe(vector("notifications-6.2-notification").payload);
    const own = [...vectors.values()].filter((it) => it.protocol === P).map(({ id }) => id);
    expect(own.filter((id) => !used.has(id))).toEqual([]);
  });
});
