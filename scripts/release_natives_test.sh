#!/usr/bin/env bash
#
# Runs the native tests as they are compiled for a release, after scripts/release_natives.sh:
#   scripts/release_natives_test.sh [PLATFORM ...]   linux-x86_64 and linux-aarch64 unless named
# Another processor's run in an emulator (Debian, Ubuntu: apt-get install qemu-user-static and
# libc6-arm64-cross or libc6-amd64-cross); where it is missing they are skipped, visibly.

set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
platforms=("$@")
[ $# -gt 0 ] || platforms=(linux-x86_64 linux-aarch64)

for platform in "${platforms[@]}"; do
  processor="${platform#linux-}"
  build="$root/engine/target/release/$platform"
  [ -f "$build/libsparkllama.so" ] || { echo "scripts/release_natives.sh $platform comes first" >&2 && exit 1; }
  tests=()
  emulator=""
  if [ "$(uname -m)" != "$processor" ]; then
    emulator="$(command -v "qemu-$processor-static" || command -v "qemu-$processor" || true)"
    libraries="/usr/${processor//_/-}-linux-gnu"
    if [ -z "$emulator" ] || [ ! -d "$libraries/lib" ]; then
      echo "skipped: no native tests for $platform without an emulator and a C library for it" >&2
      continue
    fi
    emulator="$emulator;-L;$libraries"
    echo "skipped: wide_shapes_test for $platform, which is too slow in an emulator" >&2
    tests=(-E '^wide_shapes_test$')
  fi
  cmake -S "$root/engine/src/main/native" -B "$build" "-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator" >"$build/configure.log"
  cmake --build "$build" -j2 >"$build/compile.log" 2>&1 || { cat "$build/compile.log" >&2 && exit 1; }
  (cd "$build" && ctest -j2 -LE emulated --output-on-failure ${tests[@]+"${tests[@]}"})
done
