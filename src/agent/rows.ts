import type { Core } from "../core/core.ts";
import type { RowOptions } from "../transport/transport.ts";

/** As many commands at once as Linux prepares for. */
const XFERS = 20;
const SMALL_XFERS = 8;
const MOST_XFERS = 1024;

const pools = /* @__PURE__ */ new WeakMap<Core, RowPool>();

/** What a connection took, to be given back as a whole. */
export interface TakenInstance {
  readonly instance: number;
  /** Xfers that it was asked to have. */
  readonly maxMessages: number;
  /** Its rows by what they were opened with; the ones in use are taken out. */
  readonly idle: Map<string, number[]>;
  /** The rows in use, and what they were opened with. */
  readonly rows: Map<number, string>;
}

/** SCMI instances and rows that connections have given back. The core never takes any back itself, so whoever opens transports again
 *  and again would run out. */
export class RowPool {
  readonly #core: Core;
  readonly #idle: TakenInstance[] = [];

  private constructor(core: Core) {
    this.#core = core;
  }

  /** The pool of a core. */
  static of(core: Core): RowPool {
    let pool = pools.get(core);
    if (!pool) {
      pool = new RowPool(core);
      pools.set(core, pool);
    }
    return pool;
  }

  /** An instance with an agent half only.
   *  @throws RangeError for a number of messages out of range, or when the core has no room left */
  takeInstance(maxMessages = XFERS): TakenInstance {
    if (!Number.isInteger(maxMessages) || maxMessages < 1 || maxMessages > MOST_XFERS) {
      throw new RangeError(`"maxMessages" expected integer 1 to ${MOST_XFERS}, got ${maxMessages}`);
    }
    const place = this.#idle.findIndex((it) => it.maxMessages === maxMessages);
    const known = place < 0 ? undefined : this.#idle.splice(place, 1)[0];
    return known ?? { instance: this.#open(maxMessages), maxMessages, idle: new Map(), rows: new Map() };
  }

  /** A row of an instance.
   *  @throws RangeError for an area that is too small, or when the core has no room left */
  takeRow(taken: TakenInstance, options: RowOptions): number {
    const key = JSON.stringify([
      options.p2a ?? false,
      options.framing,
      options.areaBytes,
      options.area,
      limits(options),
    ]);
    const row = taken.idle.get(key)?.pop() ?? this.#core.openChannel(taken.instance, channelOptions(options));
    taken.rows.set(row, key);
    return row;
  }

  /** Takes an instance back with its rows: nothing is in flight there any more. */
  giveBack(taken: TakenInstance): void {
    for (const [row, key] of taken.rows) {
      this.#core.resetChannel(row);
      taken.idle.set(key, [...(taken.idle.get(key) ?? []), row]);
    }
    taken.rows.clear();
    this.#idle.push(taken);
  }

  #open(maxMessages: number): number {
    try {
      return this.#core.openInstance({ xfers: maxMessages, fullTokens: true });
    } catch (reason) {
      // Full token spaces are dear, and a core has few of them.
      if (!(reason instanceof RangeError)) throw reason;
      return this.#core.openInstance({ xfers: Math.min(maxMessages, SMALL_XFERS) });
    }
  }
}

function limits({ maxMessage, timeoutMs }: RowOptions): readonly (number | undefined)[] {
  return [maxMessage, timeoutMs];
}

function channelOptions(options: RowOptions) {
  return options.area === undefined ? options : { ...options, isForeign: true };
}
