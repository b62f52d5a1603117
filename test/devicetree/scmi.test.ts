import { describe, expect, test } from "vitest";
import { consumersOf, readDeviceTree, scmiOf } from "../../src/devicetree/index.ts";
import { BLOBS, GIVEN_BLOBS } from "./boards.ts";
import { type Sketch, treeOf } from "./build.ts";
import { naiveConsumers, plainTree } from "./naive.ts";

const AREA = (at: number, bytes = 0x80, more: Sketch = {}) => ({
  compatible: "arm,scmi-shmem",
  reg: [at, bytes],
  ...more,
});
const CELLS = { "#address-cells": [1], "#size-cells": [0] } as const;

/** A board with one SCMI node and what it needs. */
function board(scmi: Sketch, more: { readonly [name: string]: Sketch } = {}) {
  return treeOf({
    "#address-cells": [1],
    "#size-cells": [1],
    children: {
      mhu: { phandle: [1], "#mbox-cells": [1] },
      "area@100": AREA(0x100, 0x80, { phandle: [2] }),
      "area@180": AREA(0x180, 0x80, { phandle: [3] }),
      "area@200": AREA(0x200, 0x80, { phandle: [4] }),
      "small@300": AREA(0x300, 32, { phandle: [5] }),
      gic: { phandle: [6], "#interrupt-cells": [3] },
      bus: { status: "disabled", children: { mhu: { phandle: [7], "#mbox-cells": [1] } } },
      firmware: { children: { scmi: { ...CELLS, ...scmi } } },
      ...more,
    },
  });
}

const protocol = (id: number, more: Sketch = {}): Sketch => ({ reg: [id], ...more });
const MAILBOX: Sketch = { compatible: "arm,scmi", mboxes: [1, 0], shmem: [2] };

describe("an instance", () => {
  test("over mailboxes: what each of them is for follows from how many there are", () => {
    const roles = (mboxes: readonly number[], shmem: readonly number[]) => {
      const [instance] = scmiOf(board({ ...MAILBOX, mboxes, shmem })).instances;
      return instance?.channel.kind === "mailbox" && instance.channel.mailboxes.map(({ role }) => role);
    };
    expect(roles([1, 0], [2])).toEqual(["tx"]);
    expect(roles([1, 0, 1, 1], [2, 3])).toEqual(["tx", "rx"]);
    expect(roles([1, 0, 1, 1], [2])).toEqual(["tx", "txReply"]);
    expect(roles([1, 0, 1, 1, 1, 2], [2, 3])).toEqual(["tx", "txReply", "rx"]);
    expect(roles([1, 0, 1, 1, 1, 2, 1, 3], [2, 3])).toEqual(["tx", "txReply", "rx", "rxReply"]);
  });

  test("has the limits that the tree states, and no others", () => {
    const [instance] = scmiOf(
      board({ ...MAILBOX, "arm,max-rx-timeout-ms": [60], "arm,max-msg-size": [100], "arm,no-completion-irq": true }),
    ).instances;
    expect(instance?.limits).toEqual({
      timeoutMs: 60,
      maxPayload: 100,
      maxMessages: undefined,
      atomicThresholdUs: undefined,
    });
    expect(instance?.channel).toMatchObject({ isPolled: true, areas: [{ address: 0x100n, sizeBytes: 128 }] });
  });

  test("over SMC: plain, with parameters, with a capability, with an interrupt", () => {
    const channel = (scmi: Sketch) =>
      scmiOf(board({ "arm,smc-id": [0x8200_0010], shmem: [2], ...scmi })).instances[0]?.channel;
    expect(channel({ compatible: "arm,scmi-smc" })).toMatchObject({ variant: "plain", functionId: 0x8200_0010 });
    expect(channel({ compatible: "arm,scmi-smc-param" })).toMatchObject({ variant: "param" });
    expect(channel({ compatible: "qcom,scmi-smc" })).toMatchObject({ variant: "capability" });
    expect(
      channel({
        compatible: "arm,scmi-smc",
        "interrupt-parent": [6],
        interrupts: [0, 105, 1],
        "interrupt-names": "a2p",
      }),
    ).toMatchObject({ interrupt: { cells: [0, 105, 1] } });
  });

  test("over OP-TEE, with and without memory, and a protocol with a channel of its own", () => {
    const [instance] = scmiOf(
      board({
        compatible: "linaro,scmi-optee",
        "linaro,optee-channel-id": [0],
        children: {
          "protocol@14": protocol(0x14, { "linaro,optee-channel-id": [1], shmem: [2] }),
          "protocol@16": protocol(0x16),
        },
      }),
    ).instances;
    expect(instance?.channel).toEqual({ kind: "optee", channelId: 0, areas: [] });
    expect(instance?.protocols.map(({ id, channel }) => [id, channel?.kind, channel?.areas.length])).toEqual([
      [0x14, "optee", 1],
      [0x16, undefined, undefined],
    ]);
  });

  test("protocol nodes that are switched off, lack an id or have an impossible one are left out", () => {
    const binding = scmiOf(
      board({
        ...MAILBOX,
        children: {
          "protocol@14": protocol(0x14, { status: "disabled" }),
          "protocol@15": {},
          "protocol@1ff": protocol(0x1ff),
          "protocol@11": protocol(0x11),
        },
      }),
    );
    expect(binding.instances[0]?.protocols.map(({ id }) => id)).toEqual([0x11]);
    expect(binding.warnings.map(String)).toEqual([
      expect.stringContaining("/firmware/scmi/protocol@15: reg: expected the id of a protocol, got none"),
      expect.stringContaining("/firmware/scmi/protocol@1ff: reg: expected a protocol id, 0x10 to 0xff, got 0x1ff"),
    ]);
  });
});

describe("an instance that cannot come up says why", () => {
  const errors = (scmi: Sketch, more?: { readonly [name: string]: Sketch }) => {
    const { instances, broken } = scmiOf(board(scmi, more));
    expect(instances.filter(({ node }) => node.path === "/firmware/scmi")).toEqual([]);
    return broken.flatMap((it) => it.errors.map(({ message }) => message)).join("\n");
  };

  test.each<[string, Sketch, string]>([
    ["missing shmem", { ...MAILBOX, shmem: undefined }, "/firmware/scmi: shmem: expected shared memory, got none"],
    [
      "missing mboxes",
      { ...MAILBOX, mboxes: undefined },
      "/firmware/scmi: mboxes: expected a mailbox for arm,scmi, got none",
    ],
    [
      "an impossible number of mailboxes",
      { ...MAILBOX, mboxes: [1, 0, 1, 1, 1, 2] },
      "mboxes: expected 1 mailbox with 1 shmem, 2 with 1 or 2, 3 with 2, or 4 with 2, got 3 and 1",
    ],
    [
      "a dangling phandle",
      { ...MAILBOX, shmem: [99] },
      "/firmware/scmi: shmem[0]: expected the phandle of a node, got 0x63",
    ],
    [
      "a mailbox controller that is switched off",
      { ...MAILBOX, mboxes: [7, 0] },
      "/firmware/scmi: mboxes[0]: expected a mailbox controller that is switched on, got /bus/mhu below /bus, whose status is disabled",
    ],
    ["cells that are missing", { ...MAILBOX, mboxes: [1] }, "mboxes[0]: expected 1 cells for /mhu, got 0"],
    ["memory that is none", { ...MAILBOX, shmem: [1] }, 'shmem: expected "arm,scmi-shmem" at /mhu, got none'],
    [
      "an area under 36 bytes",
      { ...MAILBOX, shmem: [5] },
      "/small@300: reg: expected an area of 36 bytes or more, got 32",
    ],
    [
      "one area for both directions",
      { ...MAILBOX, mboxes: [1, 0, 1, 1], shmem: [2, 2] },
      "shmem: expected memory that no other channel uses",
    ],
    [
      "a protocol twice",
      { ...MAILBOX, children: { "protocol@14": protocol(0x14), "protocol@20": protocol(0x14) } },
      "/firmware/scmi/protocol@20: reg: expected an id of its own, got 0x14, which /firmware/scmi/protocol@14 has, too",
    ],
    [
      "a broken channel of a protocol",
      { ...MAILBOX, children: { "protocol@13": protocol(0x13, { mboxes: [1, 4] }) } },
      "/firmware/scmi/protocol@13: shmem: expected shared memory, got none",
    ],
    [
      "a protocol channel on used memory",
      { ...MAILBOX, children: { "protocol@13": protocol(0x13, { mboxes: [1, 4], shmem: [2] }) } },
      "/firmware/scmi/protocol@13: shmem: expected memory that no other channel uses",
    ],
    [
      "no time to wait",
      { ...MAILBOX, "arm,max-rx-timeout-ms": [0] },
      "arm,max-rx-timeout-ms: expected at least 1 ms, got 0",
    ],
    [
      "more messages than tokens",
      { ...MAILBOX, "arm,max-msg": [1025] },
      "arm,max-msg: expected at most 1024 message, got 1025",
    ],
    [
      "a missing function id",
      { compatible: "arm,scmi-smc", shmem: [2] },
      "arm,smc-id: expected the function id of the call, got none",
    ],
    [
      "a missing channel id",
      { compatible: "linaro,scmi-optee" },
      "linaro,optee-channel-id: expected the id of a channel, got none",
    ],
    [
      "polling where the binding has none",
      { compatible: "arm,scmi-smc", "arm,smc-id": [1], shmem: [2], "arm,no-completion-irq": true },
      "arm,no-completion-irq: expected it with arm,scmi only, got arm,scmi-smc",
    ],
    [
      "an unknown transport",
      { compatible: "acme,scmi-pigeon", children: { "protocol@14": protocol(0x14) } },
      "/firmware/scmi: compatible: expected one of arm,scmi, ",
    ],
  ])("%s", (_, scmi, message) => {
    expect(errors(scmi)).toContain(message);
  });

  test("and others come up all the same", () => {
    const tree = board(
      { ...MAILBOX, shmem: undefined },
      { "scmi-1": { ...CELLS, ...MAILBOX }, "scmi-2": { ...CELLS, ...MAILBOX, shmem: [3], status: "disabled" } },
    );
    const { instances, broken, disabled } = scmiOf(tree);
    expect(instances.map(({ node }) => node.path)).toEqual(["/scmi-1"]);
    expect(broken.map(({ node }) => node.path)).toEqual(["/firmware/scmi"]);
    expect(disabled.map(({ path }) => path)).toEqual(["/scmi-2"]);
  });
});

describe("consumers", () => {
  const scmi: Sketch = {
    ...MAILBOX,
    children: {
      "protocol@14": protocol(0x14, { phandle: [20], "#clock-cells": [1] }),
      "protocol@16": protocol(0x16, { phandle: [21], "#reset-cells": [1], status: "disabled" }),
      "protocol@17": protocol(0x17, { children: { regulators: { children: { "r@3": { reg: [3], phandle: [22] } } } } }),
      "protocol@19": protocol(0x19, { children: { "uart-pins": { phandle: [23] } } }),
    },
  };
  const found = (device: Sketch, more: { readonly [name: string]: Sketch } = {}) => {
    const tree = board(scmi, { osc: { phandle: [30], "#clock-cells": [0] }, device, ...more });
    const { instances } = scmiOf(tree);
    const { byInstance, problems } = consumersOf(tree, instances);
    const consumers = [...byInstance.values()].flat();
    return {
      list: consumers.map((it) => [it.property, it.index, it.protocol.id, it.resource]),
      problems: problems.map(({ message }) => message),
    };
  };

  test("are found in lists with holes and others' entries", () => {
    expect(found({ clocks: [30, 0, 20, 5, 20, 7] }).list).toEqual([
      ["clocks", 2, 0x14, 5],
      ["clocks", 3, 0x14, 7],
    ]);
  });

  test("of regulators and pins are named by what they refer to", () => {
    expect(found({ "vin-supply": [22], "pinctrl-0": [23, 30], "pinctrl-names": "default" }).list).toEqual([
      ["vin-supply", 0, 0x17, 3],
      ["pinctrl-0", 0, 0x19, undefined],
    ]);
  });

  test("that are switched off, or refer to a protocol that is, do not count", () => {
    expect(found({ clocks: [20, 1], status: "disabled" }).list).toEqual([]);
    expect(found({ resets: [21, 1] }).list).toEqual([]);
  });

  test("with a dangling phandle are a problem with a path", () => {
    expect(found({ clocks: [99, 1] })).toEqual({
      list: [],
      problems: ["test.dtb: /device: clocks[0]: expected the phandle of a node, got 0x63"],
    });
  });
});

describe.each(BLOBS.map((it) => [it.name, it.bytes] as const))("%s", (name, bytes) => {
  const tree = readDeviceTree(bytes, { file: name });
  const binding = scmiOf(tree);

  test("has instances that can come up, and nothing to complain of", () => {
    expect(binding.instances.length).toBeGreaterThan(0);
    expect(binding.broken).toEqual([]);
    expect(binding.warnings).toEqual([]);
  });

  test("has the consumers that a naive walk finds", () => {
    const { byInstance, problems } = consumersOf(tree, binding.instances);
    const lines = [...byInstance.values()]
      .flat()
      .map(
        ({ device, property, protocol: { id }, resource }) => `${device.path} ${property} ${id} ${resource ?? "pins"}`,
      );
    expect(lines.sort()).toEqual(naiveConsumers(plainTree(bytes)));
    expect(lines.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
});

test.skipIf(GIVEN_BLOBS.length === 0)("the given boards cover mailbox, SMC and OP-TEE", () => {
  const kinds = GIVEN_BLOBS.flatMap((it) => scmiOf(readDeviceTree(it.bytes, { file: it.name })).instances);
  expect(new Set(kinds.map(({ transport }) => transport))).toEqual(new Set(["mailbox", "smc", "optee"]));
});
