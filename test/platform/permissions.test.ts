import { describe, expect, test } from "vitest";
import type { Board } from "../../src/board/index.ts";
import { MessageError } from "../../src/errors.ts";
import { PROTOCOLS, type Release, versionIn } from "../../src/protocols/index.ts";
import type { CommandAt } from "../../src/wire/protocol.ts";
import { asWords, boardFile, type Client, PROTOCOL, type Rig, rig, words } from "./kit.ts";

// No command of any protocol reaches a resource that is denied to the agent: every agent of the example board, every device, every
// resource of it, and every command whose table names a resource.

const [DENIED, NOT_FOUND] = [-3, -4] as const;
const { BASE, CLOCK, PERFORMANCE, PINCTRL, POWERCAP } = PROTOCOL;
const MANAGEMENT = 2;
const MARK = 0x7f;
const KEYS = ["domainId", "clockId", "sensorId", "identifier"] as const;
/** What the other words of a request say: nothing, something, and what is a state, a level or a set of flags somewhere. */
const FILLINGS = [0, 1, 2, 0x40000000, 0xffffffff] as const;
/** The first one with permissions that change, and the last. */
const RELEASES: readonly Release[] = ["2.0", "3.2"];

interface Naming {
  readonly name: string;
  readonly protocolId: number;
  readonly id: number;
  readonly byteLength: number;
  /** Offset of the resource in the request. */
  readonly at: number;
}

/** The commands of a protocol that name a resource, by asking the table where it reads one from. */
function namingCommands(protocolId: number, profile: Release): readonly Naming[] {
  const protocol = PROTOCOLS.find(({ id }) => id === protocolId);
  const version = versionIn(profile, protocolId);
  if (!protocol || version === undefined) return [];
  return protocol.at(version).commands.flatMap((it) => {
    const byteLength = it.request.maxBytes <= 64 ? it.request.maxBytes : it.request.minBytes;
    const at = resourceAt(it, byteLength);
    return at === undefined ? [] : [{ name: it.command.name, protocolId, id: it.command.id, byteLength, at }];
  });
}

function resourceAt({ request }: CommandAt, byteLength: number): number | undefined {
  for (let at = 0; at < byteLength; at += 4) {
    const payload = new Uint8Array(byteLength);
    payload[at] = MARK;
    const value = decoded(request, payload);
    if (KEYS.some((key) => value[key] === MARK)) return at;
  }
  return undefined;
}

/** The values of a request; none where a count asks for more than is there. */
function decoded(request: CommandAt["request"], payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return request.decode(new DataView(payload.buffer), 0, payload.byteLength) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof MessageError) return {};
    throw error;
  }
}

function payloadOf({ byteLength, at, protocolId }: Naming, resource: number, filling: number): Uint8Array {
  const payload = new Uint8Array(byteLength);
  const view = new DataView(payload.buffer);
  for (let i = 0; i + 4 <= byteLength; i += 4) view.setUint32(i, filling, true);
  if (protocolId === PINCTRL) {
    view.setUint16(at, resource, true);
    if (at + 4 <= byteLength) view.setUint32(at + 2 <= byteLength - 4 ? at + 2 : at, 0, true); // selector: pins
  } else view.setUint32(at, resource, true);
  return payload;
}

/** Everything that somebody else reads of a resource. */
function stateOf(reader: Client, commands: readonly Naming[], resource: number): string {
  return commands
    .filter(({ name }) => /_GET$|ATTRIBUTES$/.test(name) && !/READING|MEASUREMENTS/.test(name))
    .map((it) => `${it.name} ${[...reader.bytes(it.protocolId, it.id, payloadOf(it, resource, 0))]}`)
    .join("\n");
}

function setDevice({ agent }: Rig, agentId: number, device: number, isAllowed: boolean): void {
  expect(agent(MANAGEMENT).status(BASE, 0x9, agentId, device, isAllowed ? 1 : 0)).toBe(0);
}

function cases(board: Board) {
  return board.agents.flatMap((_, i) => board.devices.map(({ id }) => [i + 1, id] as const));
}

const BOARD = boardFile("example");

test("every protocol with resources has commands that name them", () => {
  const counts = Object.entries(PROTOCOL).map(([name, id]) => [name, namingCommands(id, "3.2").length]);
  expect(Object.fromEntries(counts)).toEqual({
    ...{ BASE: 0, POWER: 6, SYSTEM_POWER: 0, PERFORMANCE: 10, CLOCK: 13, SENSOR: 10, RESET: 4, VOLTAGE: 7 },
    ...{ POWERCAP: 10, PINCTRL: 8 },
  });
});

describe.each(RELEASES)("denied devices, in release %s", (profile) => {
  test.each(cases(BOARD))("agent %i reaches nothing of device %i, and changes nothing", (agentId, deviceId) => {
    const it = rig(BOARD, { profile });
    const reader = it.agent(agentId === MANAGEMENT ? 1 : MANAGEMENT);
    const device = BOARD.devices.find(({ id }) => id === deviceId);
    setDevice(it, agentId, deviceId, false);
    for (const [protocolId, resources] of device?.resources ?? []) {
      const commands = namingCommands(protocolId, profile);
      if (commands.length === 0) continue;
      const isGone = it.agent(agentId).status(protocolId, 0x0) === DENIED;
      const refusal = protocolId === CLOCK && !isGone ? NOT_FOUND : DENIED;
      for (const resource of resources) {
        const before = stateOf(reader, commands, resource);
        for (const command of commands) {
          // Who is trusted may give rights to pins that are kept from it, as it may to devices
          if (command.name === "PINCTRL_SET_PERMISSIONS" && agentId === MANAGEMENT) continue;
          for (const filling of FILLINGS) {
            const answer = it.agent(agentId).bytes(protocolId, command.id, payloadOf(command, resource, filling));
            // Of pins a request may be refused for its kind of target first
            if (protocolId === PINCTRL) expect(asWords(answer)[0], command.name).toBeLessThan(0);
            else expect([command.name, ...asWords(answer)]).toEqual([command.name, refusal]);
          }
        }
        it.clock.advance(10);
        expect(stateOf(reader, commands, resource)).toBe(before);
      }
    }
    expect(it.agent(agentId).takeP2a()).toEqual([]);
  });

  test.each(cases(BOARD))("agent %i hears nothing of device %i that it listened to before", (agentId, deviceId) => {
    const it = rig(BOARD, { profile });
    const other = it.agent(agentId === MANAGEMENT ? 1 : MANAGEMENT);
    const device = BOARD.devices.find(({ id }) => id === deviceId);
    for (const [protocolId, resources] of device?.resources ?? []) {
      const commands = namingCommands(protocolId, profile);
      for (const resource of resources) {
        for (const command of commands.filter(({ name }) => /NOTIFY/.test(name))) {
          it.agent(agentId).bytes(protocolId, command.id, payloadOf({ ...command }, resource, 1));
        }
      }
    }
    setDevice(it, agentId, deviceId, false);
    it.agent(agentId).takeP2a();
    for (const [protocolId, resources] of device?.resources ?? []) {
      for (const command of namingCommands(protocolId, profile)) {
        for (const resource of resources) {
          for (const filling of FILLINGS) other.bytes(protocolId, command.id, payloadOf(command, resource, filling));
        }
      }
    }
    it.clock.advance(20_000);
    const heard = it.agent(agentId).takeP2a();
    const resources = (id: number) => device?.resources.get(id) ?? [];
    expect(heard.filter(({ protocolId, words: [, id] }) => resources(protocolId).includes(id as number))).toEqual([]);
  });
});

describe("FastChannels of a denied domain", () => {
  test.each([
    ["PERFORMANCE_LEVEL_SET", PERFORMANCE, 0xb, 0x7, 0, 0, [1400]],
    ["PERFORMANCE_LIMITS_SET", PERFORMANCE, 0xb, 0x5, 0, 0, [1400, 600]],
    ["POWERCAP_CAP_SET", POWERCAP, 0xc, 0x5, 1, 24, [10_000]],
    ["POWERCAP_PAI_SET", POWERCAP, 0xc, 0x7, 1, 24, [20_000]],
  ] as const)(
    "%s over a cell that the agent found before does nothing",
    (_, protocol, describeId, message, domain, device, cell) => {
      const commands = namingCommands(protocol, "3.2");
      for (const isDenied of [true, false]) {
        const it = rig(BOARD);
        const { agent, platform, core } = it;
        const [status, attributes = 0, , low = 0, high = 0, size = 0, bellLow = 0, bellHigh = 0, set = 0] = agent(
          1,
        ).call(...[protocol, describeId, domain, message]);
        expect(status).toBe(0);
        const resolved = (lowWord: number, highWord: number, bytes: number) =>
          core.base + (agent(1).port.resolve((BigInt(highWord) << 32n) | BigInt(lowWord), bytes) as number);
        const at = resolved(low, high, size);
        const bell = (attributes & 1) !== 0 ? resolved(bellLow, bellHigh, 4) : undefined;
        const before = stateOf(agent(MANAGEMENT), commands, domain);
        setDevice(it, 1, device, !isDenied);
        core.memory.bytes.set(words(...cell), at);
        if (bell !== undefined) core.memory.bytes.set(words(set), bell);
        platform.poll();
        it.clock.advance(10);
        const after = stateOf(agent(MANAGEMENT), commands, domain);
        if (isDenied) expect(after).toBe(before);
        else expect(after).not.toBe(before);
      }
    },
  );
});
