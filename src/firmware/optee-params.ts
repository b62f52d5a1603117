import { TEE_PARAMS, TEE_RESULT, type TeeMemref, type TeeParam, teeError, teeParamTypes } from "../tee/index.ts";
import type { TaParam } from "./trusted-app.ts";

/** The parameters of a command on their way into a trusted application and back. */
export interface PassedParams {
  readonly types: number;
  readonly params: readonly TaParam[];
}

/** The memories that a client may name. */
export interface ClientMemories {
  /** Another number whenever a memory came or went. */
  readonly version: number;
  /** The memory behind a cookie. */
  find(cookie: number): Uint8Array | undefined;
}

type Passed = { -readonly [Key in keyof TaParam]: TaParam[Key] };

/** Linux passes on two more than clients may have, for its own use. */
const LINUX_PARAMS = 6;
/** Views of so many lengths are kept for a parameter; commands have few. */
const VIEWS_KEPT = 256;

/** Brings parameters into the form of the application, as OP-TEE does, and back. What it made for the parameters before is used again where
 *  they are the same objects: commands that come again and again make no garbage. One command at a time. */
export class ParamPasser implements PassedParams {
  readonly params: Passed[] = [];
  readonly #views: (Views | undefined)[] = [];
  readonly #from: TeeParam[] = [];
  #types = 0;
  /** Of the memories that the views are of. */
  #version = -1;

  get types(): number {
    return this.#types;
  }

  /** Brings them in.
   *  @throws TeeError `BAD_PARAMETERS`, or `SECURITY` for what lies outside of its memory */
  passIn(from: readonly TeeParam[], memories: ClientMemories, operation: string, command?: number): void {
    if (!this.#isSame(from)) this.#adopt(from, textOf(operation, command));
    if (this.#version !== memories.version) {
      this.#version = memories.version;
      this.#views.fill(undefined);
    }
    for (let i = 0; i < from.length; i++) {
      const param = from[i];
      const passed = this.params[i];
      if (param === undefined || passed === undefined || param.kind === "none") continue;
      if (param.kind === "value") {
        const isIn = param.direction !== "out";
        passed.a = isIn ? param.a >>> 0 : 0;
        passed.b = isIn ? param.b >>> 0 : 0;
      } else {
        passed.buffer = this.#bufferOf(i, param, memories, operation, command);
        passed.size = passed.buffer?.byteLength ?? 0;
      }
    }
  }

  /** Brings values and sizes back; also when the command failed. */
  passOut(): void {
    for (let i = 0; i < this.#from.length; i++) {
      const param = this.#from[i];
      const passed = this.params[i];
      if (param === undefined || passed === undefined || param.kind === "none" || param.direction === "in") continue;
      if (param.kind === "value") {
        param.a = passed.a >>> 0;
        param.b = passed.b >>> 0;
      } else {
        param.byteLength = passed.size;
      }
    }
  }

  #isSame(from: readonly TeeParam[]): boolean {
    if (from.length !== this.#from.length || this.params.length === 0) return false;
    for (let i = 0; i < from.length; i++) if (from[i] !== this.#from[i]) return false;
    return true;
  }

  /** @param subject for errors */
  #adopt(from: readonly TeeParam[], subject: string): void {
    this.#from.length = 0;
    this.params.length = 0;
    if (from.length > TEE_PARAMS) {
      const origin = from.length > LINUX_PARAMS ? "api" : "tee";
      throw teeError(`${subject}: ${from.length} parameters`, TEE_RESULT.BAD_PARAMETERS, origin);
    }
    const unknown = from.findIndex(({ kind }) => kind !== "none" && kind !== "value" && kind !== "memref");
    if (unknown >= 0) throw teeError(`${subject}: parameter ${unknown}`, TEE_RESULT.BAD_PARAMETERS, "tee");
    this.#types = teeParamTypes(from);
    for (let i = 0; i < TEE_PARAMS; i++) {
      this.params.push({ a: 0, b: 0, buffer: undefined, size: 0 });
      this.#views[i] = undefined;
    }
    this.#from.push(...from);
  }

  #bufferOf(
    i: number,
    { memory, offset, byteLength }: TeeMemref,
    memories: ClientMemories,
    operation: string,
    command: number | undefined,
  ): Uint8Array | undefined {
    if (memory === undefined) return undefined;
    const known = this.#views[i];
    const isKnown = known !== undefined && known.cookie === memory.cookie && known.offset === offset;
    if (isKnown && known.lastBytes === byteLength) return known.last;
    const bytes = isKnown ? known.bytes : memories.find(memory.cookie);
    if (bytes === undefined || offset < 0 || byteLength < 0 || offset + byteLength > bytes.byteLength) {
      const result = bytes === undefined ? TEE_RESULT.BAD_PARAMETERS : TEE_RESULT.SECURITY;
      throw teeError(`${textOf(operation, command)}: parameter ${i}`, result, "tee");
    }
    if (byteLength === 0) return undefined; // no bytes arrive as no buffer
    const views = isKnown ? known : new Views(memory.cookie, bytes, offset);
    this.#views[i] = views;
    return views.of(byteLength);
  }
}

/** Pieces of one memory, all from one offset on. */
class Views {
  readonly cookie: number;
  readonly bytes: Uint8Array;
  readonly offset: number;
  last: Uint8Array | undefined;
  /** Length of {@link last}. */
  lastBytes = -1;
  readonly #known = new Map<number, Uint8Array>();

  constructor(cookie: number, bytes: Uint8Array, offset: number) {
    this.cookie = cookie;
    this.bytes = bytes;
    this.offset = offset;
  }

  of(byteLength: number): Uint8Array {
    let view = this.#known.get(byteLength);
    if (!view) {
      view = this.bytes.subarray(this.offset, this.offset + byteLength);
      if (this.#known.size < VIEWS_KEPT) this.#known.set(byteLength, view);
    }
    this.last = view;
    this.lastBytes = byteLength;
    return view;
  }
}

function textOf(operation: string, command: number | undefined): string {
  return command === undefined ? operation : `${operation} ${command}`;
}
