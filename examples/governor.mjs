// Does a governor of one's own use less than schedutil? A hundred SoCs, ten seconds, by real exchanges.
import { parseBoard } from "scmi-wasm/board";
import { Fleet, parseLoad, planFleet, reportOf } from "scmi-wasm/sim";

const levels = [600, 1000, 1400, 1800].map((level) => ({ level, power: level ** 2 / 4000, latencyUs: 40 }));
const board = parseBoard(
  {
    vendor: "ACME",
    agents: [{ name: "OSPM" }],
    performance: {
      powerUnit: "milliwatt",
      domains: [
        { name: "cpu", levels: levels.map((it) => ({ ...it, power: Math.round(it.power) })), setLevel: "OSPM" },
      ],
    },
  },
  { file: "governor.mjs" },
);
const options = { load: [parseLoad("bursty:burst=40,pause=120")], socs: 100, seconds: 10 };

/** One step up or down at a time: up when more than nine tenths are used, down when the level below would do. */
function gentle({ capacities }, utilisation, level) {
  if (utilisation > 0.9 * capacities[level]) return Math.min(level + 1, capacities.length - 1);
  return level > 0 && utilisation < 0.7 * capacities[level - 1] ? level - 1 : level;
}

for (const [name, governor] of [["schedutil"], ["gentle", gentle]]) {
  const plan = planFleet([board], { ...options, governor: name });
  const fleet = Fleet.open(plan, governor ? { governor } : {});
  while (fleet.advance(100));
  const [cpu] = reportOf(plan, fleet.tally()).kinds[0].domains;
  console.log(name, `${Math.round(cpu.energy / 1000)} J, ${(cpu.unservedShare * 100).toFixed(1)} % of the work lost`);
}
