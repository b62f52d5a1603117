import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/cli/context.ts";
import { describeFields, unitOf } from "../../src/cli/fields.ts";
import { findCommand, findProtocol } from "../../src/cli/lookup.ts";
import { requestOf } from "../../src/cli/request.ts";
import { valueLines } from "../../src/cli/show.ts";
import { PROTOCOLS } from "../../src/protocols/index.ts";
import { array, bits, bytes, command, name, protocol, struct, tail, u16, u32, u64 } from "../../src/wire/index.ts";

/** The request that words make for a command of the newest version. */
function request(protocolName: string, commandName: string, ...words: string[]): unknown {
  const found = findProtocol(protocolName);
  const { command: it } = findCommand(found, commandName);
  if (!found.table || !it) throw new Error("not in the tables");
  return requestOf(it.name, found.table.at(found.table.newestVersion).command(it).request, words);
}

const failure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no error";
};

describe("names", () => {
  test.each([
    ["clock", 0x14],
    ["CLOCK", 0x14],
    ["cl", 0x14],
    ["perf", 0x13],
    ["Performance", 0x13],
    ["power", 0x11], // though others begin with it
    ["POWER_DOMAIN", 0x11],
    ["system-power", 0x12],
    ["SYSTEM_POWER", 0x12],
    ["sys", 0x12],
    ["0x14", 0x14],
    ["20", 0x14],
    ["0x7f", 0x7f],
  ])("%s is protocol %i", (text, id) => {
    expect(findProtocol(text).id).toBe(id);
  });

  test.each([
    ["clock", "CLOCK_RATE_GET", 0x6],
    ["clock", "clock-rate-get", 0x6],
    ["clock", "rate_get", 0x6],
    ["clock", "rateget", 0x6],
    ["clock", "rate-g", 0x6],
    ["clock", "attributes", 0x3], // CLOCK_ATTRIBUTES; the other one is PROTOCOL_ATTRIBUTES
    ["clock", "protocol-a", 0x1],
    ["reset", "reset", 0x4],
    ["perf", "level_s", 0x7],
    ["clock", "0x3f", 0x3f],
    ["base", "6", 0x6],
    ["0x80", "1", 0x1],
  ])("%s %s is message %i", (protocolName, text, id) => {
    expect(findCommand(findProtocol(protocolName), text).id).toBe(id);
  });

  test("every protocol and command of the tables is found by its own name", () => {
    for (const table of PROTOCOLS) {
      expect(findProtocol(table.name).table).toBe(table);
      for (const it of table.commands) expect(findCommand({ id: table.id, table }, it.name).command).toBe(it);
    }
  });

  test.each([
    [() => findProtocol("clokc"), /unknown protocol "clokc": did you mean clock\?/],
    [() => findProtocol("prf"), /did you mean performance\?/],
    [() => findProtocol("zebra"), /unknown protocol "zebra": scmi call --list shows them/],
    [() => findProtocol("p"), /"p" is more than one protocol: power, performance/],
    [() => findProtocol("0x100"), /expected a protocol from 0 to 0xff, got 0x100/],
    [() => findCommand(findProtocol("clock"), "rate_gte"), /did you mean CLOCK_RATE_GET\?/],
    [() => findCommand(findProtocol("clock"), "config"), /CLOCK_CONFIG_SET, CLOCK_CONFIG_GET/],
    [
      () => findCommand(findProtocol("0x80"), "rate"),
      /0x80 has no table here: expected its command's number, got rate/,
    ],
  ])("a slip is an error that helps (%#)", (run, message) => {
    expect(failure(run)).toMatch(message);
  });
});

describe("a request", () => {
  test("takes values in the order of the fields, or by name in any order", () => {
    const expected = {
      flags: { async: true, ignoreDelayedResponse: false, roundUp: false, roundClosest: false },
      ...{ clockId: 2, rateHz: 300_000_000 },
    };
    expect(request("clock", "rate-set", "1", "2", "300_000_000")).toEqual(expected);
    expect(request("clock", "rate-set", "rateHz=0x11e1a300", "flags.async=on", "CLOCKID=2")).toEqual(expected);
    expect(request("clock", "rate-set", "flags=1", "clockId=2", "rateHz=300000000")).toEqual(expected);
  });

  test("clears flags that are not named, and asks for everything else", () => {
    expect(request("clock", "rate-set", "clockId=2", "rateHz=1")).toMatchObject({ flags: { async: false } });
    expect(failure(() => request("clock", "rate-set", "clockId=2"))).toMatch(
      /^CLOCK_RATE_SET: expected rateHz \(Hz\)\nfields of CLOCK_RATE_SET.*\n {2}flags +word, optional\n[\s\S]*rateHz +u64, in Hz/,
    );
    // a state is no flag: 0 would switch the clock off
    expect(failure(() => request("clock", "config-set", "clockId=2"))).toMatch(/expected attributes\.state/);
    expect(failure(() => request("clock", "rate-notify", "2"))).toMatch(/expected notifyEnable/);
  });

  test.each([
    [["clokId=1"], /unknown field "clokId", did you mean clockId\?/],
    [["async=1"], /did you mean flags\.async\?/],
    [["1", "2", "3", "4"], /expected at most 3 values, got "4" besides/],
    [["clockId=1", "clockId=2"], /expected clockId once, got it twice/],
    [["flags=1", "flags.async=1"], /expected flags\.async once, got it twice/],
    [["flags.async=1", "2"], /expected flags once, got it by name and as "2"/],
    [["0", "two", "3"], /clockId: expected an integer, decimal or 0x…, got "two"/],
    [["0", "1", "99999999999999999999"], /rateHz: expected an integer/],
    [["0x10", "1", "2"], /flags: expected no bits of 0xfffffff0, got 0x10; --raw sends any/],
    [["flags.async=2", "clockId=1", "rateHz=1"], /flags\.async: expected 0 or 1, got "2"/],
  ])("%j is refused with a reason", (words, message) => {
    expect(failure(() => request("clock", "rate-set", ...words))).toMatch(message);
  });

  const Odd = command("ODD_SET", 0x3, {
    request: struct({
      attributes: bits({ count: [0, 8], isGroup: 8 }),
      label: name(16),
      key: bytes(2),
      mask: u64,
      settings: array(struct({ id: u16, value: u16 }), { count: "attributes.count" }),
    }),
  });
  const Ends = command("ENDS_SET", 0x4, { request: struct({ id: u32, value: tail(u32) }) });
  const table = protocol({
    ...{ id: 0x81, name: "odd", title: "Odd", versions: [0x10000], vendor: { vendor: "ACME" } },
    commands: [Odd, Ends],
  });
  const odd = (it: typeof Odd | typeof Ends, ...words: string[]) =>
    requestOf(it.name, table.at(0x10000).command(it as typeof Odd).request, words);

  test("takes names, bytes, 64 bits, lists with commas or as JSON, and counts lists by itself", () => {
    const settings = [
      { id: 1, value: 2 },
      { id: 3, value: 4 },
    ];
    expect(
      odd(Odd, "label=cpu big", "key=be:EF", "mask=0xffffffffffffffff", `settings=${JSON.stringify(settings)}`),
    ).toEqual({
      attributes: { count: 2, isGroup: false },
      ...{ label: "cpu big", key: Uint8Array.of(0xbe, 0xef), mask: 2n ** 64n - 1n, settings },
    });
    expect(failure(() => odd(Odd, "0", "a", "abc", "0", "[]"))).toMatch(/key: expected two hexadecimal digits/);
    expect(failure(() => odd(Odd, "0", "a", "ab", "0", "[{"))).toMatch(/settings: expected JSON/);
    expect(failure(() => odd(Odd, "0", "a", "ab", "0", '[{"id":1}]'))).toMatch(/settings\[0\]: expected value/);
    expect(failure(() => odd(Odd, "0", "a", "ab", "0", '[{"ix":1}]'))).toMatch(
      /settings\[0\]: unknown field "ix", did you mean id/,
    );
  });

  test("may leave out a tail", () => {
    expect(odd(Ends, "1")).toEqual({ id: 1 });
    expect(odd(Ends, "1", "2")).toEqual({ id: 1, value: 2 });
  });

  test("can be described for every command of every protocol and version", () => {
    for (const it of PROTOCOLS) {
      for (const version of it.versions) {
        for (const { command: each, request: layout } of it.at(version).commands) {
          const fields = describeFields(layout.type);
          if (fields.some(({ isOptional }) => !isOptional)) {
            expect(failure(() => requestOf(each.name, layout, []))).toContain(`fields of ${each.name}`);
          } else {
            expect(requestOf(each.name, layout, [])).toBeTypeOf("object");
          }
        }
      }
    }
  });
});

test("units come from the ends of names", () => {
  expect(["rateHz", "a.latencyUs", "levelsUv[3]", "frequencyKhz", "clockId", "status"].map(unitOf)).toEqual([
    ...["Hz", "µs", "µV", "kHz", "", ""],
  ]);
});

test("values are shown by path, with units, addresses and words in hexadecimal", () => {
  const values = {
    version: 0x30000,
    rateHz: 5,
    name: "a",
    list: [1, 2],
    rows: [{ at: 16n }],
    none: [],
    gone: undefined,
  };
  expect(valueLines(values, " ")).toEqual([
    " version     3.0 (0x30000)",
    " rateHz      5 Hz",
    ' name        "a"',
    " list        1, 2",
    " rows[0].at  0x10",
    " none        none",
  ]);
});
