import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PROTOCOLS } from "../../src/protocols/index.ts";
import { Layout } from "../../src/wire/layout.ts";
import { allLayouts, valuesOf } from "./arbitrary.ts";

// Generated codecs against the combinators that they were made from: same bytes, same values, same refusals.

type Outcome = { readonly value: unknown } | { readonly error: string };

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    // Texts differ where a whole group of flags is missing: JavaScript throws before anyone can say which.
    return { error: error instanceof TypeError ? "TypeError" : String(error) };
  }
}

/** One field, somewhere in a value, replaced by something that does not belong there. */
function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const wrong = fc.constantFrom<unknown>(
    -1,
    0.5,
    Number.NaN,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -0,
    "x",
    "é",
    "a\0b",
    7n,
    -1n,
    [],
    true,
  );
  const paths = pathsIn(value);
  if (paths.length === 0) return fc.constant(value);
  return fc.tuple(fc.constantFrom(...paths), fc.oneof(wrong, fc.constant(undefined))).map(([path, it]) => {
    const copy = structuredClone(value);
    let parent = copy as Record<string, unknown>;
    for (const step of path.slice(0, -1)) parent = parent[step] as Record<string, unknown>;
    parent[path.at(-1) as string] = it;
    return copy;
  });
}

function pathsIn(value: unknown, before: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, it]) => [[...before, key], ...pathsIn(it, [...before, key])]);
}

function bothEncode(layout: Layout<unknown>, value: unknown, capacity?: number): [Outcome, Outcome] {
  const run = (encode: (view: DataView) => number): Outcome => {
    const bytes = new Uint8Array(1024).fill(0xaa);
    return outcomeOf(() => {
      const written = encode(new DataView(bytes.buffer));
      return Buffer.from(bytes.subarray(0, written + 8)).toString("hex"); // what lies behind must stay
    });
  };
  return [
    run((view) => layout.encode(view, 0, value, capacity)),
    run((view) => layout.encodeByType(view, 0, value, capacity)),
  ];
}

function bothDecode(layout: Layout<unknown>, bytes: Uint8Array): [Outcome, Outcome, Outcome] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = () => layout.decodeByType(view, 0, bytes.length);
  return [
    outcomeOf(() => layout.decode(view, 0, bytes.length)),
    outcomeOf(read),
    outcomeOf(() => layout.decodeInto(view, 0, bytes.length, {})),
  ];
}

const GENERATED = allLayouts().filter(([, layout]) => Object.getPrototypeOf(layout) !== Layout.prototype);

test("requests and responses of hot commands are generated, and nothing else is", () => {
  const hot = new Set<unknown>();
  for (const protocol of PROTOCOLS) {
    for (const version of protocol.versions) {
      for (const { command, request, response } of protocol.at(version).commands) {
        // Hot in the core, but asked once
        if (command.isHot && command.name !== "PROTOCOL_VERSION") hot.add(request).add(response);
      }
    }
  }
  expect(GENERATED.filter(([, layout]) => !hot.has(layout)).map(([name]) => name)).toEqual([]);
  expect(GENERATED.length).toBe(hot.size);
  expect(hot.size).toBeGreaterThan(0);
});

describe.each(GENERATED)("%s", (_name, layout) => {
  test("encodes what the combinators encode", () => {
    fc.assert(
      fc.property(valuesOf(layout.type), fc.option(fc.nat(64), { nil: undefined }), (value, capacity) => {
        const [generated, reference] = bothEncode(layout, value, capacity);
        expect(generated).toEqual(reference);
      }),
      { numRuns: 30 },
    );
  });

  test("refuses what the combinators refuse", () => {
    fc.assert(
      fc.property(
        valuesOf(layout.type).chain((it) => spoiled(it)),
        (value) => {
          const [generated, reference] = bothEncode(layout, value);
          expect(generated).toEqual(reference);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("decodes what the combinators decode, from bytes that mean something and from bytes that do not", () => {
    const bytes = new Uint8Array(1024);
    const meant = valuesOf(layout.type).map((value) =>
      bytes.slice(0, layout.encodeByType(new DataView(bytes.buffer), 0, value)),
    );
    const cut = fc.tuple(meant, fc.nat(1024)).map(([it, end]) => it.slice(0, end));
    const noisy = fc
      .tuple(meant, fc.uint8Array({ maxLength: 64 }))
      .map(([it, noise]) => it.map((byte, i) => byte ^ (noise[i] ?? 0)));
    const random = fc.uint8Array({ maxLength: 96 });
    const longer = fc.tuple(meant, random).map(([it, more]) => Uint8Array.from([...it, ...more]));
    fc.assert(
      fc.property(fc.oneof(meant, cut, noisy, random, longer), (it) => {
        const [generated, reference, into] = bothDecode(layout, it);
        expect(generated).toStrictEqual(reference);
        expect(into).toStrictEqual(reference);
      }),
      { numRuns: 80 },
    );
  });

  test("decodes alike what lies at the edge of each word", () => {
    fc.assert(
      fc.property(valuesOf(layout.type), (value) => {
        const bytes = new Uint8Array(1024);
        const { length } = bytes.subarray(0, layout.encodeByType(new DataView(bytes.buffer), 0, value));
        for (let at = 0; at + 4 <= length; at += 4) {
          for (const word of [0x1fffff, 0x200000, 0xffffffff]) {
            const copy = bytes.slice(0, length);
            new DataView(copy.buffer).setUint32(at, word, true);
            const [generated, reference, into] = bothDecode(layout, copy);
            expect(generated).toStrictEqual(reference);
            expect(into).toStrictEqual(reference);
          }
        }
      }),
      { numRuns: 3 },
    );
  });
});
