import { BoardError } from "../errors.ts";
import { channelOf, hasOwnChannel, type ScmiChannel, type ScmiTransport, type ShmemArea } from "./scmi-channel.ts";
import type { DeviceTree, Node } from "./tree.ts";

/** What a tree says about one SCMI instance. */
export interface ScmiInstance {
  readonly node: Node;
  /** The string of `compatible` that selects the transport. */
  readonly compatible: string;
  readonly transport: ScmiTransport;
  readonly limits: ScmiLimits;
  /** The TEE or virtio device that it is to use, by `scmi-wasm,supplier`; `undefined` = the only one there is. */
  readonly supplier: Node | undefined;
  /** The same by a name that no tree has: `supplier:` of a board file. */
  readonly supplierName?: string;
  /** The channel of Base, and of every protocol without one of its own. */
  readonly channel: ScmiChannel;
  /** Available protocol nodes, in the order of the tree. */
  readonly protocols: readonly ScmiProtocolNode[];
}

/** The key of the supplier that an instance names; `undefined` = the only one there is. */
export function supplierKeyOf({ supplier, supplierName }: ScmiInstance): string | undefined {
  return supplier?.path ?? supplierName;
}

/** Limits that a tree states; `undefined` = the transport's own. */
export interface ScmiLimits {
  readonly timeoutMs: number | undefined;
  readonly maxMessages: number | undefined;
  /** Largest payload in bytes, the header excluded; areas may clamp it. */
  readonly maxPayload: number | undefined;
  readonly atomicThresholdUs: number | undefined;
}

/** One protocol of an instance. */
export interface ScmiProtocolNode {
  readonly node: Node;
  /** `reg` */
  readonly id: number;
  /** Its own channel; `undefined` = the instance's. */
  readonly channel: ScmiChannel | undefined;
}

/** A node that describes an SCMI instance that cannot come up, and why. */
export interface BrokenInstance {
  readonly node: Node;
  readonly errors: readonly BoardError[];
}

/** All that a tree says about SCMI. */
export interface ScmiBinding {
  /** In the order of the tree. */
  readonly instances: readonly ScmiInstance[];
  /** Enabled nodes that no instance can be made of. */
  readonly broken: readonly BrokenInstance[];
  /** Instances with a status other than `okay`, or below a node that has. */
  readonly disabled: readonly Node[];
  /** What is odd and stops nothing. */
  readonly warnings: readonly BoardError[];
}

const TRANSPORTS: Readonly<Record<string, ScmiTransport>> = {
  "arm,scmi": "mailbox",
  "arm,scmi-smc": "smc",
  "arm,scmi-smc-param": "smc",
  "qcom,scmi-smc": "smc",
  "arm,scmi-virtio": "virtio",
  "linaro,scmi-optee": "optee",
};

/** `compatible` strings of SCMI instances, with their transports. */
export const SCMI_COMPATIBLES: readonly string[] = /* @__PURE__ */ Object.keys(TRANSPORTS);

const PROTOCOL_MIN = 0x10;
const PROTOCOL_MAX = 0xff;
const MAX_TOKENS = 1024;
/** A status and one word. */
const LEAST_PAYLOAD = 8;

/** Finds the SCMI instances of a tree. What is wrong with one does not keep the others from coming up. */
export function scmiOf(tree: DeviceTree): ScmiBinding {
  const instances: ScmiInstance[] = [];
  const broken: BrokenInstance[] = [];
  const disabled: Node[] = [];
  const warnings: BoardError[] = [];
  const claimed: ClaimedArea[] = [];
  for (const node of tree.root.walk()) {
    const compatible = node.strings("compatible")?.find((it) => it in TRANSPORTS);
    if (compatible === undefined) {
      const strange = strangeCompatible(node);
      if (strange !== undefined && node.isEnabled) broken.push({ node, errors: [strange] });
      continue;
    }
    if (!node.isEnabled) {
      disabled.push(node);
      continue;
    }
    const errors: BoardError[] = [];
    const instance = instanceOf(tree, node, compatible, errors, warnings);
    if (instance) for (const error of overlaps(instance, claimed)) errors.push(error);
    if (instance && errors.length === 0) {
      instances.push(instance);
      claimed.push(...areasOf(instance));
    } else broken.push({ node, errors });
  }
  return { instances, broken, disabled, warnings };
}

/** Calls itself SCMI, is no protocol and no memory, and its transport is none that we know. */
function strangeCompatible(node: Node): BoardError | undefined {
  const compatibles = node.strings("compatible") ?? [];
  const isInstance =
    /^scmi(-\d+)?$/.test(node.baseName) && node.children.some(({ baseName }) => baseName === "protocol");
  if (!isInstance) return undefined;
  return node.wrong("compatible", `one of ${SCMI_COMPATIBLES.join(", ")}`, compatibles.join(", ") || "none");
}

function instanceOf(
  tree: DeviceTree,
  node: Node,
  compatible: string,
  errors: BoardError[],
  warnings: BoardError[],
): ScmiInstance | undefined {
  const transport = TRANSPORTS[compatible] as ScmiTransport;
  const attempt = <T>(act: () => T): T | undefined => collect(errors, act);
  const owner = { node, compatible, transport };
  const limits = attempt(() => limitsOf(node));
  const channel = attempt(() => channelOf(tree, owner, node));
  const supplier = attempt(() => supplierOf(tree, node));
  if (transport !== "mailbox" && node.has("arm,no-completion-irq")) {
    errors.push(node.wrong("arm,no-completion-irq", "it with arm,scmi only", compatible));
  }
  const protocols: ScmiProtocolNode[] = [];
  for (const child of node.children) {
    if (child.baseName !== "protocol") continue;
    const id = attempt(() => child.cell("reg"));
    if (id === undefined) {
      warnings.push(child.wrong("reg", "the id of a protocol", "none; the node is ignored"));
      continue;
    }
    if (id < PROTOCOL_MIN || id > PROTOCOL_MAX) {
      warnings.push(child.wrong("reg", "a protocol id, 0x10 to 0xff", `0x${id.toString(16)}; the node is ignored`));
      continue;
    }
    if (!child.isAvailable) continue;
    const twin = protocols.find((it) => it.id === id);
    if (twin) {
      errors.push(child.wrong("reg", "an id of its own", `0x${id.toString(16)}, which ${twin.node.path} has, too`));
      continue;
    }
    const own = hasOwnChannel(owner, child) ? attempt(() => channelOf(tree, owner, child)) : undefined;
    protocols.push({ node: child, id, channel: own });
  }
  if (!limits || !channel) return undefined;
  return { ...owner, limits, supplier, channel, protocols };
}

function limitsOf(node: Node): ScmiLimits {
  const within = (property: string, least: number, unit: string, most?: number) => {
    const value = node.cell(property);
    if (value === undefined) return undefined;
    if (value < least) throw node.wrong(property, `at least ${least} ${unit}`, `${value}`);
    if (most !== undefined && value > most) throw node.wrong(property, `at most ${most} ${unit}`, `${value}`);
    return value;
  };
  return {
    timeoutMs: within("arm,max-rx-timeout-ms", 1, "ms"),
    maxMessages: within("arm,max-msg", 1, "message", MAX_TOKENS),
    maxPayload: within("arm,max-msg-size", LEAST_PAYLOAD, "bytes"),
    atomicThresholdUs: node.cell("atomic-threshold-us"),
  };
}

function supplierOf(tree: DeviceTree, node: Node): Node | undefined {
  const phandle = node.cell("scmi-wasm,supplier");
  if (phandle === undefined) return undefined;
  const supplier = tree.byPhandle(phandle);
  if (supplier) return supplier;
  throw node.wrong("scmi-wasm,supplier", "the phandle of a TEE or virtio node", `0x${phandle.toString(16)}`);
}

interface ClaimedArea {
  readonly area: ShmemArea;
  /** Who uses it. */
  readonly by: Node;
}

function areasOf({ node, channel, protocols }: ScmiInstance): readonly ClaimedArea[] {
  const channels = [{ by: node, channel }, ...protocols.map((it) => ({ by: it.node, channel: it.channel }))];
  return channels.flatMap(({ by, channel: its }) => (its?.areas ?? []).map((area) => ({ area, by })));
}

/** Areas of an instance that share bytes with one another or with those of others. */
function overlaps(instance: ScmiInstance, claimed: readonly ClaimedArea[]): readonly BoardError[] {
  const errors: BoardError[] = [];
  const seen = [...claimed];
  for (const one of areasOf(instance)) {
    const other = seen.find(({ area }) => isShared(area, one.area));
    if (other) {
      const { path } = other.area.node;
      errors.push(
        one.by.wrong(
          "shmem",
          "memory that no other channel uses",
          `${one.area.node.path}, which shares bytes with ${path} of ${other.by.path}`,
        ),
      );
    }
    seen.push(one);
  }
  return errors;
}

function isShared(a: ShmemArea, b: ShmemArea): boolean {
  return a.address < b.address + BigInt(b.sizeBytes) && b.address < a.address + BigInt(a.sizeBytes);
}

function collect<T>(errors: BoardError[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    errors.push(error);
    return undefined;
  }
}
