import { BoardError } from "../errors.ts";
import { type Reference, referencesOf } from "./references.ts";
import { SCMI_COMPATIBLES, type ScmiInstance, type ScmiProtocolNode } from "./scmi.ts";
import { type DeviceTree, type Node, offText } from "./tree.ts";

/** One place where a device refers to a resource of SCMI. */
export interface ScmiConsumer {
  readonly device: Node;
  /** `clocks`, `vin-supply`, `pinctrl-0` … */
  readonly property: string;
  /** Position in the property. */
  readonly index: number;
  readonly protocol: ScmiProtocolNode;
  /** What the property refers to: the protocol node, a regulator, a pin group. */
  readonly provider: Node;
  /** First cell of the specifier, or the regulator's `reg`; `undefined` for a pin group. */
  readonly resource: number | undefined;
}

/** All consumers of SCMI in a tree. */
export interface ScmiConsumers {
  /** By instance, in the order of the tree. */
  readonly byInstance: ReadonlyMap<ScmiInstance, readonly ScmiConsumer[]>;
  /** Properties that could not be followed, and protocol nodes that are switched off and referred to all the same. */
  readonly problems: readonly BoardError[];
}

/** Properties with specifiers, and what counts their cells. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  clocks: "#clock-cells",
  "assigned-clocks": "#clock-cells",
  "assigned-clock-parents": "#clock-cells",
  resets: "#reset-cells",
  "power-domains": "#power-domain-cells",
  "performance-domains": "#performance-domain-cells",
  "thermal-sensors": "#thermal-sensor-cells",
};

const VOLTAGE = 0x17;
const PINCTRL = 0x19;
const SUPPLY = /-supply$/;
const PINS = /^pinctrl-\d+$/;

/** Finds every specifier by which an enabled node refers into a protocol node of these instances. */
export function consumersOf(tree: DeviceTree, instances: readonly ScmiInstance[]): ScmiConsumers {
  const owners = ownersOf(instances);
  const byInstance = new Map<ScmiInstance, ScmiConsumer[]>(instances.map((it) => [it, []]));
  const problems: BoardError[] = [];
  const off = protocolsOff(tree);
  const users = new Map<Node, string[]>();
  for (const device of enabledNodes(tree.root)) {
    for (const property of device.properties.keys()) {
      const cellsName = cellsNameOf(property);
      if (cellsName === undefined) continue;
      let references: readonly Reference[];
      try {
        references = referencesOf(tree, device, property, cellsName || undefined);
      } catch (error) {
        if (!(error instanceof BoardError)) throw error;
        problems.push(error);
        continue;
      }
      for (const { index, provider, args } of references) {
        const protocolOff = off.get(provider);
        if (protocolOff) noteUser(users, protocolOff, `${device.path} (${property})`);
        const owner = owners.get(provider);
        if (!owner || !refers(property, owner, provider)) continue;
        const { instance, protocol } = owner;
        const resource = resourceOf(property, provider, args);
        byInstance.get(instance)?.push({ device, property, index, protocol, provider, resource });
      }
    }
  }
  for (const [protocol, names] of users) problems.push(switchedOff(protocol, names));
  return { byInstance, problems };
}

/** Protocol nodes that are not enabled, by themselves and by all below. */
function protocolsOff(tree: DeviceTree): ReadonlyMap<Node, Node> {
  const off = new Map<Node, Node>();
  for (const node of tree.root.walk()) {
    if (!node.strings("compatible")?.some((it) => SCMI_COMPATIBLES.includes(it))) continue;
    for (const protocol of node.children) {
      if (protocol.baseName !== "protocol" || protocol.isEnabled) continue;
      for (const below of protocol.walk()) off.set(below, protocol);
    }
  }
  return off;
}

function noteUser(users: Map<Node, string[]>, protocol: Node, name: string): void {
  const names = users.get(protocol);
  if (names) names.push(name);
  else users.set(protocol, [name]);
}

function switchedOff(protocol: Node, [first = "", ...more]: readonly string[]): BoardError {
  const users = more.length === 0 ? `${first} refers` : `${first} and ${more.length} more refer`;
  return protocol.wrong(undefined, `it to be switched on, as ${users} to it`, offText(protocol));
}

interface Owner {
  readonly instance: ScmiInstance;
  readonly protocol: ScmiProtocolNode;
}

/** Protocol nodes and all below, with whose they are. */
function ownersOf(instances: readonly ScmiInstance[]): ReadonlyMap<Node, Owner> {
  const owners = new Map<Node, Owner>();
  for (const instance of instances) {
    for (const protocol of instance.protocols) {
      for (const node of protocol.node.walk()) owners.set(node, { instance, protocol });
    }
  }
  return owners;
}

/** `""` = phandles only; `undefined` = no property that refers to resources. */
function cellsNameOf(property: string): string | undefined {
  if (Object.hasOwn(SPECIFIERS, property)) return SPECIFIERS[property];
  return SUPPLY.test(property) || PINS.test(property) ? "" : undefined;
}

function refers(property: string, { protocol }: Owner, provider: Node): boolean {
  if (SUPPLY.test(property)) return protocol.id === VOLTAGE && provider !== protocol.node;
  if (PINS.test(property)) return protocol.id === PINCTRL && provider !== protocol.node;
  return provider === protocol.node;
}

function resourceOf(property: string, provider: Node, args: readonly number[]): number | undefined {
  if (PINS.test(property)) return undefined;
  return SUPPLY.test(property) ? provider.cells("reg")?.[0] : args[0];
}

/** Nodes that are available, as all above them. */
function* enabledNodes(root: Node): Generator<Node, void, undefined> {
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (!node.isAvailable) continue;
    yield node;
    for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i] as Node);
  }
}
