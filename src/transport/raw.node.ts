/** The entry point `scmi-wasm/transport/raw`: the firmware of the machine that this runs on, through the raw mode of its Linux kernel
 *  (6.3 or newer, `CONFIG_ARM_SCMI_RAW_MODE_SUPPORT`, debugfs, root). Node only.
 *  @module */

import type { Clock } from "../core/clock.ts";
import { realClock } from "../core/real-clock.ts";
import type { RawFiles } from "./raw/files.ts";
import { findInstance } from "./raw/instances.ts";
import { RawLink } from "./raw/link.ts";
import { nodeFiles } from "./raw/node-files.node.ts";
import type { Link, Transport, TransportHost } from "./transport.ts";

export type { RawFile, RawFiles } from "./raw/files.ts";

/** Which instance, and how. */
export interface RawOptions {
  /** Number of the instance's folder in debugfs, or the path of its device-tree node: `0`, `"/firmware/scmi"`. */
  readonly instance: number | string;
  /** Where debugfs is mounted; default `/sys/kernel/debug`. */
  readonly root?: string;
  /** The kernel looks for responses itself and does without interrupts: Linux 6.16 or newer, on transports that can. Default false. */
  readonly isPolled?: boolean;
  /** Commands in flight at once; default 8, at least 1, and never more than the kernel takes. */
  readonly maxInFlight?: number;
  /** For a response, in milliseconds. Default: what the kernel waits, and a little, for it says nothing when it gives up. */
  readonly timeoutMs?: number;
  /** Where time comes from; the one of the agent. Default: the real clock. */
  readonly clock?: Clock;
  /** How files are reached; default: those of this machine. */
  readonly files?: RawFiles;
}

const DEFAULT_ROOT = "/sys/kernel/debug";
const DEFAULT_MAX_IN_FLIGHT = 8;
/** From the moment when the kernel gives a response up to the look that finds it in the error queue. */
const GRACE_MS = 20;

/** An agent's messages as they are, written to and read from `scmi/N/raw` in debugfs: to real firmware, over whatever transport the
 *  kernel has to it. Messages that the kernel could not assign are read as well, so that late answers are counted as such. Where the
 *  kernel's own SCMI drivers run at the same time, its notifications come in, too.
 *  @throws RangeError for options out of range
 *  @throws UnsupportedError, when opened, that says what is missing: debugfs, the kernel's option, the instance, being root */
export function raw(options: RawOptions): Transport {
  const { instance, root = DEFAULT_ROOT, isPolled = false, maxInFlight = DEFAULT_MAX_IN_FLIGHT } = options;
  const { timeoutMs, clock = realClock, files = nodeFiles } = options;
  if (typeof instance === "number" && !(Number.isInteger(instance) && instance >= 0)) {
    throw new RangeError(`"instance" expected integer >= 0, got ${instance}`);
  }
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1) {
    throw new RangeError(`"maxInFlight" expected integer >= 1, got ${maxInFlight}`);
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0))
    throw new RangeError(`"timeoutMs" expected number > 0, got ${timeoutMs}`);
  return {
    kind: "raw",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const found = findInstance(files, root, instance);
      return RawLink.open(host, found, {
        ...{ files, clock, isPolled },
        maxInFlight: Math.min(maxInFlight, found.maxMessages),
        timeoutMs: timeoutMs ?? found.timeoutMs + GRACE_MS,
      });
    },
  };
}
