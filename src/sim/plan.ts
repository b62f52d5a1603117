import type { Board } from "../board/board.ts";
import { BoardError } from "../errors.ts";
import { GOVERNOR_NAMES } from "./governor.ts";
import { type Load, loadOf } from "./load.ts";
import { kindOf, type SocKind } from "./soc-kind.ts";
import type { UtilisationTrace } from "./trace.ts";

/** What is simulated: plain data, which workers can be sent. Its result is a function of it alone. docs/simulation.md. */
export interface FleetPlan {
  /** Kinds of SoCs: SoC i is of kind i modulo their number. */
  readonly boards: readonly Board[];
  /** The agent that the governor speaks for. */
  readonly agentId: number;
  readonly socs: number;
  /** Ticks of {@link tickUs} each. */
  readonly ticks: number;
  /** Time from one look of the governor to the next. */
  readonly tickUs: number;
  /** One of {@link GOVERNOR_NAMES}, or any other name for a governor of one's own. */
  readonly governor: string;
  /** A recorded load, the same for all SoCs, or generated ones. */
  readonly load: UtilisationTrace | readonly Load[];
  /** From a request until the platform has accepted it; a SoC's requests wait for one another. */
  readonly messageUs: number;
  /** A switch takes between 100 - spread and 100 per cent of the latency that is stated for its level. */
  readonly spreadPercent: number;
  /** Power without work, in per cent of the level's power. */
  readonly idlePercent: number;
  readonly seed: number;
}

/** What {@link planFleet} is told. */
export interface FleetOptions extends Partial<Omit<FleetPlan, "boards" | "ticks" | "load">> {
  /** Simulated time; whole ticks are simulated, at least this. Default 10. */
  readonly seconds?: number;
  readonly load: FleetPlan["load"];
}

/** Points of the series over time. */
export const SERIES_POINTS = 240;

const MOST_TICKS = 10_000_000;
const MOST_SOCS = 1_000_000;

/** Completes a plan and checks it.
 *  @throws RangeError for a number out of range, or a domain without a load
 *  @throws BoardError for boards without a domain to govern, and traces of domains that no board has */
export function planFleet(boards: readonly Board[], options: FleetOptions): FleetPlan {
  const { seconds = 10, load, agentId = 1, socs = 1, tickUs = 10_000, governor = "schedutil" } = options;
  const { messageUs = 10, spreadPercent = 50, idlePercent = 20, seed = 1 } = options;
  if (boards.length === 0) throw new RangeError('"boards" expected at least one, got none');
  const agents = Math.min(...boards.map((it) => it.agents.length));
  expect("agentId", agentId, 1, agents);
  expect("socs", socs, 1, MOST_SOCS);
  expect("tickUs", tickUs, 1, 1_000_000);
  expect("messageUs", messageUs, 0, 1_000_000);
  expect("spreadPercent", spreadPercent, 0, 100);
  expect("idlePercent", idlePercent, 0, 100);
  expect("seed", seed, 0, 0xffffffff);
  const ticks = Math.ceil((seconds * 1e6) / tickUs);
  if (!(ticks >= 1 && ticks <= MOST_TICKS)) {
    throw new RangeError(`"seconds" expected 1 to ${MOST_TICKS} ticks of ${tickUs} µs, got ${seconds} s`);
  }
  const plan = { boards, agentId, socs, ticks, tickUs, governor, load, messageUs, spreadPercent, idlePercent, seed };
  const kinds = kindsOf(plan);
  const longest = Math.max(...kinds.map(({ domains }) => domains.length)) * messageUs;
  // Or a request would still be on its way when the governor looks again
  if (longest >= tickUs) {
    throw new RangeError(
      `"tickUs" expected more than ${longest} µs, a message for each domain of a SoC, got ${tickUs}`,
    );
  }
  checkLoad(kinds, load);
  return plan;
}

/** What of the boards of a plan is simulated.
 *  @throws BoardError when there is nothing to govern */
export function kindsOf({ boards, agentId }: Pick<FleetPlan, "boards" | "agentId">): readonly SocKind[] {
  return boards.map((board) => kindOf(board, agentId));
}

/** Whether a governor's name is a built-in one. */
export function isBuiltIn(name: string): name is (typeof GOVERNOR_NAMES)[number] {
  return GOVERNOR_NAMES.some((it) => it === name);
}

function checkLoad(kinds: readonly SocKind[], load: FleetPlan["load"]): void {
  const names = new Set(kinds.flatMap(({ domains }) => domains.map(({ name }) => name)));
  const expected = `a governed domain (${[...names].join(", ")})`;
  if ("domains" in load) {
    for (const got of load.domains.keys()) {
      if (!names.has(got)) throw new BoardError({ file: load.file, path: "/domain", expected, got });
    }
    return;
  }
  for (const { domain } of load) {
    if (domain !== undefined && !names.has(domain)) throw new RangeError(`load: expected ${expected}, got ${domain}`);
  }
  for (const name of names) loadOf(load, name);
}

function expect(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`"${name}" expected integer ${min} … ${max}, got ${value}`);
}
