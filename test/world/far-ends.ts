import type { ScriptedPlatform } from "../../src/compliance/script.ts";
import type { SimulatedClock } from "../../src/core/clock.ts";
import type { Core } from "../../src/core/core.ts";
import type { Node, ScmiChannel, ScmiTransport, ShmemArea } from "../../src/devicetree/index.ts";
import {
  MailboxController,
  ScmiPta,
  SharedMemory,
  SimulatedOptee,
  SmcConduit,
  SmtServer,
  serveMailbox,
  serveSmc,
  VirtioScmiDevice,
} from "../../src/firmware/index.ts";
import { SCMI_PTA, SCMI_PTA_UUID, TEE_RESULT, TeeBus } from "../../src/tee/index.ts";
import { VirtioBus } from "../../src/virtio/index.ts";
import {
  type Machine,
  type MakeModule,
  mailboxModule,
  opteeModule,
  smcModule,
  virtioModule,
  type Wiring,
} from "../../src/world/index.ts";

/** The far ends of one kind of transport, one for each platform; they stay when machines come and go. */
export interface FarEnds {
  readonly kind: ScmiTransport;
  readonly module: MakeModule;
  readonly wiring: Wiring;
  /** What the node of an instance says about its channel. */
  channelOf(index: number, suppliers: readonly Node[]): ScmiChannel;
  /** The same for the clock protocol, where that has one of its own. */
  ownChannelOf?(index: number): ScmiChannel;
  /** Lets a supplier arrive; the result takes it away. */
  arrive(machine: Machine, index: number, key: string): Promise<() => Promise<void>>;
  /** What machines are to count: sessions and shared memory. */
  leaks(): { readonly sessions: number; readonly sharedMemory: number };
  /** What is taken besides: mailboxes, mappings, drivers, contexts. */
  taken(): number;
  /** What was released twice, or used after it was released. */
  strays(): number;
  /** What an instance that is up takes: rows, sessions and pieces of shared memory, and the rest. */
  readonly perInstance: { readonly channels: number; readonly sessions: number; readonly taken: number };
  /** Answers may come later: a command can be under way while other things happen. */
  readonly canWait: boolean;
  /** The platform dies, whatever it was about to do; a fresh one takes its place. */
  die?(index: number): void;
  revive?(index: number): void;
  /** Lets what an instance does next at its supplier fail, once. Absent where nothing can. */
  refuse?(index: number, what: Refusal | undefined): void;
  /** Whether that is still to come. */
  isArmed?(index: number): boolean;
}

/** What a TEE can refuse. */
export type Refusal = "session" | "channel";

/** Makes them. */
export type MakeFarEnds = (core: Core, clock: SimulatedClock, platforms: readonly ScriptedPlatform[]) => FarEnds;

const AREA_BYTES = 128;
const FUNCTION_ID = 0xc3000001;
const NO_LEAKS = { sessions: 0, sharedMemory: 0 };

/** How mailboxes are laid out. */
interface MailboxLayout {
  /** Notifications and delayed responses come back. */
  readonly hasP2a?: boolean;
  /** From the doorbell until a command is looked at. */
  readonly latencyMs?: number;
}

/** Two mailboxes an instance: unidirectional with an area for commands, or bidirectional with an area each way. */
export function mailboxEndsWith({ hasP2a = false, latencyMs = 0 }: MailboxLayout): MakeFarEnds {
  return (core, clock, platforms) => {
    const ends = platforms.map((platform) => {
      const controller = new MailboxController({ channels: 2 });
      const server = new SmtServer((sink) => platform.connect(sink), { clock, latencyMs });
      const [a2p, p2a] = [new SharedMemory(core, AREA_BYTES), new SharedMemory(core, AREA_BYTES)];
      const [tx, other] = [controller.peer(0), controller.peer(1)];
      serveMailbox(server, hasP2a ? { tx, rx: other } : { tx, txReply: other }, hasP2a ? { a2p, p2a } : { a2p });
      return { controller, server, areas: hasP2a ? [a2p, p2a] : [a2p] };
    });
    const areas = ends.flatMap((it) => it.areas);
    const areasEach = hasP2a ? 2 : 1;
    return {
      kind: "mailbox",
      module: mailboxModule,
      wiring: { area: ({ address }) => areas[Number(address)] ?? expectArea() },
      channelOf: (index, suppliers) => ({
        kind: "mailbox",
        isPolled: false,
        areas: Array.from({ length: areasEach }, (_, i) => areaOf(index * areasEach + i, suppliers[index])),
        mailboxes: [0, 1].map((channel) => ({
          role: channel === 0 ? "tx" : hasP2a ? "rx" : "txReply",
          controller: suppliers[index] as Node,
          cells: [channel],
        })),
      }),
      arrive: (machine, index, key) => {
        const controller = ends[index]?.controller as MailboxController;
        return machine.addMailbox(key, { controller, channelOf: ([channel = 0]) => channel });
      },
      leaks: () => NO_LEAKS,
      taken: () =>
        ends.reduce((sum, it) => sum + it.controller.requested + it.server.pending, 0) +
        areas.reduce((sum, { mappings }) => sum + mappings, 0),
      strays: () => 0,
      perInstance: { channels: areasEach, sessions: 0, taken: 2 + areasEach },
      canWait: true,
      die: (index) => ends[index]?.server.die(),
      revive: (index) => ends[index]?.server.reset(),
    };
  };
}

/** Two unidirectional mailboxes and one area each, A2P only. */
export const mailboxEnds = mailboxEndsWith({});

/** One area each, and a conduit each: the two instances of a machine with SMC and HVC. */
export const smcEnds: MakeFarEnds = (core, clock, platforms) => {
  const ends = platforms.map((platform) => {
    const conduit = new SmcConduit();
    const server = new SmtServer((sink) => platform.connect(sink), { clock });
    const memory = new SharedMemory(core, AREA_BYTES);
    serveSmc(server, conduit, FUNCTION_ID, "plain", [{ area: memory }]);
    return { conduit, memory };
  });
  return {
    kind: "smc",
    module: smcModule,
    wiring: { area: ({ address }) => ends[Number(address)]?.memory ?? expectArea() },
    channelOf: (index, suppliers) => ({
      kind: "smc",
      variant: "plain",
      functionId: FUNCTION_ID,
      areas: [areaOf(index, suppliers[index])],
      interrupt: undefined,
    }),
    arrive: (machine, index, key) => machine.addConduit(key, { conduit: ends[index]?.conduit as SmcConduit }),
    leaks: () => NO_LEAKS,
    taken: () => ends.reduce((sum, { memory }) => sum + memory.mappings, 0),
    strays: () => 0,
    perInstance: { channels: 1, sessions: 0, taken: 1 },
    canWait: false,
  };
};

/** A TEE each, with a channel for Base and one for the clock protocol.
 *  @param latencyMs calls take so long, and their results come later */
export const opteeEndsWith =
  ({ latencyMs }: { readonly latencyMs?: number }): MakeFarEnds =>
  (_core, clock, platforms) => {
    const time = latencyMs === undefined ? {} : { latency: { clock, ms: latencyMs } };
    const armed = platforms.map((): Refusal | undefined => undefined);
    const tees = platforms.map((platform, index) => {
      const connectMessages = (_: number, sink: Parameters<ScriptedPlatform["connect"]>[0]) => platform.connect(sink);
      const channels = [0, 1].map((id) => ({ id, platform: { connectMessages }, agentId: 1 }));
      const tee = new SimulatedOptee({
        name: `/firmware/supplier-${index}`,
        apps: [new ScmiPta({ channels })],
        ...time,
      });
      // The second of either: the first channel has its session and its memory by then
      let seen = 0;
      tee.interfere = ({ operation, command }) => {
        const what = armed[index];
        const isIt =
          what === "session"
            ? operation === "openSession"
            : operation === "invoke" && command === SCMI_PTA.GET_CHANNEL_HANDLE.id;
        if (what === undefined || !isIt) return undefined;
        seen++;
        if (seen < (what === "session" ? 3 : 2)) return undefined;
        seen = 0;
        armed[index] = undefined;
        return { result: TEE_RESULT.BUSY };
      };
      return tee;
    });
    const sum = (read: (tee: SimulatedOptee) => number) => tees.reduce((total, tee) => total + read(tee), 0);
    return {
      kind: "optee",
      module: opteeModule,
      wiring: {},
      channelOf: () => ({ kind: "optee", channelId: 0, areas: [] }),
      ownChannelOf: () => ({ kind: "optee", channelId: 1, areas: [] }),
      arrive: async (machine, index) => {
        const tee = tees[index] as SimulatedOptee;
        const own = new TeeBus();
        const stop = machine.watchTees(own);
        const leave = own.add({ name: `optee-ta-${SCMI_PTA_UUID}`, uuid: SCMI_PTA_UUID, tee });
        await machine.settled();
        return async () => {
          leave();
          await machine.settled();
          await stop();
        };
      },
      leaks: () => ({
        sessions: sum(({ leaks }) => leaks.sessions),
        sharedMemory: sum(({ leaks }) => leaks.sharedMemory),
      }),
      taken: () => sum(({ leaks }) => leaks.contexts),
      strays: () => sum(({ leaks }) => leaks.strays),
      perInstance: { channels: 2, sessions: 2, taken: 1 },
      canWait: latencyMs !== undefined,
      refuse: (index, what) => {
        armed[index] = what;
      },
      isArmed: (index) => armed[index] !== undefined,
      die: (index) => tees[index]?.panic(SCMI_PTA_UUID),
      revive: () => {}, // it starts anew when its last session is closed
    };
  };

/** One that is over when its calls return. */
export const opteeEnds = opteeEndsWith({});

/** A virtio device each, with both queues. */
export const virtioEnds: MakeFarEnds = (_core, clock, platforms) => {
  const devices = platforms.map(
    (platform, index) =>
      new VirtioScmiDevice((sink) => platform.connect(sink), {
        name: `/firmware/supplier-${index}`,
        clock,
        queueSize: 8,
      }),
  );
  return {
    kind: "virtio",
    module: virtioModule,
    wiring: {},
    channelOf: () => ({ kind: "virtio", areas: [] }),
    arrive: async (machine, index) => {
      const own = new VirtioBus();
      const stop = machine.watchVirtio(own);
      const leave = own.add(devices[index] as VirtioScmiDevice);
      await machine.settled();
      return async () => {
        leave();
        await machine.settled();
        await stop();
      };
    },
    leaks: () => NO_LEAKS,
    taken: () => devices.reduce((sum, { leaks }) => sum + leaks.drivers + leaks.allocations + leaks.appointments, 0),
    strays: () => 0,
    perInstance: { channels: 2, sessions: 0, taken: 2 },
    canWait: true,
  };
};

/** The "address" of an area is its index. */
function areaOf(index: number, supplier: Node | undefined): ShmemArea {
  return { node: supplier as Node, address: BigInt(index), sizeBytes: AREA_BYTES, isWordAccess: false };
}

function expectArea(): never {
  throw new RangeError("expected an area of this scene");
}
