const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID in the form in which all are compared: lower case, with its hyphens.
 *  @throws TypeError for anything else */
export function normalUuid(uuid: string): string {
  const normal = uuid.toLowerCase();
  if (UUID.test(normal)) return normal;
  throw new TypeError(`"uuid" expected 8-4-4-4-12 hexadecimal digits, got "${uuid}"`);
}

/** The 16 bytes of a UUID in the order in which they are written, as `TEE_UUID` goes to a TEE. */
export function uuidBytes(uuid: string): Uint8Array {
  const digits = normalUuid(uuid).replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
