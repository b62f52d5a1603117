// One agent, one platform with one performance domain, one exchange.
import { Core, commandWord, XFER } from "scmi-wasm";
import { describePlatform } from "scmi-wasm/platform";

const core = await Core.open();
const description = describePlatform(core, {
  agents: 1,
  protocols: [
    {
      id: 0x13,
      version: 0x40000,
      performanceDomains: [{ levels: [600, 1400, 2000], level: 600, min: 600, max: 2000 }],
    },
  ],
});
const instance = core.openInstance({ description, state: core.openState(description) });
const channel = core.openChannel(instance); // SMT in an area of 128 bytes, as most boards have it
const xfer = core.acquire(instance);

const PERFORMANCE_LEVEL_SET = commandWord(0x13, 0x7);
const payload = core.payloadAt(xfer);
core.memory.setU32(payload, 0); // domain
core.memory.setU32(payload + 4, 1400); // level
const state = core.exchange(channel, xfer, PERFORMANCE_LEVEL_SET, 8, 0);
console.log(state === XFER.DONE, `status ${core.memory.i32(payload)}`, core.counters(channel).responses);
