/** The versions of the specification that this package knows, oldest first. Their number is never on the wire. */
export const RELEASE_NAMES = ["1.0", "2.0", "3.0", "3.1", "3.2"] as const;

/** A release of the specification. */
export type Release = (typeof RELEASE_NAMES)[number];

/** The standard protocols by name: their ids, header bits 17:10. DEN0056E, protocol identifiers */
export const PROTOCOL_ID = {
  BASE: 0x10,
  POWER_DOMAIN: 0x11,
  SYSTEM_POWER: 0x12,
  PERFORMANCE: 0x13,
  CLOCK: 0x14,
  SENSOR: 0x15,
  RESET_DOMAIN: 0x16,
  VOLTAGE: 0x17,
  POWERCAP: 0x18,
  PINCTRL: 0x19,
} as const;

/** Version words of every standard protocol in each release; a protocol that a release lacks is not listed. Behaviour follows
 *  the word that a platform reports for each protocol; a release is only a set of them. For 3.0 the words of power domain,
 *  system power, performance, clock and reset domain are inferred. */
export const RELEASES: Readonly<Record<Release, ReadonlyMap<number, number>>> = {
  "1.0": /* @__PURE__ */ new Map([
    [PROTOCOL_ID.BASE, 0x10000],
    [PROTOCOL_ID.POWER_DOMAIN, 0x10000],
    [PROTOCOL_ID.SYSTEM_POWER, 0x10000],
    [PROTOCOL_ID.PERFORMANCE, 0x10000],
    [PROTOCOL_ID.CLOCK, 0x10000],
    [PROTOCOL_ID.SENSOR, 0x10000],
  ]),
  "2.0": /* @__PURE__ */ new Map([
    [PROTOCOL_ID.BASE, 0x20000],
    [PROTOCOL_ID.POWER_DOMAIN, 0x20000],
    [PROTOCOL_ID.SYSTEM_POWER, 0x10000],
    [PROTOCOL_ID.PERFORMANCE, 0x20000],
    [PROTOCOL_ID.CLOCK, 0x10000],
    [PROTOCOL_ID.SENSOR, 0x10000],
    [PROTOCOL_ID.RESET_DOMAIN, 0x10000],
  ]),
  "3.0": /* @__PURE__ */ new Map([
    [PROTOCOL_ID.BASE, 0x20000],
    [PROTOCOL_ID.POWER_DOMAIN, 0x20000],
    [PROTOCOL_ID.SYSTEM_POWER, 0x10000],
    [PROTOCOL_ID.PERFORMANCE, 0x20000],
    [PROTOCOL_ID.CLOCK, 0x10000],
    [PROTOCOL_ID.SENSOR, 0x20000],
    [PROTOCOL_ID.RESET_DOMAIN, 0x20000],
    [PROTOCOL_ID.VOLTAGE, 0x10000],
  ]),
  "3.1": /* @__PURE__ */ new Map([
    [PROTOCOL_ID.BASE, 0x20000],
    [PROTOCOL_ID.POWER_DOMAIN, 0x30000],
    [PROTOCOL_ID.SYSTEM_POWER, 0x20000],
    [PROTOCOL_ID.PERFORMANCE, 0x30000],
    [PROTOCOL_ID.CLOCK, 0x20000],
    [PROTOCOL_ID.SENSOR, 0x30000],
    [PROTOCOL_ID.RESET_DOMAIN, 0x30000],
    [PROTOCOL_ID.VOLTAGE, 0x20000],
    [PROTOCOL_ID.POWERCAP, 0x10000],
  ]),
  "3.2": /* @__PURE__ */ new Map([
    [PROTOCOL_ID.BASE, 0x20001],
    [PROTOCOL_ID.POWER_DOMAIN, 0x30001],
    [PROTOCOL_ID.SYSTEM_POWER, 0x20001],
    [PROTOCOL_ID.PERFORMANCE, 0x40000],
    [PROTOCOL_ID.CLOCK, 0x30000],
    [PROTOCOL_ID.SENSOR, 0x30001],
    [PROTOCOL_ID.RESET_DOMAIN, 0x30001],
    [PROTOCOL_ID.VOLTAGE, 0x20001],
    [PROTOCOL_ID.POWERCAP, 0x20000],
    [PROTOCOL_ID.PINCTRL, 0x10000],
  ]),
};

/** The version word that a protocol has in a release; `undefined` where the release lacks it.
 *  @param protocolId header bits 17:10, {@link PROTOCOL_ID}
 *  @throws RangeError for a release that there is not */
export function versionIn(release: Release, protocolId: number): number | undefined {
  if (!RELEASE_NAMES.includes(release)) {
    throw new RangeError(`release of SCMI: expected one of ${RELEASE_NAMES.join(", ")}, got ${release}`);
  }
  return RELEASES[release].get(protocolId);
}
