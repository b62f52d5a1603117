import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Board } from "../board/index.ts";
import { printDts, type ScmiTransport, writeDeviceTree } from "../devicetree/index.ts";
import { asJson, type CliContext } from "./context.ts";
import { lastPhandle, mergeTrees } from "./dt-into.ts";
import { protocolSketches } from "./dt-protocols.ts";
import { cells, printSketch, type Sketch, text, treeOf } from "./dt-sketch.ts";
import { openBoard, openTree } from "./open-board.ts";

/** Where things are on the machine that the tree is for. */
export interface DtPlaces {
  readonly transport: ScmiTransport;
  /** Of the shared memory. */
  readonly shmem: number;
  /** Function id of the SMC. */
  readonly smcId: number;
  /** Of the OP-TEE service. */
  readonly channelId: number;
}

interface DtOptions extends DtPlaces {
  /** A machine's own tree. */
  readonly into?: string;
  readonly output?: string;
  readonly json?: true;
}

const TRANSPORTS: readonly ScmiTransport[] = ["virtio", "mailbox", "smc", "optee"];

/** The binding's own examples. */
const SHMEM = 0x6ff00000;
const SMC_ID = 0xc3000001;

const SRAM_BYTES = 0x1000;
const MAILBOX = 0x2b1f0000;
/** What a platform carries unless its board says otherwise. */
const DEFAULT_PAYLOAD = 100;
/** Header fields of an SMT area. */
const AREA_OVERHEAD = 28;
const AREA_STEP = 128;

const COMPATIBLES: Readonly<Record<ScmiTransport, string>> = {
  ...{ virtio: "arm,scmi-virtio", mailbox: "arm,scmi", smc: "arm,scmi-smc", optee: "linaro,scmi-optee" },
};

const NOTES: Readonly<Record<ScmiTransport, string>> = {
  virtio: "The virtio device itself is found by its own means: PCI, or a virtio,mmio node.",
  mailbox:
    "The mailbox controller stands for the board's own: its channel 0 is agent to platform, 1 platform to agent.",
  smc: "Answers are there when the call returns; notifications do not come this way.",
  optee: "OP-TEE allocates the shared memory; notifications do not come this way.",
};

const HELP = `
What is printed compiles as it is (dtc -I dts -O dtb, or -o FILE.dtb), or its nodes go into a board's own tree. The consumers are examples of how
devices refer to each resource: drivers know none of them but regulators and thermal zones.

Examples:
  scmi dt examples/boards/example.yaml --transport virtio -o guest.dtb
  scmi dt examples/boards/example.yaml --transport virtio --into virt.dtb -o guest.dtb
  scmi dt examples/boards/example.yaml --transport smc --smc-id 0x82000010 --shmem 0x8010f000`;

/** `scmi dt` */
export function addDt(program: Command, context: CliContext): void {
  program
    .command("dt")
    .description("print a device tree whose operating system finds everything that a board has")
    .argument("<board>", "board file (YAML or JSON), or device tree blob")
    .addOption(
      new Option("--transport <kind>", "how the platform is reached").choices(TRANSPORTS).makeOptionMandatory(),
    )
    .addOption(numberOption("--shmem <address>", "where the shared memory lies", SHMEM))
    .addOption(numberOption("--smc-id <id>", "function id of the SMC", SMC_ID))
    .option("--channel-id <id>", "id of OP-TEE's channel", parseNumber, 0)
    .option("--into <tree>", "add the nodes to a machine's own tree, a blob (QEMU: -machine dumpdtb=FILE)")
    .option("-o, --output <file>", "write there; compiled, where the name ends in .dtb")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((path: string, options: DtOptions) => {
      const { transport, into, output, json } = options;
      const sketch = sketchOf(openBoard(path), options);
      const machine = into === undefined ? undefined : openTree(into);
      const own = treeOf(sketch, path, machine && lastPhandle(machine));
      const tree = machine ? mergeTrees(machine, own) : own;
      const notes = [`SCMI of ${path}, over ${transport}.`, NOTES[transport]];
      const dts = machine ? `// ${notes.join("\n// ")}\n${printDts(tree)}` : printSketch(sketch, notes);
      if (output !== undefined) writeFileSync(output, output.endsWith(".dtb") ? writeDeviceTree(tree) : `${dts}\n`);
      if (json)
        context.print(asJson({ board: path, transport, ...(into && { into }), ...(output && { output }), dts }, 2));
      else if (output === undefined) context.print(dts);
    });
}

/** Whose default is told as people write it. */
function numberOption(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).argParser(parseNumber).default(standard, `0x${standard.toString(16)}`);
}

function parseNumber(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= 0xffffffff) return value;
  throw new InvalidArgumentError("expected a number of 32 bits, decimal or 0x…");
}

/** The whole tree of a board: SCMI node, shared memory, and consumers. */
export function sketchOf(board: Board, places: DtPlaces): Sketch {
  const protocols = protocolSketches(board);
  const maxPayload = board.maxPayload ?? DEFAULT_PAYLOAD;
  const scmi: Sketch = {
    ...{ name: "scmi", label: "scmi" },
    properties: [
      text("compatible", COMPATIBLES[places.transport]),
      ...channelOf(places),
      cells("arm,max-msg-size", maxPayload),
      cells("#address-cells", 1),
      cells("#size-cells", 0),
    ],
    children: protocols.map(({ node }) => node),
  };
  const model = [board.vendor, board.subVendor].filter((it) => it !== undefined && it !== "").join(" ");
  return {
    name: "",
    properties: [
      text("compatible", "scmi-wasm,board"),
      text("model", model),
      cells("#address-cells", 2),
      cells("#size-cells", 2),
    ],
    children: [
      { name: "firmware", properties: [], children: [scmi] },
      ...surroundings(places, maxPayload),
      ...protocols.flatMap(({ consumers }) => consumers),
    ],
  };
}

function channelOf({ transport, smcId, channelId }: DtPlaces): Sketch["properties"] {
  switch (transport) {
    case "virtio":
      return [];
    case "mailbox":
      return [
        [
          "mboxes",
          {
            cells: [
              [{ ref: "scmi_mailbox" }, 0],
              [{ ref: "scmi_mailbox" }, 1],
            ],
          },
        ],
        text("mbox-names", "tx", "rx"),
        ["shmem", { cells: [[{ ref: "scmi_a2p" }], [{ ref: "scmi_p2a" }]] }],
      ];
    case "smc":
      return [cells("arm,smc-id", smcId), cells("shmem", { ref: "scmi_a2p" })];
    case "optee":
      return [cells("linaro,optee-channel-id", channelId)];
  }
}

/** What a transport needs besides the SCMI node. */
function surroundings({ transport, shmem }: DtPlaces, maxPayload: number): readonly Sketch[] {
  if (transport === "virtio" || transport === "optee") return [];
  const areaBytes = Math.ceil((maxPayload + AREA_OVERHEAD) / AREA_STEP) * AREA_STEP;
  const labels = transport === "mailbox" ? ["scmi_a2p", "scmi_p2a"] : ["scmi_a2p"];
  const sizeBytes = Math.max(SRAM_BYTES, areaBytes * labels.length);
  const areas = labels.map(
    (label, i): Sketch => ({
      ...{ name: `scmi-sram@${(i * areaBytes).toString(16)}`, label },
      properties: [text("compatible", "arm,scmi-shmem"), cells("reg", i * areaBytes, areaBytes)],
    }),
  );
  const sram: Sketch = {
    name: `sram@${shmem.toString(16)}`,
    properties: [
      text("compatible", "mmio-sram"),
      cells("reg", 0, shmem, 0, sizeBytes),
      cells("#address-cells", 1),
      cells("#size-cells", 1),
      cells("ranges", 0, 0, shmem, sizeBytes),
    ],
    children: areas,
  };
  const mailbox: Sketch = {
    ...{ name: `mailbox@${MAILBOX.toString(16)}`, label: "scmi_mailbox" },
    properties: [text("compatible", "arm,mhu"), cells("reg", 0, MAILBOX, 0, 0x1000), cells("#mbox-cells", 1)],
  };
  return transport === "mailbox" ? [mailbox, sram] : [sram];
}
