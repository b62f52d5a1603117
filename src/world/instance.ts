import type { Agent } from "../agent/agent.ts";
import type { AnomalyEvent } from "../agent/anomaly.ts";
import { ScmiError } from "../errors.ts";
import { PROTOCOL_ID, PROTOCOLS } from "../protocols/index.ts";
import { versionText } from "../wire/index.ts";
import { consumerReports } from "./consumers.ts";
import { type Exercise, exercise } from "./exercise.ts";
import type { FarEnd } from "./far-end.ts";
import type { InstancePlan } from "./instance-plan.ts";
import { InventedFacts } from "./invented.ts";
import { limitsOf } from "./limits.ts";
import type { CounterReport, InstanceReport, ProtocolReport } from "./report.ts";
import { enumerate, type ResourceReport } from "./resources.ts";

/** Where an instance tells what is odd. */
export interface InstanceEvents {
  /** Something went wrong, and the rest goes on. */
  failed(message: string): void;
  /** Something is odd. */
  warned(message: string): void;
  /** Something was done. */
  done(text: string): void;
}

/** Asks an agent for everything that there is of the protocols that the tree names, tries each, and tells what came of it. */
export async function lookAround(agent: Agent, farEnd: FarEnd, events: InstanceEvents): Promise<InstanceReport> {
  const { plan } = farEnd;
  const { platform } = agent;
  const onAnomaly = (event: AnomalyEvent) => events.warned(`${plan.node}: ${anomalyText(event)}`);
  agent.addEventListener("anomaly", onAnomaly);
  const wanted = plan.binding
    ? plan.binding.protocols.filter((it) => !plan.unserved.includes(it)).map(({ id }) => id)
    : platform.protocols;
  const facts = new InventedFacts(plan.invented);
  const protocols: ProtocolReport[] = [];
  for (const id of new Set([PROTOCOL_ID.BASE, ...wanted])) {
    try {
      const report = await lookAt(agent, farEnd, id, facts, events);
      if (report) protocols.push(report);
    } catch (error) {
      if (!(error instanceof ScmiError)) throw error;
      events.failed(`${pathOf(plan, id)}: ${error.message}`);
    }
  }
  agent.removeEventListener("anomaly", onAnomaly as EventListener);
  const { vendor, subVendor, implementationVersion, agentCount } = platform;
  return {
    ...{ node: plan.node, compatible: plan.compatible, transport: plan.transport },
    base: {
      version: protocols.find(({ id }) => id === PROTOCOL_ID.BASE)?.version ?? "",
      ...{ vendor, subVendor, implementationVersion, agents: agentCount },
    },
    limits: limitsOf(plan),
    channels: plan.binding ? farEnd.channels : farEnd.channels.map((it) => ({ ...it, protocols: platform.protocols })),
    protocols,
    consumers: consumerReports(plan.consumers, protocols),
    counters: countersOf(agent),
    latencies: farEnd.traffic.latencies,
  };
}

async function lookAt(
  agent: Agent,
  { plan }: FarEnd,
  id: number,
  facts: InventedFacts,
  events: InstanceEvents,
): Promise<ProtocolReport | undefined> {
  const found = await enumerate(agent, id);
  if (!found) return undefined;
  const { version, resources } = found;
  const name = PROTOCOLS.find((it) => it.id === id)?.name ?? `0x${id.toString(16)}`;
  events.done(
    `${name} ${versionText(version)}: ${resources.length} ${resources.length === 1 ? "resource" : "resources"}`,
  );
  let tried: Exercise | undefined;
  try {
    tried = await exercise(agent, id);
  } catch (error) {
    if (!(error instanceof ScmiError)) throw error;
    tried = { protocol: id, resource: undefined, name: "", what: "tried", problem: error.message };
  }
  if (tried?.problem !== undefined) events.failed(`${pathOf(plan, id)}: ${tried.problem}`);
  return {
    ...{ id, name, version: versionText(version), exercise: tried },
    resources: resources.map((it) => marked(it, facts.of(id, it.id))),
  };
}

function pathOf({ node, binding }: InstancePlan, protocolId: number): string {
  return binding?.protocols.find(({ id }) => id === protocolId)?.node.path ?? node;
}

function marked(resource: ResourceReport, invented: readonly string[]): ResourceReport {
  return invented.length > 0 && (resource.kind ?? "") !== "function" ? { ...resource, invented } : resource;
}

function countersOf(agent: Agent): CounterReport {
  const { sent, responses, delayedResponses, notifications, timeouts, unexpected, malformed } = agent.counters;
  return { sent, responses, delayedResponses, notifications, timeouts, unexpected, malformed };
}

function anomalyText({ kind, count, cause }: AnomalyEvent): string {
  const why = cause instanceof Error ? cause.message : undefined;
  return [kind, ...(count > 1 ? [`${count} times`] : []), ...(why === undefined ? [] : [why])].join(": ");
}
