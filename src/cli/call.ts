import type { Command } from "commander";
import type { Release } from "../protocols/index.ts";
import { versionText } from "../wire/index.ts";
import { asJson, type CliContext, EXIT, hexOf, UsageError } from "./context.ts";
import { type Exchanged, exchange, type Wanted } from "./exchange.ts";
import { listing } from "./list.ts";
import { findCommand, findProtocol } from "./lookup.ts";
import { openAgent, type Target } from "./open-agent.ts";
import { type BoardChoice, choiceOf, collect, expectNoChoice } from "./open-board.ts";
import { parseProfile, parseTimeout } from "./platform-options.ts";
import { valueLines } from "./show.ts";

interface CallOptions extends BoardChoice {
  readonly connect?: string;
  readonly profile?: Release;
  readonly agent?: string;
  readonly timeout?: number;
  readonly raw?: string;
  readonly list?: true;
  readonly json?: true;
}

const HELP = `
PROTOCOL and COMMAND are names of the specification in any case, with or without the protocol's own name before the command,
as far as they are unique (clock rate-get, CLOCK CLOCK_RATE_GET, perf level_s), or numbers (0x14 0x6). ARGS are the fields of the request
in their order, or field=value in any order: decimal or 0x hexadecimal numbers, 0 or 1 for flags (flags.async=1), names as they are,
lists with commas or as JSON. Flags that are not named are clear. For an asynchronous command the delayed response is awaited.

Without --connect the platform is a simulated one in this process, and gone afterwards.
A status other than SUCCESS is printed and makes the exit code ${EXIT.status}.

Examples:
  scmi call --list clock
  scmi call examples/boards/example.yaml clock rate-get 2
  scmi call board.dtb --instance /firmware/scmi-1 reset reset 0 flags.autonomous=1 resetState=0
  scmi call examples/boards/example.yaml clock rate-set clockId=1 rateHz=700000000 flags.async=1
  scmi call --connect unix:/tmp/scmi.sock perf level-set 0 1400 --json
  scmi call --connect raw:0 sensor reading-get 0
  scmi call --connect unix:/tmp/scmi.sock 0x10 0x7 --raw ffffffff`;

/** `scmi call` */
export function addCall(program: Command, context: CliContext): void {
  program
    .command("call")
    .description("send one command to a platform and print its answer")
    .usage("[options] BOARD|--connect ADDRESS PROTOCOL COMMAND [ARGS...]")
    .argument(
      "[words...]",
      "device tree blob or board file unless --connect is given, protocol, command, fields of the request",
    )
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
    .option("--timeout <ms>", "longest wait for the answer in milliseconds", parseTimeout)
    .option("--raw <hex>", "payload of the request in hexadecimal digits, in place of ARGS")
    .option("--list", "show protocols, the commands of PROTOCOL, or the fields of COMMAND")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((words: readonly string[], options: CallOptions) =>
      options.list ? list(words, options, context) : call(words, options, context),
    );
}

function list(words: readonly string[], { profile = "3.2", json }: CallOptions, context: CliContext): void {
  const [protocolText, commandText, ...more] = words;
  if (more.length > 0)
    throw new UsageError(`--list: expected at most a protocol and a command, got "${more[0]}" besides`);
  const protocol = protocolText === undefined ? undefined : findProtocol(protocolText);
  if (protocol && !protocol.table) throw new UsageError(`--list: no table here for protocol ${protocolText}`);
  const command = protocol && commandText !== undefined ? findCommand(protocol, commandText).command : undefined;
  if (commandText !== undefined && !command)
    throw new UsageError(`--list: no command ${commandText} in ${protocol?.table?.name}`);
  context.print(listing(protocol?.table, command, profile, json ?? false));
}

async function call(words: readonly string[], options: CallOptions, context: CliContext): Promise<void> {
  const { target, rest } = targetOf(words, options);
  const wanted = wantedOf(rest, options);
  const waiting = {
    signal: context.signal,
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  };
  const { agent, close } = await openAgent(target, waiting);
  try {
    const exchanged = await exchange(agent, wanted, waiting);
    if (exchanged.isNewer) {
      const { table, command } = wanted;
      context.complain(
        `note: the platform speaks ${table?.name} ${versionText(exchanged.version ?? 0)}, ${command?.name} is newer`,
      );
    }
    context.print(options.json ? asJson(dataOf(wanted, exchanged), 2) : asText(wanted, exchanged));
    context.exitWith(exchanged.status.code === 0 ? EXIT.ok : EXIT.status);
  } finally {
    await close();
  }
}

function targetOf(
  words: readonly string[],
  options: CallOptions,
): { readonly target: Target; readonly rest: readonly string[] } {
  const { connect: address, profile, agent } = options;
  if (address !== undefined) {
    if (profile !== undefined)
      throw new UsageError("--profile: expected a board; a platform that is connected to has its own");
    if (agent !== undefined)
      throw new UsageError("--agent: expected a board; a platform that is connected to says who we are");
    expectNoChoice(options);
    return { target: { kind: "connect", address }, rest: words };
  }
  const [path, ...rest] = words;
  if (path === undefined)
    throw new UsageError("expected BOARD or --connect ADDRESS, then PROTOCOL COMMAND; see scmi call --help");
  const choice = choiceOf(options);
  return { target: { kind: "board", path, profile: profile ?? "3.2", agent: agent ?? "1", ...choice }, rest };
}

function wantedOf([protocolText, commandText, ...words]: readonly string[], { raw }: CallOptions): Wanted {
  if (protocolText === undefined) throw new UsageError("expected PROTOCOL and COMMAND; scmi call --list shows them");
  const protocol = findProtocol(protocolText);
  if (commandText === undefined) {
    throw new UsageError(`expected a COMMAND of ${protocolText}; scmi call --list ${protocolText} shows them`);
  }
  const { id: messageId, command } = findCommand(protocol, commandText);
  if (raw !== undefined && words.length > 0) throw new UsageError(`--raw: expected no ARGS besides, got "${words[0]}"`);
  if (raw === undefined && command === undefined && words.length > 0) {
    throw new UsageError(
      `no table here for message ${commandText} of protocol ${protocolText}: expected --raw HEX, got "${words[0]}"`,
    );
  }
  return { protocolId: protocol.id, table: protocol.table, messageId, command, words, raw };
}

function dataOf({ protocolId, table, messageId, command }: Wanted, exchanged: Exchanged): unknown {
  const { version, request, requestBytes, status, delayed, response, responseBytes } = exchanged;
  return {
    protocol: {
      id: protocolId,
      ...(table ? { name: table.name } : {}),
      ...(version === undefined ? {} : { version: versionText(version) }),
    },
    command: { id: messageId, ...(command ? { name: command.name } : {}) },
    request,
    requestHex: hexOf(requestBytes),
    status,
    ...(delayed === undefined ? {} : { delayedResponse: delayed }),
    response,
    responseHex: hexOf(responseBytes),
  };
}

function asText(wanted: Wanted, { version, status, delayed, response, responseBytes }: Exchanged): string {
  const { protocolId, table, messageId, command } = wanted;
  const protocol = [
    table?.name,
    version === undefined ? undefined : versionText(version),
    `0x${protocolId.toString(16)}`,
  ];
  const message = `${command?.name ?? "message"} 0x${messageId.toString(16)}`;
  const head = `${message} (${protocol.filter((it) => it !== undefined).join(" ")}): ${status.name} (${status.code})`;
  const lines = [head, ...(delayed === undefined ? [] : [`  delayed response ${delayed}`])];
  if (response !== undefined) lines.push(...valueLines(response, "  "));
  else if (responseBytes.byteLength > 4) lines.push(`  payload  ${hexOf(responseBytes)}`);
  return lines.join("\n");
}
