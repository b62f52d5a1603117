import { type Board, boardFromTree, parseBoard } from "../board/index.ts";
import {
  consumersOf,
  type DeviceTree,
  type Node,
  type ScmiConsumer,
  type ScmiInstance,
  type ScmiProtocolNode,
  scmiOf,
} from "../devicetree/index.ts";
import { BoardError } from "../errors.ts";
import { Claims } from "./claims.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { channelsOf, roomsOf, statedPayload } from "./limits.ts";
import { type AddedBoard, mergedBoard } from "./merge.ts";

/** What keeps an instance, or the board, from coming up. */
export interface Failure {
  /** Path of the node; `/` for the board as a whole. */
  readonly node: string;
  readonly message: string;
}

/** What a board comes to: the instances that can come up, and what is wrong with the rest. */
export interface BoardPlan {
  readonly model: string;
  readonly compatible: readonly string[];
  /** The file. */
  readonly source: string;
  readonly tree: DeviceTree | undefined;
  readonly instances: readonly InstancePlan[];
  readonly failures: readonly Failure[];
  /** Paths of instances that are switched off. */
  readonly disabled: readonly string[];
  readonly warnings: readonly string[];
}

/** How a tree is planned. */
export interface PlanOptions {
  /** What board files add, by the path of the instance's node: each protocol that one has replaces the derived one. */
  readonly boards?: ReadonlyMap<string, AddedBoard>;
}

/** Plans the machine that a device tree describes. What is wrong with one instance does not keep the others from coming up. */
export function planTree(tree: DeviceTree, { boards = new Map() }: PlanOptions = {}): BoardPlan {
  const { instances, broken, disabled, warnings: odd } = scmiOf(tree);
  const { byInstance, problems } = consumersOf(tree, instances);
  const failures: Failure[] = broken.flatMap(({ node, errors }) =>
    errors.map(({ message }) => ({ node: node.path, message })),
  );
  const warnings = [...odd, ...problems].map(({ message }) => message);
  const claims = new Claims();
  const plans: InstancePlan[] = [];
  for (const binding of instances) {
    const { path } = binding.node;
    try {
      const plan = planInstance(tree, binding, byInstance.get(binding) ?? [], boards.get(path));
      claims.claim(plan.binding);
      plans.push(plan);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      failures.push({ node: path, message: error.message });
    }
  }
  for (const path of boards.keys()) {
    if (instances.some(({ node }) => node.path === path)) continue;
    failures.push({ node: path, message: noSuchInstance(tree, path, instances).message });
  }
  const [first, second] = plans.filter(({ board }) => board.systemPower);
  if (first && second) {
    warnings.push(
      `${tree.file}: ${second.node}: expected System power in one instance of a machine, got it in ${first.node}, too`,
    );
  }
  for (const plan of plans) warnings.push(...clampText(plan), ...plan.unserved.map(unservedText));
  if (plans.length === 0 && failures.length === 0) failures.push(nothingToBoot(tree, disabled));
  return {
    model: tree.model,
    compatible: tree.root.strings("compatible") ?? [],
    source: tree.file,
    tree,
    instances: plans,
    failures,
    disabled: disabled.map(({ path }) => path),
    warnings,
  };
}

/** Plans the machine of a board file: one instance, in memory. */
export function planBoard(board: Board): BoardPlan {
  return {
    ...{ model: "", compatible: [], source: board.file, tree: undefined },
    ...{ failures: [], disabled: [], warnings: [] },
    instances: [
      {
        ...{ node: "/", compatible: "", transport: "loopback", binding: undefined, board },
        ...{ invented: new Set<string>(), consumers: [], unserved: [] },
      },
    ],
  };
}

function planInstance(
  tree: DeviceTree,
  binding: ScmiInstance,
  consumers: readonly ScmiConsumer[],
  added: AddedBoard | undefined,
): InstancePlan & { readonly binding: ScmiInstance } {
  const { source, invented, unserved } = boardFromTree(tree, binding, consumers, added && firstAgent(added.data));
  const merged = added ? mergedBoard(source, invented, added) : { source, invented };
  const board = parseBoard(merged.source, { file: added?.file ?? tree.file });
  const { node, compatible, transport } = binding;
  return {
    ...{ node: node.path, compatible, transport, board, consumers },
    binding: suppliedBy(binding, board),
    ...{ invented: merged.invented, unserved },
  };
}

/** The instance with the supplier that a board file names, where the tree names none.
 *  @throws BoardError when both do, and differ */
function suppliedBy(binding: ScmiInstance, { file, supplier }: Board): ScmiInstance {
  if (supplier === undefined) return binding;
  const named = binding.supplier?.path;
  if (named === undefined) return { ...binding, supplierName: supplier };
  if (named === supplier) return binding;
  throw new BoardError({ file, path: "supplier", expected: `${named}, as ${binding.node.path} says`, got: supplier });
}

/** The agent of an instance is the first of its board. */
function firstAgent(data: unknown): string | undefined {
  const agents = typeof data === "object" && data !== null && "agents" in data ? data.agents : undefined;
  const first: unknown = Array.isArray(agents) ? agents[0] : undefined;
  const name = typeof first === "object" && first !== null && "name" in first ? first.name : undefined;
  return typeof name === "string" ? name : undefined;
}

function noSuchInstance(tree: DeviceTree, path: string, instances: readonly ScmiInstance[]): BoardError {
  const known = instances.map(({ node }) => node.path).join(", ") || "none";
  return new BoardError({ file: tree.file, path, expected: `an SCMI instance (${known})`, got: "another node" });
}

function nothingToBoot(tree: DeviceTree, disabled: readonly Node[]): Failure {
  const expected = "an enabled SCMI instance (a node compatible with arm,scmi or one of its kin)";
  const off = disabled.map(({ path }) => path).join(", ");
  const got = off === "" ? "none" : `only disabled ones (${off})`;
  return { node: "/", message: new BoardError({ file: tree.file, path: "/", expected, got }).message };
}

function unservedText({ node, id }: ScmiProtocolNode): string {
  return node.wrong("reg", "a protocol of the specification", `0x${id.toString(16)}, which no platform here serves`)
    .message;
}

/** Boards often have areas of 128 bytes, four too few for the payload that everybody assumes. */
function clampText(plan: InstancePlan): readonly string[] {
  const { binding } = plan;
  if (!binding) return [];
  const stated = statedPayload(plan);
  const room = Math.min(...channelsOf(plan).flatMap(({ channel }) => roomsOf(channel)));
  if (room >= stated) return [];
  const expected = `room for payloads of ${stated} bytes (arm,max-msg-size)`;
  return [binding.node.wrong("shmem", expected, `room for ${room}; longer messages are not sent`).message];
}
