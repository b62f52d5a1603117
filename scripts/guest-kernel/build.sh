#!/usr/bin/env bash
# Builds a kernel for guests from a distribution's kernel source, unmodified.
#
#   scripts/guest-kernel/build.sh SOURCE FOLDER [um|arm64]
#
# um is User Mode Linux, a program of this machine (x86-64): FOLDER gets linux-uml-VERSION. arm64 is for QEMU, and made by Debian's package
# gcc-aarch64-linux-gnu (or CROSS_COMPILE=PREFIX): FOLDER gets linux-arm64-VERSION.
#
# SOURCE is a folder with a kernel's source, or an archive of it: /usr/src/linux-source-6.12.tar.xz of Debian's package
# linux-source-6.12. Raw mode needs 6.3 or newer, and processors with AMX a kernel newer than 6.12. Tests
# take FOLDER from SCMI_LINUX_DIR. The guest's tree comes from `scmi dt BOARD --transport virtio`.
#
# Needs gcc, make, flex, bison, bc, and what unpacks the archive. Five minutes of one processor; JOBS=N sets how many run at once,
# ONLY_CONFIG=1 stops before the compiler. What is built, 2 GB, lies below ${TMPDIR:-/tmp} and is removed at the end. Linux 6.12 prints
# warnings about its lib/iomap.c.
set -euo pipefail

arch=${3:-um}
if [ $# -lt 2 ] || [ $# -gt 3 ] || [[ $arch != um && $arch != arm64 ]]; then
  echo "usage: build.sh SOURCE FOLDER [um|arm64]; got: $*" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source=$1
folder=$2
cross='' target=linux result=linux name=uml
if [ "$arch" = arm64 ]; then
  cross=${CROSS_COMPILE:-aarch64-linux-gnu-} target=Image result=arch/arm64/boot/Image name=arm64
fi
for tool in gcc "${cross}gcc" make flex bison bc; do
  command -v "$tool" >/dev/null || { echo "$tool: expected it on the PATH, got none" >&2; exit 1; }
done
[ -e "$source" ] || { echo "$source: expected a kernel's source, got no such file" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -f "$source" ]; then
  case $source in
    *.xz) command -v xz >/dev/null || { echo "xz: expected it on the PATH, got none" >&2; exit 1; } ;;
  esac
  mkdir "$work/source"
  tar -xf "$source" -C "$work/source" --strip-components=1
  source=$work/source
fi
[ -f "$source/arch/$arch/Makefile" ] || { echo "$source: expected a kernel's source, got no arch/$arch" >&2; exit 1; }

build=$work/build
mkdir "$build"
cat "$here/kernel.config" "$here/$arch.config" >"$work/wanted"
run_make() { make -s -C "$source" O="$build" ARCH="$arch" CROSS_COMPILE="$cross" "$@"; }
KCONFIG_ALLCONFIG=$work/wanted run_make allnoconfig

# An option that this kernel does not know, or whose needs are not met, is dropped without a word: say so.
dropped=$(grep '^CONFIG_' "$work/wanted" | grep -vxFf "$build/.config" || true)
version=$(run_make kernelversion)
if [ -n "$dropped" ]; then
  echo "note: Linux $version goes without" "$(echo "$dropped" | tr '\n' ' ')" >&2
fi
if grep -qx 'CONFIG_ARM_SCMI_RAW_MODE_SUPPORT=y' <<<"$dropped"; then
  echo "Linux $version: expected 6.3 or newer, which has raw mode" >&2
  exit 1
fi
if [ "${ONLY_CONFIG:-0}" = 1 ]; then
  echo "configured Linux $version"
  exit 0
fi

run_make -j"${JOBS:-$(nproc)}" "$target"
mkdir -p "$folder"
kernel=$folder/linux-$name-${version%.*}
if [ "$arch" = um ]; then strip -o "$kernel" "$build/$result"; else cp "$build/$result" "$kernel"; fi
echo "$kernel"
