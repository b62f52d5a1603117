import type { FleetPlan, FleetReport, Load } from "../sim/index.ts";

/** What a run says, as JSON and to the report: docs/cli.md. */
export interface SimDocument extends FleetReport {
  readonly plan: {
    readonly boards: readonly string[];
    readonly agent: { readonly id: number; readonly name: string };
    readonly governor: string;
    readonly trace: string | null;
    readonly load: readonly Load[] | null;
    readonly seconds: number;
  } & Omit<FleetPlan, "boards" | "agentId" | "load">;
  /** What depends on the machine; all else is a function of the plan. */
  readonly run: {
    readonly workers: number;
    readonly elapsedMs: number;
    readonly messagesPerSecond: number;
    readonly socSecondsPerSecond: number;
  };
}
