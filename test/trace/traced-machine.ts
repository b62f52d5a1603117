import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Agent } from "../../src/agent/agent.ts";
import { parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { Clock, Performance } from "../../src/protocols/index.ts";
import { type TraceEvent, Tracer } from "../../src/trace/index.ts";
import { loopback } from "../../src/transport/loopback.ts";

const file = "examples/boards/example.yaml";
const board = parseBoard(parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")), { file });

export const CPU_LITTLE = 0;

/** A machine of the example board, traced from before its first message. */
export async function openTraced(side: "agent" | "platform" = "agent", capacity = {}) {
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board), ...capacity } });
  const clock = new SimulatedClock();
  const platform = Platform.open(core, board, { clock });
  const events: TraceEvent[] = [];
  const tracer = Tracer.attach(core, { side, onEvent: (event) => void events.push(kept(event)) });
  const agent = await Agent.open(core, loopback(platform.connect(1)), { clock });
  return { core, clock, platform, tracer, agent, events };
}

/** Everything there is at once: commands that succeed and that do not, a delayed response, a notification, FastChannels. */
export async function livelyTrace(side: "agent" | "platform" = "agent"): Promise<readonly TraceEvent[]> {
  const { clock, platform, tracer, agent, events } = await openTraced(side);
  const clocks = await agent.protocol(Clock);
  clock.advance(1);
  const [pll] = (await clocks.describeAll()).filter(({ name }) => name === "cpu-pll");
  if (pll?.rates.kind !== "range") throw new Error("expected cpu-pll of the example board to have a range");
  await moving(clock, clocks.setRateAsync(pll.clockId, pll.rates.lowestHz));
  await clocks.getRate(9999).catch(() => undefined); // refused
  const performance = await agent.protocol(Performance);
  const stop = new AbortController();
  const levels = performance.watchLevel(CPU_LITTLE, { signal: stop.signal });
  const first = levels[Symbol.asyncIterator]().next();
  const [domain] = await performance.describeAll();
  for (const { performanceLevel } of domain?.levels ?? []) {
    await moving(clock, performance.setLevel(CPU_LITTLE, performanceLevel));
    clock.advance(5);
    await performance.getLevel(CPU_LITTLE);
  }
  await moving(clock, first);
  stop.abort();
  await agent.close();
  tracer.close();
  platform.close();
  return events;
}

/** Moves the clock until something is there. */
async function moving<T>(clock: SimulatedClock, what: Promise<T>): Promise<T> {
  let isThere = false;
  const done = () => {
    isThere = true;
  };
  what.then(done, done);
  for (let turn = 0; turn < 1000 && !isThere; turn++) {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    if (!isThere) clock.advance(0.1);
  }
  if (!isThere) throw new Error("expected an answer within 100 ms of simulated time");
  return what;
}

/** Payloads are lent; tests keep them. */
function kept(event: TraceEvent): TraceEvent {
  return event.kind === "message" && event.payload ? { ...event, payload: event.payload.slice() } : event;
}
