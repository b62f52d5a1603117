import type { Board } from "../board/index.ts";
import type { ScmiConsumer, ScmiInstance, ScmiProtocolNode } from "../devicetree/index.ts";

/** How an instance reaches its platform. `loopback`: no transport, for boards that no device tree describes. */
export type WorldTransport = "mailbox" | "smc" | "optee" | "virtio" | "loopback";

/** One SCMI instance that is to come up: who asks, over what, and the platform that answers. */
export interface InstancePlan {
  /** Path in the device tree; `/` for a board file. */
  readonly node: string;
  readonly compatible: string;
  readonly transport: WorldTransport;
  /** What the tree says; `undefined` for a board file. */
  readonly binding: ScmiInstance | undefined;
  /** What its platform has. */
  readonly board: Board;
  /** Paths in the board (`clock.clocks[3].rates`) whose values nobody states. */
  readonly invented: ReadonlySet<string>;
  readonly consumers: readonly ScmiConsumer[];
  /** Protocol nodes that no platform here serves. */
  readonly unserved: readonly ScmiProtocolNode[];
}
