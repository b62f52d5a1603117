import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** True when the generator was called with `--check`: then nothing is written. */
export const isCheck = process.argv.includes("--check");

/** Writes a generated file, named from the root of the repository; under `--check` compares instead and sets exit code 1
 *  when the file on disk is not what its generator says. */
export function emit(name, text) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const current = read(path);
  if (current === text) return;
  if (isCheck) {
    console.error(
      `${name}: expected what its generator writes, got ${current === undefined ? "no file" : "other text"}`,
    );
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`${name}: written`);
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
