import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addBench } from "./bench.ts";
import { addBoot } from "./boot.ts";
import { addCall } from "./call.ts";
import { addCompletion } from "./completion.ts";
import { type CliContext, EXIT, UsageError } from "./context.ts";
import { addDecode } from "./decode.ts";
import { addDt } from "./dt.ts";
import { addInfo } from "./info.ts";
import { addSelfCheck } from "./self-check-command.ts";
import { addServe } from "./serve.ts";
import { addSim } from "./sim.ts";

/** Each adds one subcommand; they are listed in this order by `scmi --help`. */
const SUBCOMMANDS: readonly ((program: Command, context: CliContext) => void)[] = [
  addBoot,
  addInfo,
  addServe,
  addSim,
  addCall,
  addDt,
  addDecode,
  addBench,
  addSelfCheck,
  addCompletion,
];

const EXIT_HELP = `
Exit codes: ${EXIT.ok} all well, ${EXIT.failed} something failed, ${EXIT.usage} wrong usage, ${EXIT.status} the platform refused (a status other than SUCCESS), ${EXIT.interrupted} interrupted.
Every subcommand has --help, and all but completion have --json. docs/cli.md of the package has the details; what examples of the help name as
examples/… lies in the package, too.`;

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  // once: a second one ends a command that does not listen
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  // Whoever reads our output may have seen enough: `scmi decode … | head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interrupt.abort();
  });

  let exitCode: number = EXIT.ok;
  const context: CliContext = {
    signal: interrupt.signal,
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
    exitWith: (code) => {
      exitCode = code;
    },
  };
  const program = new Command("scmi")
    .description("The Arm System Control and Management Interface: agent, platform and transports")
    .version(packageVersion())
    .addHelpText("after", EXIT_HELP)
    .showSuggestionAfterError()
    .exitOverride();
  for (const add of SUBCOMMANDS) add(program, context);

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // Commander has printed its message; --help and --version arrive here, too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof UsageError) {
      context.complain(`error: ${error.message}`);
      return EXIT.usage;
    }
    if (interrupt.signal.aborted) return EXIT.interrupted;
    context.complain(`scmi: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failed;
  } finally {
    process.removeListener("SIGINT", onSignal);
    process.removeListener("SIGTERM", onSignal);
  }
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return version;
}
