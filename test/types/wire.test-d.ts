import { expectTypeOf, test } from "vitest";
import {
  type ClockConfigSet,
  type ClockDescribeRates,
  ClockRateSet,
  clockProtocol,
  type PerformanceDescribeLevels,
  type PerformanceDomainNameGet,
  type PerformanceProtocolAttributes,
} from "../../src/protocols/index.ts";
import {
  array,
  bit,
  bits,
  bytes,
  byVersion,
  type Command,
  command,
  decode,
  type Empty,
  encode,
  type FieldPath,
  flags,
  type Infer,
  type Layout,
  name,
  reserved,
  since,
  struct,
  tail,
  u32,
  u64,
  u64n,
} from "../../src/wire/index.ts";

const view = new DataView(new ArrayBuffer(64));

test("each type has the value that its name promises", () => {
  expectTypeOf<Infer<typeof u32>>().toEqualTypeOf<number>();
  expectTypeOf<Infer<typeof u64>>().toEqualTypeOf<bigint>();
  expectTypeOf<Infer<typeof u64n>>().toEqualTypeOf<number>();
  expectTypeOf(name(16)).toExtend<{ sizeOf(value: string): number }>();
  expectTypeOf(decode(bytes(4), view, 0, 4)).toEqualTypeOf<Uint8Array>();
  expectTypeOf(decode(bit(0), view, 0, 4)).toEqualTypeOf<boolean>();
  expectTypeOf(decode(array(u64n), view, 0, 8)).toEqualTypeOf<readonly number[]>();
});

test("a single bit is a boolean, a range is a number, in every version", () => {
  const word = bits({
    isOn: 31,
    level: [0, 8],
    unit: byVersion([8, 1], [0x30000, [8, 2]]),
    indexing: since(0x40000, 25),
  });
  expectTypeOf<Infer<typeof word>>().toEqualTypeOf<{
    readonly isOn: boolean;
    readonly level: number;
    readonly unit: number;
    readonly indexing: boolean;
  }>();
  // @ts-expect-error: a flag has one bit
  flags({ level: [0, 8] });
});

test("a struct leaves reserved fields out, and what may be missing is optional", () => {
  const type = struct({ id: u32, reserved0: reserved(4), delayUs: tail(u32), index: since(0x40000, u32) });
  expectTypeOf<Infer<typeof type>>().toEqualTypeOf<{
    readonly id: number;
    readonly delayUs?: number | undefined;
    readonly index?: number | undefined;
  }>();
  encode(type, view, 0, { id: 1 });
  // @ts-expect-error: a field is missing
  encode(type, view, 0, { delayUs: 1 });
  // @ts-expect-error: a field is of another type
  encode(type, view, 0, { id: 1n });
});

test("a union by version has the values of all its layouts", () => {
  const either = byVersion(struct({ a: u32 }), [0x20000, struct({ b: u64 })]);
  expectTypeOf<Infer<typeof either>>().toEqualTypeOf<{ readonly a: number } | { readonly b: bigint }>();
  expectTypeOf<Infer<ReturnType<typeof since<typeof u32>>>>().toEqualTypeOf<number | undefined>();
});

test("a command carries the values of its payloads, and names only fields that it has", () => {
  const Ping = command("PING", 3, {
    request: struct({ domainId: u32, flags: flags({ async: 0 }) }),
    resource: "domainId",
  });
  expectTypeOf(Ping).toExtend<Command<{ readonly domainId: number }, Empty>>();
  expectTypeOf<FieldPath<Infer<typeof Ping.request>>>().toEqualTypeOf<"domainId" | "flags" | "flags.async">();
  // @ts-expect-error: no such field
  command("PING", 3, { request: struct({ domainId: u32 }), resource: "clockId" });
  const request = struct({ flags: flags({ async: 0 }) });
  const payload = struct({});
  // @ts-expect-error: no such flag
  command("PING", 3, { request, delayedResponse: { name: "PONG", payload, when: "flags.sync" } });
});

test("the tables of the built-in protocols infer what the wire holds", () => {
  const { request, response, delayedResponse } = clockProtocol.at(0x30000).command(ClockRateSet);
  expectTypeOf(request.encode).parameter(2).toEqualTypeOf<{
    readonly flags: {
      readonly async: boolean;
      readonly ignoreDelayedResponse: boolean;
      readonly roundUp: boolean;
      readonly roundClosest: boolean;
    };
    readonly clockId: number;
    readonly rateHz: number;
  }>();
  expectTypeOf(response.decode).returns.toExtend<Empty>();
  expectTypeOf(delayedResponse).toEqualTypeOf<
    Layout<{ readonly clockId: number; readonly rateHz: number }> | undefined
  >();
  expectTypeOf<Infer<typeof ClockConfigSet.request>["extendedConfigValue"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<Infer<typeof ClockDescribeRates.response>["ratesHz"]>().toEqualTypeOf<readonly number[]>();
  expectTypeOf<Infer<typeof PerformanceDescribeLevels.response>["levels"][number]["levelIndex"]>().toEqualTypeOf<
    number | undefined
  >();
  expectTypeOf<Infer<typeof PerformanceProtocolAttributes.response>["statisticsAddress"]>().toEqualTypeOf<bigint>();
  expectTypeOf<Infer<typeof PerformanceDomainNameGet.response>>().toEqualTypeOf<{ readonly name: string }>();
});
