import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Kernels for User Mode Linux: what docs/linux-guest.md says of SCMI_LINUX_DIR. */
const FOLDER = process.env.SCMI_LINUX_DIR ?? "";
const fileOf = (name: string) => {
  const path = join(FOLDER, name);
  return FOLDER !== "" && existsSync(path) ? path : undefined;
};
const FOUND = (FOLDER !== "" && existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .flatMap((name) => /^linux-uml-(\d+\.\d+)$/.exec(name)?.[1] ?? [])
  .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
/** Releases of the kernels that are there, the oldest first; without any, those that the tests are made for. */
export const KERNELS = FOUND.length > 0 ? FOUND : ["6.12", "7.2"];
export const NEWEST = KERNELS.at(-1) ?? "";
export const hasLinux = FOUND.length > 0;
/** With a static busybox. Without one, guests run on the root file system of this machine. */
export const INITRAMFS = fileOf("initramfs-x86.cpio.gz");

/** Path of a kernel. */
export function kernelFile(release: string): string {
  return join(FOLDER, `linux-uml-${release}`);
}
