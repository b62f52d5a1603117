import { describe, expect, test } from "vitest";
import { Ftrace } from "./kit.ts";

/** CLOCK_RATE_GET of clock 2, and 400 MHz. */
const [CLOCK, RATE_GET, CLOCK_2, RATE] = ["14", "06", "02000000", "0084d71700000000"];

describe("a response", () => {
  test("belongs to the command with its token, however many are on their way", () => {
    const { messages, summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 5, 0, CLOCK_2)
      .after(3)
      .dump("CMND", "13", "07", 6, 0, "0000000078050000")
      .after(7)
      .dump("RESP", CLOCK, RATE_GET, 5, 0, RATE)
      .after(20)
      .dump("RESP", "13", "07", 6, -5)
      .decode();
    expect(
      messages.map(({ message, kind, latencyUs, status, pairing }) => [message, kind, latencyUs, status, pairing]),
    ).toEqual([
      ["CLOCK_RATE_GET", "command", undefined, undefined, undefined],
      ["PERFORMANCE_LEVEL_SET", "command", undefined, undefined, undefined],
      ["CLOCK_RATE_GET", "response", 10, 0, undefined],
      ["PERFORMANCE_LEVEL_SET", "response", 27, -5, undefined],
    ]);
    expect(messages[2]?.fields).toEqual({ rateHz: 400_000_000 });
    expect(summary).toMatchObject({ lost: 0, late: 0, duplicate: 0, unexpected: 0, unanswered: 0 });
    expect(summary.findings).toEqual(["PERFORMANCE_LEVEL_SET: 1 of 1 failed: 1 × OUT_OF_RANGE"]);
  });

  test("after its time-out is late, and the summary says how many, how slow and how often the token was reused", () => {
    const trace = new Ftrace();
    for (let seq = 1; seq <= 7; seq++) {
      trace.dump("CMND", CLOCK, RATE_GET, seq, 0, CLOCK_2).wait(CLOCK, RATE_GET, seq, 30);
      trace.after(30_000).end(CLOCK, RATE_GET, seq, -110);
      // Two of the tokens are taken again before the answer comes, for something else.
      if (seq <= 2) trace.dump("CMND", "13", "08", seq, 0, "00000000");
      trace.after(seq === 7 ? 11_000 : 5_000).dump("!RESP", CLOCK, RATE_GET, seq, -1);
      if (seq <= 2) trace.dump("RESP", "13", "08", seq, 0, "78050000");
    }
    const { messages, summary } = trace.decode();
    const late = messages.filter(({ pairing }) => pairing === "late");
    expect(late.length).toBe(7);
    expect(late[0]?.latencyUs).toBe(35_000);
    expect(summary).toMatchObject({ late: 7, lost: 0, unexpected: 0, duplicate: 0 });
    expect(summary.findings[0]).toBe(
      "7 responses arrived after their time-out of 30 ms; the slowest took 41 ms; the token was reused 2 times meanwhile",
    );
    expect(summary.findings[1]).toBe("7 waits ended by time-out (errno 110)");
  });

  test("that is late or sent twice and breaks the specification, too, counts among those that do", () => {
    const { summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
      .wait(CLOCK, RATE_GET, 1, 30)
      .after(40_000)
      .dump("RESP", CLOCK, RATE_GET, 1, -5)
      .dump("RESP", CLOCK, RATE_GET, 1, -5)
      .dump("CMND", CLOCK, RATE_GET, 2, 0, CLOCK_2)
      .dump("RESP", CLOCK, RATE_GET, 2, -5)
      .decode();
    expect(summary).toMatchObject({ late: 1, duplicate: 1, odd: 3 });
    expect(summary.findings).toContain(
      "CLOCK_RATE_GET: status OUT_OF_RANGE is not among those of CLOCK_RATE_GET (3 times)",
    );
    expect(summary.findings.join("\n")).not.toMatch(/CLOCK_RATE_GET: (late|token)/);
  });

  test("exactly at the time-out is in time, a microsecond later it is not", () => {
    for (const [us, pairing] of [
      [30_000, undefined],
      [30_001, "late"],
    ] as const) {
      const { messages } = new Ftrace()
        .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
        .wait(CLOCK, RATE_GET, 1, 30)
        .after(us)
        .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE)
        .decode();
      expect(messages[1]?.pairing).toBe(pairing);
    }
  });

  test("that comes twice is a duplicate", () => {
    const { messages, summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
      .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE)
      .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE)
      .decode();
    expect(messages.map(({ pairing }) => pairing)).toEqual([undefined, undefined, "duplicate"]);
    expect(messages[2]?.latencyUs).toBeUndefined();
    expect(summary.duplicate).toBe(1);
  });

  test("that nobody asked for is unexpected, and says whose the token is", () => {
    const { messages, summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
      .dump("RESP", "13", "08", 1, 0, "78050000")
      .dump("RESP", "13", "08", 2, 0, "78050000")
      .decode();
    expect(messages.slice(1).map(({ pairing }) => pairing)).toEqual(["unexpected", "unexpected"]);
    expect(messages[1]?.findings).toEqual(["token 1 belongs to CLOCK_RATE_GET of protocol 0x14"]);
    expect(summary.unexpected).toBe(2);
  });

  test("of another SCMI instance is not this one's", () => {
    const { messages } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2, 0)
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2, 1)
      .after(5)
      .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE, 1)
      .after(5)
      .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE, 0)
      .decode();
    expect(messages.map(({ instance, latencyUs }) => [instance, latencyUs])).toEqual([
      [0, undefined],
      [1, undefined],
      [1, 5],
      [0, 10],
    ]);
  });

  test("that is traced before its command, on another processor, still pairs", () => {
    const { messages, summary } = new Ftrace()
      .begin(CLOCK, RATE_GET, 1)
      .after(2)
      .dump("RESP", CLOCK, RATE_GET, 1, 0, RATE)
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
      .end(CLOCK, RATE_GET, 1, 0)
      .decode();
    expect(messages.map(({ kind, pairing }) => [kind, pairing])).toEqual([
      ["response", undefined],
      ["command", undefined],
    ]);
    expect(messages[0]?.latencyUs).toBe(2);
    expect(summary).toMatchObject({ lost: 0, unanswered: 0, unexpected: 0 });
  });
});

describe("a command", () => {
  test("whose time-out passed without an answer is lost; one that still waits when the trace ends is not", () => {
    const { summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_GET, 1, 0, CLOCK_2)
      .wait(CLOCK, RATE_GET, 1, 30)
      .after(30_100)
      .end(CLOCK, RATE_GET, 1, -110)
      .dump("CMND", CLOCK, RATE_GET, 2, 0, CLOCK_2)
      .wait(CLOCK, RATE_GET, 2, 30)
      .decode();
    expect(summary).toMatchObject({ lost: 1, unanswered: 1 });
    expect(summary.findings[0]).toBe("1 command was never answered: CLOCK_RATE_GET");
  });

  test("may use a token again once it was answered: the parts of a list do", () => {
    const { summary, messages } = new Ftrace()
      .dump("CMND", "10", "06", 6, 0, "00000000")
      .dump("RESP", "10", "06", 6, 0, "0400000011121314")
      .dump("CMND", "10", "06", 6, 0, "04000000")
      .dump("RESP", "10", "06", 6, 0, "0200000015160000")
      .decode();
    expect(messages.map(({ pairing }) => pairing)).toEqual([undefined, undefined, undefined, undefined]);
    expect(summary.findings).toEqual([]);
  });

  test("is known by its header where messages were not traced", () => {
    const { messages, summary } = new Ftrace()
      .begin(CLOCK, RATE_GET, 1)
      .wait(CLOCK, RATE_GET, 1, 30)
      .after(12)
      .done(CLOCK, RATE_GET, 1, 0)
      .end(CLOCK, RATE_GET, 1, 0)
      .done("14", "00", 9, 3)
      .decode();
    expect(messages.map(({ kind, message, latencyUs }) => [kind, message, latencyUs])).toEqual([
      ["command", "CLOCK_RATE_GET", undefined],
      ["response", "CLOCK_RATE_GET", 12],
      ["notification", "CLOCK_RATE_CHANGED", undefined],
    ]);
    expect(summary.lost).toBe(0);
  });
});

describe("a delayed response", () => {
  const [RATE_SET, ASYNC, COMPLETE] = ["05", "01000000020000000084d71700000000", "020000000084d71700000000"];

  test("follows its response, with the latency of the whole", () => {
    const { messages, summary } = new Ftrace()
      .dump("CMND", CLOCK, RATE_SET, 1, 0, ASYNC)
      .after(10)
      .dump("RESP", CLOCK, RATE_SET, 1, 0)
      .after(990)
      .dump("DLYD", CLOCK, RATE_SET, 1, 0, COMPLETE)
      .decode();
    expect(messages[2]).toMatchObject({
      ...{ kind: "delayedResponse", message: "CLOCK_RATE_SET_COMPLETE", status: 0, latencyUs: 1000 },
      fields: { clockId: 2, rateHz: 400_000_000 },
    });
    expect(summary.commands[0]).toMatchObject({ latencyUs: { max: 10 }, delayedLatencyUs: { max: 1000 } });
    expect(summary.findings).toEqual([]);
  });

  test("that overtakes its response is early", () => {
    const { messages } = new Ftrace()
      .dump("CMND", CLOCK, RATE_SET, 1, 0, ASYNC)
      .dump("DLYD", CLOCK, RATE_SET, 1, 0, COMPLETE)
      .decode();
    expect(messages[1]?.pairing).toBe("early");
  });

  test("of a command that did not ask for one is unexpected", () => {
    const { messages } = new Ftrace()
      .dump("CMND", CLOCK, RATE_SET, 1, 0, ASYNC.replace("01", "00"))
      .dump("RESP", CLOCK, RATE_SET, 1, 0)
      .dump("!DLYD", CLOCK, RATE_SET, 1, -2)
      .decode();
    expect(messages[2]?.pairing).toBe("unexpected");
  });

  test("that never comes makes its command a lost one, after the two seconds that Linux waits", () => {
    for (const [us, lost, unanswered] of [
      [2_000_000, 0, 1],
      [2_000_001, 1, 0],
    ] as const) {
      const { summary } = new Ftrace()
        .dump("CMND", CLOCK, RATE_SET, 1, 0, ASYNC)
        .dump("RESP", CLOCK, RATE_SET, 1, 0)
        .after(us)
        .dump("NOTI", CLOCK, "00", 0, 0, `0000000002000000${RATE}`)
        .decode();
      expect(summary).toMatchObject({ lost, unanswered });
    }
  });
});
