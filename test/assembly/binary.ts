/** What stands in the sections of a wasm binary, as far as the tests of the builds ask. */
export interface Binary {
  /** Parameter and result types of every function type. */
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly globals: readonly { readonly type: string; readonly isMutable: boolean }[];
  /** Memories of the binary's own. */
  readonly memories: readonly Limits[];
  readonly dataSegments: number;
  readonly hasStart: boolean;
  /** Type of function `index`, imported ones first. */
  readonly functionTypes: readonly number[];
  readonly customSections: readonly string[];
}

export interface FunctionType {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

export interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
  readonly isShared: boolean;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
  readonly limits?: Limits;
}

export interface Export {
  readonly name: string;
  readonly kind: string;
  readonly index: number;
}

const KINDS = ["function", "table", "memory", "global"];
const TYPES: Readonly<Record<number, string>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64", 123: "v128" };
const SECTION = { custom: 0, type: 1, import: 2, function: 3, memory: 5, global: 6, export: 7, start: 8, data: 11 };

/** Reads a binary from its bytes, not through the engine's own eyes. */
export function parse(bytes: Uint8Array): Binary {
  const reader = new Reader(bytes);
  const magic = [reader.byte(), reader.byte(), reader.byte(), reader.byte()];
  if (String.fromCharCode(...magic) !== "\0asm" || reader.word() !== 1) throw new Error("expected a wasm binary");
  const types: FunctionType[] = [];
  const imports: Import[] = [];
  const functionTypes: number[] = [];
  const found: Export[] = [];
  const globals: { type: string; isMutable: boolean }[] = [];
  const memories: Limits[] = [];
  const customSections: string[] = [];
  let dataSegments = 0;
  let hasStart = false;
  while (!reader.atEnd) {
    const id = reader.byte();
    const byteLength = reader.leb();
    const end = reader.at + byteLength;
    if (id === SECTION.custom) customSections.push(reader.name());
    else if (id === SECTION.type) reader.each(() => types.push(reader.functionType()));
    else if (id === SECTION.import) {
      reader.each(() => imports.push(reader.import((type) => functionTypes.push(type))));
    } else if (id === SECTION.function) reader.each(() => functionTypes.push(reader.leb()));
    else if (id === SECTION.memory) reader.each(() => memories.push(reader.limits()));
    else if (id === SECTION.global) reader.each(() => globals.push(reader.global()));
    else if (id === SECTION.export) {
      reader.each(() => found.push({ name: reader.name(), kind: reader.kind(), index: reader.leb() }));
    } else if (id === SECTION.start) hasStart = true;
    else if (id === SECTION.data) dataSegments = reader.leb();
    reader.at = end;
  }
  return {
    types,
    imports,
    exports: found,
    globals,
    memories,
    dataSegments,
    hasStart,
    functionTypes,
    customSections,
  };
}

/** The signature of an exported function. */
export function signatureOf(binary: Binary, name: string): FunctionType {
  const entry = binary.exports.find((each) => each.name === name && each.kind === "function");
  const type = entry && binary.types[binary.functionTypes[entry.index] ?? -1];
  if (!type) throw new Error(`no exported function ${name}`);
  return type;
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Error("the binary ends too early");
    return byte;
  }

  word(): number {
    return this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
  }

  /** An unsigned number of variable length. */
  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  each(read: () => unknown): void {
    for (let left = this.leb(); left > 0; left--) read();
  }

  name(): string {
    const byteLength = this.leb();
    this.at += byteLength;
    return new TextDecoder().decode(this.#bytes.subarray(this.at - byteLength, this.at));
  }

  kind(): string {
    return KINDS[this.byte()] ?? "unknown";
  }

  type(): string {
    const code = this.byte();
    return TYPES[code] ?? `type 0x${code.toString(16)}`;
  }

  functionType(): FunctionType {
    if (this.byte() !== 0x60) throw new Error("expected a function type");
    const parameters: string[] = [];
    const results: string[] = [];
    this.each(() => parameters.push(this.type()));
    this.each(() => results.push(this.type()));
    return { parameters, results };
  }

  limits(): Limits {
    const flags = this.byte();
    const initial = this.leb();
    return { initial, maximum: flags & 1 ? this.leb() : undefined, isShared: (flags & 2) !== 0 };
  }

  import(onFunction: (type: number) => void): Import {
    const head = { module: this.name(), name: this.name(), kind: this.kind() };
    if (head.kind === "memory") return { ...head, limits: this.limits() };
    if (head.kind === "function") onFunction(this.leb());
    else throw new Error(`expected imports of functions and memories, got a ${head.kind}`);
    return head;
  }

  global(): { type: string; isMutable: boolean } {
    const type = this.type();
    const isMutable = this.byte() === 1;
    // A constant expression: skip to its end
    for (let code = this.byte(); code !== 0x0b; code = this.byte()) {
      if (code === 0x44) this.at += 8;
      else if (code === 0x43) this.at += 4;
      else this.leb();
    }
    return { type, isMutable };
  }
}
