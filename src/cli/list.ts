import { PROTOCOLS, type Release, versionIn } from "../protocols/index.ts";
import { type Command, type Layout, type Protocol, versionText } from "../wire/index.ts";
import { asJson } from "./context.ts";
import { describeFields, fieldLines, fieldsOf } from "./fields.ts";

/** What `scmi call --list` shows: protocols; commands of one; fields of one command. */
export function listing(
  table: Protocol | undefined,
  command: Command | undefined,
  release: Release,
  json: boolean,
): string {
  if (json) return asJson(listData(table, command, release), 2);
  if (table === undefined) return PROTOCOLS.map((it) => headOf(it, release)).join("\n");
  if (command === undefined) {
    const width = Math.max(...table.commands.map(({ name }) => name.length));
    const lines = commandsOf(table, release).map((it) => {
      const { request } = layoutsOf(table, it, release);
      const fields = fieldsOf(request.type).map(({ name }) => name);
      return `  ${hex(it.id).padEnd(4)}  ${it.name.padEnd(width)}  ${fields.join(" ")}`.trimEnd();
    });
    return [headOf(table, release), ...lines].join("\n");
  }
  const { request, response, delayedResponse } = layoutsOf(table, command, release);
  return [
    `${command.name} (${table.name} ${hex(table.id)}, message ${hex(command.id)}, since ${versionText(table.sinceOf(command))})`,
    ...section("request", request),
    ...section("response, behind its status", response),
    ...(command.delayedResponse && delayedResponse
      ? section(
          `delayed response ${command.delayedResponse.name}, when ${command.delayedResponse.when} is set`,
          delayedResponse,
        )
      : []),
  ].join("\n");
}

function listData(table: Protocol | undefined, command: Command | undefined, release: Release): unknown {
  const protocols = table ? [table] : PROTOCOLS;
  return protocols.map((it) => ({
    ...{ id: it.id, name: it.name, title: it.title, version: versionOf(it, release) },
    commands: commandsOf(it, release)
      .filter((each) => command === undefined || each === command)
      .map((each) => {
        const { request, response, delayedResponse } = layoutsOf(it, each, release);
        return {
          ...{ id: each.id, name: each.name, since: versionText(it.sinceOf(each)) },
          request: describeFields(request.type),
          response: describeFields(response.type),
          ...(delayedResponse ? { delayedResponse: describeFields(delayedResponse.type) } : {}),
        };
      }),
  }));
}

function headOf(table: Protocol, release: Release): string {
  return `${hex(table.id)}  ${table.name.padEnd(12)}  ${versionOf(table, release) ?? `not in SCMI ${release}`}  ${table.title}`;
}

function versionOf(table: Protocol, release: Release): string | undefined {
  const version = versionIn(release, table.id);
  return version === undefined ? undefined : versionText(version);
}

function commandsOf(table: Protocol, release: Release): readonly Command[] {
  const version = versionIn(release, table.id) ?? table.newestVersion;
  return table.commands.filter((it) => table.sinceOf(it) <= version);
}

/** As the release has it; a command that it lacks, as its first version has it. */
function layoutsOf(table: Protocol, command: Command, release: Release) {
  const version = versionIn(release, table.id) ?? table.newestVersion;
  return table.at(Math.max(version, table.sinceOf(command))).command(command);
}

function section(title: string, { type }: Layout<unknown>): readonly string[] {
  const fields = describeFields(type);
  return fields.length === 0 ? [`  ${title}: no fields`] : [`  ${title}:`, ...fieldLines(fields, "    ")];
}

function hex(id: number): string {
  return `0x${id.toString(16)}`;
}
