// Every offset, size and code of the fleets' module, read by both compilers. Integer constants only. All offsets are in bytes, from the
// beginning of the memory; a slot is a governed domain of a SoC, a domain one of a kind of SoCs, and levels go by their position in
// the list of the levels of all domains, lowest first.

// Head of the memory: where the arrays stand, which `open` writes
//   0 slots · 4 most asks · 8 asked at · 12 requested · 16 utilisations · 20 domains · 24 rate limits · 28 capacities · 32 bounds ·
//   36 asks · 40 next · 44 reserved · 48 sum of latencies, f64 · 56 longest latency, f64 · 64 buckets, f64 each · latencies, f64 each
export const HEAD_SLOTS = 0;
export const HEAD_MOST_ASKS = 4;
/** f64 a slot: when a level was last asked for, in µs; -Infinity at first. */
export const HEAD_ASKED_AT = 8;
/** u32 a slot: the level that was accepted last. */
export const HEAD_REQUESTED = 12;
/** u16 a slot: what is to be done, 0 … FULL. */
export const HEAD_UTILISATIONS = 16;
/** u16 a slot: its domain. */
export const HEAD_DOMAINS = 20;
/** f64 a domain: least time between requests, in µs. */
export const HEAD_RATE_LIMITS = 24;
/** u16 a level: 1 … FULL. */
export const HEAD_CAPACITIES = 28;
/** {@link BOUND_BYTES} a level: for which utilisations the governor wants it. */
export const HEAD_BOUNDS = 32;
/** {@link ASK_BYTES} each: what `look` answers. */
export const HEAD_ASKS = 36;
/** The slot where the next `look` of this tick goes on; all have been looked at when it is the number of slots. */
export const HEAD_NEXT = 40;
export const LATENCY_SUM = 48;
export const LATENCY_LONGEST = 56;
/** The log-linear histogram: f64 a bucket. */
export const BUCKETS = 64;

/** Values below 2^4 have a bucket each; from there on every doubling is cut in 2^4. */
export const BUCKET_BITS = 4;
export const BUCKET_STEPS = 1 << BUCKET_BITS;
/** Enough for any u32. */
export const BUCKET_COUNT = BUCKET_STEPS * (32 - BUCKET_BITS + 1);

/** f64 each, in µs: those that `count` has not counted yet. */
export const LATENCIES = BUCKETS + BUCKET_COUNT * 8;
export const LATENCY_ROOM = 256;
export const HEAD_BYTES = LATENCIES + LATENCY_ROOM * 8;

// Two i16: the lowest and the highest utilisation. None lies between them where the governor never wants the level
export const BOUND_BYTES = 4;
export const BOUND_LEAST = 0;
export const BOUND_MOST = 2;

// Two u32
export const ASK_BYTES = 8;
export const ASK_SLOT = 0;
export const ASK_LEVEL = 4;

/** Utilisation and capacity of the highest level, as Linux counts them. */
export const FULL = 1024;

export const GOVERNOR_PERFORMANCE = 0;
export const GOVERNOR_POWERSAVE = 1;
export const GOVERNOR_SCHEDUTIL = 2;
