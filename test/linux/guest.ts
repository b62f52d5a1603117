import { type ChildProcess, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import type { TestContext } from "vitest";
import type { Board } from "../../src/board/index.ts";
import { Core } from "../../src/core/core.ts";
import { realClock } from "../../src/core/real-clock.ts";
import { type DeviceTree, writeDeviceTree } from "../../src/devicetree/index.ts";
import { type MessageSink, Platform, type VendorProtocol } from "../../src/platform/index.ts";
import type { Release } from "../../src/protocols/index.ts";
import { VhostUserServer } from "../../src/vhost-user/index.ts";
import { socketPath } from "../vhost-user/front-end.ts";
import { Console } from "./console.ts";
import { kernelFile, NEWEST } from "./kernels.ts";
import { connected } from "./place.ts";
import { rootOf } from "./root.ts";

/** For a guest that hangs: far longer than any test takes on a busy machine, and shorter than the runner waits. */
const LONGEST_MS = 50_000;

/** What a guest runs, and on what. */
export interface GuestOptions {
  readonly kernel?: string;
  readonly profile?: Release;
  readonly board: Board;
  readonly vendorProtocols?: readonly VendorProtocol[];
  readonly tree: DeviceTree;
  /** More words for the kernel. */
  readonly words?: readonly string[];
  /** What stands between the platform and the guest. */
  readonly through?: (sink: MessageSink) => MessageSink;
  /** Hears the header and status of each response. */
  readonly heard?: (header: number, status: number) => void;
  /** `node` = its root file system is that of this machine; else that is so only where there is no other. */
  readonly runs?: "shell" | "node";
}

interface Parts {
  readonly platform: Platform;
  readonly server: VhostUserServer;
  readonly child: ChildProcess;
  readonly console: Console;
  /** Its front end has hung up. */
  readonly gone: Promise<void>;
  readonly files: readonly string[];
  readonly refusals: () => number;
}

/** A User Mode Linux whose SCMI device is a platform in this process. */
export class Guest {
  readonly platform: Platform;
  readonly server: VhostUserServer;
  readonly console: Console;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #files: readonly string[];
  readonly #refusals: () => number;

  private constructor({ platform, server, child, console, gone, files, refusals }: Parts) {
    this.platform = platform;
    this.server = server;
    this.console = console;
    this.#child = child;
    this.#gone = gone;
    this.#files = files;
    this.#refusals = refusals;
  }

  /** Starts one, and resolves when its shell is there, or its end has come. */
  static async start(options: GuestOptions): Promise<Guest> {
    const { tree, kernel = NEWEST, profile = "3.2", board, vendorProtocols = [] } = options;
    const shape = { profile, vendorProtocols, sharesMemory: false } as const;
    const core = Core.createSync({ capacity: Platform.capacityFor(board, { ...shape, connections: 4 }) });
    const platform = Platform.open(core, board, { ...shape, clock: realClock });
    const path = socketPath();
    let isGone: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      isGone = resolve;
    });
    let refusals = 0;
    const heard = (header: number, status: number) => {
      if (status < 0) refusals++;
      options.heard?.(header, status);
    };
    const connect = (sink: MessageSink) => connected(platform, sink, heard, options.through);
    const server = await VhostUserServer.listen(connect, path, { onGone: isGone });
    const files: string[] = [];
    const file = (suffix: string, content: string | Uint8Array, mode = 0o600) => {
      const name = `${path}${suffix}`;
      writeFileSync(name, content, { mode });
      files.push(name);
      return name;
    };
    const dtb = file(".dtb", writeDeviceTree(tree));
    const root = rootOf(options.runs ?? "shell", file);
    const words = [...root, `dtb=${dtb}`, "con=null", "ssl=null", "con0=fd:0,fd:1", "panic=-1"];
    const args = [...words, `virtio_uml.device=${path}:32`, ...(options.words ?? [])];
    // A group of its own, for a kernel is several processes
    const child = spawn(kernelFile(kernel), args, { stdio: "pipe", detached: true });
    const guest = new Guest({
      platform,
      server,
      child,
      console: new Console(child),
      gone,
      files,
      refusals: () => refusals,
    });
    AbortSignal.timeout(LONGEST_MS).addEventListener("abort", () => guest.#kill());
    await guest.console.reach("=== ready");
    return guest;
  }

  /** Starts one for a test that needs its shell: skipped, saying so, where the kernel runs no programs. */
  static async startFor(context: TestContext, options: GuestOptions): Promise<Guest> {
    const guest = await Guest.start(options);
    if (!guest.runsPrograms) await guest[Symbol.asyncDispose]();
    guest.needPrograms(context);
    return guest;
  }

  /** All that the console said, resolved at the guest's end, when the server has seen that, too. */
  get ended(): Promise<string> {
    return this.console.ended.then(async (text) => {
      if (this.server.counters.frontEnds > 0) await this.#gone;
      return text;
    });
  }

  /** 6.12 cannot run programs on processors with larger registers than it has room for: only its own console can be judged then. */
  get runsPrograms(): boolean {
    return !/ptrace set fp regs failed/.test(this.console.text);
  }

  /** Responses so far whose status is an error. */
  get refusals(): number {
    return this.#refusals();
  }

  /** Ends the test as skipped, saying so, where {@link runsPrograms} does not hold. */
  needPrograms(context: TestContext): void {
    if (!this.runsPrograms)
      context.skip("this kernel runs no programs on this machine (larger registers than it knows)");
  }

  /** Lets the shell run a line, and resolves with what that printed. */
  async run(line: string): Promise<string> {
    const { output, mark } = await this.console.ask(line, /^=== (\d+)$/);
    if (mark === "=== 0") return output;
    throw new Error(`guest: ${line}: exit ${mark.slice(4)}: ${output}`);
  }

  /** Runs a line until it prints something that matches; the guest's own timer bounds it: at most `tries` times, `stepMs` apart.
   *  For what takes time in the guest, or comes to it by a notification. */
  poll(line: string, pattern: string, { tries = 600, stepMs = 50 } = {}): Promise<string> {
    const once = `v=$(${line}); echo "$v" | grep -qE '${pattern}' && break`;
    const loop = `n=0; while :; do ${once}; n=$((n+1)); [ $n -lt ${tries} ] || break; sleep ${stepMs / 1000}; done`;
    return this.run(`${loop}; echo "$v" | grep -E '${pattern}'`);
  }

  /** The kernel's own counters. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    const text = await this.run(
      "cd /sys/kernel/debug/scmi/0/transport/counters; for f in *; do [ $f = reset ] || echo $f=$(cat $f); done; cd /",
    );
    return Object.fromEntries(text.split("\n").map((line) => [line.split("=")[0], Number(line.split("=")[1])]));
  }

  /** Powers it off, and resolves with all that its console said. */
  async powerOff(): Promise<string> {
    this.console.send("poweroff -f");
    return this.ended;
  }

  /** At the end of a `using` block: the guest is gone, whatever it did, and so is what it needed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.ended;
    await this.server.close();
    this.platform.close();
    for (const file of this.#files) rmSync(file, { force: true });
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.console.hasEnded) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {} // it went by itself meanwhile
  }
}
