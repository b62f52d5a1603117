import { readFileSync } from "node:fs";
import { archive } from "./archive.ts";
import { INITRAMFS } from "./kernels.ts";

const MOUNTS = "mount -t proc p /proc; mount -t sysfs s /sys; mount -t debugfs d /sys/kernel/debug";
const TRACEFS = "mount -t tracefs t /sys/kernel/tracing 2>/dev/null";
/** Runs each line that it reads. The console is quiet meanwhile: what the kernel says, `dmesg` has. */
const LOOP = `stty -echo
dmesg -n 1
echo "=== ready"
while read -r line; do eval "$line"; printf '\\n=== %d\\n' $?; done
`;
const SESSION = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t devtmpfs d /dev 2>/dev/null; ${MOUNTS}; ${TRACEFS}
${LOOP}`;
const HOSTFS = `#!/bin/sh
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root
${MOUNTS}; ${TRACEFS}
${LOOP}`;

/** What the kernel is told of its root file system, which ends in a shell that runs each line of its console.
 *  @param runs `node` = that of this machine; else that is so only where there is no other
 *  @param file makes a file for as long as the guest lives */
export function rootOf(
  runs: "shell" | "node",
  file: (suffix: string, content: string | Uint8Array, mode?: number) => string,
): readonly string[] {
  if (runs === "node" || INITRAMFS === undefined) {
    const script = file(".init", HOSTFS, 0o700);
    return ["mem=512M", "rootfstype=hostfs", "rootflags=/", "root=/dev/root", "ro", `init=${script}`];
  }
  const whole = readFileSync(INITRAMFS);
  const padding = Buffer.alloc(-whole.byteLength & 3); // an archive starts at a multiple of 4
  const initrd = file(".cpio", Buffer.concat([whole, padding, archive({ session: SESSION })]));
  return ["mem=128M", `initrd=${initrd}`, "rdinit=/session"];
}
