import type { Core } from "../core/core.ts";
import type { Interrupt, Node, ScmiMailbox, ShmemArea } from "../devicetree/index.ts";
import { coreMemory, InterruptLine, MailboxController, SharedMemory, SmcConduit } from "../firmware/index.ts";
import type { StaticMemory } from "../tee/index.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { channelsOf } from "./limits.ts";
import type { MailboxSupply } from "./wiring.ts";

interface Controller {
  readonly controller: MailboxController;
  /** Channels by the cells that mean them. */
  readonly places: ReadonlyMap<string, number>;
}

/** What agents and platforms of a machine share: mailbox controllers, memory, interrupts, and the way into secure firmware. Each is made
 *  once, whoever asks for it first. */
export class Hardware {
  readonly conduit = new SmcConduit();
  readonly #core: Core;
  readonly #controllers = new Map<Node, Controller>();
  readonly #areas = new Map<Node, SharedMemory>();
  readonly #staticMemories = new Map<Node, StaticMemory>();
  readonly #lines = new Map<string, InterruptLine>();

  /** Mailbox controllers get the channels that somebody refers to, whatever their cells mean. */
  constructor(core: Core, plans: readonly InstancePlan[]) {
    this.#core = core;
    const all = new Map<Node, Map<string, number>>();
    for (const { controller, cells } of plans.flatMap(mailboxesOf)) {
      const places = all.get(controller) ?? new Map<string, number>();
      all.set(controller, places);
      if (!places.has(cells.join(" "))) places.set(cells.join(" "), places.size);
    }
    for (const [node, places] of all) {
      this.#controllers.set(node, { controller: new MailboxController({ channels: places.size }), places });
    }
  }

  /** Mailbox controllers by the paths of their nodes. */
  get mailboxes(): ReadonlyMap<string, MailboxSupply> {
    return new Map(
      [...this.#controllers].map(([{ path }, { controller, places }]) => [
        path,
        { controller, channelOf: (cells) => places.get(cells.join(" ")) ?? -1 },
      ]),
    );
  }

  /** The channel that an entry of `mboxes` refers to, for the firmware.
   *  @throws RangeError for one of another board */
  mailboxAt({ controller: node, cells }: ScmiMailbox): ReturnType<MailboxController["peer"]> {
    const known = this.#controllers.get(node);
    const channel = known?.places.get(cells.join(" "));
    if (known && channel !== undefined) return known.controller.peer(channel);
    throw new RangeError(`"mailbox" expected one of a planned instance, got ${node.path} ${cells.join(" ")}`);
  }

  /** Shared memory. */
  area({ node, sizeBytes, address }: ShmemArea): SharedMemory {
    return known(this.#areas, node, () => new SharedMemory(this.#core, sizeBytes, address));
  }

  /** Shared memory, as a TEE sees it. */
  staticMemory({ node, sizeBytes }: ShmemArea): StaticMemory {
    return known(this.#staticMemories, node, () => coreMemory(this.#core, sizeBytes));
  }

  /** An interrupt. */
  interrupt({ controller, cells }: Interrupt): InterruptLine {
    return known(this.#lines, `${controller.path} ${cells.join(" ")}`, () => new InterruptLine());
  }

  /** What somebody has and did not give back. */
  get leaks(): { readonly sharedMemory: number; readonly channels: number } {
    const mailboxes = [...this.#controllers.values()].reduce((sum, { controller }) => sum + controller.requested, 0);
    const lines = [...this.#lines.values()].filter(({ isRequested }) => isRequested).length;
    const sharedMemory = [...this.#areas.values()].reduce((sum, { mappings }) => sum + mappings, 0);
    return { sharedMemory, channels: mailboxes + lines };
  }
}

function known<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function mailboxesOf(plan: InstancePlan): readonly ScmiMailbox[] {
  return channelsOf(plan).flatMap(({ channel }) => (channel.kind === "mailbox" ? channel.mailboxes : []));
}
