import type { Board } from "../board/board.ts";
import { BaseDiscoverSubVendor, baseProtocol } from "../protocols/base.ts";
import { type Release, versionIn } from "../protocols/releases.ts";
import type { Protocol } from "../wire/protocol.ts";
import { clockPart } from "./clock-part.ts";
import type { Part } from "./part.ts";
import { performancePart } from "./performance-part.ts";
import { pinctrlPart } from "./pinctrl-part.ts";
import { powerPart } from "./power-part.ts";
import { powercapPart } from "./powercap-part.ts";
import { resetPart } from "./reset-part.ts";
import { sensorPart } from "./sensor-part.ts";
import { systemPowerPart } from "./system-power-part.ts";
import { type VendorProtocol, vendorPart } from "./vendor.ts";
import { voltagePart } from "./voltage-part.ts";

/** All standard protocols that a platform can have beside Base, ascending by id. */
const STANDARD: readonly Part[] = [
  powerPart,
  systemPowerPart,
  performancePart,
  clockPart,
  sensorPart,
  resetPart,
  voltagePart,
  powercapPart,
  pinctrlPart,
];

/** What a board, a release and the protocols of a vendor come to. */
export class Parts {
  /** All protocols beside Base, ascending by id. */
  readonly list: readonly Part[];
  readonly #board: Board;
  /** Version words by protocol id. */
  readonly #versions = new Map<number, number>();

  /** @throws RangeError when a vendor protocol is of another vendor than the board, has an id twice, or an unknown version */
  constructor(board: Board, release: Release, vendorProtocols: readonly VendorProtocol[] = []) {
    this.#board = board;
    this.#versions.set(baseProtocol.id, versionIn(release, baseProtocol.id) ?? baseProtocol.versions[0]);
    const list: Part[] = [];
    for (const part of STANDARD) {
      const version = versionIn(release, part.protocol.id);
      if (version === undefined || !part.isIn(board)) continue;
      list.push(part);
      this.#versions.set(part.protocol.id, version);
    }
    for (const vendor of vendorProtocols) {
      const { protocol, version = protocol.newestVersion } = vendor;
      expectOf(board, protocol, version);
      if (this.#versions.has(protocol.id))
        throw new RangeError(`"id" expected one of its own, got ${protocol.id} twice`);
      list.push(vendorPart(vendor));
      this.#versions.set(protocol.id, version);
    }
    this.list = list.sort((a, b) => a.protocol.id - b.protocol.id);
  }

  /** The protocols, Base included, ascending by id. */
  get protocols(): readonly Protocol[] {
    return [baseProtocol, ...this.list.map(({ protocol }) => protocol)];
  }

  /** FastChannels that an agent can have open at once. */
  get fastChannelCount(): number {
    return this.list.reduce((sum, part) => sum + (part.fastChannelCount?.(this.#board) ?? 0), 0);
  }

  /** What a protocol adds; `undefined` for Base, and for what the platform has not. */
  part(protocolId: number): Part | undefined {
    return this.list.find(({ protocol }) => protocol.id === protocolId);
  }

  /** The version word that the platform reports. */
  versionOf({ id, versions }: Protocol): number {
    return this.#versions.get(id) ?? versions[0];
  }

  /** Whether the platform has a command of a table. */
  hasCommand({ id }: Protocol, messageId: number): boolean {
    if (id === baseProtocol.id) return messageId !== BaseDiscoverSubVendor.id || this.#board.subVendor !== undefined;
    return this.part(id)?.hasCommand(this.#board, messageId) ?? false;
  }
}

function expectOf(board: Board, { name, vendor, versions }: Protocol, version: number): void {
  if (!vendor) throw new RangeError(`"vendorProtocols" expected ids 0x80 to 0xff, got the standard protocol ${name}`);
  const isOurs =
    isSame(vendor.vendor, board.vendor) &&
    (vendor.subVendor === undefined || isSame(vendor.subVendor, board.subVendor ?? "")) &&
    (vendor.implementationVersion === undefined || vendor.implementationVersion === board.implementationVersion);
  if (!isOurs) {
    const needed = [vendor.vendor, vendor.subVendor, vendor.implementationVersion].filter((it) => it !== undefined);
    const got = [board.vendor, board.subVendor ?? "", board.implementationVersion];
    throw new RangeError(`"${name}" expected a board of ${needed.join(" ")}, got ${got.join(" ")} (${board.file})`);
  }
  if (!versions.includes(version)) {
    throw new RangeError(`"version" of ${name} expected one of its table, got 0x${version.toString(16)}`);
  }
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
