import type { FaultInjector, MakeWorld, Stage, TransportWorld } from "../../src/compliance/index.ts";
import {
  type ConnectServer,
  InterruptLine,
  MailboxController,
  SharedMemory,
  SmcConduit,
  type SmcVariant,
  SmtServer,
  serveMailbox,
  serveSmc,
} from "../../src/firmware/index.ts";
import { type MailboxBinding, mailbox } from "../../src/transport/mailbox.ts";
import { type SmcBinding, type SmcOptions, smc } from "../../src/transport/smc.ts";
import { prompt } from "./prompt.ts";

/** The binding's own example, `arm,smc-id = <0xc3000001>`. */
export const FUNCTION_ID = 0xc3000001;
const CAPABILITY = 0xfedcba9876543210n;
const CONTRACT_PROTOCOL = 0x80;

/** How a mailbox world is laid out: `mboxes` and areas as in the table of the binding. */
export interface MailboxLayout {
  readonly mboxes: 1 | 2 | 3 | 4;
  readonly areas: 1 | 2;
  readonly hasCompletionInterrupt?: boolean;
  readonly areaBytes?: number;
  /** The protocol of the checks has a binding of its own. */
  readonly ownProtocol?: { readonly mboxes: 1 | 2 | 3; readonly areas: 1 | 2 };
  readonly mode?: "doorbell" | "data";
  readonly latencyMs?: number;
  /** The platform answers commands where they lie. */
  readonly isPrompt?: boolean;
}

/** Makes a mailbox world of a layout; with an injector, its operations can fail. */
export function mailboxWorld(layout: MailboxLayout): (stage: Stage, injector?: FaultInjector) => TransportWorld {
  return (stage, injector) => {
    const { core, clock, platform, maxMessageBytes } = stage;
    const { areaBytes = 128, latencyMs = 0, ownProtocol, mode = "doorbell" } = layout;
    const controller = new MailboxController({ channels: 8, mode });
    const server = new SmtServer(connectTo(platform, layout), { clock, latencyMs });
    const memories: SharedMemory[] = [];
    const bind = (first: number, mboxes: number, areas: number, protocolId?: number): MailboxBinding => {
      const shmem = Array.from({ length: areas }, () => new SharedMemory(core, areaBytes));
      memories.push(...shmem);
      const at = (index: number) => controller.peer(first + index);
      const isUnidirectional = mboxes > areas;
      const ends = {
        tx: at(0),
        ...(isUnidirectional ? { txReply: at(1) } : {}),
        ...(areas === 2 ? { rx: at(isUnidirectional ? 2 : 1) } : {}),
        ...(mboxes === 4 ? { rxReply: at(3) } : {}),
      };
      const [a2p, p2a] = shmem as [SharedMemory, SharedMemory | undefined];
      serveMailbox(server, ends, p2a ? { a2p, p2a } : { a2p }, protocolId);
      const mailboxes = fallible(injector, "controller", controller, ["request"], (name, line) =>
        injector && name === "request"
          ? injector.wrap("line", line as object, { acquire: ["send"], release: ["free"] } as never)
          : line,
      );
      return {
        mboxes: Array.from({ length: mboxes }, (_, i) => ({ controller: mailboxes, channel: first + i })),
        shmem: shmem.map((memory) => fallibleArea(injector, memory)),
      };
    };
    const binding = bind(0, layout.mboxes, layout.areas);
    const own = ownProtocol && bind(4, ownProtocol.mboxes, ownProtocol.areas, CONTRACT_PROTOCOL);
    const transport = mailbox({
      ...binding,
      ...(own ? { protocols: new Map([[CONTRACT_PROTOCOL, own]]) } : {}),
      ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
      hasCompletionInterrupt: layout.hasCompletionInterrupt ?? true,
    });
    const first = layout.mboxes > layout.areas ? 1 : 0;
    return {
      transport,
      areaBytes,
      leaks: () => ({ mailboxes: controller.requested, ...memoryLeaks(memories), appointments: server.pending }),
      spurious: () => {
        controller.peer(first).raise();
        if (own && ownProtocol) controller.peer(ownProtocol.mboxes > ownProtocol.areas ? 5 : 4).raise();
      },
      die: () => server.die(),
      revive: () => server.reset(),
      close: () => server.close(),
    };
  };
}

/** How an SMC world is laid out. */
export interface SmcLayout {
  readonly variant: SmcVariant;
  readonly completion: "return" | "interrupt" | "poll";
  readonly kind?: "smc" | "hvc";
  readonly areaBytes?: number;
  readonly latencyMs?: number;
  readonly hasOwnProtocol?: boolean;
  /** The platform answers commands where they lie. */
  readonly isPrompt?: boolean;
}

/** Makes an SMC world of a layout; with an injector, its operations can fail. */
export function smcWorld(layout: SmcLayout): (stage: Stage, injector?: FaultInjector) => TransportWorld {
  return (stage, injector) => {
    const { core, clock, platform, maxMessageBytes } = stage;
    const { variant, completion, kind = "smc", areaBytes = 128, latencyMs = 0 } = layout;
    const conduit = new SmcConduit(kind);
    const server = new SmtServer(connectTo(platform, layout), { clock, latencyMs });
    const memories = [1, 2].map((i) => new SharedMemory(core, areaBytes, BigInt(i) * 0x1_2345_6000n + 0x80n));
    const lines = memories.map(() => new InterruptLine());
    serveSmc(
      server,
      conduit,
      FUNCTION_ID,
      variant,
      memories.map((area, i) => ({
        area,
        address: area.address,
        capability: CAPABILITY + BigInt(i),
        interrupt: lines[i] as InterruptLine,
      })),
    );
    const bindings = memories.map((memory, i): SmcBinding => {
      const line = fallible(injector, "interrupt", lines[i] as InterruptLine, ["request"], (_, free) =>
        injector ? releasing(injector, "interrupt.free", free as () => void) : free,
      );
      return { shmem: fallibleArea(injector, memory), ...(completion === "interrupt" ? { interrupt: line } : {}) };
    });
    const [base, own] = bindings as [SmcBinding, SmcBinding];
    const options: SmcOptions = {
      ...base,
      conduit: injector ? refusing(injector, conduit) : conduit,
      functionId: FUNCTION_ID,
      variant,
      isPolled: completion === "poll",
      ...(layout.hasOwnProtocol ? { protocols: new Map([[CONTRACT_PROTOCOL, own]]) } : {}),
      ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    };
    return {
      transport: smc(options),
      areaBytes,
      leaks: () => ({
        interrupts: lines.filter(({ isRequested }) => isRequested).length,
        ...memoryLeaks(memories),
        appointments: server.pending,
      }),
      ...(completion === "interrupt" ? { spurious: () => raiseAll(lines) } : {}),
      die: () => server.die(),
      revive: () => server.reset(),
      close: () => server.close(),
    };
  };
}

function connectTo(platform: Stage["platform"], { isPrompt = false }: { readonly isPrompt?: boolean }): ConnectServer {
  const connect: ConnectServer = (sink) => platform.connect(sink);
  return isPrompt ? prompt((sink) => platform.connect(sink)) : connect;
}

function raiseAll(lines: readonly InterruptLine[]): void {
  for (const line of lines) line.raise();
}

function memoryLeaks(memories: readonly SharedMemory[]): { readonly mappings: number } {
  return { mappings: memories.reduce((sum, { mappings }) => sum + mappings, 0) };
}

function fallible<T extends object>(
  injector: FaultInjector | undefined,
  subject: string,
  target: T,
  acquire: readonly (keyof T & string)[],
  wrapResult?: (name: string, result: unknown) => unknown,
): T {
  return injector ? injector.wrap(subject, target, { acquire }, wrapResult) : target;
}

function fallibleArea(injector: FaultInjector | undefined, memory: SharedMemory): SharedMemory {
  if (!injector) return memory;
  const wrapMapping = (_: string, mapping: unknown) =>
    injector.wrap("mapping", mapping as ReturnType<SharedMemory["map"]>, { release: ["unmap"] });
  return injector.wrap("shared memory", memory, { acquire: ["map"] }, wrapMapping);
}

function releasing(injector: FaultInjector, name: string, release: () => void): () => void {
  return () => {
    release();
    injector.pass(name);
  };
}

/** A conduit whose failure is an answer, as that of the real one: -1. */
function refusing(injector: FaultInjector, conduit: SmcConduit) {
  return {
    kind: conduit.kind,
    call(functionId: number, registers: readonly bigint[]): number {
      const before = injector.hasFailed;
      try {
        injector.pass("conduit.call");
      } catch {
        if (!before) return -1;
      }
      return conduit.call(functionId, registers);
    },
  };
}

/** A world without an injector. */
export function plain(make: (stage: Stage) => TransportWorld): MakeWorld {
  return (stage) => make(stage);
}
