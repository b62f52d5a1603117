import type { ScmiConsumer } from "../../devicetree/index.ts";

/** A resource that a tree refers to, or a gap between two that it does. */
export interface Wanted {
  readonly id: number;
  /** Who refers to it; empty for a gap. */
  readonly consumers: readonly ScmiConsumer[];
}

/** The resources 0 to the highest that consumers of one protocol refer to. */
export function wantedBy(consumers: readonly ScmiConsumer[]): readonly Wanted[] {
  const byId = new Map<number, ScmiConsumer[]>();
  for (const consumer of consumers) {
    if (consumer.resource === undefined) continue;
    byId.set(consumer.resource, [...(byId.get(consumer.resource) ?? []), consumer]);
  }
  const count = Math.max(-1, ...byId.keys()) + 1;
  return Array.from({ length: count }, (_, id) => ({ id, consumers: byId.get(id) ?? [] }));
}

const LONGEST = 63;

/** Names that differ, of at most 63 printable characters. */
export class NameMaker {
  readonly #taken = new Set<string>();

  /** A name like the proposed one that nobody has yet. */
  make(proposed: string): string {
    const clean = proposed.replace(/[^!-~]/g, "-").slice(0, LONGEST) || "resource";
    let name = clean;
    for (let i = 2; this.#taken.has(name); i++) name = `${clean.slice(0, LONGEST - 1 - `${i}`.length)}-${i}`;
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
