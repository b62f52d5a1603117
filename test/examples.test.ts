import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const examples = readdirSync(folder).filter((name) => name.endsWith(".mjs"));

/** What each example says about itself when all is well. */
const OUTPUT: Readonly<Record<string, string>> = {
  "boot.mjs": `/firmware/scmi over mailbox: base 2.1, power 3.1, system-power 2.1, performance 4.0, clock 3.0, sensor 3.1, voltage 2.1, powercap 2.0, pinctrl 1.0; 21 consumers
/firmware/scmi-1 over smc: base 2.1, clock 3.0, reset 3.1; 3 consumers
/firmware/scmi-2 over optee: base 2.1, clock 3.0, reset 3.1; 4 consumers
/firmware/scmi-3 over virtio: base 2.1, sensor 3.1; 1 consumers
up as a whole
`,
  "first-exchange.mjs": "true status 0 1\n",
  "governor.mjs": "schedutil 139 J, 10.4 % of the work lost\ngentle 116 J, 13.6 % of the work lost\n",
  "server.mjs": "ACME 48000000 Hz, 12 answers\n",
};

describe("examples", () => {
  test.each(examples)("%s runs and prints what it should", (name) => {
    expect(execFileSync(process.execPath, [folder + name], { encoding: "utf8" })).toBe(OUTPUT[name]);
  });

  test.each(examples)("%s is short", (name) => {
    expect(readFileSync(folder + name, "utf8").split("\n").length).toBeLessThan(60);
  });

  test("a vendor protocol passes its own tests", () => {
    const report = execFileSync(process.execPath, ["--test", "--test-reporter=tap", `${folder}vendor`], {
      encoding: "utf8",
    });
    expect(report).toMatch(/^# pass 5$/m);
    expect(report).toMatch(/^# fail 0$/m);
  });
});
