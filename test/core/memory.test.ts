import { describe, expect, test } from "vitest";
import { CoreMemory } from "../../src/core/memory.ts";

const MEMORIES = [
  ["ordinary", () => new WebAssembly.Memory({ initial: 1, maximum: 8 })],
  ["shared", () => new WebAssembly.Memory({ initial: 1, maximum: 8, shared: true })],
] as const;

describe.each(MEMORIES)("%s memory", (_kind, make) => {
  test("reads words with and without sign", () => {
    const memory = new CoreMemory(make());
    for (const [value, signed] of [
      [0, 0],
      [1, 1],
      [0x7fff_ffff, 0x7fff_ffff],
      [0x8000_0000, -0x8000_0000],
      [0xffff_ffff, -1],
    ] as const) {
      memory.setU32(64, value);
      expect([memory.u32(64), memory.i32(64)]).toEqual([value, signed]);
      memory.setU32(64, signed);
      expect([memory.u32(64), memory.i32(64)]).toEqual([value, signed]);
    }
  });

  test("is little-endian", () => {
    const memory = new CoreMemory(make());
    memory.setU32(8, 0x0403_0201);
    memory.setF64(16, 1.5);
    expect([...memory.bytes.subarray(8, 12)]).toEqual([1, 2, 3, 4]);
    expect(memory.data.getFloat64(16, true)).toBe(1.5);
    expect(memory.f64(16)).toBe(1.5);
    expect(memory.words[2]).toBe(0x0403_0201);
  });

  test("keeps its views while it does not grow, and has new ones after it did", () => {
    const memory = new CoreMemory(make());
    const { data, bytes, words } = memory;
    expect([memory.data === data, memory.bytes === bytes, memory.words === words]).toEqual([true, true, true]);
    memory.setU32(128, 0xdead_beef);
    memory.setF64(136, Number.POSITIVE_INFINITY);
    for (let pages = 2; pages <= 8; pages++) {
      memory.memory.grow(1);
      expect(memory.u32(128)).toBe(0xdead_beef);
      expect(memory.f64(136)).toBe(Number.POSITIVE_INFINITY);
      const last = pages * 65536 - 4;
      memory.setU32(last, pages);
      expect(memory.u32(last)).toBe(pages);
      expect([memory.data, memory.bytes, memory.words].map(({ byteLength }) => byteLength)).toEqual(
        Array.from({ length: 3 }, () => pages * 65536),
      );
    }
  });

  test("that grew is renewed by whichever access comes first", () => {
    const accesses: ((memory: CoreMemory, at: number) => unknown)[] = [
      (memory, at) => memory.u32(at),
      (memory, at) => memory.i32(at),
      (memory, at) => memory.setU32(at, 5),
      (memory, at) => memory.f64(at),
      (memory, at) => memory.setF64(at, 5),
      (memory, at) => memory.data.getUint32(at, true),
      (memory, at) => memory.bytes[at],
      (memory, at) => memory.words[at >> 2],
    ];
    for (const access of accesses) {
      const memory = new CoreMemory(make());
      memory.memory.grow(1);
      expect(access(memory, 65536)).not.toBeNaN();
      expect(memory.bytes.length).toBe(2 * 65536);
    }
  });
});
