/** A wasm module that is embedded as text. It is compiled when it is first asked for, and kept. */
export class EmbeddedModule {
  readonly #text: string;
  #module: WebAssembly.Module | undefined;

  /** @param text as scripts/embed-wasm.mjs writes it */
  constructor(text: string) {
    this.#text = text;
  }

  /** An instance of a module that imports nothing. */
  instantiate(): WebAssembly.Exports {
    this.#module ??= new WebAssembly.Module(decodeWasm(this.#text));
    return new WebAssembly.Instance(this.#module).exports;
  }
}

/** The bytes that scripts/embed-wasm.mjs has written as a text. */
export function decodeWasm(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let more = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7c) {
      more = (code - 0x7c) * 89;
    } else {
      bytes[length++] = more + code - (code < 0x5c ? 0x23 : 0x24);
      more = 0;
    }
  }
  return bytes.slice(0, length);
}
