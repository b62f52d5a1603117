/** One field of a protobuf message as it stands there: enough to read what another hand wrote. The encoding is that of protobuf.dev. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** The fields of a message, in order. */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error("expected a varint, got the end");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.byteLength) {
    const key = varint();
    const number = Number(key >> 3n);
    switch (key & 7n) {
      case 0n:
        fields.push({ number, value: varint() });
        break;
      case 1n:
        fields.push({ number, value: view.getBigUint64(at, true) });
        at += 8;
        break;
      case 2n: {
        const byteLength = Number(varint());
        if (at + byteLength > bytes.byteLength) throw new Error(`expected ${byteLength} bytes of field ${number}`);
        fields.push({ number, value: bytes.subarray(at, at + byteLength) });
        at += byteLength;
        break;
      }
      default:
        throw new Error(`expected wire type 0, 1 or 2, got ${key & 7n}`);
    }
  }
  return fields;
}

export function bytesOf(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.flatMap((it) => (it.number === number && typeof it.value !== "bigint" ? [it.value] : []));
}

export function numbersOf(fields: readonly Field[], number: number): number[] {
  return fields.flatMap((it) => (it.number === number && typeof it.value === "bigint" ? [Number(it.value)] : []));
}

export function textOf(fields: readonly Field[], number: number): string | undefined {
  const [bytes] = bytesOf(fields, number);
  return bytes && new TextDecoder().decode(bytes);
}
