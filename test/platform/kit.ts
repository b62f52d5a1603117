import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Board, parseBoard } from "../../src/board/index.ts";
import type { CoreCapacity } from "../../src/core/capacity.ts";
import { type Clock, SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import type { MessagePort } from "../../src/platform/message-port.ts";
import { Platform, type PlatformOptions } from "../../src/platform/platform.ts";

/** A board file of ours. */
export function boardFile(name: string): Board {
  const file = `examples/boards/${name}.yaml`;
  return parseBoard(source(name), { file });
}

/** What a board file of ours says. */
export function source(name: string): Record<string, unknown> {
  return parse(readFileSync(new URL(`../../examples/boards/${name}.yaml`, import.meta.url), "utf8"));
}

/** Our example board with other words in one place: `path` is of keys and indices. */
export function exampleWith(path: readonly (string | number)[], value: unknown): Board {
  const data = source("example");
  let at: unknown = data;
  for (const key of path.slice(0, -1)) at = (at as Record<string | number, unknown>)[key];
  (at as Record<string | number, unknown>)[path.at(-1) as string | number] = value;
  return parseBoard(data, { file: "test" });
}

/** Little-endian words. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0, true);
  });
  return bytes;
}

export function unhex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const PROTOCOL = {
  BASE: 0x10,
  POWER: 0x11,
  SYSTEM_POWER: 0x12,
  PERFORMANCE: 0x13,
  CLOCK: 0x14,
  SENSOR: 0x15,
  RESET: 0x16,
  VOLTAGE: 0x17,
  POWERCAP: 0x18,
  PINCTRL: 0x19,
} as const;

/** A message of the platform. */
export interface Heard {
  readonly type: number;
  readonly protocolId: number;
  readonly messageId: number;
  readonly token: number;
  readonly words: readonly number[];
  readonly payload: Uint8Array;
}

/** One agent that speaks bytes. */
export class Client {
  /** Everything that came, in order. */
  readonly heard: Heard[] = [];
  readonly port: MessagePort;
  #token = 0;

  constructor(platform: Platform, agentId: number, hasP2a = true) {
    this.port = platform.connectMessages(agentId, { send: (message) => this.heard.push(parsed(message)), hasP2a });
  }

  /** The payload of the response, in bytes. */
  bytes(protocolId: number, messageId: number, payload: Uint8Array = words(), type = 0): Uint8Array {
    this.#token = (this.#token + 1) & 0x3ff;
    const header = messageId | (type << 8) | (protocolId << 10) | (this.#token << 18);
    const message = new Uint8Array(4 + payload.byteLength);
    message.set(words(header));
    message.set(payload, 4);
    const from = this.heard.length;
    this.port.receive(message);
    const answer = this.heard.slice(from).find((it) => it.type === 0 && it.token === this.#token);
    if (!answer) throw new Error(`no answer to message ${messageId} of protocol ${protocolId}`);
    if (answer.protocolId !== protocolId || answer.messageId !== messageId) throw new Error("a foreign header");
    return answer.payload;
  }

  /** The words of the response; the status is signed. */
  call(protocolId: number, messageId: number, ...parameters: readonly number[]): number[] {
    return asWords(this.bytes(protocolId, messageId, words(...parameters)));
  }

  status(protocolId: number, messageId: number, ...parameters: readonly number[]): number {
    return this.call(protocolId, messageId, ...parameters)[0] as number;
  }

  /** Notifications and delayed responses since the last time. */
  takeP2a(): Heard[] {
    const messages = this.heard.filter(({ type }) => type !== 0);
    this.heard.length = 0;
    return messages;
  }
}

/** Words of a response, its status signed. */
export function asWords(payload: Uint8Array): number[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const all = Array.from({ length: payload.byteLength >>> 2 }, (_, i) => view.getUint32(i * 4, true));
  return [view.getInt32(0, true), ...all.slice(1)];
}

function parsed(message: Uint8Array): Heard {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const isList = message[0] === 0x4 && ((view.getUint32(0, true) >>> 10) & 0xff) === PROTOCOL.PINCTRL; // of 16-bit ids
  if (message.byteLength % 4 !== 0 && !isList) throw new Error(`${message.byteLength} bytes are no words`);
  const header = view.getUint32(0, true);
  return {
    type: (header >>> 8) & 3,
    protocolId: (header >>> 10) & 0xff,
    messageId: header & 0xff,
    token: (header >>> 18) & 0x3ff,
    words: Array.from({ length: (message.byteLength >>> 2) - 1 }, (_, i) => view.getUint32(4 + i * 4, true)),
    payload: message.slice(4),
  };
}

/** A platform in a core of its own, with an agent for each id. */
export interface Rig {
  readonly core: Core;
  readonly clock: SimulatedClock;
  readonly platform: Platform;
  /** By id; 0 is nobody. */
  readonly agents: readonly Client[];
  agent(id: number): Client;
}

export function rig(
  board: Board,
  options: Omit<PlatformOptions, "clock"> = {},
  capacity: Partial<CoreCapacity> = {},
  otherClock?: Clock,
): Rig {
  const clock = new SimulatedClock();
  const connections = 4 * board.agents.length;
  const core = Core.createSync({
    capacity: { ...Platform.capacityFor(board, { ...options, connections }), ...capacity },
  });
  const platform = Platform.open(core, board, { ...options, clock: otherClock ?? clock });
  const agents = board.agents.map((_, i) => new Client(platform, i + 1));
  return { core, clock, platform, agents, agent: (id) => agents[id - 1] as Client };
}

/** A minimal board with what a test needs. */
export function boardOf(data: Record<string, unknown>): Board {
  return parseBoard({ vendor: "ACME", agents: [{ name: "OSPM" }], ...data }, { file: "test" });
}
