import { ABI_VERSION } from "../../assembly/layout.ts";
import { InternalError, UnsupportedError } from "../errors.ts";
import { decodeWasm } from "./embedded.ts";
import { trapError } from "./engine.ts";
import { type CoreExports, EXPORT_NAMES } from "./exports.ts";
import { RELEASE_WASM_TEXT } from "./release.wasm.ts";

/** Where a core's code comes from: a compiled module, its bytes, or the address of `core.wasm`. */
export type ModuleSource = WebAssembly.Module | BufferSource | URL;

let embedded: WebAssembly.Module | undefined;
let compiling: Promise<WebAssembly.Module> | undefined;

/** The module of `source`, or of the embedded release build, which is compiled once and cached.
 *  @throws UnsupportedError when `source` is a URL that cannot be fetched; Node fetches no `file:` URLs, so read those */
export async function compile(source?: ModuleSource): Promise<WebAssembly.Module> {
  if (source === undefined) {
    if (embedded) return embedded;
    // Whoever is ready first, this or compileSync, is the one that stays
    compiling ??= WebAssembly.compile(decodeEmbedded()).then((module) => (embedded ??= module));
    return compiling;
  }
  if (source instanceof WebAssembly.Module) return source;
  if (!(source instanceof URL)) return WebAssembly.compile(bytesOf(source));
  const response = await fetch(source).catch((cause: unknown) => {
    throw new UnsupportedError("core module", `a wasm file at ${source.href}`, String(cause), { cause });
  });
  if (!response.ok)
    throw new UnsupportedError("core module", `a wasm file at ${source.href}`, `HTTP ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** {@link compile} for callers that cannot wait. Browsers refuse modules above 4 KiB on their main thread. */
export function compileSync(source?: Exclude<ModuleSource, URL>): WebAssembly.Module {
  if (source === undefined) {
    embedded ??= new WebAssembly.Module(decodeEmbedded());
    return embedded;
  }
  return source instanceof WebAssembly.Module ? source : new WebAssembly.Module(bytesOf(source));
}

/** Instantiates a core's module. The threads build imports its memory; other builds bring their own.
 *  @throws TypeError when a build that imports its memory gets none, or one that brings its own gets one
 *  @throws UnsupportedError for a module that is no core, or one of another ABI version */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory | undefined): CoreExports {
  const importsMemory = WebAssembly.Module.imports(module).some(({ kind }) => kind === "memory");
  if (importsMemory && memory === undefined) {
    throw new TypeError('"memory" expected a shared WebAssembly.Memory for the threads build, got undefined');
  }
  if (!importsMemory && memory !== undefined) {
    throw new TypeError('"memory" expected undefined for a build that brings its own memory, got a WebAssembly.Memory');
  }
  const env = memory === undefined ? { abort: trap } : { abort: trap, memory };
  const exports = instanceOf(module, env).exports;
  for (const name of EXPORT_NAMES) {
    if (typeof exports[name] !== "function") {
      throw new UnsupportedError("core module", `an export "${name}"`, typeof exports[name]);
    }
  }
  // The module was just checked to have all of them; their signatures are held by the ABI version. Hot ones are
  // guarded where they are called, without a further function in between. All in one go: objects that are copied, or grow, get a
  // shape of their own each, and what an engine has optimised for one core it gives up at the next.
  const core = Object.fromEntries<unknown>([
    ...EXPORT_NAMES.map((name) => {
      const run = exports[name] as Export;
      return [name, HOT.has(name) ? run : guard(name, run)] as const;
    }),
    ["memory", memory ?? exports.memory],
  ]) as unknown as CoreExports;
  const version = core.abiVersion();
  if (version !== ABI_VERSION) throw new UnsupportedError("core module", `ABI version ${ABI_VERSION}`, `${version}`);
  return core;
}

const HOT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "exchange",
  "readFastChannel",
  "run",
  "serveStaged",
  "writeFastChannel",
]);

type Export = (...parameters: number[]) => number;

/** A trap is our bug, and becomes the error that says so. */
function guard(name: string, run: Export): Export {
  return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0) => {
    try {
      return run(a, b, c, d, e, f);
    } catch (cause) {
      throw trapError(cause, name);
    }
  };
}

function instanceOf(module: WebAssembly.Module, env: Record<string, WebAssembly.ImportValue>): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, { env });
  } catch (cause) {
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    throw new UnsupportedError("core module", "a module without imports but memory", cause.message, { cause });
  }
}

/** The debug build calls it when an assertion fails. */
function trap(_message: number, _file: number, line: number, column: number): never {
  throw new InternalError(`core: assertion failed at line ${line}, column ${column}`);
}

/** Node takes no DataView, though the type allows it. */
function bytesOf(source: BufferSource): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source);
  return new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
}

/** The bytes of the release build. */
export function decodeEmbedded(): Uint8Array<ArrayBuffer> {
  return decodeWasm(RELEASE_WASM_TEXT);
}
