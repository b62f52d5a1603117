import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shortSamples, statistics } from "../bench/harness/measure.mjs";
import { MIX } from "../bench/harness/mix.mjs";
import { compilePeers, NativePeer, writeImage } from "../bench/harness/native.mjs";
import { planOf, SHAPES } from "../bench/harness/shapes.mjs";
import { createBest } from "../bench/peers/best.mjs";
import { CorePeer } from "../bench/peers/core.mjs";
import { answerScript } from "../bench/peers/script.mjs";
import { Usual } from "../bench/peers/usual.mjs";
import { randomScript, VECTORS } from "../bench/peers/vectors.mjs";
import { judge } from "../bench/targets.mjs";
import { PROTOCOLS } from "../src/protocols/index.ts";

type Answer = (lines: readonly string[]) => Promise<string[]>;

const NATIVE = ["wasm2c", "flat", "structured"] as const;
const SEED = 20_240_501;
const noCompiler = "no C compiler (cc, gcc, clang or $CC)";

const wasm = fileURLToPath(new URL("../build/release.wasm", import.meta.url));
const module = new WebAssembly.Module(readFileSync(wasm));
const folder = mkdtempSync(join(tmpdir(), "scmi-bench-"));
const compiled = compilePeers([...NATIVE], wasm);
const running = new Map<string, NativePeer>();

/** The core first: what it answers is what all others have to answer. */
const inProcess: Record<string, Answer> = {
  core: async (lines) => answerScript(new CorePeer(module, SHAPES.board), lines.join("\n")),
  "best JavaScript": async (lines) => answerScript(createBest(planOf(SHAPES.board)), lines.join("\n")),
  "usual JavaScript": async (lines) => answerScript(new Usual(planOf(SHAPES.board)), lines.join("\n")),
};

let image: { path: string; base: number };

beforeAll(() => {
  const { wasm: exports, core } = new CorePeer(module, SHAPES.board);
  image = writeImage(exports.memory, core);
  for (const [name, program] of Object.entries(compiled?.programs ?? {})) running.set(name, new NativePeer(program));
});

afterAll(() => {
  for (const peer of running.values()) peer.close();
  rmSync(folder, { recursive: true });
  rmSync(image.path, { force: true });
});

function native(name: string): Answer {
  return async (lines) => {
    const peer = running.get(name);
    if (!peer) throw new Error(`${name}: expected a running peer, got none`);
    const script = join(folder, `${name}.txt`);
    writeFileSync(script, `${lines.join("\n")}\n`);
    await peer.load(image);
    return peer.script(script);
  };
}

const peers: [string, Answer][] = [
  ...Object.entries(inProcess),
  ...NATIVE.map((name): [string, Answer] => [`${name} C`, native(name)]),
];

describe.each(peers)("%s", (name, answer) => {
  const isNative = name.endsWith(" C");

  test.for(VECTORS)("answers the vectors: $name", async (vector, context) => {
    if (isNative && !compiled) return context.skip(noCompiler);
    const lines = vector.lines.map((line: string) => line.split(" →")[0] ?? "");
    const answers = await answer(lines);
    const got = vector.lines.map((_: string, i: number) => `${lines[i]} → ${answers[i] ?? "nothing"}`.trimEnd());
    expect(got).toEqual(vector.lines.map((line: string) => line.trimEnd()));
  });

  test("answers 40 random scripts as the core does", async (context) => {
    if (isNative && !compiled) return context.skip(noCompiler);
    for (let seed = SEED; seed < SEED + 40; seed++) {
      const lines = randomScript(seed, 400);
      const expected = (await inProcess.core?.(lines)) ?? [];
      const got = await answer(lines);
      const first = expected.findIndex((line, i) => line.trimEnd() !== got[i]?.trimEnd());
      expect(first < 0 ? "" : `seed ${seed}, line ${first}: ${lines[first]}: ${expected[first]} / ${got[first]}`).toBe(
        "",
      );
    }
  });
});

describe("the mixed batch", () => {
  const OPS = 4 * MIX.length;

  test("has every hot command of the message tables, and no other", () => {
    // PROTOCOL_VERSION is hot in every protocol, and the same everywhere: once is enough
    const hot = PROTOCOLS.flatMap(({ id, commands }) =>
      commands.filter((it) => it.isHot && it.id !== 0).map((it) => (id << 10) | it.id),
    );
    const mixed = MIX.filter(({ message }) => message !== 0).map(({ command }) => command);
    expect(new Set(mixed)).toEqual(new Set(hot));
    expect(mixed).toHaveLength(hot.length);
    expect(MIX.filter(({ message }) => message === 0)).toHaveLength(1);
  });

  test("gets the same answers from all peers", async (context) => {
    const core = new CorePeer(module, SHAPES.mixed);
    const image = writeImage(core.wasm.memory, core.core);
    const { sum, bad } = core.mixedLoop(OPS, MIX, 0, OPS);
    expect(bad).toBe(0);
    for (const peer of [createBest(planOf(SHAPES.mixed)), new Usual(planOf(SHAPES.mixed))]) {
      expect(peer.mixedLoop(OPS, MIX, 0, OPS)).toMatchObject({ sum, bad });
    }
    if (!compiled) return context.skip(noCompiler);
    for (const peer of running.values()) {
      await peer.load(image);
      expect(await peer.sample("mixed", OPS, 1, OPS)).toMatchObject({ sum, bad });
    }
  });
});

describe("the harness", () => {
  test("takes median, p99 and deviation of the samples, an operation", () => {
    const samples = Array.from({ length: 100 }, (_, i) => (i + 1) * 1000);
    expect(statistics(samples, 1000)).toEqual({ median: 51, p99: 100, mad: 25, min: 1, samples: 100, ops: 1000 });
  });

  test("a target is met only when each of its cases is", () => {
    const row = (name: string, core: number, wasm2c: number) => ({
      name,
      results: { core: { median: core }, wasm2c: { median: wasm2c } },
    });
    const text = "batch ≤ 1.1 × the wasm2c twin";
    const verdict = (rows: object[]) => judge(rows).find((it) => it.text === text);
    expect(verdict([row("batch 8/0 of 8", 11, 10), row("batch 8/0 of 64", 12, 10)])).toMatchObject({
      met: false,
      values: [
        { figure: 1.1, met: true },
        { figure: 1.2, met: false },
      ],
    });
    expect(verdict([row("batch 8/0 of 8", 11, 10)])?.met).toBe(true);
    expect(verdict([])?.met).toBeUndefined();
  });
});

test("samples shorter than 20 steps of the clock are found", () => {
  const results = { quick: { median: 9, ops: 1024 }, slow: { median: 20, ops: 1024 } };
  expect(shortSamples(results, 40)).toEqual([]);
  expect(shortSamples(results, 1000)).toEqual(["quick"]);
  expect(shortSamples(results, 1024)).toEqual(["quick"]);
  expect(shortSamples(results, 1025)).toEqual(["quick", "slow"]);
});

test("the commit of a report is that of what was measured, wherever the command was called", () => {
  const environment = new URL("../bench/harness/environment.mjs", import.meta.url).href;
  const script = `import { describeEnvironment } from "${environment}"; console.log(describeEnvironment({}, 1).commit);`;
  const git = (cwd: string, ...args: string[]) => spawnSync("git", args, { cwd, encoding: "utf8" });
  const here = git(fileURLToPath(new URL("..", import.meta.url)), "rev-parse", "--short=12", "HEAD").stdout.trim();
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  git(elsewhere, "init", "-q");
  const identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
  git(elsewhere, ...identity, "commit", "-q", "--allow-empty", "-m", "Something else");
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: elsewhere,
    encoding: "utf8",
  });
  expect(stdout.trim().replace(" and changes", "")).toBe(here || "undefined");
});
