#!/usr/bin/env bash
# Builds a kernel for guests (User Mode Linux, x86-64) from a distribution's kernel source, unmodified.
#
#   scripts/guest-kernel/build.sh SOURCE FOLDER
#
# SOURCE is a folder with a kernel's source, or an archive of it: /usr/src/linux-source-6.12.tar.xz of Debian's package
# linux-source-6.12. Raw mode needs 6.3 or newer, and processors with AMX a kernel newer than 6.12. FOLDER gets linux-uml-VERSION; tests
# take FOLDER from SCMI_LINUX_DIR. The guest's tree comes from `scmi dt BOARD --transport virtio`.
#
# Needs gcc, make, flex, bison, bc, and what unpacks the archive. Five minutes of one processor; JOBS=N sets how many run at once,
# ONLY_CONFIG=1 stops before the compiler. What is built, 2 GB, lies below ${TMPDIR:-/tmp} and is removed at the end. Linux 6.12 prints
# warnings about its lib/iomap.c.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: build.sh SOURCE FOLDER; expected 2 arguments, got $#" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source=$1
folder=$2
for tool in gcc make flex bison bc; do
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
[ -f "$source/arch/um/Makefile" ] || { echo "$source: expected a kernel's source, got no arch/um" >&2; exit 1; }

build=$work/build
mkdir "$build"
KCONFIG_ALLCONFIG=$here/kernel.config make -s -C "$source" O="$build" ARCH=um allnoconfig

# An option that this kernel does not know, or whose needs are not met, is dropped without a word: say so.
dropped=$(grep '^CONFIG_' "$here/kernel.config" | grep -vxFf "$build/.config" || true)
version=$(make -s -C "$source" O="$build" ARCH=um kernelversion)
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

make -s -C "$source" O="$build" ARCH=um -j"${JOBS:-$(nproc)}" linux
mkdir -p "$folder"
strip -o "$folder/linux-uml-${version%.*}" "$build/linux"
echo "$folder/linux-uml-${version%.*}"
