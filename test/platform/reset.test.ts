import { describe, expect, test } from "vitest";
import { RELEASE_NAMES, type Release } from "../../src/protocols/index.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

const R = PROTOCOL.RESET;
const [SUCCESS, NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, BUSY] = [0, -1, -2, -3, -4, -6] as const;
const VENDOR = 0x80000000;

/** Domains of examples/boards/example.yaml. */
const [USB0, UART0, GPU, DISPLAY, SECURE_TIMER, UNKNOWN] = [0, 1, 2, 3, 4, 5] as const;

/** One that can do everything, one that keeps its signal to itself, and one that an agent may not reset. */
function kinds() {
  return rig(
    boardOf({
      agents: [{ name: "A" }, { name: "B" }],
      reset: {
        domains: [
          { name: "all", asyncLatencyUs: 500, vendorStates: [0, 7], notify: true },
          { name: "closed", explicit: false },
          { name: "other", asyncLatencyUs: 500, deniedAgents: ["B"] },
        ],
      },
    }),
  );
}

describe("two faults at once", () => {
  test.each([UNKNOWN, 0x10000, 0xffffffff])("a domain that is not there (%i) comes first", (domain) => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, domain],
      [0x4, domain, 0xffffffff, 0xff],
      [0x5, domain, 0xff],
      [0x5, domain, 0],
      [0x6, domain],
    ] as const) {
      expect(agent(3).status(R, id, ...words), `0x${id.toString(16)}`).toBe(NOT_FOUND);
    }
  });

  test("then a domain that the agent may not use at all", () => {
    const { agent, platform } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, SECURE_TIMER],
      [0x4, SECURE_TIMER, 0xffffffff, 0xff],
      [0x4, SECURE_TIMER, 1, 0],
      [0x5, SECURE_TIMER, 0xff],
      [0x6, SECURE_TIMER],
    ] as const) {
      expect(agent(3).status(R, id, ...words), `0x${id.toString(16)}`).toBe(DENIED);
    }
    expect(agent(1).status(R, 0x4, SECURE_TIMER, 1, 0)).toBe(SUCCESS);
    expect(platform.reset.count(SECURE_TIMER)).toBe(1);
  });

  test("then illegal words and what the domain cannot, and last one that the agent may only look at", () => {
    const { agent, platform } = rig(boardFile("example"));
    expect(agent(3).status(R, 0x3, DISPLAY)).toBe(SUCCESS);
    for (const flags of [0, 1, 2]) expect(agent(3).status(R, 0x4, DISPLAY, flags, 0)).toBe(DENIED);
    for (const flags of [4, 0xf8]) expect(agent(3).status(R, 0x4, DISPLAY, flags, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(3).status(R, 0x4, DISPLAY, 1, 0xff)).toBe(INVALID_PARAMETERS);
    expect(agent(3).status(R, 0x4, DISPLAY, 5, 0)).toBe(NOT_SUPPORTED);
    expect(platform.reset.isAsserted(DISPLAY)).toBe(true);
  });

  test("then illegal words, and last what the domain cannot", () => {
    const { agent } = kinds();
    expect(agent(1).status(R, 0x4, 1, 0, 0xff)).toBe(INVALID_PARAMETERS); // it has no explicit control either
    expect(agent(1).status(R, 0x4, 1, 5, 0xff)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(R, 0x4, 1, 8, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(R, 0x4, 1, 0, 0)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(R, 0x4, 1, 5, 0)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(R, 0x5, 1, 0xf)).toBe(INVALID_PARAMETERS); // and no notifications
    expect(agent(1).status(R, 0x5, 1, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(R, 0x5, 1, 0)).toBe(NOT_SUPPORTED);
  });
});

describe("RESET", () => {
  // What each of the eight legal looking values of bits 2:0 comes to, by domain of kinds()
  const MEANING = [
    ["deassert", SUCCESS, NOT_SUPPORTED],
    ["autonomous", SUCCESS, SUCCESS],
    ["assert", SUCCESS, NOT_SUPPORTED],
    ["autonomous", SUCCESS, SUCCESS],
    ["illegal", INVALID_PARAMETERS, INVALID_PARAMETERS],
    ["asynchronous", SUCCESS, NOT_SUPPORTED],
    ["illegal", INVALID_PARAMETERS, INVALID_PARAMETERS],
    ["asynchronous", SUCCESS, NOT_SUPPORTED],
  ] as const;

  test.each(MEANING.map((it, flags) => [flags, ...it] as const))(
    "takes flags %i as %s",
    (flags, meaning, all, closed) => {
      const { agent, platform, clock } = kinds();
      platform.reset.setAsserted(0, meaning === "deassert");
      const before = platform.reset.count(0);
      expect(agent(1).status(R, 0x4, 0, flags, 0)).toBe(all);
      expect(agent(1).status(R, 0x4, 1, flags, 0)).toBe(closed);
      expect(platform.reset.isAsserted(0)).toBe(meaning === "assert" || meaning === "asynchronous");
      expect(agent(1).takeP2a()).toEqual([]);
      clock.advance(0.5);
      expect(platform.reset.isAsserted(0)).toBe(meaning === "assert");
      expect(
        agent(1)
          .takeP2a()
          .map(({ type, words }) => [type, ...words]),
      ).toEqual(meaning === "asynchronous" ? [[2, 0, 0]] : []);
      const isReset = meaning !== "deassert" && meaning !== "illegal";
      expect(platform.reset.count(0) - before).toBe(isReset ? 1 : 0);
    },
  );

  test("takes no reserved flag, whatever else is said", () => {
    const { agent, platform } = kinds();
    for (let bit = 3; bit < 32; bit++) {
      for (const flags of [0, 1, 2, 5]) {
        expect(agent(1).status(R, 0x4, 0, (2 ** bit + flags) >>> 0, 0), `bit ${bit}`).toBe(INVALID_PARAMETERS);
      }
    }
    expect(agent(1).status(R, 0x4, 0, 0xf8, 0)).toBe(INVALID_PARAMETERS); // as Arm's tests send it
    expect(platform.reset.count(0)).toBe(0);
  });

  test.each([0, 1, 2, 5])("takes the cold reset and the domain's own states only, with flags %i", (flags) => {
    const { agent } = kinds();
    const status = (state: number) => agent(1).status(R, 0x4, 0, flags, state);
    expect([0, VENDOR, VENDOR + 7].map(status)).toEqual([SUCCESS, SUCCESS, SUCCESS]);
    expect([1, 7, 0xff, 0x7fffffff, VENDOR + 1, 0xffffffff].map(status)).toEqual(Array(6).fill(INVALID_PARAMETERS));
    expect(agent(1).status(R, 0x4, 1, 1, VENDOR)).toBe(INVALID_PARAMETERS); // has none
  });

  test("remembers a signal that is asserted, asserted again, and taken over by a cycle", () => {
    const { agent, platform } = kinds();
    const told: unknown[] = [];
    platform.on("resetSignalChanged", ({ agentId, isAsserted }) => told.push([agentId, isAsserted]));
    expect(agent(1).status(R, 0x4, 0, 2, 0)).toBe(SUCCESS);
    expect(agent(2).status(R, 0x4, 0, 2, 0)).toBe(SUCCESS);
    expect(platform.reset.count(0)).toBe(1);
    expect(agent(1).status(R, 0x4, 0, 1, 0)).toBe(SUCCESS);
    expect(platform.reset.isAsserted(0)).toBe(false);
    expect(agent(1).status(R, 0x4, 0, 0, 0)).toBe(SUCCESS);
    expect(platform.reset.count(0)).toBe(2); // a deassertion is no reset
    expect(told).toEqual([
      [1, true],
      [1, false],
    ]);
  });

  test("ends a cycle where the agents left the signal", () => {
    const { agent, platform, clock } = kinds();
    agent(1).status(R, 0x4, 0, 5, 0);
    agent(2).status(R, 0x4, 0, 2, 0); // asserted meanwhile: it stays in reset
    clock.advance(0.5);
    expect(platform.reset.isAsserted(0)).toBe(true);
    agent(1).status(R, 0x4, 0, 5, 0);
    agent(2).status(R, 0x4, 0, 0, 0); // a cycle cannot be cut short
    expect(platform.reset.isAsserted(0)).toBe(true);
    clock.advance(0.5);
    expect(platform.reset.isAsserted(0)).toBe(false);
  });

  test("does asynchronous cycles of one domain one after the other, and answers each once, with its token", () => {
    const { agent, clock } = kinds();
    const one = agent(1);
    for (const domain of [0, 0, 2]) expect(one.status(R, 0x4, domain, 5, 0)).toBe(SUCCESS);
    const tokens = one.heard.map(({ token }) => token);
    one.takeP2a();
    const answered = () => one.takeP2a().map(({ type, messageId, token, words }) => [type, messageId, token, ...words]);
    clock.advance(0.5);
    expect(answered()).toEqual([
      [2, 0x4, tokens[0], 0, 0],
      [2, 0x4, tokens[2], 0, 2],
    ]);
    clock.advance(0.5);
    expect(answered()).toEqual([[2, 0x4, tokens[1], 0, 0]]);
    clock.advance(10);
    expect(answered()).toEqual([]);
  });

  test("is too much with more under way than tokens can tell apart", () => {
    const { agent, clock } = kinds();
    const statuses = Array.from({ length: 1025 }, () => agent(1).status(R, 0x4, 0, 5, 0));
    expect(statuses.slice(0, 1024).every((it) => it === SUCCESS)).toBe(true);
    expect(statuses[1024]).toBe(BUSY);
    expect(agent(1).status(R, 0x4, 0, 1, 0)).toBe(SUCCESS);
    expect(agent(2).status(R, 0x4, 0, 5, 0)).toBe(SUCCESS);
    clock.advance(0.5);
    expect(agent(1).status(R, 0x4, 0, 5, 0)).toBe(SUCCESS);
  });

  test("answers sooner than it says that it is accepted where it takes no time", () => {
    const { agent } = rig(boardOf({ reset: { domains: [{ name: "a", asyncLatencyUs: 0 }] } }));
    agent(1).status(R, 0x4, 0, 5, 0);
    expect(agent(1).heard.map(({ type, words }) => [type, ...words])).toEqual([
      [2, 0, 0],
      [0, 0],
    ]);
  });
});

describe("RESET_ISSUED", () => {
  const told = (client: ReturnType<ReturnType<typeof kinds>["agent"]>) =>
    client.takeP2a().map(({ type, messageId, words }) => [type, messageId, ...words]);

  test("goes to every agent that asked, the one that reset included, with the reset that it was", () => {
    const { agent, platform } = kinds();
    expect(agent(1).status(R, 0x5, 0, 1)).toBe(SUCCESS);
    expect(agent(2).status(R, 0x5, 0, 1)).toBe(SUCCESS);
    expect(agent(2).status(R, 0x5, 0, 1)).toBe(SUCCESS); // a flag, not a count
    for (const id of [1, 2]) agent(id).takeP2a();
    agent(2).status(R, 0x4, 0, 1, VENDOR + 7);
    expect(told(agent(1))).toEqual([[3, 0, 2, 0, VENDOR + 7]]);
    expect(told(agent(2))).toEqual([[3, 0, 2, 0, VENDOR + 7]]);
    agent(2).status(R, 0x5, 0, 0);
    platform.reset.reset(0);
    expect(told(agent(1))).toEqual([[3, 0, 0, 0, 0]]);
    expect(told(agent(2))).toEqual([]);
  });

  test("comes when a cycle is over, before its delayed response, and with an assertion, not with a deassertion", () => {
    const { agent, clock } = kinds();
    agent(1).status(R, 0x5, 0, 1);
    agent(1).status(R, 0x4, 0, 5, VENDOR);
    expect(told(agent(1))).toEqual([]);
    clock.advance(0.5);
    expect(told(agent(1))).toEqual([
      [3, 0, 1, 0, VENDOR],
      [2, 4, 0, 0],
    ]);
    agent(2).status(R, 0x4, 0, 2, 0);
    expect(told(agent(1))).toEqual([[3, 0, 2, 0, 0]]);
    agent(2).status(R, 0x4, 0, 2, 0);
    agent(2).status(R, 0x4, 0, 0, 0);
    agent(2).status(R, 0x4, 0, 1, 0xff); // refused
    expect(told(agent(1))).toEqual([]);
  });

  test("is not for an agent that lost the domain, and is off after a reset of the agent", () => {
    const { agent, platform } = rig(boardFile("example"));
    for (const id of [1, 3]) expect(agent(id).status(R, 0x5, GPU, 1)).toBe(SUCCESS);
    agent(2).status(PROTOCOL.BASE, 0x9, 3, 1, 0); // device 1 has the GPU
    for (const id of [1, 3]) agent(id).takeP2a();
    platform.reset.reset(GPU);
    expect(told(agent(1))).toEqual([[3, 0, 0, GPU, 0]]);
    expect(told(agent(3))).toEqual([]);
    agent(1).status(PROTOCOL.BASE, 0xb, 1, 0);
    agent(1).takeP2a();
    platform.reset.reset(GPU);
    expect(told(agent(1))).toEqual([]);
  });
});

describe("a reset of the agent", () => {
  test("gives back the signals that it controlled last, as the board has them", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(R, 0x4, DISPLAY, 0, 0);
    agent(1).status(R, 0x4, UART0, 2, 0);
    agent(2).status(R, 0x4, GPU, 2, 0);
    expect(agent(1).status(PROTOCOL.BASE, 0xb, 1, 0)).toBe(SUCCESS);
    expect([DISPLAY, UART0, GPU].map((id) => platform.reset.isAsserted(id))).toEqual([true, false, true]);
    agent(2).status(R, 0x4, DISPLAY, 0, 0);
    agent(1).status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(platform.reset.isAsserted(DISPLAY)).toBe(false); // another one holds it now
  });

  test("finishes its cycles, and answers them", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(R, 0x4, USB0, 5, 0);
    agent(1).takeP2a();
    agent(1).status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(
      agent(1)
        .takeP2a()
        .map(({ type, words }) => [type, ...words]),
    ).toEqual([[2, 0, USB0]]);
    expect(platform.reset.isAsserted(USB0)).toBe(false);
    expect(clock.pending).toBe(0);
  });
});

describe("the owner of a platform", () => {
  test("hears who reset what, when, and how", () => {
    const { agent, platform, clock } = kinds();
    const heard: unknown[] = [];
    platform.on("resetIssued", (event) => heard.push(event));
    platform.on("resetSignalChanged", (event) => heard.push(event));
    agent(2).status(R, 0x4, 0, 5, VENDOR + 7);
    clock.advance(1);
    platform.reset.reset(1);
    expect(heard).toEqual([
      { agentId: 2, domainId: 0, isAsserted: true, time: 0 },
      { agentId: 2, domainId: 0, isAsserted: false, time: 5e5 },
      { agentId: 2, domainId: 0, resetState: { resetId: 7, implementationDefined: true }, time: 5e5 },
      { agentId: 0, domainId: 1, isAsserted: true, time: 1e6 },
      { agentId: 0, domainId: 1, isAsserted: false, time: 1e6 },
      { agentId: 0, domainId: 1, resetState: { resetId: 0, implementationDefined: false }, time: 1e6 },
    ]);
  });

  test("is told of mistakes", () => {
    const { platform } = kinds();
    expect(() => platform.reset.isAsserted(3)).toThrow(RangeError);
    expect(() => platform.reset.reset(-1)).toThrow(RangeError);
    platform.close();
    expect(() => platform.reset.count(0)).toThrow("closed");
    expect(() => rig(boardFile("example"), { profile: "1.0" }).platform.reset).toThrow("Reset domain management");
    expect(() => rig(boardOf({})).platform.reset).toThrow("Reset domain management");
  });

  test("finds the state in the core, so that a snapshot has all of it", () => {
    const { core, agent, platform } = kinds();
    agent(1).status(R, 0x4, 0, 2, 0);
    const saved = core.memory.bytes.slice();
    agent(1).status(R, 0x4, 0, 1, 0);
    expect([platform.reset.isAsserted(0), platform.reset.count(0)]).toEqual([false, 2]);
    core.memory.bytes.set(saved);
    expect([platform.reset.isAsserted(0), platform.reset.count(0)]).toEqual([true, 1]);
  });
});

/** Version word, attributes of usb0 and of the GPU, and the name that the latter has. */
const LOOKS: Readonly<Record<Release, readonly [version: number, usb0: number, gpu: number] | undefined>> = {
  "1.0": undefined,
  "2.0": [0x10000, 0xc0000000, 0x40000000],
  "3.0": [0x20000, 0xc0000000, 0x40000000],
  "3.1": [0x30000, 0xc0000000, 0x60000000],
  "3.2": [0x30001, 0xc0000000, 0x60000000],
};

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  test("has reset domains that look exactly like that", () => {
    const { agent } = rig(boardFile("example"), { profile });
    const look = LOOKS[profile];
    if (!look) {
      for (const id of [0, 1, 3, 4]) expect(agent(1).status(R, id)).toBe(NOT_SUPPORTED);
      return;
    }
    const [version, usb0, gpu] = look;
    expect(agent(1).call(R, 0x0)).toEqual([0, version]);
    expect(agent(1).call(R, 0x1)).toEqual([0, 5]);
    const name = (text: string) => [0, 4, 8, 12].map((at) => Buffer.from(text.padEnd(16, "\0")).readUInt32LE(at));
    expect(agent(1).call(R, 0x3, USB0)).toEqual([0, usb0, 250, ...name("usb0")]);
    expect(agent(1).call(R, 0x3, UART0)).toEqual([0, 0, 0xffffffff, ...name("uart0")]);
    expect(agent(1).call(R, 0x3, GPU)).toEqual([0, gpu, 40, ...name("graphics-proces")]);
    const hasNames = version >= 0x30000;
    const long = agent(1).call(R, 0x6, GPU);
    expect(long).toHaveLength(hasNames ? 18 : 1);
    expect(long[0]).toBe(hasNames ? SUCCESS : NOT_FOUND);
    if (hasNames) expect(agent(1).status(R, 0x6, USB0)).toBe(NOT_SUPPORTED);
    for (let id = 0; id <= 6; id++) {
      const isThere = id < 6 || hasNames;
      expect(agent(1).call(R, 0x2, id)).toEqual(isThere ? [0, 0] : [NOT_FOUND]);
    }
  });

  // What spec 16 says of Arm's suite: sections 2, 4, 5, 6 and 11
  test("passes what is known of Arm's compliance tests", () => {
    if (!LOOKS[profile]) return;
    const { agent, clock } = rig(boardFile("example"), { profile });
    const one = agent(1);
    const count = (one.call(R, 0x1)[1] as number) & 0xffff;
    if (profile === "2.0" || profile === "3.0") expect(one.status(R, 0x6)).toBe(NOT_FOUND); // "invalid command", without payload
    expect(one.status(R, 0x2, 0x3) + one.status(R, 0x2, 0x4)).toBe(0);
    for (let domain = 0; domain < count; domain++) {
      const [status, attributes = 0] = one.call(R, 0x3, domain);
      expect(status).toBe(SUCCESS);
      if (profile === "2.0" || profile === "3.0") expect(attributes & 0x3fffffff).toBe(0);
      expect(one.status(R, 0x5, domain, 0xf)).toBe(INVALID_PARAMETERS);
      expect(one.status(R, 0x4, domain, 0xf8, 0)).toBe(INVALID_PARAMETERS);
      expect(one.status(R, 0x4, domain, 0, 0xff)).toBe(INVALID_PARAMETERS);
      const isAsync = attributes >>> 31 === 1;
      one.takeP2a();
      expect(one.status(R, 0x4, domain, 5, 0)).toBe(isAsync ? SUCCESS : NOT_SUPPORTED);
      clock.advance(1);
      expect(one.takeP2a().map(({ type, words }) => [type, ...words])).toEqual(isAsync ? [[2, 0, domain]] : []);
      for (const flags of [1, 2, 0]) expect(one.status(R, 0x4, domain, flags, 0)).toBe(SUCCESS);
    }
    expect(one.status(R, 0x5, count, 0)).toBe(NOT_FOUND);
    expect(one.status(R, 0x4, count, 1, 0)).toBe(NOT_FOUND);
    expect(one.status(R, 0x3, count)).toBe(NOT_FOUND);
  });
});
