import { IS_CHECKOUT } from "./place.mjs";

/** The constants of assembly/layout.ts, in a checkout straight from the source: benches run on whatever is built, built or not. */
export const L = IS_CHECKOUT
  ? await (await import("../../scripts/read-layout.mjs")).layoutConstants()
  : await import("../../dist/assembly/layout.js");
