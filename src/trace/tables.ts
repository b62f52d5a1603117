import { PROTOCOLS } from "../protocols/index.ts";
import type { Command, Notification, Protocol } from "../wire/index.ts";

/** The message tables of a trace: the standard protocols, and vendor protocols once it is known whose they are. */
export class Tables {
  readonly #byId: (Protocol | undefined)[] = [];
  readonly #vendors: readonly Protocol[];

  constructor(vendorProtocols: readonly Protocol[] = []) {
    for (const table of PROTOCOLS) this.#byId[table.id] = table;
    this.#vendors = vendorProtocols;
  }

  /** The table of a protocol; `undefined` when there is none. */
  table(protocolId: number): Protocol | undefined {
    return this.#byId[protocolId];
  }

  /** From now on vendor protocols are those of this vendor; case does not matter.
   *  @returns how many tables that makes */
  setVendor(vendor: string): number {
    const own = this.#vendors.filter((it) => it.vendor?.vendor.toLowerCase() === vendor.toLowerCase());
    for (const table of own) this.#byId[table.id] = table;
    return own.length;
  }

  /** Vendors with a table. */
  get vendorNames(): readonly string[] {
    return [...new Set(this.#vendors.flatMap(({ vendor }) => (vendor ? [vendor.vendor] : [])))];
  }

  /** A command of any version; `undefined` when no table has it. */
  command(protocolId: number, messageId: number): Command | undefined {
    return this.#byId[protocolId]?.commands.find((it) => it.id === messageId);
  }

  /** A notification of any version; `undefined` when no table has it. */
  notification(protocolId: number, messageId: number): Notification | undefined {
    return this.#byId[protocolId]?.notifications.find((it) => it.id === messageId);
  }

  /** `clock`; `0x86` for what has no table. */
  protocolName(protocolId: number): string {
    return this.#byId[protocolId]?.name ?? hexId(protocolId);
  }

  /** `CLOCK_RATE_SET`; `0x21` for what no table has. */
  commandName(protocolId: number, messageId: number): string {
    return this.command(protocolId, messageId)?.name ?? hexId(messageId);
  }
}

/** `0x14` */
export function hexId(id: number): string {
  return `0x${id.toString(16).padStart(2, "0")}`;
}
