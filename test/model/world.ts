import * as layout from "../../assembly/layout.ts";
import { Canaries } from "../support/canary.ts";
import { type Build, checked, createCore, type TestCore, words } from "../support/core.ts";
import { installPlatform } from "../support/description.ts";
import { freeClaims } from "../support/home.ts";
import { createMachine, type Handler, type Machine } from "./machine.ts";

export const MAX_PAYLOAD = 32;
export const P2A_CAPACITY = 4;
const CLAIMS = 2;

interface ChannelPlan {
  readonly kind: number;
  /** Bytes of the area; undefined = none. `table` areas come from the core's table of areas. */
  readonly areaBytes: number | undefined;
  readonly fromTable?: boolean;
  readonly maxMessage: number;
  readonly limit: number;
}

/** The channels of each instance: every framing and direction, and payload limits set by message, area and core. */
const CHANNELS: readonly ChannelPlan[] = [
  { kind: 0, areaBytes: 96, maxMessage: 24, limit: 24 }, // holds more than an xfer or claim does
  { kind: 0, areaBytes: 44, maxMessage: 100, limit: 16 },
  { kind: layout.KIND_MSG, areaBytes: 28, maxMessage: 100, limit: 24 },
  { kind: layout.KIND_MSG, areaBytes: undefined, maxMessage: 100, limit: MAX_PAYLOAD },
  { kind: layout.KIND_P2A, areaBytes: 64, fromTable: true, maxMessage: 24, limit: 24 },
  { kind: layout.KIND_P2A | layout.KIND_MSG, areaBytes: undefined, maxMessage: 28, limit: 28 },
  { kind: layout.KIND_P2A | layout.KIND_MSG, areaBytes: 24, maxMessage: 100, limit: 20 },
  { kind: layout.KIND_HOLD, areaBytes: 60, maxMessage: 100, limit: MAX_PAYLOAD },
];

const INSTANCES = [
  { agent: 1, xfers: 5, slots: layout.SMALL_SLOTS, tokens: layout.TOKENS_SMALL },
  { agent: 2, xfers: 6, slots: layout.TOKEN_COUNT, tokens: layout.TOKENS_FULL },
];

/** Protocol 0x10: for both agents. 0x11: for agent 1 only. */
const CONSTANTS: readonly (readonly [protocol: number, message: number, reply: readonly number[], bytes: number])[] = [
  [0x10, 1, words(0x00020001), 0],
  [0x10, 2, [], 4],
  [0x10, 4, words(1, 2, 3, 4, 5, 6, 7), 0], // fits the longest payload only
  [0x11, 1, words(0xabcdef01), 0],
];
const VERSION = 0x00020001;
const HOST_MESSAGES: readonly (readonly [protocol: number, message: number])[] = [
  [0x10, 3],
  [0x11, 2],
];
/** What the generator asks for: known messages, gaps in the tables, and protocols that nobody serves. */
export const COMMANDS: readonly (readonly [protocol: number, message: number])[] = [
  [0x10, 0],
  [0x10, 1],
  [0x10, 2],
  [0x10, 3],
  [0x10, 3],
  [0x10, 4],
  [0x10, 5],
  [0x11, 1],
  [0x11, 2],
  [0x12, 0],
  [0xff, 0xff],
  [0x80, 7],
];

function handlers(): Map<number, Handler> {
  const map = new Map<number, Handler>();
  for (const [protocol, message, reply, requestBytes] of CONSTANTS) {
    map.set((protocol << 8) | message, { kind: "constant", reply, requestBytes });
  }
  for (const protocol of [0x10, 0x11]) {
    map.set(protocol << 8, { kind: "constant", reply: words(VERSION), requestBytes: 0 });
  }
  for (const [protocol, message] of HOST_MESSAGES) map.set((protocol << 8) | message, { kind: "host" });
  return map;
}

function describedMessages(protocol: number) {
  return Object.fromEntries([
    [0, { kind: "version" as const }],
    ...CONSTANTS.filter(([id]) => id === protocol).map(
      ([, message, reply, requestBytes]) => [message, { kind: "constant" as const, reply, requestBytes }] as const,
    ),
    ...HOST_MESSAGES.filter(([id]) => id === protocol).map(
      ([, message]) => [message, { kind: "host" as const }] as const,
    ),
  ]);
}

/** A core with both instances and all their channels, and the model of it. */
export function openWorld(build: Build): { core: TestCore; machine: Machine; canaries: Canaries } {
  const core = createCore(build, {
    instances: INSTANCES.length,
    channels: INSTANCES.length * CHANNELS.length,
    xfers: INSTANCES.reduce((sum, { xfers }) => sum + xfers, 0),
    states: 1,
    stateBytes: 64,
    areas: 2,
    areaBytes: 64,
    tokenSpaces: 1,
    maxPayload: MAX_PAYLOAD,
    claims: CLAIMS,
    p2aEntries: P2A_CAPACITY,
    regionBytes: 8192,
  });
  const canaries = new Canaries();
  const { description, state } = installPlatform(core, {
    agents: 2,
    protocols: [
      { id: 0x10, version: VERSION, messages: describedMessages(0x10) },
      { id: 0x11, version: VERSION, messages: describedMessages(0x11) },
    ],
    protocolMasks: [0b11, 0b01],
  });
  for (const { agent, xfers, tokens } of INSTANCES) {
    const { exports, base } = core;
    const instance = checked("openInstance", exports.openInstance(base, description, state, agent, xfers, tokens));
    for (const { kind, areaBytes, fromTable, maxMessage } of CHANNELS) {
      const area = areaBytes === undefined ? -1 : fromTable ? 0 : canaries.around(core, areaBytes);
      checked("openChannel", exports.openChannel(base, instance, kind, area, areaBytes ?? 0, maxMessage));
    }
  }
  const machine = createMachine({
    instances: INSTANCES,
    channels: INSTANCES.flatMap((_, instance) =>
      CHANNELS.map(({ kind, areaBytes, limit }) => {
        const isMsg = (kind & layout.KIND_MSG) !== 0;
        const headBytes = isMsg ? layout.MSG_PAYLOAD : layout.SMT_PAYLOAD;
        return {
          instance,
          isP2a: (kind & layout.KIND_P2A) !== 0,
          isHeld: (kind & layout.KIND_HOLD) !== 0,
          framing: isMsg ? ("MSG" as const) : ("SMT" as const),
          areaPayload: areaBytes === undefined ? undefined : areaBytes - headBytes,
          limit,
        };
      }),
    ),
    p2aCapacity: P2A_CAPACITY,
    claimCapacity: freeClaims(core).length,
    maxPayload: MAX_PAYLOAD,
    handlers: handlers(),
    protocols: new Map([
      [0x10, [1, 2]],
      [0x11, [1]],
    ]),
  });
  return { core, machine, canaries };
}
