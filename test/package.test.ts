import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Packs what `npm run build` left in dist/ and uses it as a stranger would: from a tarball, in a folder that has nothing else.

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const exportNames: Record<string, { values: string[]; types: string[] }> = JSON.parse(
  readFileSync(new URL("export-names.json", import.meta.url), "utf8"),
);
const subpaths = Object.keys(manifest.exports);
const modules = subpaths.filter((subpath) => typeof manifest.exports[subpath] !== "string");
const specifier = (subpath: string) => subpath.replace(/^\./, "scmi-wasm");

let consumer = "";
let installed = "";
let packed: string[] = [];

beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), "scmi-wasm-consumer-"));
  installed = join(consumer, "node_modules", "scmi-wasm");
  const [tarball] = JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", consumer));
  packed = tarball.files.map((file: { path: string }) => file.path);
  write("package.json", JSON.stringify({ name: "consumer", version: "1.0.0", type: "module", private: true }));
  npm(
    consumer,
    "install",
    "--offline",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    join(consumer, tarball.filename),
  );
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function node(...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: consumer, encoding: "utf8" });
}

function write(name: string, text: string): void {
  mkdirSync(dirname(join(consumer, name)), { recursive: true });
  writeFileSync(join(consumer, name), text);
}

describe("the tarball", () => {
  test("holds what a user needs", () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        ...["LICENSE", "README.md", "CHANGELOG.md", "package.json", "dist/core.wasm", "dist/core-threads.wasm"],
        ...["dist/src/index.js", "dist/src/index.d.ts", "dist/cli/scmi.js", "dist/cli/THIRD-PARTY-LICENSES.txt"],
        "dist/sim.wasm",
      ]),
    );
  });

  test("holds nothing that only we need", () => {
    // Of bench/ what `scmi bench` runs on
    const allowed = /^(dist|src|assembly|docs|bench|examples)\/|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    expect(packed.filter((file) => !allowed.test(file))).toEqual([]);
    // Tests of an example show how its like is tested
    const ours = packed.filter((file) => !file.startsWith("examples/"));
    expect(ours.filter((file) => /\.test(-d)?\.|(^|\/)(test|build|\.build)\//.test(file))).toEqual([]);
  });

  test("holds every file of docs/ and examples/ that the help of the command names", () => {
    const scmi = join(installed, "dist", "cli", "scmi.js");
    const help = (...words: string[]) => node(scmi, ...words, "--help").stdout;
    const subcommands = [...help().matchAll(/^ {2}([a-z-]+) (?:\[|<)/gm)].map(([, name = ""]) => name);
    expect(subcommands).toContain("boot");
    const text = [help(), ...subcommands.map((name) => help(name))].join("\n");
    const named = new Set([...text.matchAll(/\b(?:docs|examples)\/[\w./-]*\w/g)].map(([name]) => name));
    expect(named).toContain("docs/cli.md");
    expect([...named].filter((name) => !existsSync(join(installed, name)))).toEqual([]);
  });

  test("has no source map that points at an absent file", () => {
    const absent: string[] = [];
    for (const map of packed.filter((file) => file.endsWith(".map"))) {
      const folder = dirname(join(installed, map));
      const { sources } = JSON.parse(readFileSync(join(installed, map), "utf8"));
      for (const source of sources) if (!existsSync(resolve(folder, source))) absent.push(`${map}: ${source}`);
    }
    expect(packed.some((file) => file.endsWith(".d.ts.map"))).toBe(true);
    expect(absent).toEqual([]);
  });

  test("brings no other package along", () => {
    expect(readdirSync(join(consumer, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["scmi-wasm"]);
  });
});

describe("an installed package", () => {
  test.each(modules)("imports %s with the export names on record", (subpath) => {
    const script = `import("${specifier(subpath)}").then((it) => console.log(JSON.stringify(Object.keys(it).sort())))`;
    const { status, stdout, stderr } = node("--input-type=module", "--eval", script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(exportNames[subpath]?.values);
  });

  test("has the export names on record, types included", () => {
    expect(Object.keys(exportNames)).toEqual(modules);
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/export-names.mjs"), "--check"], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.each(subpaths.filter((subpath) => subpath.endsWith(".wasm")))(
    "resolves %s to a module that compiles",
    (subpath) => {
      const script = `
      import { readFileSync } from "node:fs";
      new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("${specifier(subpath)}"))));`;
      const { status, stderr } = node("--input-type=module", "--eval", script);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
  );

  test("measures beside every twin with scmi bench", () => {
    const command = join(installed, "dist/cli/scmi.js");
    const env = { ...process.env, SCMI_BENCH_SIZE: "tiny", XDG_CACHE_HOME: join(consumer, "cache") };
    const options = { cwd: consumer, encoding: "utf8" as const, env, maxBuffer: 2 ** 24 };
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, "bench", "--json"], options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { environment, cases } = JSON.parse(stdout);
    expect(environment.version).toBe(manifest.version);
    expect(environment.commit).toBeUndefined();
    const { ratios } = cases.find(({ id }: { id: string }) => id === "exchange.call.8-0");
    const [native, script] = [environment.compiler ? expect.any(Number) : null, expect.any(Number)];
    expect(ratios).toEqual({ wasm2c: native, flatC: native, structuredC: native, bestJs: script, usualJs: script });
    expect(existsSync(join(installed, "bench/.build"))).toBe(false);
  });

  test("gives its version away as scmi-wasm/package.json", () => {
    const script = `console.log(require("scmi-wasm/package.json").version)`;
    expect(node("--input-type=commonjs", "--eval", script).stdout.trim()).toBe(manifest.version);
  });

  test("refuses a path that is not exported", () => {
    const script = `import("scmi-wasm/dist/src/errors.js").catch((error) => console.log(error.code))`;
    expect(node("--input-type=module", "--eval", script).stdout.trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test("puts the scmi command in place", () => {
    const { status, stdout } = spawnSync(join(consumer, "node_modules/.bin/scmi"), ["--version"], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` });
  });

  test.each(["nodenext", "bundler"])(
    "type-checks in a strict consumer with moduleResolution %s",
    (moduleResolution) => {
      const imports = modules.map((subpath, index) => `import * as m${index} from "${specifier(subpath)}";`);
      const uses = modules.flatMap((subpath, index) =>
        (exportNames[subpath]?.values ?? []).map((name) => `m${index}.${name}`),
      );
      write(
        "consumer.ts",
        `${imports.join("\n")}
import { ScmiError, StatusError, type StatusName } from "scmi-wasm";
export const used: readonly unknown[] = [${uses.join(", ")}];
export function isBusy(error: unknown, name: StatusName = "BUSY"): boolean {
  return error instanceof StatusError ? error.is(name) : error instanceof ScmiError && error.code === "SCMI_CHANNEL";
}
// @ts-expect-error: the types must be real ones; \`any\` would let this pass
export const wrong: number = new StatusError("BASE", -1, { protocolId: 16, messageId: 0, token: 0 });
`,
      );
      const compilerOptions = {
        ...{ strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom"], types: [] },
        ...{ module: moduleResolution === "bundler" ? "esnext" : "nodenext", moduleResolution },
        ...{ skipLibCheck: false, exactOptionalPropertyTypes: true },
      };
      write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      const { status, stdout } = node(join(root, "node_modules/typescript/bin/tsc"), "-p", consumer);
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    },
  );

  test("bundles its root entry for browsers without Node, platform, trace or the command", async () => {
    write("entry.js", `export * from "scmi-wasm";`);
    const { metafile, outputFiles } = await build({
      ...{ entryPoints: [join(consumer, "entry.js")], bundle: true, format: "esm", platform: "browser" },
      ...{ metafile: true, write: false, outdir: join(consumer, "out"), absWorkingDir: consumer, logLevel: "silent" },
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs).toContain("node_modules/scmi-wasm/dist/src/errors.js");
    expect(inputs.filter((input) => /\/dist\/(cli|src\/(cli|platform|trace))\//.test(input))).toEqual([]);
    expect(outputFiles[0]?.text).not.toMatch(/["']node:|commander/);
  });

  test("drops what a browser bundle does not use", async () => {
    write("unused.js", `import "scmi-wasm";`);
    const { outputFiles } = await build({
      ...{ entryPoints: [join(consumer, "unused.js")], bundle: true, format: "esm", platform: "browser" },
      ...{ write: false, outdir: join(consumer, "out"), minify: true, logLevel: "silent" },
    });
    expect(outputFiles[0]?.text.trim()).toBe("");
  });
});
