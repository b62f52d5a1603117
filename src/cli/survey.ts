import type { ProtocolClass } from "../index.ts";
import { type Agent, type CallOptions, ChannelError, DeadlineError, ScmiError, UnsupportedError } from "../index.ts";
import type { Protocol } from "../wire/index.ts";

/** Something that the platform would not tell, and why. */
export interface Refusal {
  /** What was asked for: `clock 5: rateHz`. */
  readonly what: string;
  readonly error: { readonly name: string; readonly message: string };
}

/** A domain, a clock, a sensor, a pin … */
export interface SurveyedResource {
  /** `clock`, `pin`, `group` … */
  readonly kind: string;
  readonly id: number;
  readonly name: string;
  /** What does not change about it. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What was read of it just now. */
  readonly state: Readonly<Record<string, unknown>>;
  /** All that in some words. */
  readonly summary: string;
}

/** What one protocol told. */
export interface SurveyedProtocol {
  readonly id: number;
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Version word in use; `undefined` when the protocol could not be opened. */
  readonly version: number | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resources: readonly SurveyedResource[];
  readonly refusals: readonly Refusal[];
}

/** Asks one protocol for all that it has. */
export interface Surveyor {
  readonly table: Protocol;
  survey(agent: Agent, options: CallOptions): Promise<SurveyedProtocol>;
}

/** One sort of resource of a protocol `P` whose attributes are `A`. */
export interface Kind<P, A, R extends { readonly name: string }, S> {
  readonly kind: string;
  readonly count: (attributes: A) => number;
  readonly describe: (protocol: P, id: number, options: CallOptions) => Promise<R>;
  /** What changes, by name; `undefined` where a resource has no such thing. */
  readonly state: {
    readonly [K in keyof S]: (protocol: P, info: R, options: CallOptions) => Promise<S[K] | undefined>;
  };
  readonly summary: (info: R, state: Partial<S>) => string;
}

/** A {@link Kind} whose resource types are nobody's business any more. */
export type AnyKind<P, A> = (visit: Visit, protocol: P, attributes: A) => Promise<readonly SurveyedResource[]>;

/** Puts questions, and notes down which were refused. A platform that is silent is not asked again: each time would take a time-out. */
export class Visit {
  readonly options: CallOptions;
  readonly refusals: Refusal[] = [];
  isSilent = false;

  constructor(options: CallOptions) {
    this.options = options;
  }

  /** The answer, or `undefined`.
   *  @throws ChannelError "closed", and what is not the platform's fault */
  async ask<T>(what: string, question: () => Promise<T>, isOptional = false): Promise<T | undefined> {
    if (this.isSilent) return undefined;
    try {
      return await question();
    } catch (reason) {
      if (!(reason instanceof ScmiError)) throw reason;
      if (reason instanceof ChannelError && reason.reason === "closed") throw reason;
      if (reason instanceof DeadlineError && reason.phase === "response") this.isSilent = true;
      if (isOptional && reason instanceof UnsupportedError) return undefined; // an older version, that is all
      this.refusals.push({ what, error: { name: reason.name, message: reason.message } });
      return undefined;
    }
  }
}

/** Makes a {@link Kind} into one that can stand in a list with others. */
export function kindOf<P, A, R extends { readonly name: string }, S>(kind: Kind<P, A, R, S>): AnyKind<P, A> {
  return async (visit, protocol, attributes) => {
    const resources: SurveyedResource[] = [];
    for (let id = 0; id < kind.count(attributes); id++) {
      const info = await visit.ask(`${kind.kind} ${id}`, () => kind.describe(protocol, id, visit.options));
      if (info === undefined) continue;
      const state: Partial<S> = {};
      for (const key in kind.state) {
        const read = kind.state[key];
        const value = await visit.ask(`${kind.kind} ${id}: ${key}`, () => read(protocol, info, visit.options), true);
        if (value !== undefined) state[key] = value;
      }
      const { name, ...details } = info;
      const summary = kind.summary(info, state);
      resources.push({ kind: kind.kind, id, name, details: plain(details), state, summary });
    }
    return resources;
  };
}

/** A surveyor of a protocol. */
export function surveyorOf<P extends { readonly version: number }, A extends object>(
  type: ProtocolClass<P>,
  attributesOf: (protocol: P, options: CallOptions) => Promise<A>,
  kinds: readonly AnyKind<P, A>[],
): Surveyor {
  const { table } = type;
  return {
    table,
    async survey(agent, options) {
      const visit = new Visit(options);
      const protocol = await visit.ask("version", () => agent.protocol(type, options));
      const attributes = protocol && (await visit.ask("attributes", () => attributesOf(protocol, options)));
      const resources: SurveyedResource[] = [];
      if (protocol && attributes)
        for (const kind of kinds) resources.push(...(await kind(visit, protocol, attributes)));
      const { id, name, title } = table;
      const { refusals } = visit;
      return { id, name, title, version: protocol?.version, attributes: plain(attributes ?? {}), resources, refusals };
    },
  };
}

/** Ids as the classes of the protocols have them; here each is `id`. */
const OWN_IDS = ["domainId", "clockId", "sensorId", "pinId", "groupId", "functionId"];

/** Without what is said already, and what only a program can use: of FastChannels, which there are. */
function plain(info: object): Record<string, unknown> {
  const entries = Object.entries(info).filter(([key]) => !OWN_IDS.includes(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key === "fastChannels" ? Object.keys(value ?? {}) : value]),
  );
}
