import type { ScmiConsumer } from "../../devicetree/index.ts";

/** A resource that a tree refers to, or a gap between two that it does. */
export interface Wanted {
  readonly id: number;
  /** Who refers to it; empty for a gap. */
  readonly consumers: readonly ScmiConsumer[];
}

/** As many resources as a protocol is given at most: ids are positions, so one that is far out would cost as much as all below it. */
export const MOST_RESOURCES = 0x10000;

/** The resources 0 to the highest that consumers of one protocol refer to.
 *  @throws BoardError for an id that no platform here goes to */
export function wantedBy(consumers: readonly ScmiConsumer[]): readonly Wanted[] {
  const byId = new Map<number, ScmiConsumer[]>();
  let count = 0;
  for (const consumer of consumers) {
    if (consumer.resource === undefined) continue;
    const { resource, device, property, index } = consumer;
    if (resource >= MOST_RESOURCES) {
      throw device.wrong(`${property}[${index}]`, `a resource from 0 to ${MOST_RESOURCES - 1}`, `${resource}`);
    }
    count = Math.max(count, resource + 1);
    const known = byId.get(resource);
    if (known) known.push(consumer);
    else byId.set(resource, [consumer]);
  }
  return Array.from({ length: count }, (_, id) => ({ id, consumers: byId.get(id) ?? [] }));
}

const LONGEST = 63;

/** Names that differ, of at most 63 printable characters. */
export class NameMaker {
  readonly #taken = new Set<string>();
  /** The number after which to go on, by the proposed name: thousands of devices may have the same. */
  readonly #next = new Map<string, number>();

  /** A name like the proposed one that nobody has yet. */
  make(proposed: string): string {
    const clean = proposed.replace(/[^!-~]/g, "-").slice(0, LONGEST) || "resource";
    let name = clean;
    let i = this.#next.get(clean) ?? 2;
    for (; this.#taken.has(name); i++) name = `${clean.slice(0, LONGEST - 1 - `${i}`.length)}-${i}`;
    this.#next.set(clean, i);
    this.#taken.add(name);
    return name;
  }
}

/** What the first consumer calls a resource: its own name for it (`clock-names`), after the device's. */
export function calledBy(consumers: readonly ScmiConsumer[], namesProperty: string, property: string): string {
  const consumer = consumers.find((it) => it.property === property) ?? consumers[0];
  if (!consumer) return "";
  const { device, index } = consumer;
  const own = consumer.property === property ? device.strings(namesProperty)?.[index] : undefined;
  return own ? `${device.baseName}-${own}` : device.baseName;
}
