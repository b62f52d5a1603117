import { words } from "../support/core.ts";
import type { Clock, PerformanceDomain, PlatformSpec, ProtocolSpec } from "../support/description.ts";
import { FurtherReference } from "./further-reference.ts";

const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const DENIED = -3;
const NOT_FOUND = -4;
const OUT_OF_RANGE = -5;
const PROTOCOL_ERROR = -10;

const USE = 1;
const SET = 2;
const HOST_GET = 8;
const HOST_SET = 16;

const ASYNC = 1n;
const ROUND_UP = 4n;
const CLOSEST = 8n;
const KNOWN_FLAGS = 15n;

/** A level, rate, state or limit that somebody set. */
export interface Change {
  readonly kind: "level" | "rate" | "limits" | "state" | "voltage";
  readonly agent: number;
  readonly domain: number;
  readonly before: bigint;
  readonly after: bigint;
  /** Where limits may have moved a level: before, and after. */
  readonly levels?: readonly [before: bigint, after: bigint];
}

/** Answer payload, status first; or the host has to answer. */
export type Answer = readonly number[] | "host";

/**
 * What the platform answers, said once more in plain TypeScript: from the order of checks in the transport text and the
 * message tables of the performance and clock texts, with bigints, linear searches and nothing shared with the core.
 */
export class ReferencePlatform {
  readonly changes: Change[] = [];
  /** Limits, power states, voltages, readings and caps. */
  readonly further: FurtherReference;
  readonly #spec: PlatformSpec;
  readonly #levels = new Map<string, bigint>();
  readonly #rates = new Map<string, bigint>();

  constructor(spec: PlatformSpec) {
    this.#spec = spec;
    this.further = new FurtherReference(spec, this.#levels, this.changes);
    for (const { id, performance, clocks } of spec.protocols) {
      for (const [domain, { level }] of (performance ?? []).entries())
        this.#levels.set(`${id}/${domain}`, BigInt(level));
      for (const [clock, { rate }] of (clocks ?? []).entries()) this.#rates.set(`${id}/${clock}`, rate);
    }
  }

  levelOf(protocol: number, domain: number): bigint {
    return this.#levels.get(`${protocol}/${domain}`) ?? -1n;
  }

  rateOf(protocol: number, clock: number): bigint {
    return this.#rates.get(`${protocol}/${clock}`) ?? -1n;
  }

  /** @param agent 1 … number of agents
   *  @param limit largest payload of the channel */
  answer(agent: number, header: number, request: readonly number[], limit: number): Answer {
    const answer = this.#judge(agent, header, request);
    return answer !== "host" && answer.length > limit ? words(PROTOCOL_ERROR) : answer;
  }

  #judge(agent: number, header: number, request: readonly number[]): Answer {
    const messageType = Math.floor(header / 0x100) % 4;
    const protocolId = Math.floor(header / 0x400) % 0x100;
    const messageId = header % 0x100;
    if (messageType !== 0) return words(PROTOCOL_ERROR);
    const index = this.#spec.protocols.findIndex(({ id }) => id === protocolId);
    const protocol = this.#spec.protocols[index];
    if (!protocol) return words(NOT_SUPPORTED);
    const mask = BigInt(this.#spec.protocolMasks?.[agent - 1] ?? 0xffff_ffff);
    if ((mask & (1n << BigInt(index))) === 0n) return words(DENIED);
    const message = protocol.messages[messageId];
    if (!message) return words(NOT_FOUND);
    switch (message.kind) {
      case "host":
        return "host";
      case "constant": {
        const { requestBytes = 0, reply } = message;
        if (requestBytes !== 0xffff && request.length !== requestBytes) return words(PROTOCOL_ERROR);
        return [...words(SUCCESS), ...reply];
      }
      case "version":
        return request.length === 0 ? words(SUCCESS, protocol.version) : words(PROTOCOL_ERROR);
      case "levelSet":
        return request.length === 8 ? this.#setLevel(agent, protocol, request) : words(PROTOCOL_ERROR);
      case "levelGet":
        return request.length === 4 ? this.#getLevel(agent, protocol, request) : words(PROTOCOL_ERROR);
      case "rateSet":
        return request.length === 16 ? this.#setRate(agent, protocol, request) : words(PROTOCOL_ERROR);
      case "rateGet":
        return request.length === 4 ? this.#getRate(agent, protocol, request) : words(PROTOCOL_ERROR);
      default:
        return this.further.answer(message.kind, agent, protocol, request);
    }
  }

  #may(agent: number, protocol: ProtocolSpec, domain: number, bit: number): boolean {
    const bits = protocol.permissions?.[agent - 1]?.[domain] ?? USE | SET;
    return (bits & bit) !== 0;
  }

  #setLevel(agent: number, protocol: ProtocolSpec, request: readonly number[]): Answer {
    const index = Number(unsigned(request, 0, 4));
    const level = unsigned(request, 4, 4);
    const domain: PerformanceDomain | undefined = protocol.performance?.[index];
    if (!domain) return words(NOT_FOUND);
    if (!this.#may(agent, protocol, index, USE) || !this.#may(agent, protocol, index, SET)) return words(DENIED);
    if (this.#may(agent, protocol, index, HOST_SET)) return "host";
    const limits = this.further.limitsOf(protocol.id, index);
    if (level < limits.min || level > limits.max) return words(OUT_OF_RANGE);
    if (domain.levels.length > 0 && !domain.levels.some((listed) => BigInt(listed) === level)) {
      return words(OUT_OF_RANGE);
    }
    const key = `${protocol.id}/${index}`;
    this.changes.push({ kind: "level", agent, domain: index, before: this.#levels.get(key) ?? 0n, after: level });
    this.#levels.set(key, level);
    return words(SUCCESS);
  }

  #getLevel(agent: number, protocol: ProtocolSpec, request: readonly number[]): Answer {
    const index = Number(unsigned(request, 0, 4));
    if (!protocol.performance?.[index]) return words(NOT_FOUND);
    if (!this.#may(agent, protocol, index, USE)) return words(DENIED);
    if (this.#may(agent, protocol, index, HOST_GET)) return "host";
    return words(SUCCESS, Number(this.levelOf(protocol.id, index)));
  }

  #setRate(agent: number, protocol: ProtocolSpec, request: readonly number[]): Answer {
    const flags = unsigned(request, 0, 4);
    const index = Number(unsigned(request, 4, 4));
    const wanted = unsigned(request, 8, 8);
    const clock: Clock | undefined = protocol.clocks?.[index];
    if (!clock || !this.#may(agent, protocol, index, USE)) return words(NOT_FOUND);
    if (this.#may(agent, protocol, index, HOST_SET)) return "host";
    if (flags > KNOWN_FLAGS) return words(INVALID_PARAMETERS);
    if (flags & ASYNC) return clock.asyncDepth ? "host" : words(NOT_SUPPORTED);
    if (!this.#may(agent, protocol, index, SET)) return words(DENIED);
    const rate = rounded(clock, wanted, flags);
    if (rate === undefined) return words(INVALID_PARAMETERS);
    const key = `${protocol.id}/${index}`;
    this.changes.push({ kind: "rate", agent, domain: index, before: this.#rates.get(key) ?? 0n, after: rate });
    this.#rates.set(key, rate);
    return words(SUCCESS);
  }

  #getRate(agent: number, protocol: ProtocolSpec, request: readonly number[]): Answer {
    const index = Number(unsigned(request, 0, 4));
    if (!protocol.clocks?.[index] || !this.#may(agent, protocol, index, USE)) return words(NOT_FOUND);
    if (this.#may(agent, protocol, index, HOST_GET)) return "host";
    const rate = this.rateOf(protocol.id, index);
    return words(SUCCESS, Number(rate & 0xffff_ffffn), Number(rate >> 32n));
  }
}

/** The rate that a request for `wanted` sets, or undefined when the flags leave none. */
export function rounded(clock: Pick<Clock, "rates">, wanted: bigint, flags: bigint): bigint | undefined {
  const { rates } = clock;
  const [below, above] = "length" in rates ? aroundInList(rates, wanted) : aroundInRange(rates, wanted);
  if (below === undefined) return above;
  if (flags & CLOSEST) {
    if (above === undefined) return below;
    return above - wanted < wanted - below ? above : below;
  }
  return flags & ROUND_UP ? above : below;
}

type Neighbours = readonly [below: bigint | undefined, above: bigint | undefined];
const NONE: Neighbours = [undefined, undefined];

function aroundInList(rates: readonly bigint[], wanted: bigint): Neighbours {
  const atMost = rates.filter((rate) => rate <= wanted);
  const atLeast = rates.filter((rate) => rate >= wanted);
  if (atMost.length === 0 || atLeast.length === 0) return NONE;
  return [atMost[atMost.length - 1], atLeast[0]];
}

function aroundInRange(
  { lowest, highest, step }: { lowest: bigint; highest: bigint; step: bigint },
  wanted: bigint,
): Neighbours {
  if (wanted < lowest || wanted > highest) return NONE;
  if (step === 0n) return [wanted, wanted];
  const below = lowest + ((wanted - lowest) / step) * step;
  if (below === wanted) return [wanted, wanted];
  return [below, below + step <= highest ? below + step : undefined];
}

function unsigned(bytes: readonly number[], at: number, byteLength: number): bigint {
  let value = 0n;
  for (let index = byteLength - 1; index >= 0; index--) value = value * 256n + BigInt(bytes[at + index] ?? 0);
  return value;
}
