// How bytes are copied, and how the words are read and written that two threads share.

/** Copies `byteLength` bytes between regions that do not overlap. Addresses are 4-byte aligned. */
export function copy(to: usize, from: usize, byteLength: u32): void {
  copyInline(to, from, byteLength);
}

/** {@link copy}, for where a call would cost more than the bytes. */
export function copyInline(to: usize, from: usize, byteLength: u32): void {
  // Words beat memory.copy below 128 bytes, where all hot payloads are; one step a bit, for engines look at the stack in every
  // turn of a loop
  if (byteLength >= 128) {
    memory.copy(to, from, byteLength);
    return;
  }
  if (byteLength & 64) {
    block(to, from);
    block(to + 32, from + 32);
    to += 64;
    from += 64;
  }
  if (byteLength & 32) {
    block(to, from);
    to += 32;
    from += 32;
  }
  if (byteLength & 16) {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    to += 16;
    from += 16;
  }
  if (byteLength & 8) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
  if (byteLength & 4) {
    store<u32>(to, load<u32>(from));
    to += 4;
    from += 4;
  }
  for (let i: u32 = 0; i < (byteLength & 3); i++) store<u8>(to + i, load<u8>(from + i));
}

function block(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
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
