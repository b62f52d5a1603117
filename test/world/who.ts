import type { ProtocolHandle } from "../../src/agent/handle.ts";
import { ScriptedPlatform, words } from "../../src/compliance/script.ts";
import { command, protocol, struct, u32 } from "../../src/wire/index.ts";

/** A vendor protocol whose one command says which platform answers. */
export const WHO_ID = 0x90;
export const CLOCK_ID = 0x14;
const BASE_ID = 0x10;
const VERSION = 0x10000;

const WhoAreYou = command("WHO_ARE_YOU", 0x3, { mandatory: true, response: struct({ index: u32 }) });

/** The agent's side of it. */
export class Who {
  static readonly table = protocol({
    id: WHO_ID,
    name: "who",
    title: "Who",
    vendor: { vendor: "scripted" },
    versions: [VERSION],
    commands: [WhoAreYou],
  });
  readonly #handle: ProtocolHandle;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  ask(): Promise<number> {
    return this.#handle.call(WhoAreYou, {}, {}, ({ index }) => index);
  }
}

/** A platform with Base, a clock, and {@link Who}. */
export function whoPlatform(index: number): ScriptedPlatform {
  return new ScriptedPlatform()
    .on(BASE_ID, 0x1, () => words(0, 2))
    .on(BASE_ID, 0x6, ({ payload }) => (payload[0] === 0 ? words(0, 2, CLOCK_ID | (WHO_ID << 8)) : words(0, 0)))
    .on(WHO_ID, 0x0, () => words(0, VERSION))
    .on(WHO_ID, 0x3, () => words(0, index));
}
