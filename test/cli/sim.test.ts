import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { powerAxis } from "../../src/cli/page/power-axis.ts";
import { ProgressBar } from "../../src/cli/progress-bar.ts";

const scmi = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const BOARD = "examples/boards/example.yaml";
const folder = mkdtempSync(join(tmpdir(), "scmi-sim-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [scmi, "sim", ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** A file of the test. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("scmi sim", () => {
  test("says the same for one worker and for two, bit for bit", async () => {
    const args = [BOARD, "--socs", "30", "--seconds", "0.5", "--seed", "7", "--json"];
    const [one, two] = await Promise.all([run(...args, "--workers", "1"), run(...args, "--workers", "2")]);
    const { run: first, ...result } = JSON.parse(one.stdout);
    const { run: second, ...other } = JSON.parse(two.stdout);
    expect(JSON.stringify(other)).toBe(JSON.stringify(result));
    expect([one.code, two.code, first.workers, second.workers]).toEqual([0, 0, 1, 2]);
    expect(result).toMatchObject({ isPartial: false, socSeconds: 15 });
    expect(result.plan).toMatchObject({
      boards: [BOARD],
      governor: "schedutil",
      trace: null,
      socs: 30,
      seconds: 0.5,
      seed: 7,
    });
    expect(result.kinds[0].domains.map(({ name }: { name: string }) => name)).toContain("cpu-big");
    expect([one.stderr, two.stderr]).toEqual(["", ""]);
  });

  test("follows a trace, and writes a page that needs nothing else", async () => {
    const trace = file("t.csv", "time,domain,utilisation\n0,cpu-big,10\n100,cpu-big,95\n");
    const report = join(folder, "out.html");
    const args = ["--trace", trace, "--socs", "3", "--seconds", "0.2", "--workers", "1", "--report", report];
    const { code, stdout, stderr } = await run(BOARD, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `report: ${report}\n` });
    expect(stdout).toMatch(/cpu-big\n {4}energy.*mJ.*\n {4}residency {2}800: \d/);
    const page = readFileSync(report, "utf8");
    expect(page).not.toMatch(/<(script|link|img|iframe)[^>]*(src|href)=/);
    expect(page).not.toMatch(/@import|url\(/);
    const [, json = ""] = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(page) ?? [];
    expect(JSON.parse(json)).toMatchObject({ isPartial: false, plan: { trace } });
    // Two scripts, and no more: nothing of the data or the library ends one early
    expect(page.split("<script").length - 1).toBe(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  test("escapes whatever boards and files are called", async () => {
    const trace = join(folder, "x.csv");
    writeFileSync(trace, "0,cpu,50\n");
    const board = file("<b>.json", JSON.stringify(boardNamed("cpu")));
    const report = join(folder, "escaped.html");
    await run(board, "--trace", trace, "--socs", "1", "--seconds", "0.1", "--workers", "1", "--report", report);
    expect(readFileSync(report, "utf8")).not.toContain("<b>.json");
  });

  test.each<[string, string[], number, RegExp]>([
    ["a governor that there is not", ["--governor", "ondemand"], 2, /performance, powersave, schedutil/],
    ["a load that is none", ["--load", "heavy"], 2, /steady, periodic, bursty, idle/],
    ["a load for a domain that there is not", ["--load", "bursty", "--load", "npu@idle"], 2, /cpu-big.*npu/],
    ["a trace and a load", ["--load", "idle", "--trace", "x.csv"], 2, /--trace or --load, got both/],
    ["no SoCs", ["--socs", "0"], 2, /integer from 1/],
    ["an agent that there is not", ["--agent", "Nobody"], 2, /OSPM/],
    ["ticks shorter than messages", ["--tick-us", "20"], 2, /"tickUs" expected more than 30/],
    ["a page that cannot be written, before the work", ["--report", "no/such.html"], 2, /--report no\/such.*ENOENT/],
    ["a trace that there is not", ["--trace", "nowhere.csv"], 1, /nowhere\.csv.*no such file/],
  ])("refuses %s", async (_what, args, code, message) => {
    const outcome = await run(BOARD, ...args);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(message);
  });

  test("names the line of a trace that is wrong, and a board without anything to govern", async () => {
    const trace = file("bad.csv", "time,domain,utilisation\n0,cpu-big,10\n5,cpu-big,120\n");
    const outcomes = await Promise.all([
      run(BOARD, "--trace", trace),
      run(file("bare.json", JSON.stringify({ vendor: "v", agents: [{ name: "A" }] }))),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1]);
    expect(outcomes[0]?.stderr).toContain(`${trace}: line 3: expected a utilisation in per cent, 0 … 100, got "120"`);
    expect(outcomes[1]?.stderr).toContain("expected a performance domain whose level agent 1 may set");
  });

  test("prints what was done so far when it is interrupted, and says that it is partial", async () => {
    // The command reads its trace from a pipe: when that is open, it listens to signals
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const args = [
      scmi,
      "sim",
      BOARD,
      "--trace",
      pipe,
      "--socs",
      "20000",
      "--seconds",
      "3600",
      "--workers",
      "2",
      "--json",
      "--report",
      join(folder, "partial.html"),
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    const end = await open(pipe, "w");
    await end.write("0,cpu-big,50\n");
    await end.close();
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    const result = JSON.parse(Buffer.concat(chunks).toString());
    expect(code).toBe(130);
    expect(result.isPartial).toBe(true);
    expect(readFileSync(join(folder, "partial.html"), "utf8")).toMatch(/% of 3,600 s simulated/);
    expect(result.socSeconds).toBeLessThan(20000 * 3600);
  });
});

function boardNamed(name: string) {
  const domains = [{ name, levels: [{ level: 1 }, { level: 2 }], level: 1, setLevel: "A" }];
  return { vendor: "v", agents: [{ name: "A" }], performance: { powerUnit: "abstract", domains } };
}

describe("the power of several boards", () => {
  const kind = (powerUnit: "milliwatt" | "microwatt" | "abstract", ...series: (number | null)[]) => ({
    powerUnit,
    series,
  });

  test("is in one unit on one axis", () => {
    const { unit, curves } = powerAxis([kind("milliwatt", 7, null), kind("microwatt", 5000, null)]);
    expect(unit).toBe("mW");
    expect(curves).toEqual([
      { unit: "mW", values: [7, null] },
      { unit: "mW", values: [5, null] },
    ]);
  });

  test("stays as it is where there is only one unit, and where nobody knows what it is worth", () => {
    expect(powerAxis([kind("microwatt", 5000)])).toEqual({ unit: "µW", curves: [{ unit: "µW", values: [5000] }] });
    expect(powerAxis([kind("abstract", 3)])).toEqual({ unit: "", curves: [{ unit: "", values: [3] }] });
    const { unit, curves } = powerAxis([kind("milliwatt", 7), kind("abstract", 3)]);
    expect([unit, curves.map(({ values }) => values)]).toEqual(["mW · abstract", [[7], [3]]]);
  });
});

describe("a progress bar", () => {
  test("draws on a terminal, once for each change, and goes away", () => {
    const written: string[] = [];
    const bar = new ProgressBar({ isTTY: true, columns: 30, write: (text) => written.push(text) }, "5 SoCs");
    for (const share of [0, 0.5, 0.501, 1]) bar.show(share);
    bar.close();
    bar.close();
    expect(written).toEqual([
      "\r5 SoCs ░░░░░░░░░░░░░░   0 %",
      "\r5 SoCs ███████░░░░░░░  50 %",
      "\r5 SoCs ██████████████ 100 %",
      "\r\u001b[K",
    ]);
  });

  test("is silent everywhere else", () => {
    const written: string[] = [];
    const bar = new ProgressBar({ write: (text) => written.push(text) }, "x");
    bar.show(0.5);
    bar.close();
    expect(written).toEqual([]);
  });
});
