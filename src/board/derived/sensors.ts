import type { ScmiConsumer } from "../../devicetree/index.ts";
import type { SensorSource } from "../source-sensor.ts";
import type { Origins } from "./origin.ts";
import type { NameMaker, Wanted } from "./resource.ts";

const USUAL_MILLICELSIUS = 42_000;
/** Between what is read and the first trip of a zone. */
const MARGIN_MILLICELSIUS = 10_000;

/** The sensors that a tree refers to: temperatures in millidegrees, well below the first trip of the thermal zone. */
export function sensorsOf(wanted: readonly Wanted[], names: NameMaker, origins: Origins): readonly SensorSource[] {
  return wanted.map(({ id, consumers }) => {
    const [first] = consumers;
    const coolest = Math.min(...consumers.flatMap(tripsOf));
    const reading = Math.min(USUAL_MILLICELSIUS, coolest - MARGIN_MILLICELSIUS);
    return {
      name: names.make(first ? first.device.baseName : `unused-${id}`),
      type: "celsius",
      exponent: -3,
      tripPoints: 2,
      signal: origins.invent(`sensor.sensors[${id}].signal`, reading),
    };
  });
}

function tripsOf({ device }: ScmiConsumer): readonly number[] {
  const trips = device.child("trips")?.children ?? [];
  return trips
    .map((trip) => trip.cell("temperature"))
    .filter((it) => it !== undefined)
    .map((it) => it | 0);
}
