import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileCore, findCompiler, INCLUDE, RUNTIME, STRICT, translate } from "../../examples/embed/c/build.mjs";
import { BUILT } from "./place.mjs";
import { snapshot } from "./shapes.mjs";

const peers = fileURLToPath(new URL("../peers/", import.meta.url));
const embed = fileURLToPath(new URL("../../examples/embed/c/", import.meta.url));

/** What each native peer is made of, beside its own source file. */
const FLAGS = { flat: [], structured: ["-lpthread"], prototype: [], pingpong: ["-lpthread"], wasm2c: [] };

/** Compiles the named peers, or takes what was compiled of the same sources before. Undefined without a C compiler. */
export function compilePeers(names, wasm) {
  const compiler = findCompiler();
  if (!compiler) return undefined;
  const sources = [peers, embed].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => readFileSync(join(folder, name))),
  );
  const version = execFileSync(compiler, ["--version"]);
  const programs = {};
  for (const name of names) {
    const parts = name === "wasm2c" ? [...sources, readFileSync(wasm)] : sources;
    const hash = createHash("sha256").update(name).update(version);
    for (const part of parts) hash.update(part);
    const program = join(BUILT, `${name}-${hash.digest("hex").slice(0, 16)}`);
    if (!existsSync(program)) compile(compiler, name, wasm, program);
    programs[name] = program;
  }
  return { compiler: version.toString().split("\n")[0], programs };
}

/** Compiles aside and moves into place: tests and benches may do so at the same time. */
function compile(compiler, name, wasm, program) {
  makeBuilt();
  const folder = mkdtempSync(join(BUILT, "tmp-"));
  const inputs = [join(peers, `${name}.c`)];
  const flags = [...STRICT, INCLUDE];
  if (name === "wasm2c") {
    translate(wasm, folder);
    inputs.push(RUNTIME, compileCore(compiler, folder, ["-DSCMI_RT_GUARD_PAGES"]));
    flags.push("-DSCMI_RT_GUARD_PAGES", `-I${folder}`);
  }
  execFileSync(compiler, [...flags, ...inputs, "-lm", ...FLAGS[name], "-o", join(folder, name)], { stdio: "inherit" });
  renameSync(join(folder, name), program);
  removeStale(name);
  rmSync(folder, { recursive: true });
}

function makeBuilt() {
  try {
    mkdirSync(BUILT, { recursive: true });
  } catch (cause) {
    throw new Error(
      `bench: expected to keep compiled twins in ${BUILT}, got ${cause.code}: set XDG_CACHE_HOME to a folder of yours`,
      { cause },
    );
  }
}

/** Programs of sources that changed since; what another process may have just compiled stays. */
function removeStale(name) {
  for (const entry of readdirSync(BUILT)) {
    const path = join(BUILT, entry);
    if (!entry.startsWith(`${name}-`)) continue;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > 3_600_000) rmSync(path, { force: true });
  }
}

const images = [];
process.once("exit", () => {
  for (const path of images) rmSync(path, { force: true });
});

/** Writes a core's snapshot where native peers can load it. */
export function writeImage(memory, core) {
  makeBuilt();
  const path = join(BUILT, `image-${process.pid}-${images.length}`);
  writeFileSync(path, snapshot(memory, core));
  images.push(path);
  return { path, base: core };
}

/** A peer in a process of its own, asked line by line. */
export class NativePeer {
  #process;
  #lines = [];
  #waiting = [];
  #ended;

  constructor(program) {
    // A group of its own: Ctrl-C is for the bench, which then says what it has
    this.#process = spawn(program, [], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      const waiter = this.#waiting.shift();
      if (waiter) waiter.resolve(line);
      else this.#lines.push(line);
    });
    this.#process.on("close", (code) => {
      this.#ended = new Error(`${program}: expected an answer, got exit code ${code}`);
      for (const { reject } of this.#waiting) reject(this.#ended);
    });
  }

  #nextLine() {
    if (this.#lines.length) return Promise.resolve(this.#lines.shift());
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async load({ path, base }) {
    this.#process.stdin.write(`load ${path} ${base}\n`);
    const line = await this.#nextLine();
    if (line !== "loaded") throw new Error(`native peer: expected "loaded", got "${line}"`);
  }

  /** Agent on core 0, platform on core 1: for the ping-pong peer, before `load`. */
  async pin() {
    this.#process.stdin.write("pin\n");
    const line = await this.#nextLine();
    if (line !== "pinned") throw new Error(`native peer: expected "pinned", got "${line}"`);
  }

  async script(path) {
    this.#process.stdin.write(`script ${path}\n`);
    const lines = [];
    for (let line = await this.#nextLine(); line !== "end"; line = await this.#nextLine()) lines.push(line);
    return lines;
  }

  /** Runs a case `count` times; the nanoseconds of each, the sum of all results, and what was wrong with them. */
  async sample(name, ops, count, ...args) {
    this.#process.stdin.write(`sample ${name} ${ops} ${count} ${args.join(" ")}\n`);
    const numbers = (await this.#nextLine()).trim().split(" ").map(Number);
    if (numbers.length !== count + 2)
      throw new Error(`native peer: ${name}: expected ${count} samples, got ${numbers.length - 2}`);
    return { ns: numbers.slice(0, count), sum: numbers[count] | 0, bad: numbers[count + 1] };
  }

  close() {
    this.#process.stdin.end();
  }
}
