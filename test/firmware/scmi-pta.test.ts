import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { type MessagePlatform, ScmiPta, type ScmiPtaOptions, SimulatedOptee } from "../../src/firmware/index.ts";
import {
  SCMI_PTA,
  SCMI_PTA_UUID,
  SMT_HEAD_BYTES,
  SMT_STATUS,
  SmtArea,
  TEE_IMPLEMENTATION,
  TEE_LOGIN,
  TEE_RESULT,
  TeeContext,
  type TeeParam,
  type TeeSession,
  type TeeSharedMemory,
  teeMemref,
  teeParamTypes,
  teeValue,
} from "../../src/tee/index.ts";
import { prompt } from "../compliance/prompt.ts";
import { hex, unhex, words } from "../platform/kit.ts";
import { Random, seeds } from "../support/random.ts";

const vectors = JSON.parse(readFileSync(new URL("../vectors/00-transport.json", import.meta.url), "utf8"));
const message = (id: string) => {
  const found = vectors.messages.find((it: { id: string }) => it.id === id);
  return unhex(found.headerBytes + found.payload);
};
const area = (id: string) => unhex(vectors.areas.find((it: { id: string }) => it.id === id).bytes);

const HEADER = 0x00a8_4000; // Base PROTOCOL_VERSION, token 42
const VERSION = words(0, 0x20001);
const { OUT_OF_MEMORY: _unused, ...RESULT } = TEE_RESULT;

/** Answers every command with the same payload, or with nothing. */
class OnePhrase implements MessagePlatform {
  payload: Uint8Array | undefined = VERSION;
  readonly received: string[] = [];
  open = 0;
  send: (message: Uint8Array) => void = () => {};

  connectMessages(_agentId: number, { send }: { send(message: Uint8Array): void }) {
    this.open++;
    this.send = send;
    return {
      receive: (command: Uint8Array) => {
        this.received.push(hex(command));
        if (this.payload) send(Uint8Array.of(...command.subarray(0, 4), ...this.payload));
      },
      close: () => {
        this.open--;
      },
    };
  }
}

interface Rig {
  readonly platform: OnePhrase;
  readonly optee: SimulatedOptee;
  readonly pta: ScmiPta;
  readonly session: TeeSession;
  readonly memory: TeeSharedMemory;
  readonly fixed: Uint8Array;
  /** The name of the result, and `-` for success. */
  invoke(command: number, ...params: readonly TeeParam[]): string;
}

async function rig(
  options: Partial<ScmiPtaOptions> & { readonly isPrompt?: boolean } = {},
  hasMemory = true,
): Promise<Rig> {
  const platform = new OnePhrase();
  if (options.isPrompt) {
    const connect = platform.connectMessages.bind(platform);
    platform.connectMessages = (agentId, sink) => prompt((it) => connect(agentId, it))(sink);
  }
  const fixed = new Uint8Array(128);
  const memory = hasMemory ? { memory: { bytes: fixed } } : {};
  const pta = new ScmiPta({ channels: [{ id: 3, handle: 0x33, platform, agentId: 1, ...memory }], ...options });
  const optee = new SimulatedOptee({ apps: [pta] });
  const context = await TeeContext.open([optee], isOptee);
  const session = await context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
  const shared = await context.allocate(256);
  const invoke = (command: number, ...params: readonly TeeParam[]) => {
    try {
      session.invokeSync(command, params);
      return "SUCCESS";
    } catch (reason) {
      const { result, origin } = reason as { result: number; origin: string };
      const [name] = Object.entries(RESULT).find(([, value]) => value === result) ?? [];
      return `${name} ${origin}`;
    }
  };
  return { platform, optee, pta, session, memory: shared, fixed, invoke };
}

function isOptee({ implementation }: { readonly implementation: number }): boolean {
  return implementation === TEE_IMPLEMENTATION.OPTEE;
}

const handle = (a = 0x33) => teeValue("in", a);
const part = (offset: number, byteLength: number) => ({ offset, byteLength });

test("commands, types and identity are those of OP-TEE", () => {
  // spec/optee-pta.md (a), first table
  const table = Object.values(SCMI_PTA).map(({ id, name, types }) => [id, name, types]);
  expect(table).toEqual([
    [0, "CAPABILITIES", 0x0002],
    [1, "PROCESS_SMT_CHANNEL", 0x0001],
    [2, "PROCESS_SMT_CHANNEL_MESSAGE", 0x0071],
    [3, "GET_CHANNEL_HANDLE", 0x0003],
    [4, "PROCESS_MSG_CHANNEL", 0x0651],
  ]);
  expect(SCMI_PTA_UUID).toBe("a8cfe406-d4f5-4a2e-9f8d-a25dc754c099");
  expect(teeParamTypes([])).toBe(0);
  const { FREE, ERROR } = SMT_STATUS;
  expect([FREE, ERROR, SMT_HEAD_BYTES]).toEqual([layout.SMT_STATUS_FREE, layout.SMT_STATUS_ERROR, layout.SMT_PAYLOAD]);
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.SMT_STATUS, 1, true);
  view.setUint32(layout.SMT_LENGTH, 2, true);
  view.setUint32(layout.SMT_HEADER, 3, true);
  const smt = new SmtArea({ bytes });
  expect([smt.status, smt.messageBytes, smt.header]).toEqual([1, 2, 3]);
});

describe("opening a session", () => {
  test("is for the kernel only", async () => {
    const { optee } = await rig();
    const context = await TeeContext.open([optee], isOptee);
    const logins = Object.values(TEE_LOGIN).filter((login) => login !== TEE_LOGIN.REE_KERNEL);
    for (const login of logins) {
      await expect(context.openSession(SCMI_PTA_UUID, { login })).rejects.toThrow(
        expect.objectContaining({ result: 0xffff_0001, origin: "trustedApp" }),
      );
    }
    await context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL, params: [teeValue("inout", 1)] });
  });

  test("needs a server that was built in", async () => {
    await expect(rig({ capabilities: 0 })).rejects.toThrow(expect.objectContaining({ result: 0xffff_000a }));
  });
});

describe("any command", () => {
  test("that is unknown is not supported", async () => {
    const { invoke } = await rig();
    for (const command of [5, 6, 2048, 2049, 0xffff_ffff]) expect(invoke(command)).toBe("NOT_SUPPORTED trustedApp");
  });

  test("has exactly its types; none more is harmless, a wrong direction is not", async () => {
    const { invoke, memory } = await rig();
    const values = [teeValue("in"), teeValue("out"), teeValue("inout")];
    const memrefs = [teeMemref("in", memory), teeMemref("out", memory), teeMemref("inout", memory)];
    const all: TeeParam[] = [...values, ...memrefs, { kind: "none" }];
    for (const { id, types } of Object.values(SCMI_PTA)) {
      for (const first of all) {
        for (const second of all) {
          if (teeParamTypes([first, second]) === types) continue;
          expect(invoke(id, first, second)).toBe("BAD_PARAMETERS trustedApp");
        }
      }
    }
    expect(invoke(0, teeValue("out"), { kind: "none" }, { kind: "none" }, { kind: "none" })).toBe("SUCCESS");
  });
});

describe("CAPABILITIES", () => {
  test.each([1, 2, 3])("tells %i and nothing extended", async (capabilities) => {
    const { invoke } = await rig({ capabilities });
    const out = teeValue("out", 77, 77);
    expect(invoke(0, out)).toBe("SUCCESS");
    expect([out.a, out.b]).toEqual([capabilities, 0]);
  });
});

describe("GET_CHANNEL_HANDLE", () => {
  test.each([
    // capabilities of the service, id, wanted; spec/optee-pta.md (a), rows of command 3 in their order
    [3, 3, 4, "BAD_PARAMETERS trustedApp"],
    [3, 3, 0x8000_0001, "BAD_PARAMETERS trustedApp"],
    [3, 3, 0, "NOT_SUPPORTED trustedApp"],
    [1, 3, 2, "NOT_SUPPORTED trustedApp"],
    [1, 99, 2, "NOT_SUPPORTED trustedApp"],
    [3, 99, 1, "BAD_PARAMETERS trustedApp"],
    [3, 0x33, 1, "BAD_PARAMETERS trustedApp"],
    [1, 3, 3, "SUCCESS"],
    [3, 3, 1, "SUCCESS"],
    [3, 3, 2, "SUCCESS"],
  ])("with %i answers channel %i wanted for %i with %s %s", async (capabilities, id, wanted, expected) => {
    const { invoke } = await rig({ capabilities });
    const channel = teeValue("inout", id, wanted);
    expect(invoke(3, channel)).toBe(expected);
    expect(channel.a).toBe(expected === "SUCCESS" ? 0x33 : id >>> 0);
    expect(channel.b).toBe(wanted);
  });

  test("gives the id for the handle with SCP-firmware, and cuts ids to 32 bits", async () => {
    const { invoke } = await rig({ server: "scp-firmware" });
    const channel = teeValue("inout", 2 ** 32 + 3, 1);
    expect(invoke(3, channel)).toBe("SUCCESS");
    expect(channel.a).toBe(3);
  });
});

describe("PROCESS_MSG_CHANNEL", () => {
  async function exchange(request: Uint8Array, outBytes: number, options: Partial<ScmiPtaOptions> = {}) {
    const it = await rig(options);
    it.memory.bytes.set(request);
    const input = teeMemref("in", it.memory, part(0, request.byteLength));
    const output = teeMemref("out", it.memory, part(128, outBytes));
    const result = it.invoke(4, handle(options.server === "scp-firmware" ? 3 : 0x33), input, output);
    return { ...it, result, size: output.byteLength, answer: it.memory.bytes.subarray(128, 128 + output.byteLength) };
  }

  test("answers the worked example, bytes for bytes", async () => {
    const { result, answer, platform } = await exchange(message("00-11.1-request"), 128);
    expect(result).toBe("SUCCESS");
    expect(hex(answer)).toBe(hex(message("00-11.1-response")));
    expect(platform.received).toEqual(["0040a800"]);
  });

  test("takes the same memory for both ways", async () => {
    const { invoke, memory } = await rig();
    memory.bytes.set(message("00-11.1-request"));
    const output = teeMemref("out", memory, part(0, 104));
    expect(invoke(4, handle(), teeMemref("in", memory, part(0, 4)), output)).toBe("SUCCESS");
    expect(hex(memory.bytes.subarray(0, output.byteLength))).toBe(hex(message("00-11.1-response")));
  });

  test.each([
    // request bytes, response bytes; spec/optee-pta.md (a), rows of command 4
    [0, 128, "BAD_PARAMETERS trustedApp"],
    [4, 0, "BAD_PARAMETERS trustedApp"],
    [3, 128, "BAD_PARAMETERS trustedApp"],
    [97, 128, "BAD_PARAMETERS trustedApp"],
    [96, 128, "SUCCESS"],
    [4, 3, "BAD_PARAMETERS trustedApp"],
    [4, 8, "SUCCESS"],
  ])("of %i bytes into %i says %s", async (requestBytes, responseBytes, expected) => {
    const { result } = await exchange(new Uint8Array(requestBytes), responseBytes);
    expect(result).toBe(expected);
  });

  test("refuses null, memory at odd places and unknown handles, and asks for more than 7 bytes", async () => {
    const { invoke, memory, platform } = await rig();
    const [input, output] = [teeMemref("in", memory, part(0, 4)), teeMemref("out", memory, part(128, 64))];
    expect(invoke(4, handle(), teeMemref("in", undefined), output)).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(4, handle(), input, teeMemref("out", undefined))).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(4, handle(), teeMemref("in", memory, part(2, 4)), output)).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(4, handle(), input, teeMemref("out", memory, part(130, 64)))).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(4, handle(3), input, output)).toBe("BAD_PARAMETERS trustedApp");
    const short = teeMemref("out", memory, part(128, 7));
    expect(invoke(4, handle(), input, short)).toBe("SHORT_BUFFER trustedApp");
    expect(short.byteLength).toBe(8);
    expect(platform.received).toEqual([]);
  });

  test("is not supported without its capability; null comes first, the channel later", async () => {
    const { invoke, memory } = await rig({ capabilities: 1 });
    const [input, output] = [teeMemref("in", memory), teeMemref("out", memory)];
    expect(invoke(4, handle(99), input, output)).toBe("NOT_SUPPORTED trustedApp");
    expect(invoke(4, handle(99), teeMemref("in", undefined), output)).toBe("BAD_PARAMETERS trustedApp");
  });

  test("answers PROTOCOL_ERROR where the answer does not fit", async () => {
    const { result, answer } = await exchange(message("00-11.1-request"), 8);
    expect(result).toBe("SUCCESS");
    expect(hex(answer)).toBe("0040a800f6ffffff");
  });

  test("says nothing about what became of it, with SCP-firmware", async () => {
    const { result } = await exchange(new Uint8Array(97), 128, { server: "scp-firmware" });
    expect(result).toBe("SUCCESS");
  });

  test("fails when the platform says nothing, and goes on afterwards", async () => {
    const { invoke, memory, platform } = await rig();
    const [input, output] = [teeMemref("in", memory, part(0, 4)), teeMemref("out", memory, part(128, 64))];
    platform.payload = undefined;
    expect(invoke(4, handle(), input, output)).toBe("COMMUNICATION trustedApp");
    output.byteLength = 64;
    platform.payload = VERSION;
    expect(invoke(4, handle(), input, output)).toBe("SUCCESS");
  });

  test("is busy while another session is inside", async () => {
    const { invoke, memory, platform, optee, pta } = await rig();
    const context = await TeeContext.open([optee], isOptee);
    const other = await context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
    const own = await context.allocate(64);
    const params = () => [handle(), teeMemref("in", own, part(0, 4)), teeMemref("out", own, part(0, 64))];
    let nested: unknown;
    platform.payload = undefined;
    platform.received.push = () => {
      try {
        other.invokeSync(4, params());
      } catch (reason) {
        nested = reason;
      }
      platform.send(Uint8Array.of(0, 0, 0, 0, ...VERSION));
      return 0;
    };
    const [input, output] = [teeMemref("in", memory, part(0, 4)), teeMemref("out", memory, part(128, 64))];
    expect(invoke(4, handle(), input, output)).toBe("SUCCESS");
    expect(nested).toMatchObject({ result: 0xffff_000d, origin: "trustedApp" });
    expect(pta.undeliverable).toBe(0);
  });
});

describe("SMT messages", () => {
  const request = () => {
    const bytes = new Uint8Array(128);
    bytes.set(area("00-8.8-1"));
    return bytes;
  };
  const post = (bytes: Uint8Array, change: (view: DataView) => void) => {
    bytes.set(request());
    change(new DataView(bytes.buffer, bytes.byteOffset));
  };

  test("in static memory are answered in place, bytes for bytes", async () => {
    const { fixed, invoke } = await rig();
    expect(fixed[layout.SMT_STATUS]).toBe(1); // FREE at boot
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(hex(fixed.subarray(0, 36))).toBe(hex(area("00-8.8-2")));
  });

  test("in the caller's memory, too, also on a channel that has its own", async () => {
    const { memory, invoke, fixed } = await rig();
    memory.bytes.set(request());
    expect(invoke(2, handle(), teeMemref("inout", memory, part(0, 128)))).toBe("SUCCESS");
    expect(hex(memory.bytes.subarray(0, 36))).toBe(hex(area("00-8.8-2")));
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(hex(fixed.subarray(0, 36))).toBe(hex(area("00-8.8-2")));
  });

  test("of the platform that says no are answered as in the worked example", async () => {
    const { fixed, invoke, platform } = await rig();
    platform.payload = words(-10);
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(hex(fixed.subarray(0, 32))).toBe(hex(area("00-8.8-3")));
  });

  test.each([
    ["FREE already", (view: DataView) => view.setUint32(layout.SMT_STATUS, 1, true)],
    ["ERROR already", (view: DataView) => view.setUint32(layout.SMT_STATUS, 2, true)],
    ["shorter than a header", (view: DataView) => view.setUint32(layout.SMT_LENGTH, 3, true)],
    ["over 92 bytes", (view: DataView) => view.setUint32(layout.SMT_LENGTH, 97, true)],
    ["of 4 GiB", (view: DataView) => view.setUint32(layout.SMT_LENGTH, 0xffff_ffff, true)],
  ])("%s are refused with ERROR and FREE, their words stay, and the next one is answered", async (_what, change) => {
    const { fixed, invoke, platform } = await rig();
    post(fixed, change);
    const before = fixed.slice();
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(fixed[layout.SMT_STATUS]).toBe(3);
    fixed[layout.SMT_STATUS] = before[layout.SMT_STATUS] ?? 0;
    expect(hex(fixed)).toBe(hex(before));
    expect(platform.received).toEqual([]);
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(fixed[layout.SMT_STATUS]).toBe(1);
  });

  test("of 92 bytes are taken", async () => {
    const { fixed, invoke, platform } = await rig();
    post(fixed, (view) => view.setUint32(layout.SMT_LENGTH, 96, true));
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(platform.received[0]?.length).toBe(2 * 96);
  });

  test("get no answer over the area", async () => {
    const { fixed, invoke, platform } = await rig();
    platform.payload = new Uint8Array(101);
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(hex(fixed.subarray(0, 32))).toBe(hex(area("00-8.8-3")));
  });

  test("are refused in the order of the checks", async () => {
    const { invoke, memory } = await rig();
    const inout = (bytes: number) => teeMemref("inout", memory, part(0, bytes));
    expect(invoke(1, handle(99))).toBe("BAD_PARAMETERS trustedApp");
    for (const bytes of [0, 127]) expect(invoke(2, handle(), inout(bytes))).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(2, handle(), teeMemref("inout", undefined))).toBe("BAD_PARAMETERS trustedApp");
    expect(invoke(2, handle(99), inout(128))).toBe("BAD_PARAMETERS trustedApp");
    const msgOnly = await rig({ capabilities: 2 });
    expect(msgOnly.invoke(1, handle(99))).toBe("BAD_PARAMETERS trustedApp");
    expect(msgOnly.invoke(1, handle())).toBe("NOT_SUPPORTED trustedApp");
    expect(msgOnly.invoke(2, handle(), teeMemref("inout", msgOnly.memory))).toBe("NOT_SUPPORTED trustedApp");
    const scp = await rig({ server: "scp-firmware" });
    expect(scp.invoke(2, handle(3), teeMemref("inout", scp.memory))).toBe("NOT_SUPPORTED trustedApp");
    expect((await rig({}, false)).invoke(1, handle())).toBe("BAD_PARAMETERS trustedApp");
  });

  test("that clash get ERROR and FREE in memory of their own, and leave the other's alone", async () => {
    const { platform, fixed, optee, invoke } = await rig();
    const context = await TeeContext.open([optee], isOptee);
    const other = await context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
    const own = await context.allocate(128);
    platform.payload = undefined;
    platform.received.push = () => {
      own.bytes.set(request());
      other.invokeSync(2, [handle(), teeMemref("inout", own, part(0, 128))]);
      other.invokeSync(1, [handle()]);
      expect(fixed[layout.SMT_STATUS]).toBe(0);
      platform.send(Uint8Array.of(...words(HEADER), ...VERSION));
      return 0;
    };
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(own.bytes[layout.SMT_STATUS]).toBe(3);
    expect(hex(fixed.subarray(0, 36))).toBe(hex(area("00-8.8-2")));
  });

  test("leave the channel busy for ever after a refusal, where that quirk is asked for", async () => {
    const { fixed, invoke } = await rig({ quirks: ["staysBusyAfterRefusal"] });
    post(fixed, (view) => view.setUint32(layout.SMT_LENGTH, 97, true));
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(fixed[layout.SMT_STATUS]).toBe(3);
    fixed.set(request());
    expect(invoke(1, handle())).toBe("SUCCESS");
    expect(fixed[layout.SMT_STATUS]).toBe(0); // nobody ever looks at it again
  });
});

test("a platform that answers messages where they lie makes no difference, whatever an agent writes", async () => {
  for (const seed of seeds([1, 2, 3])) {
    const random = new Random(seed);
    const rigs = [await rig({ isPrompt: true }), await rig()];
    for (let step = 0; step < 150; step++) {
      const [command, isMsg] = random.pick([
        [1, false],
        [2, false],
        [4, true],
      ] as const);
      const payload = random.pick([VERSION, words(0), words(-3), new Uint8Array(200), null]);
      const bytes = new Uint8Array(128);
      bytes.set(area("00-8.8-1"));
      const view = new DataView(bytes.buffer);
      view.setUint32(layout.SMT_STATUS, random.pick([0, 0, 0, 0, 1, 2, 0xffff_fffc]), true);
      view.setUint32(layout.SMT_LENGTH, random.pick([4, 8, 96, 97, 100, 104, 108, 3, 0, 0xffff_ffff]), true);
      const sizes = [
        random.pick([0, 3, 4, 8, 96, 100, 128]),
        random.pick([0, 4, 8, 12, 128]),
        random.pick([0, 2, 128]),
      ];
      const [from = 0, room = 0, at = 0] = sizes;
      const outcomes = rigs.map(({ platform, memory, fixed, invoke }) => {
        platform.payload = payload ?? undefined;
        fixed.set(bytes);
        memory.bytes.set(bytes);
        const answer = teeMemref("out", memory, part(at, room));
        const shared = teeMemref("inout", memory, part(0, 128));
        const request = teeMemref("in", memory, part(0, from));
        const params = isMsg ? [handle(), request, answer] : command === 2 ? [handle(), shared] : [handle()];
        const result = invoke(command, ...params);
        return [result, answer.byteLength, hex(fixed), hex(memory.bytes), platform.received.join()];
      });
      expect([seed, step, ...(outcomes[0] ?? [])]).toEqual([seed, step, ...(outcomes[1] ?? [])]);
    }
  }
});

test("a message that clashes with one under way leaves its answer alone, where messages are answered where they lie", async () => {
  const { platform, fixed, optee, memory, invoke } = await rig({ isPrompt: true });
  const context = await TeeContext.open([optee], isOptee);
  const other = await context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
  const own = await context.allocate(256);
  const request = new Uint8Array(128);
  request.set(area("00-8.8-1"));
  const results: unknown[] = [];
  platform.received.push = () => {
    own.bytes.set(request);
    own.bytes.fill(0, 128);
    for (const [command, ...params] of [
      [2, teeMemref("inout", own, part(0, 128))],
      [4, teeMemref("in", own, part(24, 4)), teeMemref("out", own, part(128, 64))],
    ] as const) {
      try {
        other.invokeSync(command, [handle(), ...params]);
        results.push(own.bytes[layout.SMT_STATUS]);
      } catch (reason) {
        results.push((reason as { result: number }).result);
      }
    }
    return 0;
  };
  const clash = [3, 0xffff_000d]; // ERROR and FREE; TEE_ERROR_BUSY
  fixed.set(request);
  expect(invoke(1, handle())).toBe("SUCCESS");
  expect(hex(fixed.subarray(0, 36))).toBe(hex(area("00-8.8-2")));
  memory.bytes.set(words(HEADER));
  const answer = teeMemref("out", memory, part(128, 64));
  expect(invoke(4, handle(), teeMemref("in", memory, part(0, 4)), answer)).toBe("SUCCESS");
  expect([answer.byteLength, hex(memory.bytes.subarray(128, 140))]).toEqual([12, hex(words(HEADER)) + hex(VERSION)]);
  expect(results).toEqual([...clash, ...clash]);
  expect(hex(own.bytes.subarray(128, 256))).toBe("00".repeat(128));
});

test("notifications, delayed responses and late answers have nowhere to go, and are counted", async () => {
  const { platform, pta } = await rig();
  for (const type of [0, 2, 3]) platform.send(words(HEADER | (type << 8), 0));
  expect(pta.undeliverable).toBe(3);
  pta.close();
  expect(platform.open).toBe(0);
});
