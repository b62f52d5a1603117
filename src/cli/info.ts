import type { Command } from "commander";
import type { Agent, CallOptions, PlatformIdentity } from "../index.ts";
import { Base, type Release } from "../protocols/index.ts";
import { encodeHeader, MESSAGE_TYPE, statusOf, versionText } from "../wire/index.ts";
import { asJson, type CliContext, UsageError } from "./context.ts";
import { openAgent, type Target } from "./open-agent.ts";
import { type BoardChoice, choiceOf, collect, expectNoChoice } from "./open-board.ts";
import { parseProfile, parseTimeout } from "./platform-options.ts";
import { type SurveyedProtocol, type SurveyedResource, Visit } from "./survey.ts";
import { counted, SURVEYORS } from "./surveyors.ts";

interface InfoOptions extends BoardChoice {
  readonly connect?: string;
  readonly profile?: Release;
  readonly agent?: string;
  readonly timeout?: number;
  readonly json?: true;
}

/** What a platform told about itself. */
interface Survey {
  readonly version: number;
  readonly platform: PlatformIdentity;
  readonly protocols: readonly SurveyedProtocol[];
}

const HELP = `
Reads only: nothing is set, switched or subscribed to. What the platform would not tell is listed, and is no error.

Examples:
  scmi info examples/boards/example.yaml
  scmi info board.dtb --instance /firmware/scmi-1
  scmi info --connect unix:/tmp/scmi.sock --json
  scmi info --connect raw:0`;

/** `scmi info` */
export function addInfo(program: Command, context: CliContext): void {
  program
    .command("info")
    .description("ask a platform for everything that it has, and print it")
    .usage("[options] BOARD|--connect ADDRESS")
    .argument("[board]", "device tree blob or board file, unless --connect is given")
    .option(
      "--connect <address>",
      "platform of another process, unix:PATH or tcp:HOST:PORT, or the firmware of this machine, raw:INSTANCE",
    )
    .option("--instance <node>", "SCMI instance of a device tree, by the path of its node (default: the first)")
    .option("--board-file <[node=]file>", "what a device tree cannot say; may be given for several instances", collect)
    .option(
      "--profile <release>",
      "release of SCMI that the platform of a board looks like (default: 3.2)",
      parseProfile,
    )
    .option("--agent <agent>", "agent at a board's platform, by number or name (default: 1)")
    .option("--timeout <ms>", "longest wait for each answer in milliseconds", parseTimeout)
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action(async (board: string | undefined, options: InfoOptions) => {
      const target = targetOf(board, options);
      const waiting = {
        signal: context.signal,
        ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
      };
      const { agent, close } = await openAgent(target, waiting);
      try {
        const survey = await surveyOf(agent, waiting);
        const source = target.kind === "board" ? target.path : target.address;
        context.print(options.json ? asJson(dataOf(source, survey), 2) : textOf(source, survey));
      } finally {
        await close();
      }
    });
}

function targetOf(board: string | undefined, options: InfoOptions): Target {
  const { connect: address, profile, agent } = options;
  if (address === undefined) {
    if (board === undefined) throw new UsageError("expected BOARD or --connect ADDRESS");
    return { kind: "board", path: board, profile: profile ?? "3.2", agent: agent ?? "1", ...choiceOf(options) };
  }
  if (board !== undefined) throw new UsageError(`expected BOARD or --connect, got both: ${board} and ${address}`);
  const misplaced = profile !== undefined ? "--profile" : agent !== undefined ? "--agent" : undefined;
  if (misplaced) throw new UsageError(`${misplaced}: expected a board; a platform that is connected to has its own`);
  expectNoChoice(options);
  return { kind: "connect", address };
}

/** Asks for everything, one question at a time: firmware is not to be hurried. */
async function surveyOf(agent: Agent, options: CallOptions): Promise<Survey> {
  const { platform } = agent;
  const { version } = await agent.protocol(Base, options);
  const protocols: SurveyedProtocol[] = [];
  for (const id of platform.protocols) {
    if (id === Base.table.id) continue;
    const surveyor = SURVEYORS.find(({ table }) => table.id === id);
    protocols.push(surveyor ? await surveyor.survey(agent, options) : await strangerOf(agent, id, options));
  }
  return { version, platform, protocols };
}

/** All that can be asked of a protocol without a table: what every protocol has. */
async function strangerOf(agent: Agent, id: number, options: CallOptions): Promise<SurveyedProtocol> {
  const visit = new Visit(options);
  const word = (name: string, messageId: number) =>
    visit.ask(name, async () => {
      const header = encodeHeader({ protocolId: id, messageId, messageType: MESSAGE_TYPE.COMMAND, token: 0 });
      const { payload } = await agent.raw(header, new Uint8Array(0), options);
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      const status = statusOf(view, 0, payload.byteLength, name);
      return status === 0 && payload.byteLength >= 8 ? view.getUint32(4, true) : undefined;
    });
  const version = await word("PROTOCOL_VERSION", 0x0);
  const attributes = await word("PROTOCOL_ATTRIBUTES", 0x1);
  return {
    ...{ id, name: `0x${id.toString(16)}`, title: "unknown here", version, resources: [], refusals: visit.refusals },
    attributes: attributes === undefined ? {} : { attributes },
  };
}

function dataOf(source: string, { version, platform, protocols }: Survey): unknown {
  const { protocols: _listed, agentCount: _count, ...identity } = platform;
  return {
    source,
    base: { version: versionText(version), ...identity },
    protocols: protocols.map(({ version: word, resources, refusals, ...rest }) => ({
      ...rest,
      ...(word === undefined ? {} : { version: versionText(word) }),
      resources: resources.map(({ kind, id, name, details, state }) => ({ kind, id, name, ...details, state })),
      refusals,
    })),
  };
}

function textOf(source: string, { version, platform, protocols }: Survey): string {
  const { vendor, subVendor, implementationVersion, agents, agentId } = platform;
  const who = [vendor, subVendor].filter((it) => it !== "").join(" ");
  const known = agents.map(({ id, name }) => `${id} ${name}${id === agentId ? " (this one)" : ""}`);
  return [
    source,
    `${who || "unnamed platform"}, implementation 0x${implementationVersion.toString(16)}, Base ${versionText(version)}`,
    ...(known.length > 0 ? [`agents: ${known.join(", ")}`] : []),
    ...protocols.flatMap((it, i) => protocolLines(it, i === protocols.length - 1)),
  ].join("\n");
}

function protocolLines(protocol: SurveyedProtocol, isLast: boolean): readonly string[] {
  const { id, title, version, resources, refusals } = protocol;
  const kinds = [...new Set(resources.map(({ kind }) => kind))];
  const counts = kinds.map((kind) => counted(resources.filter((it) => it.kind === kind).length, kind));
  const head = `${title} (0x${id.toString(16)})${version === undefined ? "" : ` ${versionText(version)}`}`;
  const below = [
    ...kinds.flatMap((kind) =>
      resourceLines(
        kinds.length > 1,
        resources.filter((it) => it.kind === kind),
      ),
    ),
    ...refusals.map(({ what, error }) => `! ${what}: ${error.message}`),
  ];
  const [branch, trunk] = isLast ? ["└─ ", "   "] : ["├─ ", "│  "];
  return [
    `${branch}${[head, ...counts].join(", ")}`,
    ...below.map((line, i) => `${trunk}${i === below.length - 1 ? "└─ " : "├─ "}${line}`),
  ];
}

function resourceLines(isMixed: boolean, resources: readonly SurveyedResource[]): readonly string[] {
  const heads = resources.map(({ kind, id }) => (isMixed ? `${kind} ${id}` : String(id)));
  const widthOf = (texts: readonly string[]) => Math.max(0, ...texts.map((it) => it.length));
  const [ids, names] = [widthOf(heads), widthOf(resources.map(({ name }) => name))];
  return resources.map(({ name, summary }, i) =>
    `${(heads[i] ?? "").padStart(ids)}  ${name.padEnd(names)}  ${summary}`.trimEnd(),
  );
}
