import { BUCKET_COUNT, BUCKET_STEPS } from "../../assembly/sim/layout.ts";

/** Buckets of a log-linear histogram: values below 16 have one each, from there on every doubling is cut in 16. An upper bound is
 *  at most 1/16 above the values of its bucket. Enough for any u32; assembly/sim/histogram.ts counts. */
export const HISTOGRAM_BUCKETS = BUCKET_COUNT;

/** The largest value of a bucket. */
export function bucketTop(bucket: number): number {
  if (bucket < 2 * BUCKET_STEPS) return bucket;
  const shift = Math.floor(bucket / BUCKET_STEPS) - 1;
  return (bucket - BUCKET_STEPS * shift + 1) * 2 ** shift - 1;
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
