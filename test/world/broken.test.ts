import { describe, expect, test } from "vitest";
import { type BootReport, boot, isWhole, planTree } from "../../src/world/index.ts";
import { type Sketch, treeOf } from "../devicetree/build.ts";

const MHU = 1;
const AREAS = [2, 3, 4, 5] as const;

/** A machine with one mailbox controller, four areas of 128 bytes, and what a test adds below /firmware and to the root. */
function machine(
  firmware: { readonly [name: string]: Sketch },
  more: { readonly [name: string]: Sketch } = {},
  bytes = 0x80,
) {
  const areas = AREAS.map((phandle, i): [string, Sketch] => [
    `shmem@${(i * 0x100).toString(16)}`,
    { phandle: [phandle], compatible: "arm,scmi-shmem", reg: [i * 0x100, bytes] },
  ]);
  return treeOf({
    model: "test",
    "#address-cells": [1],
    "#size-cells": [1],
    children: {
      firmware: { children: firmware },
      mailbox: { phandle: [MHU], "#mbox-cells": [1] },
      sram: { "#address-cells": [1], "#size-cells": [1], ranges: true, children: Object.fromEntries(areas) },
      ...more,
    },
  });
}

/** A clock protocol node; consumers refer to phandle 10. */
const CLOCKS: { readonly [name: string]: Sketch } = {
  "protocol@14": { phandle: [10], reg: [0x14], "#clock-cells": [1] },
};

function mailboxNode(channel: number, area: number, more: Partial<Sketch> = {}): Sketch {
  return { compatible: "arm,scmi", mboxes: [MHU, channel], shmem: [area], children: CLOCKS, ...more } as Sketch;
}

const UART: { readonly [name: string]: Sketch } = { serial: { clocks: [10, 3] } };

function boots(...args: Parameters<typeof machine>): Promise<BootReport> {
  return boot(planTree(machine(...args)));
}

/** What went wrong, without the name of the file. */
function failuresOf({ failures }: BootReport): readonly (readonly [string, string])[] {
  return failures.map(({ node, message }) => [node, message.replace(/^test\.dtb: /, "")] as const);
}

test("a machine whose nodes are in order comes up", async () => {
  const report = await boots({ scmi: mailboxNode(0, 2) }, UART);
  expect(failuresOf(report)).toEqual([]);
  expect(report.instances.map(({ consumers }) => consumers)).toEqual([
    [{ device: "/serial", property: "clocks", protocol: 0x14, resource: 3, resolved: true }],
  ]);
  expect(isWhole(report)).toBe(true);
});

describe("a machine cannot come up", () => {
  const cases: readonly (readonly [string, { readonly [name: string]: Sketch }, string, string])[] = [
    [
      "without any SCMI node",
      {},
      "/",
      "/: expected an enabled SCMI instance (a node compatible with arm,scmi or one of its kin), got none",
    ],
    [
      "when its only SCMI node is switched off",
      { scmi: mailboxNode(0, 2, { status: "disabled" }) },
      "/",
      "/: expected an enabled SCMI instance (a node compatible with arm,scmi or one of its kin), got only disabled ones (/firmware/scmi)",
    ],
    [
      "with a compatible that no transport has",
      { scmi: mailboxNode(0, 2, { compatible: "acme,scmi" }) },
      "/firmware/scmi",
      "/firmware/scmi: compatible: expected one of arm,scmi, arm,scmi-smc, arm,scmi-smc-param, qcom,scmi-smc, arm,scmi-virtio, linaro,scmi-optee, got acme,scmi",
    ],
    [
      "without shared memory",
      { scmi: { compatible: "arm,scmi", mboxes: [MHU, 0], children: CLOCKS } },
      "/firmware/scmi",
      "/firmware/scmi: shmem: expected shared memory, got none",
    ],
    [
      "with a phandle that no node has",
      { scmi: mailboxNode(0, 0x77) },
      "/firmware/scmi",
      "/firmware/scmi: shmem[0]: expected the phandle of a node, got 0x77",
    ],
    [
      "with two nodes for one protocol",
      {
        scmi: mailboxNode(0, 2, {
          children: { "protocol@14": { reg: [0x14], "#clock-cells": [1] }, "protocol@20": { reg: [0x14] } },
        }),
      },
      "/firmware/scmi",
      "/firmware/scmi/protocol@20: reg: expected an id of its own, got 0x14, which /firmware/scmi/protocol@14 has, too",
    ],
    [
      "when a protocol uses the mailbox of the base channel",
      {
        scmi: mailboxNode(0, 2, {
          children: { "protocol@14": { reg: [0x14], "#clock-cells": [1], mboxes: [MHU, 0], shmem: [3] } },
        }),
      },
      "/firmware/scmi",
      "/firmware/scmi/protocol@14: mboxes: expected one that nobody else uses, got /mailbox 0, which /firmware/scmi has",
    ],
    [
      "when its OP-TEE is nowhere",
      { scmi: { compatible: "linaro,scmi-optee", "linaro,optee-channel-id": [0], children: CLOCKS } },
      "/firmware/scmi",
      "/firmware/scmi: expected a key (scmi-wasm,supplier, or supplier: in a board file), or one tee and one node for it, got no key, and no tee",
    ],
  ];

  test.each(cases)("%s", async (_, firmware, node, message) => {
    const report = await boots(firmware);
    expect(failuresOf(report)).toEqual([[node, message]]);
    expect(report.instances).toEqual([]);
    expect(isWhole(report)).toBe(false);
  });

  test("in an area that is too small for any message", async () => {
    const report = await boots({ scmi: mailboxNode(0, 2) }, {}, 32);
    expect(failuresOf(report)).toEqual([
      ["/firmware/scmi", "/sram/shmem@0: reg: expected an area of 36 bytes or more, got 32"],
    ]);
  });
});

test("a specifier far out is told, and costs nothing", async () => {
  const report = await boots({ scmi: mailboxNode(0, 2) }, { serial: { clocks: [10, 0xffffffff] } });
  expect(failuresOf(report)).toEqual([
    ["/firmware/scmi", "/serial: clocks[0]: expected a resource from 0 to 65535, got 4294967295"],
  ]);
});

test("a regulator far out is told, and costs nothing", async () => {
  const regulators = { regulators: { children: { "regulator@ffffffff": { phandle: [11], reg: [0xffffffff] } } } };
  const children: { readonly [name: string]: Sketch } = { "protocol@17": { reg: [0x17], children: regulators } };
  const report = await boots({ scmi: mailboxNode(0, 2, { children }) });
  expect(failuresOf(report)).toEqual([
    [
      "/firmware/scmi",
      "/firmware/scmi/protocol@17/regulators/regulator@ffffffff: reg: expected a domain from 0 to 65535, got 4294967295",
    ],
  ]);
});

describe("what can come up does, beside", () => {
  test.each<[string, Sketch, string]>([
    [
      "a channel whose area another one has",
      mailboxNode(1, 2),
      "/firmware/scmi-1: shmem: expected memory that no other channel uses, got /sram/shmem@0, which shares bytes with /sram/shmem@0 of /firmware/scmi",
    ],
    [
      "a channel whose mailbox another one has",
      mailboxNode(0, 3),
      "/firmware/scmi-1: mboxes: expected one that nobody else uses, got /mailbox 0, which /firmware/scmi has",
    ],
    [
      "a node without mailboxes",
      { compatible: "arm,scmi", shmem: [3], children: CLOCKS },
      "/firmware/scmi-1: mboxes: expected a mailbox for arm,scmi, got none",
    ],
  ])("%s", async (_, second, message) => {
    const report = await boots({ scmi: mailboxNode(0, 2), "scmi-1": second });
    expect(failuresOf(report)).toEqual([["/firmware/scmi-1", message]]);
    expect(report.instances.map(({ node }) => node)).toEqual(["/firmware/scmi"]);
    expect(Object.values(report.leaks).every((it) => it === 0)).toBe(true);
  });

  test("an instance that is switched off, which is no failure", async () => {
    const report = await boots({ scmi: mailboxNode(0, 2), "scmi-1": mailboxNode(1, 3, { status: "disabled" }) });
    expect(report.disabled).toEqual(["/firmware/scmi-1"]);
    expect(isWhole(report)).toBe(true);
  });

  test("two instances with the same SMC function id, of which one has it", async () => {
    const node = (area: number): Sketch => ({
      compatible: "arm,scmi-smc",
      "arm,smc-id": [0x82000010],
      shmem: [area],
      children: CLOCKS,
    });
    const report = await boots({ scmi: node(2), "scmi-1": node(3) });
    expect(report.instances.map(({ node: path }) => path)).toEqual(["/firmware/scmi"]);
    expect(failuresOf(report)).toEqual([
      [
        "/firmware/scmi-1",
        "/firmware/scmi-1: arm,smc-id: expected one that nobody else uses, got function 0x82000010, which /firmware/scmi has",
      ],
    ]);
  });
});

describe("it is said, and stops nothing", () => {
  test("that areas hold less than the messages of the transport", async () => {
    const report = await boots({ scmi: mailboxNode(0, 2) });
    expect(report.warnings).toEqual([
      "test.dtb: /firmware/scmi: shmem: expected room for payloads of 104 bytes (arm,max-msg-size), got room for 100; longer messages are not sent",
    ]);
    expect(report.instances[0]?.limits.maxPayload).toBe(100);
  });

  test("that a consumer refers to a node that there is not", async () => {
    const report = await boots(
      { scmi: mailboxNode(0, 2, { "arm,max-msg-size": [100] }) },
      { serial: { clocks: [0x55, 1] } },
    );
    expect(report.warnings).toEqual(["test.dtb: /serial: clocks[0]: expected the phandle of a node, got 0x55"]);
  });

  test("that devices refer to a protocol that is switched off", async () => {
    const children: { readonly [name: string]: Sketch } = {
      "protocol@14": { phandle: [10], reg: [0x14], "#clock-cells": [1], status: "disabled" },
      "protocol@19": { reg: [0x19], status: "fail", children: { uartgrp: { phandle: [11] } } },
    };
    const report = await boots(
      { scmi: mailboxNode(0, 2, { "arm,max-msg-size": [100], children }) },
      {
        serial: { clocks: [10, 3], "pinctrl-0": [11] },
        spi: { clocks: [10, 4] },
        off: { status: "disabled", clocks: [10, 4] },
      },
    );
    expect(report.warnings).toEqual([
      "test.dtb: /firmware/scmi/protocol@14: expected it to be switched on, as /serial (clocks) and 1 more refer to it, got /firmware/scmi/protocol@14, whose status is disabled",
      "test.dtb: /firmware/scmi/protocol@19: expected it to be switched on, as /serial (pinctrl-0) refers to it, got /firmware/scmi/protocol@19, whose status is fail",
    ]);
    expect(report.instances[0]?.consumers).toEqual([]);
  });

  test("that a protocol is a vendor's, which no platform here serves", async () => {
    const children = { ...CLOCKS, "protocol@84": { reg: [0x84] } };
    const report = await boots({ scmi: mailboxNode(0, 2, { "arm,max-msg-size": [100], children }) });
    expect(report.warnings).toEqual([
      "test.dtb: /firmware/scmi/protocol@84: reg: expected a protocol of the specification, got 0x84, which no platform here serves",
    ]);
    expect(isWhole(report)).toBe(true);
  });
});

test("areas of the least size carry a machine that needs no more", async () => {
  const report = await boots({ scmi: mailboxNode(0, 2) }, UART, 128);
  expect(isWhole(report)).toBe(true);
});

test("a release without a protocol leaves its consumers without their resource, and says so", async () => {
  const children: { readonly [name: string]: Sketch } = {
    "protocol@16": { phandle: [10], reg: [0x16], "#reset-cells": [1] },
  };
  const tree = machine({ scmi: mailboxNode(0, 2, { children }) }, { serial: { resets: [10, 0] } });
  const report = await boot(planTree(tree), { profile: "1.0" });
  expect(failuresOf(report)).toEqual([
    [
      "/firmware/scmi",
      "/firmware/scmi/protocol@16: Reset domain management protocol: expected 0x16 among the protocols, got 0x10",
    ],
  ]);
  expect(report.instances[0]?.consumers).toMatchObject([{ device: "/serial", resolved: false }]);
});
