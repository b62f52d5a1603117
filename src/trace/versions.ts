import { type Release, versionIn } from "../protocols/index.ts";
import type { MessageSet, Protocol } from "../wire/index.ts";
import type { Tables } from "./tables.ts";

/** The messages of a protocol as one SCMI instance has them. */
export interface KnownVersion {
  readonly set: MessageSet;
  /** As reported, or as the profile has it. */
  readonly version: number;
  readonly from: "trace" | "profile";
}

/** Which version each protocol of one SCMI instance has: what the trace says, else what the profile says. */
export class Versions {
  readonly #tables: Tables;
  readonly #profile: Release;
  readonly #known: (KnownVersion | undefined)[] = [];

  constructor(tables: Tables, profile: Release) {
    this.#tables = tables;
    this.#profile = profile;
  }

  /** The messages of a protocol; `undefined` when there is no table. */
  of(protocolId: number): KnownVersion | undefined {
    const known = this.#known[protocolId];
    if (known) return known;
    const table = this.#tables.table(protocolId);
    if (!table) return undefined;
    // A release that lacks the protocol tells nothing: its oldest layouts are as good as any.
    const version = versionIn(this.#profile, protocolId) ?? (table.vendor ? table.newestVersion : table.versions[0]);
    const assumed: KnownVersion = { set: table.at(version), version, from: "profile" };
    this.#known[protocolId] = assumed;
    return assumed;
  }

  /** The platform reported or accepted a version. */
  learn(protocolId: number, version: number): void {
    const table = this.#tables.table(protocolId);
    if (!table || version < table.versions[0]) return; // what no table can lay out is decoded as assumed
    this.#known[protocolId] = { set: table.at(version), version, from: "trace" };
  }
}

/** The other versions of a protocol, newest first. */
export function otherVersions(table: Protocol, version: number): readonly number[] {
  return table.versions.filter((it) => it !== version).reverse();
}

/** The messages of a version; of the newest when it is not known. */
export function versionOfSet(table: Protocol, version: number | undefined): MessageSet {
  return table.at(version === undefined || version < table.versions[0] ? table.newestVersion : version);
}
