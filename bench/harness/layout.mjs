import { layoutConstants } from "../../scripts/read-layout.mjs";

/** The constants of assembly/layout.ts, straight from the source: benches run on whatever is built, built or not. */
export const L = await layoutConstants();
