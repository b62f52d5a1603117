/** Buckets of a log-linear histogram: values below 16 have one each, from there on every doubling is cut in 16. An upper bound is
 *  at most 1/16 above the values of its bucket. */
const STEPS_BITS = 4;
const STEPS = 1 << STEPS_BITS;

/** Enough for any u32. */
export const HISTOGRAM_BUCKETS = STEPS * (32 - STEPS_BITS + 1);

/** The bucket of an unsigned 32-bit value. */
export function bucketOf(value: number): number {
  if (value < STEPS) return value;
  const shift = 31 - Math.clz32(value) - STEPS_BITS;
  return STEPS * shift + (value >>> shift);
}

/** The largest value of a bucket. */
export function bucketTop(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - STEPS * shift + 1) * 2 ** shift - 1;
}

/** The top of the bucket that holds a share of all values; 0 for an empty histogram.
 *  @param share 0 … 1 */
export function quantileOf(counts: Float64Array, share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const wanted = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= wanted) return bucketTop(bucket);
  }
  return 0;
}
