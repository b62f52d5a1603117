import type { BoardDoorbell, BoardFastChannel } from "./board-memory.ts";
import type { FastChannelSource } from "./source-memory.ts";
import { type Place, within, wrong } from "./validate.ts";
import { word64 } from "./words.ts";

const DEFAULT_POLL_US = 4000;

/** Completes a FastChannel and checks what a schema cannot; `undefined` for none.
 *  @throws BoardError */
export function fastChannelOf(source: FastChannelSource | undefined, place: Place): BoardFastChannel | undefined {
  return (
    source && {
      address: word64(source.address, within(place, "address"), 4),
      rateLimitUs: source.rateLimitUs ?? 0,
      pollUs: source.pollUs ?? DEFAULT_POLL_US,
      doorbell: source.doorbell && doorbellOf(source.doorbell, within(place, "doorbell")),
    }
  );
}

function doorbellOf(source: NonNullable<FastChannelSource["doorbell"]>, place: Place): BoardDoorbell {
  const { widthBits = 32 } = source;
  const all = (1n << BigInt(widthBits)) - 1n;
  const set = word64(source.set, within(place, "set")) ?? 0n;
  if (set === 0n || set > all) throw wrong(within(place, "set"), `1 to ${widthBits} bits of the register`, source.set);
  const preserve = word64(source.preserve, within(place, "preserve")) ?? all & ~set;
  // A bit both kept and set would ring for ever: what the platform clears comes back with the next write
  if (preserve > all) throw wrong(within(place, "preserve"), `bits of a register of ${widthBits}`, source.preserve);
  return { address: word64(source.address, within(place, "address"), widthBits / 8), widthBits, set, preserve };
}
