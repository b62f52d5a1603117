import { DEBUG_ANNOTATION as FIELD } from "./perfetto-fields.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** A value as a debug annotation: what Perfetto's UI shows of an event on a click. */
export function annotation(name: string | undefined, value: unknown): ProtobufWriter {
  const writer = new ProtobufWriter();
  if (name !== undefined) writer.string(FIELD.name, name);
  switch (typeof value) {
    case "boolean":
      return writer.varint(FIELD.boolValue, value ? 1 : 0);
    case "number":
      return Number.isSafeInteger(value)
        ? writer.varint(FIELD.intValue, value)
        : writer.double(FIELD.doubleValue, value);
    case "bigint":
      return writer.string(FIELD.stringValue, `0x${BigInt.asUintN(64, value).toString(16)}`);
    case "string":
      return writer.string(FIELD.stringValue, value);
  }
  if (value instanceof Uint8Array) {
    return writer.string(FIELD.stringValue, [...value].map((it) => it.toString(16).padStart(2, "0")).join(""));
  }
  if (Array.isArray(value)) {
    for (const element of value) writer.message(FIELD.arrayValues, annotation(undefined, element));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, element] of Object.entries(value)) {
      if (element !== undefined) writer.message(FIELD.dictEntries, annotation(key, element));
    }
  }
  return writer;
}
