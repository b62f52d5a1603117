// The accounts of docs/simulation.md written down once more, microsecond by microsecond, with nothing in common with src/sim.

export interface ModelDomain {
  readonly name: string;
  readonly levels: readonly { readonly khz: number; readonly power: number; readonly latencyUs: number }[];
  readonly start: number;
  readonly rateLimitUs: number;
}

export interface ModelPlan {
  readonly domains: readonly ModelDomain[];
  readonly ticks: number;
  readonly tickUs: number;
  readonly messageUs: number;
  readonly idlePercent: number;
  /** By domain name. */
  readonly samples: Readonly<Record<string, readonly { readonly timeUs: number; readonly share: number }[]>>;
}

export interface ModelDomainResult {
  readonly residency: number[];
  /** Power × µs × 100. */
  energy: bigint;
  messages: number;
  switches: number;
  late: number;
  superseded: number;
  unfinished: number;
  demand: number;
  unserved: number;
  readonly latencies: number[];
}

interface Request {
  readonly level: number;
  readonly askedAt: number;
}

/** One SoC under the schedutil rule, without spread. */
export function runModel(plan: ModelPlan): ModelDomainResult[] {
  const { ticks, tickUs, messageUs } = plan;
  const socs = plan.domains.map((domain) => {
    const top = Math.max(...domain.levels.map(({ khz }) => khz));
    return {
      domain,
      capacity: domain.levels.map(({ khz }) => Math.max(1, Math.floor((1024 * khz) / top))),
      requested: domain.start,
      lastAsked: -Infinity,
      inForce: domain.start,
      way: undefined as (Request & { readonly until: number }) | undefined,
      waiting: undefined as Request | undefined,
      arriving: [] as (Request & { readonly at: number })[],
      seen: 0,
      result: {
        ...{ residency: domain.levels.map(() => 0), energy: 0n, messages: 0, switches: 0, late: 0, superseded: 0 },
        ...{ unfinished: 0, demand: 0, unserved: 0, latencies: [] as number[] },
      },
    };
  });
  for (let tick = 0; tick < ticks; tick++) {
    const start = tick * tickUs;
    let order = 0;
    for (const soc of socs) {
      let wanted = soc.capacity.length - 1;
      while (wanted > 0 && (soc.capacity[wanted - 1] ?? 0) * 0.8 >= soc.seen) wanted--;
      if (wanted === soc.requested || start - soc.lastAsked < soc.domain.rateLimitUs) continue;
      soc.lastAsked = start;
      soc.requested = wanted;
      soc.result.messages++;
      soc.arriving.push({ level: wanted, askedAt: start, at: start + ++order * messageUs });
    }
    for (const soc of socs) {
      const used = meanOf(plan.samples[soc.domain.name] ?? [], start, start + tickUs);
      let stretch = 0;
      const close = (inForce: number, other: number | undefined) => {
        const powers = [soc.domain.levels[inForce]?.power ?? 0, soc.domain.levels[other ?? inForce]?.power ?? 0];
        const busy = Math.min(stretch, Math.floor((stretch * used) / (soc.capacity[inForce] ?? 1)));
        const units = BigInt(busy * 100 + (stretch - busy) * plan.idlePercent);
        soc.result.energy += BigInt(Math.max(...powers)) * units;
        stretch = 0;
      };
      for (let t = start; t < start + tickUs; t++) {
        const before = [soc.inForce, soc.way?.level] as const;
        step(soc, t, tickUs);
        if (before[0] !== soc.inForce || before[1] !== soc.way?.level) close(...before);
        stretch++;
        soc.result.residency[soc.inForce] = (soc.result.residency[soc.inForce] ?? 0) + 1;
        soc.result.demand += used;
        soc.result.unserved += Math.max(0, used - (soc.capacity[soc.inForce] ?? 1));
      }
      close(soc.inForce, soc.way?.level);
      soc.seen = used;
    }
  }
  for (const { way, waiting, arriving, result } of socs) {
    result.unfinished = [way, waiting].filter((it) => it !== undefined).length + arriving.length;
  }
  return socs.map(({ result }) => result);
}

interface Moving {
  readonly domain: ModelDomain;
  inForce: number;
  way: (Request & { readonly until: number }) | undefined;
  waiting: Request | undefined;
  arriving: (Request & { readonly at: number })[];
  readonly result: ModelDomainResult;
}

function step(soc: Moving, t: number, tickUs: number): void {
  for (;;) {
    if (soc.way && soc.way.until <= t) {
      const latency = t - soc.way.askedAt;
      soc.inForce = soc.way.level;
      soc.result.latencies.push(latency);
      soc.result.switches++;
      if (latency > tickUs) soc.result.late++;
      soc.way = undefined;
      const next = soc.waiting;
      soc.waiting = undefined;
      if (next) begin(soc, next, t);
    } else if (soc.arriving[0] && soc.arriving[0].at <= t) {
      const request = soc.arriving.shift();
      if (!request) return;
      if (!soc.way) begin(soc, request, t);
      else {
        if (soc.waiting) soc.result.superseded++;
        soc.waiting = request;
      }
    } else return;
  }
}

function begin(soc: Moving, request: Request, t: number): void {
  if (request.level === soc.inForce) soc.result.superseded++;
  else soc.way = { ...request, until: t + (soc.domain.levels[request.level]?.latencyUs ?? 0) };
}

function meanOf(samples: ModelPlan["samples"][string], from: number, to: number): number {
  let sum = 0;
  for (let t = from; t < to; t++) {
    let share = 0;
    for (const sample of samples) if (sample.timeUs <= t) share = sample.share;
    sum += share;
  }
  return Math.floor(sum / (to - from));
}
