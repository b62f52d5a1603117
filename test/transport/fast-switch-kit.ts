import { Agent } from "../../src/agent/agent.ts";
import { type Board, parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import {
  type ConnectServer,
  coreMemory,
  MailboxController,
  ScmiPta,
  SharedMemory,
  SimulatedOptee,
  SmcConduit,
  type SmcVariant,
  SmtServer,
  serveMailbox,
  serveSmc,
  VirtioScmiDevice,
} from "../../src/firmware/index.ts";
import { type MessagePort, type MessageSink, Platform } from "../../src/platform/index.ts";
import { Clock, Performance, Voltage } from "../../src/protocols/index.ts";
import type { StaticMemory } from "../../src/tee/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { mailbox } from "../../src/transport/mailbox.ts";
import { optee } from "../../src/transport/optee.ts";
import { smc } from "../../src/transport/smc.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { virtio } from "../../src/transport/virtio.ts";
import { VIRTIO_F } from "../../src/virtio/index.ts";

export const LEVELS = [600, 1000, 1400, 1800];
export const RATES = [24e6, 48e6, 96e6, 192e6];
export const VOLTAGES = [700_000, 800_000, 900_000, 1_000_000];
const AREA_BYTES = 128;
const MAX_PAYLOAD = 100;
const FUNCTION_ID = 0xc3000001;

/** One domain of each kind that an agent can meet: its own, one that takes its time, one that is somebody else's. */
const SOURCE = {
  ...{ vendor: "test", agents: [{ name: "OSPM" }, { name: "other" }] },
  performance: {
    domains: [
      { name: "fast", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM", setLimits: ["OSPM"] },
      {
        ...{ name: "slow", setLevel: "OSPM", setLimits: ["OSPM"] },
        levels: LEVELS.map((level) => ({ level, latencyUs: 50 })),
        transitionUs: 50,
      },
      { name: "theirs", levels: LEVELS.map((level) => ({ level })), setLevel: "other", setLimits: ["other"] },
    ],
  },
  clock: { clocks: [{ name: "pll", rates: RATES }] },
  voltage: { domains: [{ name: "vdd", levelsUv: VOLTAGES }] },
};

function boardOf({ hasStatistics = false }: FastSwitchOptions): Board {
  const performance = { ...SOURCE.performance, ...(hasStatistics ? { statistics: {} } : {}) };
  return parseBoard({ ...SOURCE, performance }, { file: "test" });
}

/** What a stage is to have. */
export interface FastSwitchOptions {
  /** The platform keeps statistics of the performance domains. */
  readonly hasStatistics?: boolean;
  /** From the doorbell until the platform looks; may change at any time. Mailbox only. */
  readonly latency?: { ms: number };
}

interface Stage extends FastSwitchOptions {
  readonly clock: SimulatedClock;
  readonly core: Core;
  readonly platform: Platform;
}

/** Every transport whose calls can be polled, in all its forms. */
export const WAYS: Readonly<Record<string, (stage: Stage) => Transport>> = {
  loopback: ({ platform }) => loopback(platform.connect(1)),
  mailbox: (stage) => mailboxWay(stage, true),
  "mailbox without interrupt": (stage) => mailboxWay(stage, false),
  "smc, plain": (stage) => smcWay(stage, "plain"),
  "smc, param": (stage) => smcWay(stage, "param"),
  "smc, capability": (stage) => smcWay(stage, "capability"),
  "optee, static SMT": (stage) => opteeWay(stage, "static"),
  "optee, static SMT elsewhere": (stage) => opteeWay(stage, "static elsewhere"),
  "optee, SMT": (stage) => opteeWay(stage, "smt"),
  "optee, MSG": (stage) => opteeWay(stage, "msg"),
  "virtio, polled": (stage) => virtioWay(stage, true),
  "virtio, notified": (stage) => virtioWay(stage, false),
  "virtio, without tables": (stage) => virtioWay(stage, false, VIRTIO_F.VERSION_1),
};

/** A platform, and an agent at it. */
export interface FastSwitch extends Stage {
  readonly agent: Agent;
  readonly performance: Performance;
  readonly clocks: Clock;
  readonly voltages: Voltage;
}

export async function openFastSwitch(way: string, options: FastSwitchOptions = {}): Promise<FastSwitch> {
  const clock = new SimulatedClock();
  const board = boardOf(options);
  const least = Platform.capacityFor(board, { connections: 4 });
  const room = { instances: 16, channels: 32, xfers: 256, areas: 32, regionBytes: 1 << 18 };
  const core = Core.createSync({ capacity: { ...least, ...room, traceEntries: 1024, eventEntries: 256 } });
  const platform = Platform.open(core, board, { clock });
  const stage = { ...options, clock, core, platform };
  const transport = WAYS[way]?.(stage);
  if (!transport) throw new RangeError(`expected one of ${Object.keys(WAYS).join(", ")}, got ${way}`);
  const agent = await Agent.open(core, transport, { clock });
  return {
    ...{ ...stage, agent },
    performance: await agent.protocol(Performance),
    clocks: await agent.protocol(Clock),
    voltages: await agent.protocol(Voltage),
  };
}

function serverOf({ clock, platform, latency }: Stage): SmtServer {
  const connect: ConnectServer = (sink) => {
    const port = platform.connectMessages(1, sink);
    if (!latency) return port;
    return {
      receive: (message) => port.receive(message),
      answer(from, fromAt, byteLength, to, toAt, room) {
        if (latency.ms === 0) return port.answer(from, fromAt, byteLength, to, toAt, room);
        const command = Uint8Array.from({ length: byteLength }, (_, i) => from.data.getUint8(fromAt + i));
        clock.after(latency.ms, () => port.receive(command));
        return 0; // it comes through the sink
      },
      settle: () => port.settle(),
      close: () => port.close(),
    };
  };
  return new SmtServer(connect, { clock });
}

function mailboxWay(stage: Stage, hasCompletionInterrupt: boolean): Transport {
  const controller = new MailboxController({ channels: 1 });
  const area = new SharedMemory(stage.core, AREA_BYTES);
  serveMailbox(serverOf(stage), { tx: controller.peer(0) }, { a2p: area });
  const mboxes = [{ controller, channel: 0 }];
  return mailbox({ mboxes, shmem: [area], maxMessageBytes: MAX_PAYLOAD, hasCompletionInterrupt });
}

function smcWay(stage: Stage, variant: SmcVariant): Transport {
  const conduit = new SmcConduit("hvc");
  const area = new SharedMemory(stage.core, AREA_BYTES + 8, 0x1000n);
  serveSmc(serverOf(stage), conduit, FUNCTION_ID, variant, [{ area, address: area.address, capability: 77n }]);
  return smc({ conduit, functionId: FUNCTION_ID, shmem: area, variant, maxMessageBytes: MAX_PAYLOAD });
}

function opteeWay({ core, platform }: Stage, form: "static" | "static elsewhere" | "smt" | "msg"): Transport {
  const memory = coreMemory(core, AREA_BYTES);
  const channels = [{ id: 0, platform, agentId: 1, memory }];
  const tee = new SimulatedOptee({ apps: [new ScmiPta({ channels })] });
  const elsewhere: StaticMemory = {
    get bytes() {
      return memory.bytes;
    },
  };
  const place = form === "static" ? memory : form === "static elsewhere" ? elsewhere : form;
  return optee({ tees: [tee], channelId: 0, memory: place, maxPayload: MAX_PAYLOAD });
}

function virtioWay({ clock, platform }: Stage, isPolled: boolean, features?: bigint): Transport {
  let port: MessagePort;
  const connect = (sink: MessageSink) => {
    port = platform.connectMessages(1, sink);
    return port;
  };
  const device = new VirtioScmiDevice(connect, { clock, ...(features === undefined ? {} : { features }) });
  return virtio({ device, maxMessageBytes: MAX_PAYLOAD, ...(isPolled ? { polling: { clock } } : {}) });
}
