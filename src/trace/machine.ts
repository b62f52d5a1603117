import type { Release } from "../protocols/index.ts";
import { type Shape, shapeOf } from "../wire/index.ts";
import { Lists } from "./multi-part.ts";
import type { Tables } from "./tables.ts";
import { Versions } from "./versions.ts";
import { Xfers } from "./xfers.ts";

/** What is known of one SCMI instance while its trace goes by. */
export class Machine {
  readonly xfers = new Xfers();
  readonly lists = new Lists();
  readonly versions: Versions;
  readonly #tables: Tables;

  constructor(tables: Tables, profile: Release) {
    this.#tables = tables;
    this.versions = new Versions(tables, profile);
  }

  /** The words of a FastChannel by name. Traces print two of them whatever the FastChannel has.
   *  @param values in the order of the FastChannel's memory */
  fastChannelFields(protocolId: number, messageId: number, values: readonly number[]): Record<string, unknown> {
    const memory = this.#tables.command(protocolId, messageId)?.fastChannel?.memory;
    const shape: Shape | undefined = memory && shapeOf(memory);
    if (shape?.kind !== "struct") return { values };
    return Object.fromEntries(shape.fields.map(({ name }, i) => [name, values[i] ?? 0]));
  }
}
