// A guest of User Mode Linux that runs the report script beside the kernels, with its bench.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const KERNEL = "linux-uml-7.2";
const LONGEST_MS = 60_000;
const BENCH = /^BENCH (?<name>hwmon_read|raw_message)\S*.* p50=(?<p50>[\d.]+) p90=[\d.]+ p99=(?<p99>[\d.]+)/gm;

/** The folder with kernels; `undefined` when there is none, or not the one that is needed. */
export function kernelFolder() {
  const folder = process.env.SCMI_LINUX_DIR;
  return folder && existsSync(join(folder, KERNEL)) ? folder : undefined;
}

/** Starts a guest and waits for its end.
 *  @param until text on whose coming it is asked `onText`, and killed when that resolves
 *  @returns microseconds by what was measured. The kernel runs out of raw transfers now and then: then there are none of that */
export async function runGuest(folder, path, { messages, until, onText, words = [] }) {
  const from = (name) => join(folder, name);
  const args = [
    ...["mem=128M", `initrd=${from("initramfs-x86.cpio.gz")}`, `dtb=${from("uml-scmi.dtb")}`, "con=null", "ssl=null"],
    ...["con0=fd:0,fd:1", "rdinit=/init", "panic=-1", `bench=${messages}`, `virtio_uml.device=${path}:32`, ...words],
  ];
  const guest = spawn(from(KERNEL), args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
  const stop = () => {
    if (guest.pid !== undefined && guest.exitCode === null) process.kill(-guest.pid, "SIGKILL");
  };
  const deadline = AbortSignal.timeout(LONGEST_MS);
  deadline.addEventListener("abort", stop);
  let text = "";
  let isAsked = false;
  guest.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
    if (isAsked || until === undefined || !text.includes(until)) return;
    isAsked = true;
    Promise.resolve(onText()).then(stop);
  });
  await new Promise((resolve) => guest.once("close", resolve));
  deadline.removeEventListener("abort", stop);
  if (deadline.aborted) throw new Error(`${path}: expected a guest that ends in ${LONGEST_MS} ms, got one that hangs`);
  const found = {};
  for (const { groups } of text.replaceAll("\r", "").matchAll(BENCH)) {
    found[groups.name] = { p50: Number(groups.p50), p99: Number(groups.p99) };
  }
  if (until === undefined && !found.hwmon_read)
    throw new Error(`${path}: expected the guest's bench, got\n${text.slice(-2000)}`);
  return found;
}
