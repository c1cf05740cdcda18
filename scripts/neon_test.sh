#!/bin/sh
# Runs the native tests for 64-bit Arm on an x86-64 machine, in an emulator:
#   scripts/neon_test.sh [BUILD_DIR]
# Skipped, and says so, where the cross compiler or the emulator is missing
# (Debian, Ubuntu: apt-get install g++-aarch64-linux-gnu qemu-user-static).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build_dir=${1:-$root/engine/target/neon}

if [ "$(uname -m)" = aarch64 ]; then
  echo "skipped: this machine's own build has run the native tests for Arm" >&2
  exit 0
fi
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
if [ -z "$emulator" ] || ! command -v aarch64-linux-gnu-g++ >/dev/null 2>&1; then
  echo "skipped: no native tests for Arm without g++-aarch64-linux-gnu and qemu-user-static" >&2
  exit 0
fi
mkdir -p "$build_dir"
cmake -S "$root/engine/src/main/native" -B "$build_dir" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DSPARKLLAMA_LIBRARY=OFF \
  "-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator;-L;/usr/aarch64-linux-gnu" >"$build_dir/configure.log"
cmake --build "$build_dir" -j2 >"$build_dir/compile.log"
cd "$build_dir"
exec ctest -j2 -LE emulated --output-on-failure
