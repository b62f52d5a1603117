import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = join(root, "dist/cli/scmi.js");
const DEMO = join(root, "examples/boards/demo.dtb");
const YAML = join(root, "examples/boards/example.yaml");
const folder = mkdtempSync(join(tmpdir(), "scmi-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

function scmi(...args: readonly string[]) {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
}

/** What `scmi decode` makes of a file, by kind of message. */
function decoded(file: string): Readonly<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const line of scmi("decode", "--json", file).stdout.trim().split("\n")) {
    const { kind, pairing } = JSON.parse(line) as { kind: string; pairing?: string };
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (pairing) kinds[pairing] = (kinds[pairing] ?? 0) + 1;
  }
  return kinds;
}

describe("scmi boot --trace FILE", () => {
  test("writes every message of every instance, and our decoder reads as many back", () => {
    const file = join(folder, "boot.ftrace");
    const { status, stdout, stderr } = scmi("boot", DEMO, "--json", "--trace", file);
    expect(status).toBe(0);
    expect(stderr).toMatch(/boot\.ftrace: \d+ events\n$/);
    const { instances } = JSON.parse(stdout) as { instances: { counters: { sent: number } }[] };
    const sent = instances.reduce((sum, { counters }) => sum + counters.sent, 0);
    expect(decoded(file)).toMatchObject({ command: sent, response: sent });
    expect(decoded(file)).not.toHaveProperty("unexpected");
  });

  test("writes as NDJSON what decode --json says of the same boot's ftrace, byte for byte", () => {
    const [ndjson, ftrace] = [join(folder, "same.ndjson"), join(folder, "same.ftrace")];
    for (const file of [ndjson, ftrace]) expect(scmi("boot", DEMO, "--trace", file).status).toBe(0);
    expect(readFileSync(ndjson, "utf8")).toBe(scmi("decode", "--json", ftrace).stdout);
  });

  test("refuses an extension that says no format, before anything happens", () => {
    const { status, stdout, stderr } = scmi("boot", DEMO, "--trace", join(folder, "x.foo"));
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("expected a file name with one of the extensions");
  });
});

describe("scmi sim --trace FILE", () => {
  const plan = [YAML, "--socs", "3", "--seconds", "1", "--json"] as const;
  const withoutRun = (text: string) => ({ ...JSON.parse(text), run: undefined });

  test("has the same result as without, and one exchange for each message that is counted", () => {
    const file = join(folder, "sim.ftrace");
    const plain = scmi("sim", ...plan);
    const traced = scmi("sim", ...plan, "--trace", file);
    expect([plain.status, traced.status]).toEqual([0, 0]);
    expect(withoutRun(traced.stdout)).toEqual(withoutRun(plain.stdout));
    expect(JSON.parse(traced.stdout).run.workers).toBe(1); // whatever was asked for
    const { kinds } = JSON.parse(plain.stdout) as { kinds: { domains: { messages: number }[] }[] };
    const messages = kinds.flatMap(({ domains }) => domains).reduce((sum, it) => sum + it.messages, 0);
    expect(messages).toBeGreaterThan(0);
    expect(decoded(file)).toMatchObject({ command: messages, response: messages });
  });

  test("writes Perfetto's format, too", () => {
    const file = join(folder, "sim.perfetto");
    expect(scmi("sim", ...plan, "--trace", file).status).toBe(0);
    expect(readFileSync(file)[0]).toBe(0x0a); // field 1, a packet
  });

  test("takes one file to read and one to write, and no more", () => {
    const { status, stderr } = scmi("sim", YAML, "--trace", "a.ftrace", "--trace", "b.perfetto");
    expect(status).toBe(2);
    expect(stderr).toContain("expected one file to read and one to write at most, got a.ftrace, b.perfetto");
  });
});
