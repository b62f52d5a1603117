import {
  type BootReport,
  type ConsumerReport,
  type InstanceReport,
  isWhole,
  type ProtocolReport,
} from "../world/index.ts";
import { counted, countText, hasInvented, resourceLines } from "./boot-resources.ts";
import type { Paint } from "./paint.ts";
import { type Branch, treeLines } from "./tree-text.ts";

/** How much of a report is shown. */
export interface TextOptions {
  readonly isAll: boolean;
  readonly paint: Paint;
}

/** Devices that are shown of an instance, unless all are asked for. */
const DEVICES = 8;
const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 16: "base" };

/** The report of a boot, as a person likes to read it. */
export function bootText(report: BootReport, options: TextOptions): string {
  const { board, instances, disabled, deferred, warnings, failures } = report;
  const { paint } = options;
  const title = [
    paint.bold(board.model || board.source),
    ...(board.compatible[0] ? [paint.dim(board.compatible.join(", "))] : []),
  ];
  const blocks = [
    [title.join("  ")],
    ...instances.map((it) => [`${paint.bold(it.node)} ${headOf(it)}`, ...treeLines(branchesOf(it, options))]),
    ...listed("deferred", deferred.map(deferredText), paint),
    ...listed("disabled", disabled, paint),
    ...listed("warnings", warnings, paint),
    ...listed(
      "failed",
      failures.map(({ message }) => paint.bad(message)),
      paint,
    ),
    [summary(report, paint)],
  ];
  if (instances.some(({ protocols }) => protocols.some(hasInvented))) {
    blocks.splice(-1, 0, [paint.dim("* with values that neither tree nor board file states: invented, and plausible")]);
  }
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
}

function headOf({ transport, compatible }: InstanceReport): string {
  return compatible === "" ? transport : `${transport} (${compatible})`;
}

function branchesOf(instance: InstanceReport, { isAll, paint }: TextOptions): readonly Branch[] {
  const { base, limits, channels, protocols, consumers, counters, latencies } = instance;
  const vendor = [base.vendor, base.subVendor].filter((it) => it !== "").join(" ");
  const answered = counters.responses === counters.sent ? "all answered" : paint.bad(`${counters.responses} answered`);
  const others = [
    counters.notifications > 0 ? counted(counters.notifications, "notification", "notifications") : "",
    counters.delayedResponses > 0 ? counted(counters.delayedResponses, "delayed response", "delayed responses") : "",
    counters.timeouts > 0 ? paint.bad(counted(counters.timeouts, "time-out", "time-outs")) : "",
  ].filter((it) => it !== "");
  return [
    {
      text: `${paint.accent("platform")}   ${[vendor, `Base ${base.version}`, counted(base.agents, "agent", "agents")].filter((it) => it !== "").join(", ")}`,
    },
    {
      text: `${paint.accent("channels")}   up to ${limits.maxMessages} messages of ${limits.maxPayload} bytes, ${limits.timeoutMs} ms`,
      below: channels.map(({ direction, framing, sizeBytes, completion, protocols: ids }) => ({
        text: `${direction} ${framing} ${sizeBytes} bytes, ${completion}: ${paint.dim(ids.map((id) => nameOf(id, protocols)).join(" "))}`,
      })),
    },
    {
      text: paint.accent("protocols"),
      below: protocols.filter(({ name }) => name !== "base").map((it) => protocolBranch(it, isAll, paint)),
    },
    ...(consumers.length > 0 ? [consumerBranch(consumers, protocols, isAll, paint)] : []),
    {
      text:
        `${paint.accent("messages")}   ${[`${counters.sent} sent`, answered, ...others].join(", ")}` +
        (latencies
          ? paint.dim(
              `; ${us(latencies.lowestUs)} … ${us(latencies.medianUs)} … ${us(latencies.highestUs)} µs (least, median, most)`,
            )
          : ""),
    },
  ];
}

function protocolBranch(protocol: ProtocolReport, isAll: boolean, paint: Paint): Branch {
  const { id, name, version, exercise } = protocol;
  const head = `0x${id.toString(16)} ${paint.bold(name)} ${version}`;
  const lines = resourceLines(protocol, isAll).map((text) => ({ text }));
  const { problem, what = "", name: tried = "" } = exercise ?? {};
  const mark = problem === undefined ? paint.good("✓") : paint.bad("✗");
  const test = exercise ? `${mark} ${[tried, what].filter((it) => it !== "").join(": ")}` : "";
  const text = [head, countText(protocol)].filter((it) => it !== "").join("  ");
  return {
    text: `${text}${test === "" ? "" : `  ${test}`}${problem === undefined ? "" : ` ${paint.bad(problem)}`}`,
    below: lines,
  };
}

function consumerBranch(
  consumers: readonly ConsumerReport[],
  protocols: readonly ProtocolReport[],
  isAll: boolean,
  paint: Paint,
): Branch {
  const devices = grouped(consumers);
  const missing = consumers.filter(({ resolved }) => !resolved).length;
  const shown = isAll || devices.size <= DEVICES + 1 ? [...devices] : [...devices].slice(0, DEVICES);
  const width = Math.max(...shown.map(([device]) => device.length));
  const below = shown.map(([device, its]) => ({
    text: `${device.padEnd(width)}  ${its.map((it) => referenceText(it, protocols, paint)).join(", ")}`,
  }));
  const left = devices.size - shown.length;
  return {
    text:
      `${paint.accent("consumers")}  ${counted(devices.size, "device", "devices")}, ${counted(consumers.length, "reference", "references")}, ` +
      (missing === 0 ? paint.good("all resolved") : paint.bad(`${missing} without their resource`)),
    below: left > 0 ? [...below, { text: `… and ${left} more (--all)` }] : below,
  };
}

function referenceText(
  { property, protocol, resource, resolved }: ConsumerReport,
  protocols: readonly ProtocolReport[],
  paint: Paint,
): string {
  const found = protocols.find(({ id }) => id === protocol)?.resources.find(({ id }) => id === resource);
  const text = resource === null ? property : `${property} ${found?.name ?? resource}`;
  return resolved ? text : paint.bad(`${text} (missing)`);
}

function grouped(consumers: readonly ConsumerReport[]): ReadonlyMap<string, readonly ConsumerReport[]> {
  const found = new Map<string, ConsumerReport[]>();
  for (const it of consumers) {
    const known = found.get(it.device);
    if (known) known.push(it);
    else found.set(it.device, [it]);
  }
  return found;
}

function deferredText({ node, reason, atMs, resolvedMs }: BootReport["deferred"][number]): string {
  const end = resolvedMs === null ? "in vain" : `until ${ms(resolvedMs)} ms`;
  return `${node} ${reason} from ${ms(atMs)} ms ${end}`;
}

function listed(title: string, lines: readonly string[], paint: Paint): readonly (readonly string[])[] {
  if (lines.length === 0) return [];
  return [[paint.accent(title), ...treeLines(lines.map((text) => ({ text })))]];
}

function summary(report: BootReport, paint: Paint): string {
  const { instances, failures, leaks, profile, seed, elapsedMs } = report;
  const sent = instances.reduce((total, { counters }) => total + counters.sent, 0);
  const lost = Object.entries(leaks).filter(([, count]) => count > 0);
  const left =
    lost.length === 0
      ? "nothing left behind"
      : paint.bad(`left behind: ${lost.map(([name, count]) => `${count} ${name}`).join(", ")}`);
  const up = `${counted(instances.length, "instance", "instances")} up`;
  const down = failures.length > 0 ? `, ${paint.bad(counted(failures.length, "failure", "failures"))}` : "";
  const mark = isWhole(report) ? paint.good("✓") : paint.bad("✗");
  return `${mark} ${up}${down}, ${sent} messages in ${ms(elapsedMs)} ms of simulated time, ${left} (SCMI ${profile}, seed ${seed})`;
}

function nameOf(id: number, protocols: readonly ProtocolReport[]): string {
  return protocols.find((it) => it.id === id)?.name ?? PROTOCOL_NAMES[id] ?? `0x${id.toString(16)}`;
}

function ms(value: number): string {
  return value.toFixed(3);
}

function us(value: number): string {
  return value.toFixed(1);
}
