// How bytes are copied, and how the words are read and written that two threads share.

/** Copies `byteLength` bytes between regions that do not overlap. Addresses are 4-byte aligned. */
export function copy(to: usize, from: usize, byteLength: u32): void {
  // Words beat memory.copy below about 128 bytes, where all hot payloads are
  if (byteLength > 128) {
    memory.copy(to, from, byteLength);
    return;
  }
  let i: u32 = 0;
  const blocks = byteLength & ~31;
  while (i < blocks) {
    store<u64>(to + i, load<u64>(from + i));
    store<u64>(to + i, load<u64>(from + i, 8), 8);
    store<u64>(to + i, load<u64>(from + i, 16), 16);
    store<u64>(to + i, load<u64>(from + i, 24), 24);
    i += 32;
  }
  if (byteLength & 16) {
    store<u64>(to + i, load<u64>(from + i));
    store<u64>(to + i, load<u64>(from + i, 8), 8);
    i += 16;
  }
  if (byteLength & 8) {
    store<u64>(to + i, load<u64>(from + i));
    i += 8;
  }
  if (byteLength & 4) {
    store<u32>(to + i, load<u32>(from + i));
    i += 4;
  }
  while (i < byteLength) {
    store<u8>(to + i, load<u8>(from + i));
    i++;
  }
}

/** Reads a word that hands a region over: nothing after it is read before it. */
export function acquireWord(at: usize): u32 {
  if (ASC_FEATURE_THREADS) return atomic.load<u32>(at);
  return load<u32>(at);
}

/** Writes a word that hands a region over: everything before it is written before it. */
export function releaseWord(at: usize, value: u32): void {
  if (ASC_FEATURE_THREADS) atomic.store<u32>(at, value);
  else store<u32>(at, value);
}

export function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}
