import { describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.ts";
import { type BootReport, boot, isWhole, planTree } from "../../src/world/index.ts";
import { type Sketch, treeOf } from "../devicetree/build.ts";

const MAILBOX = 1;
const AREA = 2;
const CLOCKS = 10;
const AREA_BYTES = 0x100;

/** What a node needs to be an instance over each transport. */
const NODES: Readonly<Record<string, Sketch>> = {
  mailbox: { compatible: "arm,scmi", mboxes: [MAILBOX, 0], shmem: [AREA] },
  smc: { compatible: "arm,scmi-smc", "arm,smc-id": [0x82000010], shmem: [AREA] },
  "optee in dynamic memory": { compatible: "linaro,scmi-optee", "linaro,optee-channel-id": [0] },
  "optee in static memory": { compatible: "linaro,scmi-optee", "linaro,optee-channel-id": [0], shmem: [AREA] },
  virtio: { compatible: "arm,scmi-virtio" },
};

/** A machine with one instance, which has a clock that something refers to, and the limits of a test. */
function machine(kind: string, limits: Sketch) {
  const children: Sketch["children"] = { "protocol@14": { phandle: [CLOCKS], reg: [0x14], "#clock-cells": [1] } };
  const scmi = { ...NODES[kind], ...limits, children } as Sketch;
  const suppliers: Record<string, Sketch> = kind.startsWith("optee")
    ? { optee: { compatible: "linaro,optee-tz" } }
    : {};
  const devices: Record<string, Sketch> =
    kind === "virtio" ? { "virtio@a000000": { compatible: "virtio,mmio", reg: [0xa000000, 0x200] } } : {};
  return treeOf({
    "#address-cells": [1],
    "#size-cells": [1],
    children: {
      firmware: { children: { scmi, ...suppliers } },
      mailbox: { phandle: [MAILBOX], "#mbox-cells": [1] },
      sram: {
        "#address-cells": [1],
        "#size-cells": [1],
        ranges: true,
        children: { "shmem@0": { phandle: [AREA], compatible: "arm,scmi-shmem", reg: [0, AREA_BYTES] } },
      },
      serial: { clocks: [CLOCKS, 3] },
      ...devices,
    },
  });
}

/** Boots it; the xfers of the instance that its agent got of the core. */
async function bootWith(kind: string, limits: Sketch): Promise<{ report: BootReport; xfers: number | undefined }> {
  let xfers: number | undefined;
  const onCore = (core: Core) => {
    const openInstance = core.openInstance.bind(core);
    core.openInstance = (options) => {
      const instance = openInstance(options);
      if (options?.fullTokens) xfers = options.xfers; // platforms ask for none, and an agent that was refused for less
      return instance;
    };
    return () => {};
  };
  const report = await boot(planTree(machine(kind, limits)), { onCore });
  return { report, xfers };
}

describe.each(Object.keys(NODES))("over %s", (kind) => {
  test.each([1, 7, 19, 20, 100, 1024])("the tree says how many commands may be in flight: %i", async (count) => {
    const { report, xfers } = await bootWith(kind, { "arm,max-msg": [count] });
    expect(report.failures).toEqual([]);
    expect(isWhole(report)).toBe(true);
    expect(xfers).toBe(count);
  });

  test("a limit for messages that nobody has memory for is no reason to have none at all", async () => {
    const { report } = await bootWith(kind, { "arm,max-msg-size": [0x7fff_ffff] });
    expect(report.failures).toEqual([]);
    const isInArea = report.instances[0]?.channels[0]?.framing === "smt";
    expect(report.instances[0]?.limits.maxPayload).toBe(isInArea ? AREA_BYTES - 28 : 0x1_0000);
  });

  test.each([1, 7])("a limit that leaves no room for a status and a word is refused by its name: %i", async (bytes) => {
    const { report } = await bootWith(kind, { "arm,max-msg-size": [bytes] });
    expect(report.failures.map(({ node, message }) => [node, message.replace(/^.*dtb: /, "")])).toEqual([
      ["/firmware/scmi", `/firmware/scmi: arm,max-msg-size: expected at least 8 bytes, got ${bytes}`],
    ]);
  });
});
