/** What a sensor can measure, by its code in `SENSOR_DESCRIPTION_GET`: base units, whose scale the sensor's exponent gives. DEN0056, sensor
 *  type enumerations, after DMTF DSP0249. 0xff is the vendor's own, all others are reserved. */
export const SENSOR_UNITS: readonly string[] = /* @__PURE__ */ Object.freeze(
  // One text: a list of so many strings would be twice as long in the bundle.
  /* @__PURE__ */ (
    "none unspecified celsius fahrenheit kelvin volt ampere watt joule coulomb volt-ampere nit lumen lux candela kilopascal psi newton cfm " +
    "rpm hertz second minute hour day week mil inch foot cubic-inch cubic-foot metre cubic-centimetre cubic-metre litre fluid-ounce " +
    "radian steradian revolutions cycles gravities ounce pound foot-pound ounce-inch gauss gilbert henry farad ohm siemens mole " +
    "becquerel ppm decibel dba dbc gray sievert colour-temperature bits bytes words double-words quad-words percent pascal counts " +
    "gram newton-metre hits misses retries overruns underruns collisions packets messages characters errors corrected-errors " +
    "uncorrectable-errors square-mil square-inch square-foot square-centimetre square-metre radian-per-second beats-per-minute " +
    "metre-per-second-squared metre-per-second cubic-metre-per-second mmhg radian-per-second-squared binary-state bytes-per-second"
  ).split(" "),
);

/** Code of a unit that is the vendor's own. */
export const OEM_UNIT = 0xff;

/** The name of a unit; `oem` for the vendor's, `reserved` for codes without a meaning.
 *  @param sensorType its code */
export function sensorUnit(sensorType: number): string {
  return sensorType === OEM_UNIT ? "oem" : (SENSOR_UNITS[sensorType] ?? "reserved");
}
