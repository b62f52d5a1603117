import { words } from "../../src/compliance/script.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import type { Node, ScmiInstance } from "../../src/devicetree/index.ts";
import {
  consumerDriver,
  Machine,
  type MakeModule,
  scmiCore,
  scmiModule,
  vendorProtocol,
} from "../../src/world/index.ts";
import { treeOf } from "../devicetree/build.ts";
import type { FarEnds, MakeFarEnds, Refusal } from "./far-ends.ts";
import { CLOCK_ID, WHO_ID, Who, whoPlatform } from "./who.ts";

/** The modules of a scene. */
export const MODULES = ["scmi-core", "scmi-module", "transport", "who", "consumer"] as const;
export type ModuleName = (typeof MODULES)[number];

/** Something that happens: `load who`, `node 0 arrives`. */
export type Step =
  | { readonly kind: "load" | "unload"; readonly module: ModuleName }
  | { readonly kind: "supplier" | "node"; readonly index: number; readonly arrives: boolean }
  | { readonly kind: "traffic" }
  | { readonly kind: "post" | "answer"; readonly index: number }
  | { readonly kind: "refuse"; readonly index: number; readonly what: Refusal };

/** What came of a step. */
export interface Outcome {
  /** Why it was refused; `undefined` = it was done. */
  readonly refused: string | undefined;
  /** Instances that answered, and who they said they are. */
  readonly answers: readonly (readonly [number, number])[];
  /** What a call under way ended with. */
  readonly ended: readonly string[];
}

/** What a test puts in place of the modules as they are. */
export type Spoil = (name: ModuleName, make: MakeModule, scene: Scene) => MakeModule;

const LIMITS = { timeoutMs: undefined, maxMessages: undefined, maxPayload: undefined, atomicThresholdUs: undefined };
const TURNS = 60;

/** The path of an instance's node. */
export const pathOf = (index: number) => `/firmware/scmi-${index}`;

/** Far ends, and one machine after the other that uses them. */
export class Scene {
  readonly count: number;
  readonly clock = new SimulatedClock();
  readonly core = Core.createSync({ capacity: { instances: 8, channels: 32, xfers: 256, areas: 8 } });
  readonly platforms;
  readonly far: FarEnds;
  readonly #nodes: readonly Node[];
  readonly #suppliers: readonly Node[];
  readonly #spoil: Spoil;
  #machine!: Machine;
  #here: ((() => Promise<void>) | undefined)[] = [];
  /** Consumers that are bound, by the index of their instance. */
  readonly bound = new Map<number, Who>();
  #calls: (Promise<number> | undefined)[] = [];
  #ended: string[] = [];

  constructor(makeFarEnds: MakeFarEnds, count: number, spoil: Spoil = (_, make) => make) {
    this.count = count;
    this.#spoil = spoil;
    this.platforms = Array.from({ length: count }, (_, i) => whoPlatform(i));
    this.far = makeFarEnds(this.core, this.clock, this.platforms);
    const indices = this.platforms.map((_, i) => i);
    const protocols = { "protocol@14": {}, "protocol@90": {} };
    const tree = treeOf({
      children: {
        firmware: {
          children: {
            ...Object.fromEntries(indices.map((i) => [`supplier-${i}`, {}])),
            ...Object.fromEntries(indices.map((i) => [`scmi-${i}`, { children: protocols }])),
          },
        },
      },
    });
    const children = tree.root.children[0]?.children ?? [];
    this.#suppliers = children.slice(0, count);
    this.#nodes = children.slice(count);
    this.restart();
  }

  /** A new machine at the same far ends; the one before is closed, or forgotten. */
  restart(): void {
    this.#machine = new Machine({ core: this.core, clock: this.clock, wiring: this.far.wiring });
    this.#machine.parts.ledger.watch(() => this.far.leaks());
    this.#here = [];
    this.bound.clear();
    this.#calls = [];
    this.#ended = [];
    for (const [index, platform] of this.platforms.entries()) {
      platform.isManual = false;
      this.far.refuse?.(index, undefined);
    }
  }

  get machine(): Machine {
    return this.#machine;
  }

  /** Whether a supplier is there. */
  isHere(index: number): boolean {
    return this.#here[index] !== undefined;
  }

  /** Whether a command is under way. */
  isWaiting(index: number): boolean {
    return this.#calls[index] !== undefined;
  }

  /** Lets a step happen and everything come to rest. */
  async run(step: Step): Promise<Outcome> {
    const answers: (readonly [number, number])[] = [];
    this.#ended = [];
    let refused: string | undefined;
    try {
      await this.#do(step, answers);
    } catch (reason) {
      refused = reason instanceof Error && "reason" in reason ? String(reason.reason) : String(reason);
    }
    return { refused, answers, ended: this.#ended.sort() };
  }

  /** Everything that waits for nothing but its turn. */
  async rest(): Promise<void> {
    for (let i = 0; i < TURNS; i++) await Promise.resolve();
  }

  async #do(step: Step, answers: (readonly [number, number])[]): Promise<void> {
    const machine = this.#machine;
    switch (step.kind) {
      case "load":
        return machine.load(this.#spoil(step.module, this.#make(step.module), this));
      case "unload":
        await machine.unload(this.#nameOf(step.module));
        return this.#over();
      case "supplier":
        if (step.arrives) this.#here[step.index] = await this.far.arrive(machine, step.index, this.#keyOf(step.index));
        else await this.#leave(step.index);
        return this.#over();
      case "node":
        if (step.arrives) await machine.addNode(this.#instance(step.index));
        else await machine.removeNode(pathOf(step.index));
        return this.#over();
      case "traffic":
        for (const [index, who] of this.bound) {
          if (!this.isWaiting(index)) answers.push([index, await who.ask()]);
        }
        return;
      case "post":
        return this.#post(step.index);
      case "answer":
        return this.#answer(step.index);
      case "refuse":
        this.far.refuse?.(step.index, step.what);
    }
  }

  #make(name: ModuleName): MakeModule {
    switch (name) {
      case "scmi-core":
        return scmiCore;
      case "scmi-module":
        return scmiModule;
      case "transport":
        return this.far.module;
      case "who":
        return vendorProtocol("who", Who);
      case "consumer":
        return consumerDriver({
          name: "consumer",
          protocol: Who,
          isVendor: true,
          bind: async (who, { path }, probe) => {
            const index = Number(path.at(-1));
            this.bound.set(index, who);
            probe.ownNow(() => this.bound.delete(index));
          },
        });
    }
  }

  #nameOf(name: ModuleName): string {
    return name === "transport" ? `scmi-transport-${this.far.kind}` : name;
  }

  #keyOf(index: number): string {
    return (this.#suppliers[index] as Node).path;
  }

  async #leave(index: number): Promise<void> {
    const leave = this.#here[index];
    this.#here[index] = undefined;
    await leave?.();
  }

  #instance(index: number): ScmiInstance {
    const node = this.#nodes[index] as Node;
    return {
      ...{ node, compatible: this.far.kind, transport: this.far.kind, limits: LIMITS },
      supplier: this.#suppliers[index],
      channel: this.far.channelOf(index, this.#suppliers),
      protocols: [
        { node: node.children[0] as Node, id: CLOCK_ID, channel: this.far.ownChannelOf?.(index) },
        { node: node.children[1] as Node, id: WHO_ID, channel: undefined },
      ],
    };
  }

  async #post(index: number): Promise<void> {
    const platform = this.platforms[index];
    const who = this.bound.get(index);
    if (!platform || !who) throw new RangeError("expected an instance that is in use");
    platform.isManual = true;
    const call = who.ask();
    this.#calls[index] = call;
    const end = (how: string) => {
      this.#ended.push(`${index} ${how}`);
      this.#calls[index] = undefined;
      platform.isManual = false;
    };
    call.then(
      (answer) => end(`answered ${answer}`),
      (reason) => {
        end(reason instanceof Error && "reason" in reason ? String(reason.reason) : String(reason));
        platform.reply(words(0, index)); // late: nobody is there any more
      },
    );
    await this.rest();
  }

  async #answer(index: number): Promise<void> {
    const platform = this.platforms[index];
    platform?.reply(words(0, index));
    await this.rest();
  }

  /** A call may have ended with what happened. */
  async #over(): Promise<void> {
    if (this.#calls.some((it) => it !== undefined)) await this.rest();
  }
}
