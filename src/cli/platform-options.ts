import { InvalidArgumentError } from "commander";
import type { Board } from "../board/index.ts";
import { RELEASE_NAMES, type Release } from "../protocols/index.ts";
import { UsageError } from "./context.ts";

/** For `--profile`. */
export function parseProfile(text: string): Release {
  const release = RELEASE_NAMES.find((it) => it === text);
  if (release) return release;
  throw new InvalidArgumentError(`expected one of ${RELEASE_NAMES.join(", ")}`);
}

/** For `--timeout`. */
export function parseTimeout(text: string): number {
  const timeoutMs = Number(text);
  if (text.trim() !== "" && timeoutMs > 0 && timeoutMs <= 3_600_000) return timeoutMs;
  throw new InvalidArgumentError("expected milliseconds above 0 and up to 3600000");
}

/** The agent that `--agent` names, by number or by name.
 *  @throws UsageError that lists the agents of the board */
export function agentOf(board: Board, text: string): { readonly id: number; readonly name: string } {
  const { agents } = board;
  const index = /^\d+$/.test(text)
    ? Number(text) - 1
    : agents.findIndex(({ name }) => name.toLowerCase() === text.toLowerCase());
  const agent = agents[index];
  if (agent) return { id: index + 1, name: agent.name };
  const known = agents.map(({ name }, i) => `${i + 1} ${name}`).join(", ");
  throw new UsageError(`--agent ${text}: expected an agent of ${board.file} (${known})`);
}
