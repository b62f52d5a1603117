import { Argument, type Command, type Option } from "commander";
import { RELEASE_NAMES } from "../protocols/index.ts";
import { GOVERNOR_NAMES } from "../sim/index.ts";
import { TRACE_FORMATS } from "../trace/index.ts";
import type { CliContext } from "./context.ts";

/** A subcommand, as far as a shell completes it. */
interface Completed {
  readonly name: string;
  readonly about: string;
  readonly options: readonly { readonly flag: string; readonly about: string; readonly values: Values }[];
}

/** What comes behind an option: nothing, one of some words, a file, or something that no shell knows. */
type Values = "none" | "file" | "any" | readonly string[];

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `
Prints a script that lets a shell complete subcommands, options, releases and files:

  bash   scmi completion bash > ~/.local/share/bash-completion/completions/scmi
  zsh    scmi completion zsh > "\${fpath[1]}/_scmi"
  fish   scmi completion fish > ~/.config/fish/completions/scmi.fish`;

/** Words behind options that check them on their own. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "--profile": RELEASE_NAMES,
  "--format": ["auto", ...TRACE_FORMATS],
  "--governor": GOVERNOR_NAMES,
};
/** What the help calls files: `--into <tree>`, `--trace [file]`, `--board-file <[node=]file>`. */
const FILE = /[<[\]](?:file|path|tree)[\]>]/;

/** `scmi completion` */
export function addCompletion(program: Command, { print }: CliContext): void {
  program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: Shell) => print(SCRIPTS[shell](program.commands.map(completed))));
}

function completed(command: Command): Completed {
  const options = command.options.map((option) => ({
    flag: option.long ?? "",
    about: option.description,
    values: option.required || option.optional ? valuesOf(option) : ("none" as const),
  }));
  const help = { flag: "--help", about: "explain the command", values: "none" } as const;
  return { name: command.name(), about: command.description(), options: [...options, help] };
}

function valuesOf({ long, flags, argChoices }: Option): Values {
  return argChoices ?? WORDS[long ?? ""] ?? (FILE.test(flags) ? "file" : "any");
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = { bash, zsh, fish };

function bash(commands: readonly Completed[]): string {
  const cases = commands
    .filter(({ name }) => name !== "completion")
    .map(({ name, options }) => `    ${name}) words="${options.map(({ flag }) => flag).join(" ")}" ;;`);
  const words = distinct(commands).flatMap(({ flag, values }) =>
    typeof values === "string"
      ? []
      : [`    ${flag}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$word")); return ;;`],
  );
  const any = distinct(commands).filter(({ values }) => values === "any");
  return `# bash completion for scmi
_scmi() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case "$before" in
${words.join("\n")}
    ${any.map(({ flag }) => flag).join("|")}) return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    completion) COMPREPLY=($(compgen -W "${SHELLS.join(" ")}" -- "$word")); return ;;
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _scmi scmi`;
}

function zsh(commands: readonly Completed[]): string {
  const listed = commands.map(({ name, about }) => `    ${quoted(`${name}:${about.replaceAll(":", "\\:")}`)}`);
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ flag, about, values }) => {
      const text = about.replaceAll("[", "\\[").replaceAll("]", "\\]").replaceAll(":", "\\:");
      const action =
        values === "file"
          ? ":file:_files"
          : values === "any"
            ? ":value:"
            : values === "none"
              ? ""
              : `:value:(${values.join(" ")})`;
      return quoted(`*${flag}[${text}]${action}`);
    });
    const rest = name === "completion" ? quoted(`*:shell:(${SHELLS.join(" ")})`) : quoted("*:file:_files");
    return `    ${name}) _arguments ${[...specs, rest].join(" ")} ;;`;
  });
  return `#compdef scmi
_scmi() {
  local -a commands
  commands=(
${listed.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_scmi" ]; then _scmi "$@"; else compdef _scmi scmi; fi`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, about, options }) => {
    const within = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c scmi -n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`,
      ...options.map(({ flag, about: text, values }) => {
        const takes =
          values === "none"
            ? ""
            : values === "file"
              ? " -r"
              : values === "any"
                ? " -x"
                : ` -x -a ${quoted(values.join(" "))}`;
        return `complete -c scmi ${within} -l ${flag.slice(2)} -d ${quoted(text)}${takes}`;
      }),
      ...(name === "completion" ? [`complete -c scmi ${within} -f -a ${quoted(SHELLS.join(" "))}`] : []),
    ];
  });
  return ["# fish completion for scmi", ...lines].join("\n");
}

function distinct(commands: readonly Completed[]): Completed["options"] {
  const all = commands.flatMap(({ options }) => options);
  return all.filter(({ flag }, i) => all.findIndex((it) => it.flag === flag) === i);
}

/** For shells: nothing within is special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
