import { readFileSync } from "node:fs";
import * as layout from "../../assembly/sim/layout.ts";

/** The exports of the fleets' module, written down once more. */
export interface SimExports {
  readonly memory: WebAssembly.Memory;
  open(slots: number, domains: number, levels: number, mostAsks: number): number;
  govern(governor: number, first: number, count: number): void;
  look(from: number, nowUs: number): number;
  count(count: number): void;
}

/** Where the binaries lie; SCMI_BUILD_DIR (with a trailing slash) points at others, such as mutants. */
const BUILD_FOLDER = process.env.SCMI_BUILD_DIR
  ? new URL(process.env.SCMI_BUILD_DIR, "file:///")
  : new URL("../../build/", import.meta.url);

let module: WebAssembly.Module | undefined;

/** A fresh instance of build/sim.wasm. */
export function instantiateSim(): SimExports {
  module ??= new WebAssembly.Module(readFileSync(new URL("sim.wasm", BUILD_FOLDER)));
  return new WebAssembly.Instance(module).exports as unknown as SimExports;
}

/** Where the arrays begin, and how long an entry is. */
export const ARRAYS = {
  askedAt: [layout.HEAD_ASKED_AT, 8, "slots"],
  requested: [layout.HEAD_REQUESTED, 4, "slots"],
  utilisations: [layout.HEAD_UTILISATIONS, 2, "slots"],
  domains: [layout.HEAD_DOMAINS, 2, "slots"],
  rateLimits: [layout.HEAD_RATE_LIMITS, 8, "domains"],
  capacities: [layout.HEAD_CAPACITIES, 2, "levels"],
  bounds: [layout.HEAD_BOUNDS, layout.BOUND_BYTES, "levels"],
  asks: [layout.HEAD_ASKS, layout.ASK_BYTES, "mostAsks"],
} as const;

/** An opened memory, in plain words. */
export class SimFleet {
  readonly exports = instantiateSim();
  readonly view: DataView;

  constructor(slots: number, domains: number, levels: number, mostAsks: number) {
    if (this.exports.open(slots, domains, levels, mostAsks) !== 0) throw new Error("expected room");
    this.view = new DataView(this.exports.memory.buffer);
    for (let slot = 0; slot < slots; slot++) this.view.setFloat64(this.at("askedAt", slot), -Infinity, true);
  }

  at(array: keyof typeof ARRAYS, index: number): number {
    const [head, stride] = ARRAYS[array];
    return this.view.getUint32(head, true) + index * stride;
  }

  put(
    array: "requested" | "utilisations" | "domains" | "capacities" | "rateLimits",
    index: number,
    value: number,
  ): void {
    const at = this.at(array, index);
    if (array === "rateLimits") this.view.setFloat64(at, value, true);
    else if (array === "requested") this.view.setUint32(at, value, true);
    else this.view.setUint16(at, value, true);
  }

  /** What a tick lists from a slot on, and where it goes on. */
  look(
    from: number,
    nowUs: number,
  ): { readonly asks: (readonly [slot: number, level: number])[]; readonly next: number } {
    const count = this.exports.look(from, nowUs);
    const asks = Array.from({ length: count }, (_, i) => {
      const at = this.at("asks", i);
      return [this.view.getUint32(at, true), this.view.getUint32(at + 4, true)] as const;
    });
    return { asks, next: this.view.getUint32(layout.HEAD_NEXT, true) };
  }
}
