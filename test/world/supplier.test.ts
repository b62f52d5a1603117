import { describe, expect, test } from "vitest";
import { type BootReport, boot, planTree } from "../../src/world/index.ts";
import { type Sketch, treeOf } from "../devicetree/build.ts";

const OVER: Readonly<Record<string, Sketch>> = {
  virtio: { compatible: "arm,scmi-virtio" },
  optee: { compatible: "linaro,scmi-optee", "linaro,optee-channel-id": [0] },
  smc: { compatible: "arm,scmi-smc", "arm,smc-id": [0x82000010], shmem: [1] },
};
const KEY = 9;

function tree(scmi: Sketch, nodes: Readonly<Record<string, Sketch>> = {}) {
  const children: Sketch["children"] = { "protocol@14": { reg: [0x14], "#clock-cells": [1] } };
  const area: Sketch = { phandle: [1], compatible: "arm,scmi-shmem", reg: [0, 0x80] };
  return treeOf({
    "#address-cells": [1],
    "#size-cells": [1],
    children: {
      firmware: { children: { scmi: { ...scmi, "arm,max-msg-size": [100], children } as Sketch } },
      sram: { "#address-cells": [1], "#size-cells": [1], ranges: true, children: { "shmem@0": area } },
      ...nodes,
    },
  });
}

/** Boots it with a board file that says so much. */
function bootWith(built: ReturnType<typeof tree>, file?: Readonly<Record<string, unknown>>): Promise<BootReport> {
  const boards = new Map(file ? [["/firmware/scmi", { file: "board.yaml", data: file }]] : []);
  return boot(planTree(built, { boards }));
}

function virtio(...compatibles: readonly string[]): Sketch {
  const children = Object.fromEntries(compatibles.map((compatible, i) => [`device@${i}`, { compatible }]));
  return { compatible: "virtio,mmio", reg: [0xa000000, 0x200], children };
}

describe("a board file names the supplier that is in no tree", () => {
  test.each(Object.keys(OVER))("over %s", async (kind) => {
    const report = await bootWith(tree(OVER[kind] as Sketch), { supplier: "pci 0000:00:02.0" });
    expect(report.failures).toEqual([]);
    expect(report.instances.map(({ transport }) => transport)).toEqual([kind]);
  });

  test("or in the tree among several, by its path", async () => {
    const nodes = { "virtio@1": virtio(), "virtio@2": virtio() };
    const scmi = OVER.virtio as Sketch;
    expect((await bootWith(tree(scmi, nodes))).failures[0]?.message).toContain("got no key, and /virtio@1, /virtio@2");
    const report = await bootWith(tree(scmi, nodes), { supplier: "/virtio@2" });
    expect([report.failures, report.instances.length]).toEqual([[], 1]);
  });

  test("and no other than the tree does", async () => {
    const scmi = { ...OVER.virtio, "scmi-wasm,supplier": [KEY] } as Sketch;
    const built = () => tree(scmi, { "virtio@1": { ...virtio(), phandle: [KEY] } as Sketch });
    expect((await bootWith(built(), { supplier: "/virtio@1" })).failures).toEqual([]);
    const { failures } = await bootWith(built(), { supplier: "/virtio@2" });
    expect(failures.map(({ message }) => message)).toEqual([
      "board.yaml: supplier: expected /virtio@1, as /firmware/scmi says, got /virtio@2",
    ]);
  });

  test("by a name that is one", async () => {
    const { failures } = await bootWith(tree(OVER.virtio as Sketch), { supplier: 3 });
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining("board.yaml: supplier: expected a string"),
    ]);
  });
});

test("two instances that name one virtio device are both refused, whichever comes first in the tree", async () => {
  const scmi = { ...OVER.virtio, "scmi-wasm,supplier": [KEY], children: {} } as Sketch;
  const built = treeOf({
    children: {
      firmware: { children: { "scmi-0": scmi, "scmi-1": scmi } },
      "virtio@1": { ...virtio(), phandle: [KEY] } as Sketch,
    },
  });
  const { instances, failures } = await bootWith(built);
  expect(instances).toEqual([]);
  expect(failures.map(({ message }) => message.replace(/^.*dtb: /, ""))).toEqual([
    "/firmware/scmi-0: expected a virtio of its own, got /virtio@1, which /firmware/scmi-1 names, too",
    "/firmware/scmi-1: expected a virtio of its own, got /virtio@1, which /firmware/scmi-0 names, too",
  ]);
});

describe("an instance over virtio without a key", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, Sketch>>, number])[] = [
    ["is served by the one node that may be its device", { "virtio@1": virtio() }, 1],
    ["is served by the one that says it is", { "virtio@1": virtio("virtio,device20") }, 1],
    ["is not served by one that says it is another", { "virtio@1": virtio("virtio,device22") }, 0],
    ["passes over those that say they are others", { "virtio@1": virtio("virtio,device22"), "virtio@2": virtio() }, 1],
    [
      "is served by the one that says it is among those that say nothing",
      { a: virtio(), b: virtio("virtio,device20") },
      1,
    ],
    ["has to choose among two that say they are", { a: virtio("virtio,device20"), b: virtio("virtio,device20") }, 0],
    ["has to choose among two that say nothing", { a: virtio(), b: virtio() }, 0],
    ["passes over an IOMMU", { "iommu@8": { compatible: "virtio,pci-iommu" }, "virtio@2": virtio() }, 1],
    ["is not served by an IOMMU", { "iommu@8": { compatible: "virtio,pci-iommu" } }, 0],
  ];

  test.each(cases)("%s", async (_, nodes, count) => {
    const report = await bootWith(tree(OVER.virtio as Sketch, nodes));
    expect(report.instances.length).toBe(count);
    expect(report.failures.length).toBe(1 - count);
  });
});
