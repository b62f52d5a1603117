import type { SimulatedClock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import type { Dice } from "./dice.ts";
import type { InstancePlan, WorldTransport } from "./instance-plan.ts";
import { commonPayload } from "./limits.ts";
import { type TraceEntry, Traffic } from "./traffic.ts";

/** One direction of one channel, as it is laid out. */
export interface ChannelReport {
  readonly direction: "a2p" | "p2a";
  /** Ids of the protocols whose messages it carries. */
  readonly protocols: readonly number[];
  readonly framing: "smt" | "msg";
  /** Of the area, or of the longest message where there is none. */
  readonly sizeBytes: number;
  readonly completion: "interrupt" | "poll" | "sync";
}

/** The firmware of one instance: a platform, and what stands before it. */
export interface FarEnd {
  readonly plan: InstancePlan;
  readonly platform: Platform;
  readonly traffic: Traffic;
  readonly channels: readonly ChannelReport[];
  /** Takes it down. Idempotent. */
  close(): void;
}

/** What far ends are made of and in. */
export interface FarEndStage {
  readonly core: Core;
  readonly clock: SimulatedClock;
  readonly profile: Release;
  readonly dice: Dice;
  readonly onMessage: ((entry: TraceEntry) => void) | undefined;
}

/** The shortest and the longest time that a platform takes for a command, in milliseconds: invented, and of the order that one sees. */
const LATENCIES_MS: Readonly<Record<WorldTransport, readonly [number, number]>> = {
  mailbox: [0.018, 0.042],
  smc: [0.003, 0.007],
  optee: [0.009, 0.021],
  virtio: [0.012, 0.035],
  loopback: [0.0005, 0.0015],
};

/** Brings the platform of an instance up, behind the times that its messages take.
 *  @param options `isSync`: answers are there when a call returns */
export function openPlatform(
  stage: FarEndStage,
  plan: InstancePlan,
  { isSync }: { readonly isSync: boolean },
): { readonly platform: Platform; readonly traffic: Traffic } {
  const { core, clock, profile, dice, onMessage } = stage;
  const platform = Platform.open(core, plan.board, { profile, clock, maxPayload: commonPayload(plan) });
  const [lowest, highest] = LATENCIES_MS[plan.transport];
  const latencyMs = () => dice.between(lowest, highest);
  return { platform, traffic: new Traffic({ node: plan.node, platform, clock, latencyMs, isSync, onMessage }) };
}

/** Ids of the protocols that go over the base channel, Base first. */
export function sharedProtocols({ binding }: InstancePlan): readonly number[] {
  return [0x10, ...(binding?.protocols ?? []).filter(({ channel }) => !channel).map(({ id }) => id)];
}
