import type { Board } from "../board/board.ts";

/** Characters of a name in a field of 16 bytes, its NUL left out. */
const SHORT = 15;

/** Whether a name needs a `…_NAME_GET` of its own. */
export function isLong(name: string): boolean {
  return name.length > SHORT;
}

/** What fits a field of 16 bytes: all of a short name, the beginning of a long one. */
export function shortName(name: string): string {
  return name.slice(0, SHORT);
}

/** A board for releases that have no `…_NAME_GET`: of names with the same beginning, which is all that agents see, only the first stays as
 *  it is; others end with their id, as in `peripheral-~511`. Linux gives up what has a name twice. */
export function withDistinctNames(board: Board): Board {
  const { power, performance, clock, sensor, reset, voltage } = board;
  return {
    ...board,
    power: power && { ...power, domains: distinct(power.domains) },
    performance: performance && { ...performance, domains: distinct(performance.domains) },
    clock: clock && { ...clock, clocks: distinct(clock.clocks) },
    sensor: sensor && { ...sensor, sensors: distinct(sensor.sensors) },
    reset: reset && { ...reset, domains: distinct(reset.domains) },
    voltage: voltage && { ...voltage, domains: distinct(voltage.domains) },
  };
}

function distinct<Named extends { readonly name: string }>(all: readonly Named[]): readonly Named[] {
  const whole = new Set(all.flatMap(({ name }) => (isLong(name) ? [] : [name])));
  const taken = new Set<string>();
  return all.map((it, id) => {
    // What is no longer than the field has its name by right
    if (!isLong(it.name)) return it;
    let name = shortName(it.name);
    for (let mark = `~${id}`; whole.has(name) || taken.has(name); mark = `~${mark}`) {
      name = it.name.slice(0, SHORT - mark.length) + mark;
    }
    taken.add(name);
    return name === shortName(it.name) ? it : { ...it, name };
  });
}
