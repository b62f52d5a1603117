import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder above `bench/`. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The sources, and not the installed package, which has of them only what `scmi bench` needs. */
export const IS_CHECKOUT = existsSync(join(ROOT, "scripts/build-wasm.mjs"));

/** Where compiled twins are kept. A package may lie where its user cannot write. */
export const BUILT = IS_CHECKOUT
  ? join(ROOT, "bench/.build")
  : join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "scmi-wasm");
