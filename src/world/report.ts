import type { Exercise } from "./exercise.ts";
import type { ChannelReport } from "./far-end.ts";
import type { WorldTransport } from "./instance-plan.ts";
import type { LimitReport } from "./limits.ts";
import type { Failure } from "./plan.ts";
import type { ResourceReport } from "./resources.ts";
import type { Latencies } from "./traffic.ts";

/** What became of a board: what `scmi boot --json` prints. Names are contract; fields may be added. */
export interface BootReport {
  readonly board: {
    readonly model: string;
    readonly compatible: readonly string[];
    /** The file. */
    readonly source: string;
  };
  /** The release of the specification that its platforms look like. */
  readonly profile: string;
  /** What decided latencies and the order of arrival. */
  readonly seed: number;
  readonly instances: readonly InstanceReport[];
  readonly deferred: readonly DeferredReport[];
  readonly failures: readonly Failure[];
  /** Paths of instances that the tree switches off. */
  readonly disabled: readonly string[];
  readonly warnings: readonly string[];
  /** Of simulated time, until everything was unloaded. */
  readonly elapsedMs: number;
  /** After everything was unloaded. */
  readonly leaks: LeakReport;
}

/** One SCMI instance that came up. */
export interface InstanceReport {
  /** Path in the device tree; `/` for a board file. */
  readonly node: string;
  readonly compatible: string;
  readonly transport: WorldTransport;
  readonly base: {
    readonly version: string;
    readonly vendor: string;
    readonly subVendor: string;
    readonly implementationVersion: number;
    readonly agents: number;
  };
  readonly limits: LimitReport;
  readonly channels: readonly ChannelReport[];
  readonly protocols: readonly ProtocolReport[];
  readonly consumers: readonly ConsumerReport[];
  readonly counters: CounterReport;
  /** `undefined` without messages. */
  readonly latencies: Latencies | undefined;
}

/** One protocol of an instance. */
export interface ProtocolReport {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  /** Those that the agent was told of, with `invented`: names of the facts that nobody states. */
  readonly resources: readonly ResourceReport[];
  /** What was done to try it; `undefined` for Base. */
  readonly exercise: Exercise | undefined;
}

/** One place where a device refers to a resource. */
export interface ConsumerReport {
  /** Path of its node. */
  readonly device: string;
  readonly property: string;
  readonly protocol: number;
  /** `null` for a group of pins. */
  readonly resource: number | null;
  /** The agent found the resource. */
  readonly resolved: boolean;
}

/** What the channels of an instance counted. */
export interface CounterReport {
  readonly sent: number;
  readonly responses: number;
  readonly delayedResponses: number;
  readonly notifications: number;
  readonly timeouts: number;
  readonly unexpected: number;
  readonly malformed: number;
}

/** An instance that had to wait. */
export interface DeferredReport {
  readonly node: string;
  readonly reason: string;
  /** When it was probed in vain, and when what it waited for was there, in simulated milliseconds; `null` = never. */
  readonly atMs: number;
  readonly resolvedMs: number | null;
}

/** What was taken and not given back. */
export interface LeakReport {
  readonly sessions: number;
  readonly sharedMemory: number;
  readonly channels: number;
  readonly xfers: number;
  readonly tokens: number;
  readonly timers: number;
  readonly devices: number;
}

/** Whether a board came up as a whole: nothing failed, every consumer has its resource, every exercise went well, and nothing leaks. */
export function isWhole({ failures, instances, leaks }: BootReport): boolean {
  const isWell = ({ consumers, protocols }: InstanceReport) =>
    consumers.every(({ resolved }) => resolved) && protocols.every(({ exercise }) => exercise?.problem === undefined);
  return failures.length === 0 && instances.every(isWell) && Object.values(leaks).every((count) => count === 0);
}
