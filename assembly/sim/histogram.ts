// How long switches took, log-linear.

import { BUCKET_BITS, BUCKET_STEPS, BUCKETS, LATENCIES, LATENCY_LONGEST, LATENCY_SUM } from "./layout";

/** Counts the first `count` latencies. What is above a u32 is in the last bucket. */
export function count(count: u32): void {
  let sum = load<f64>(LATENCY_SUM);
  let longest = load<f64>(LATENCY_LONGEST);
  for (let i: u32 = 0; i < count; i++) {
    const latency = load<f64>(LATENCIES + i * 8);
    const at = BUCKETS + bucketOf(<u32>min<f64>(latency, <f64>u32.MAX_VALUE)) * 8;
    store<f64>(at, load<f64>(at) + 1);
    sum += latency;
    longest = max<f64>(longest, latency);
  }
  store<f64>(LATENCY_SUM, sum);
  store<f64>(LATENCY_LONGEST, longest);
}

function bucketOf(value: u32): u32 {
  if (value < <u32>BUCKET_STEPS) return value;
  const shift = <u32>(31 - BUCKET_BITS) - clz<u32>(value);
  return BUCKET_STEPS * shift + (value >> shift);
}
