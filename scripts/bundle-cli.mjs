import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { build } from "esbuild";

/** Bundles the command with the packages it uses: the command itself, its workers, and the script of its pages. The library itself
 *  stays outside, imported from dist/src: one copy of the core on disk, and the command runs exactly the code that users import. */
export async function bundleCli(entry, outfile) {
  const folder = dirname(entry);
  const outdir = dirname(outfile);
  const bundles = [
    await bundleForNode(entry, outfile),
    await bundleForNode(join(folder, "sim-worker.ts"), join(outdir, "sim-worker.js")),
    await bundleForNode(join(folder, "serve-thread.ts"), join(outdir, "serve-thread.js")),
    // Where Tinypool looks for what its threads begin with
    await bundleForNode("node_modules/tinypool/dist/entry/worker.js", join(outdir, "entry/worker.js")),
    await bundleForPages(join(folder, "page/charts.ts"), join(outdir, "page/charts.js")),
  ];
  const inputs = new Set(bundles.flatMap((it) => Object.keys(it.inputs)));
  writeFileSync(join(outdir, "THIRD-PARTY-LICENSES.txt"), licences([...inputs]));
}

async function bundleForNode(entry, outfile) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // commander is CommonJS and calls require for node: modules; an ES module has none of its own.
    banner: {
      js: [
        "#!/usr/bin/env node",
        'import { createRequire as __createRequire } from "node:module";',
        "const require = __createRequire(import.meta.url);",
      ].join("\n"),
    },
    metafile: true,
    plugins: [libraryStaysOutside(dirname(resolve(entry)), outfile)],
  });
  return metafile;
}

/** One script, and one style sheet beside it: the command puts both into the pages that it writes. */
async function bundleForPages(entry, outfile) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    minify: true,
    metafile: true,
  });
  return metafile;
}

function libraryStaysOutside(cliFolder, outfile) {
  return {
    name: "library-stays-outside",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
        if (kind === "entry-point" || resolveDir.split(sep).includes("node_modules")) return undefined;
        const target = resolve(resolveDir, path);
        if (target.startsWith(cliFolder + sep)) return undefined;
        const compiled = join("dist", relative(process.cwd(), target)).replace(/\.ts$/, ".js");
        return { path: relative(dirname(outfile), compiled).split(sep).join("/"), external: true };
      });
    },
  };
}

/** The licence text of every package that the bundle holds code of; a package without one fails the build. */
function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match) folders.add(match[0]);
  }
  const sections = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (!file) throw new Error(`bundle-cli: ${name}: expected a licence file, got none`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return `scmi.js contains code of these packages.\n\n${sections.join("\n----\n\n")}`;
}
