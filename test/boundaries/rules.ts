/** Who may import whom, as data. The same table stands in docs/architecture.md; boundaries.test.ts compares the two. */

/** What files of a room may import besides files of that room. Entries are rooms or single files (relative to src/). */
export interface Rule {
  readonly imports: readonly string[];
  /** May be named in `import type` only. */
  readonly types?: readonly string[];
}

const TRANSPORT = {
  imports: ["transport/transport.ts", "transport/scope.ts", "transport/shared-area.ts", "errors.ts"],
  types: ["core"],
} as const;

const WORLD = [
  ...[
    "errors.ts",
    "wire",
    "virtio",
    "stream",
    "bus",
    "devicetree",
    "core",
    "protocols",
    "transport",
    "transport/transport.ts",
    "tee",
  ],
  ...["agent", "board", "platform", "firmware", "vhost-user", "trace"],
];

/** Keyed by room. `transport` stands for every file there but the contract itself; a line `transport/<kind>` replaces it. */
export const RULES: Readonly<Record<string, Rule>> = {
  "assembly/layout.ts": { imports: [] },
  assembly: { imports: ["assembly/layout.ts"] },
  "assembly/sim/layout.ts": { imports: [] },
  "assembly/sim": { imports: ["assembly/sim/layout.ts"] },
  "errors.ts": { imports: [] },
  wire: { imports: ["errors.ts"] },
  virtio: { imports: ["errors.ts"] },
  stream: { imports: ["errors.ts"] },
  bus: { imports: ["errors.ts"] },
  devicetree: { imports: ["errors.ts"] },
  core: { imports: ["assembly/layout.ts", "errors.ts"] },
  protocols: { imports: ["wire", "errors.ts"], types: ["agent/handle.ts"] },
  "transport/transport.ts": { imports: ["errors.ts"] },
  "transport/scope.ts": { imports: [] },
  "transport/shared-area.ts": { imports: ["transport/transport.ts", "transport/scope.ts", "errors.ts"] },
  transport: TRANSPORT,
  "transport/optee": { ...TRANSPORT, imports: [...TRANSPORT.imports, "tee"] },
  "transport/raw": { ...TRANSPORT, imports: [...TRANSPORT.imports, "core/real-clock.ts"] },
  "transport/stream": { ...TRANSPORT, imports: [...TRANSPORT.imports, "stream"] },
  "transport/virtio": { ...TRANSPORT, imports: [...TRANSPORT.imports, "virtio"] },
  tee: { imports: ["wire", "errors.ts"] },
  agent: { imports: ["core", "wire", "errors.ts", "protocols/base.ts", "transport/transport.ts"] },
  board: { imports: ["devicetree", "protocols", "errors.ts"] },
  platform: { imports: ["wire", "errors.ts", "protocols", "core"], types: ["board"] },
  firmware: { imports: ["platform", "tee", "virtio", "stream", "transport/transport.ts", "core", "errors.ts"] },
  "vhost-user": { imports: ["firmware", "virtio", "platform", "core", "errors.ts"], types: ["board", "protocols"] },
  trace: { imports: ["wire", "protocols", "core", "errors.ts"] },
  world: { imports: WORLD },
  sim: { imports: ["assembly/sim/layout.ts", "world", "core", "protocols", "errors.ts"], types: ["board"] },
  compliance: { imports: ["transport/transport.ts", "firmware", "wire", "protocols", "core", "agent", "errors.ts"] },
  "index.ts": { imports: ["agent", "core", "errors.ts"] },
  cli: { imports: ["entry points"] },
  examples: { imports: ["entry points"] },
};

/** Rooms that run in Node only and may use `node:`; elsewhere only files named `*.node.ts` may. */
export const NODE_ROOMS: readonly string[] = ["cli", "examples"];

/** Entry points that need Node; all others must run in browsers, so nothing that they reach imports `node:`. */
export const NODE_ENTRY_POINTS: readonly string[] = ["./transport/raw", "./vhost-user", "./vhost-user/worker"];

/** Packages that a room may import although it is no command: optional peers, which users install when they want that room. */
export const OPTIONAL_PEERS: Readonly<Record<string, readonly string[]>> = { "vhost-user": ["koffi"] };

/** Clocks and dice: a run is a function of board, script and seed, so each has one named home, and arguments carry it on. */
export const IMPURE: Readonly<Record<string, readonly string[]>> = {
  Date: [],
  setTimeout: ["src/core/real-clock.ts"],
  setInterval: [],
  // Measuring yields to the event loop now and then, or SIGINT would not be heard; so does a thread that waits by itself.
  setImmediate: ["src/cli/self-check.ts", "src/vhost-user/thread.node.ts"],
  "Math.random": [],
  "performance.now": ["src/core/real-clock.ts", "src/cli/self-check.ts"],
};

/** What the root entry must not drag into a bundle. */
export const NOT_IN_ROOT: readonly string[] = ["cli", "platform", "trace"];
