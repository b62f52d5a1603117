import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { boardFile } from "../platform/kit.ts";
import { socketPath } from "../vhost-user/front-end.ts";
import { builtWorker } from "../vhost-user/modes.ts";

/** What docs/linux-guest.md says of SCMI_LINUX_DIR. */
const DIRECTORY = process.env.SCMI_LINUX_DIR ?? "";
const isHere = DIRECTORY !== "" && existsSync(join(DIRECTORY, "linux-uml-7.2"));

test.skipIf(!isHere)(
  "an unmodified Linux 7.2 finds everything over a worker, and both have counted the same",
  async () => {
    const { VhostUserWorker } = await builtWorker();
    const path = socketPath();
    const worker = await VhostUserWorker.listen({ board: boardFile("example") }, path);
    const from = (name: string) => join(DIRECTORY, name);
    const args = [
      ...["mem=128M", `initrd=${from("initramfs-x86.cpio.gz")}`, `dtb=${from("uml-scmi.dtb")}`, "con=null", "ssl=null"],
      ...["con0=fd:0,fd:1", "rdinit=/init", "panic=-1", "bench=1000", `virtio_uml.device=${path}:32`],
    ];
    const guest = spawn(from("linux-uml-7.2"), args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    const stop = () => {
      if (guest.pid !== undefined && guest.exitCode === null) process.kill(-guest.pid, "SIGKILL");
    };
    AbortSignal.timeout(50_000).addEventListener("abort", stop);
    let text = "";
    guest.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => guest.once("close", resolve));
    const seen = await worker.counters();
    await worker.close();

    expect(text).toMatch(/SCMI Protocol v2\.1 'scmi-wasm:example'/);
    expect(text).toMatch(/BENCH hwmon_read\S* n=1000 /);
    expect(text).toMatch(/BENCH raw_message.* n=1000 /);
    const drivers = new Set([...text.matchAll(/ -> (scmi-\S+) \[/g)].map(([, name]) => name));
    expect(drivers.size).toBeGreaterThanOrEqual(8);
    const counter = (name: string) => Number(new RegExp(`^${name}=(\\d+)`, "m").exec(text)?.[1]);
    const zero = ["err_msg_unexpected", "err_msg_invalid", "sent_fail", "xfers_response_timeout"];
    expect(zero.map(counter)).toEqual([0, 0, 0, 0]);
    expect(counter("sent_ok")).toBe(counter("response_ok"));
    expect(seen).toMatchObject({ frontEnds: 1, ended: 1, refused: 0, refusedChains: 0, malformed: 0, overlong: 0 });
    expect(seen.received).toBe(seen.responses);
    expect(seen.received).toBeGreaterThan(counter("sent_ok") + 1000); // the report has its bench behind the counters
  },
);
