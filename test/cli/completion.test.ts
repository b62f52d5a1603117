import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));

function completion(shell: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "completion", shell], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** What bash offers for words, of which the last is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completion("bash").stdout}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _scmi 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync("bash", ["-c", script, "bash", "scmi", ...words], { encoding: "utf8" });
  return stdout.split("\n").filter((it) => it !== "");
}

describe("scmi completion", () => {
  test.each(["bash", "zsh", "fish"])("prints a script for %s that names every subcommand", (shell) => {
    const { status, stdout, stderr } = completion(shell);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of ["boot", "info", "serve", "call", "self-check"]) expect(stdout).toContain(name);
  });

  test("knows no other shell", () => {
    const { status, stdout, stderr } = completion("cmd");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  });

  const hasBash = spawnSync("bash", ["--version"]).status === 0;
  test.runIf(hasBash)("offers subcommands, options and releases in bash", () => {
    expect(offered("bo")).toEqual(["boot"]);
    expect(offered("boot", "--se")).toEqual(["--seed"]);
    expect(offered("boot", "--profile", "3.")).toEqual(["3.0", "3.1", "3.2"]);
    expect(offered("completion", "z")).toEqual(["zsh"]);
    expect(offered("decode", "--format", "f")).toEqual(["ftrace"]);
    expect(offered("dt", "board.yaml", "--transport", "sm")).toEqual(["smc"]);
  });

  test.runIf(hasBash)("offers files in bash for every option that takes one, and for boards", () => {
    for (const words of [
      ["boot"],
      ["boot", "board.dtb", "--trace"],
      ["boot", "board.dtb", "--board-file"],
      ["dt", "board.yaml", "--into"],
      ["dt", "board.yaml", "--output"],
      ["serve", "board.dtb", "--vhost-user"],
      ["sim", "board.yaml", "--report"],
      ["bench", "--compare"],
    ]) {
      expect([words, offered(...words, "tsconfig.nod")]).toEqual([words, ["tsconfig.node.json"]]);
    }
    expect(offered("boot", "board.dtb", "--seed", "tsconfig.nod")).toEqual([]);
  });

  test("knows in zsh and fish which options take files", () => {
    expect(completion("zsh").stdout).toMatch(/'\*--into\[[^']*(?:'\\'')?[^']*\]:file:_files'/);
    expect(completion("fish").stdout).toMatch(/seen_subcommand_from dt' -l into -d .* -r$/m);
  });
});
