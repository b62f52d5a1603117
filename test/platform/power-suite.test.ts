import { describe, expect, test } from "vitest";
import { POWER_STATE, SYSTEM_STATE } from "../../src/protocols/index.ts";
import { boardFile, type Client, PROTOCOL, rig } from "./kit.ts";

// What Arm's compliance suite for SCMI 2.0 looks at, as far as the reference texts tell: sections 5 to 8 of the power domain text, 4 to 9
// of the system power text. And what no agent may get past.

const { POWER: P, SYSTEM_POWER: S } = PROTOCOL;
const { ON, OFF } = POWER_STATE;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND] = [-1, -2, -3, -4] as const;
const BITS = { notify: 0x80000000, async: 0x40000000, sync: 0x20000000 } as const;

function has(attributes: number, bit: number): boolean {
  return (attributes & bit) !== 0;
}

/** Attributes of every domain. */
function domainsOf(client: Client): number[] {
  const [status, attributes, low, high] = client.call(P, 0x1);
  expect(status).toBe(0);
  const count = attributes as number;
  expect(count).toBeLessThan(0x10000);
  expect([low, high].every((it) => it !== undefined)).toBe(true);
  return Array.from({ length: count }, (_, id) => {
    const [found, word, ...name] = client.call(P, 0x3, id);
    expect([found, name.length]).toEqual([0, 4]);
    expect((word as number) & 0x1fffffff, "bits 28 to 0 are reserved").toBe(0);
    return word as number;
  });
}

const RUNS = [
  ["example", 1],
  ["example", 2],
  ["large", 1],
  ["large", 2],
] as const;

describe.each(RUNS)("release 2.0, board %s, agent %i", (boardName, agentId) => {
  const client = () => rig(boardFile(boardName), { profile: "2.0" }).agent(agentId);

  test("power: versions, messages, unknown messages", () => {
    const it = client();
    expect(it.call(P, 0x0)).toEqual([0, 0x20000]);
    for (const id of [0x0, 0x1, 0x2, 0x3, 0x4, 0x5]) expect(it.call(P, 0x2, id)).toEqual([0, 0]);
    for (const id of [0x8, 0x10, 0xff, 0x12345]) expect(it.call(P, 0x2, id)).toEqual([NOT_FOUND]);
    expect(it.call(P, 0x8)).toEqual([NOT_FOUND]);
  });

  test("power: every domain, one beyond, and every way to set it", () => {
    const it = client();
    const domains = domainsOf(it);
    const beyond = domains.length + 1;
    for (const [id, ...words] of [
      [0x3, beyond],
      [0x4, 0, beyond, OFF],
      [0x5, beyond],
      [0x6, beyond, 1],
      [0x7, beyond, 1],
    ] as const) {
      expect(it.call(P, id, ...words)).toEqual([NOT_FOUND]);
    }
    domains.forEach((attributes, id) => {
      const isSettable = has(attributes, BITS.sync) || has(attributes, BITS.async);
      if (!isSettable) {
        expect(it.status(P, 0x4, 0, id, OFF)).toBe(NOT_SUPPORTED);
        return;
      }
      for (const flags of [0xf, 0xe]) expect(it.status(P, 0x4, flags, id, ON)).toBe(INVALID_PARAMETERS);
      expect(it.status(P, 0x4, 0, id, 0xff000000)).toBe(INVALID_PARAMETERS);
      if (has(attributes, BITS.async)) expect(it.status(P, 0x4, 1, id, ON)).toBe(0);
      if (!has(attributes, BITS.sync)) return;
      for (const state of [OFF, ON, OFF, ON]) {
        expect(it.call(P, 0x4, 0, id, state)).toEqual([0]);
        expect(it.call(P, 0x5, id)).toEqual([0, state]);
      }
    });
  });

  test("power: notifications of every domain", () => {
    const it = client();
    domainsOf(it).forEach((attributes, id) => {
      for (const message of [0x6, 0x7]) {
        expect(it.status(P, message, id, 0xf)).toBe(INVALID_PARAMETERS);
        const expected = has(attributes, BITS.notify) ? 0 : NOT_SUPPORTED;
        expect(it.status(P, message, id, 1), `0x${message} of domain ${id}`).toBe(expected);
        expect(it.status(P, message, id, 0)).toBe(expected);
      }
      if (!has(attributes, BITS.notify) || !has(attributes, BITS.sync)) return;
      it.status(P, 0x6, id, 1);
      const [, before] = it.call(P, 0x5, id);
      const next = before === ON ? OFF : ON;
      it.takeP2a();
      it.status(P, 0x4, 0, id, next);
      const own = it.takeP2a().filter(({ words }) => words[1] === id);
      expect(own.map(({ messageId, words }) => [messageId, ...words])).toEqual([[0, agentId, id, next]]);
    });
  });

  test("system power: attributes, messages, flags, states", () => {
    const it = client();
    expect(it.call(S, 0x0)).toEqual([0, 0x10000]);
    expect(it.call(S, 0x1)).toEqual([0, 0]);
    for (const id of [0x3, 0x4]) expect(it.status(S, 0x2, id)).toBe(0);
    expect([0, NOT_SUPPORTED]).toContain(it.status(S, 0x2, 0x5));
    expect(it.call(S, 0x2, 0x6)).toEqual([NOT_FOUND]);
    expect(it.call(S, 0x6)).toEqual([NOT_FOUND]);
    expect(it.status(S, 0x3, 0xf, SYSTEM_STATE.SHUTDOWN)).toBe(INVALID_PARAMETERS);
    expect(it.status(S, 0x3, 0, 5)).toBe(INVALID_PARAMETERS);
    expect(it.status(S, 0x5, 0xf)).toBe(INVALID_PARAMETERS);
    const attributes = it.call(S, 0x2, 0x3)[1] as number;
    expect(attributes & 0x3fffffff).toBe(0);
    expect(it.status(S, 0x3, 0, SYSTEM_STATE.WARM_RESET)).toBe(has(attributes, 0x80000000) ? 0 : NOT_SUPPORTED);
    expect(it.status(S, 0x3, 0, SYSTEM_STATE.SUSPEND)).toBe(has(attributes, 0x40000000) ? 0 : NOT_SUPPORTED);
    if (boardName === "example") expect(it.call(S, 0x4)).toEqual([NOT_SUPPORTED]);
  });
});

describe("no command reaches a power domain that is denied to an agent", () => {
  const board = boardFile("example");
  const devices = board.devices.filter(({ resources }) => (resources.get(P) ?? []).length > 0);

  test.each(devices.map(({ id }) => id))("device %i, taken from each agent in turn, and given back", (device) => {
    const { agent, platform } = rig(board);
    const [domain] = board.devices.find(({ id }) => id === device)?.resources.get(P) ?? [];
    const calls = [
      [0x3, domain as number],
      [0x4, 0, domain as number, ON],
      [0x4, 1, domain as number, OFF],
      [0x5, domain as number],
      [0x6, domain as number, 1],
      [0x7, domain as number, 1],
      [0x8, domain as number],
    ] as const;
    const answers = (id: number) => calls.map(([message, ...words]) => agent(id).status(P, message, ...words));
    for (let id = 1; id <= board.agents.length; id++) {
      expect(agent(2).status(PROTOCOL.BASE, 0x9, id, device, 0)).toBe(0);
      const before = platform.power.state(domain as number);
      expect(answers(id)).toEqual(calls.map(() => DENIED));
      expect(platform.power.state(domain as number)).toBe(before);
      // Whoever it is kept from from the start cannot be given it
      if (agent(2).status(PROTOCOL.BASE, 0x9, id, device, 1) === 0) expect(answers(id)).not.toContain(DENIED);
      else expect(answers(id)).toEqual(calls.map(() => DENIED));
    }
  });
});
