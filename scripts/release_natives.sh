#!/usr/bin/env bash
#
# Builds the native libraries of a release and its workers, lays them out as resources of the engine's jar,
# and checks that old clusters can load them:
#   scripts/release_natives.sh [PLATFORM ...]   linux-x86_64 and linux-aarch64 unless named
# They lie under engine/target/release/resources then. docs/guides/releasing.md says what for.

set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
native="$root/engine/src/main/native"
release="$root/engine/target/release"
platforms=("$@")
[ $# -gt 0 ] || platforms=(linux-x86_64 linux-aarch64)

fail() {
  printf 'release_natives.sh: %s\n' "$1" >&2
  exit 1
}

quietly() { # LOG COMMAND ... ; shows what it printed where it fails
  local log="$1"
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2 && fail "this failed: $*"; }
}

java_home="${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}"
zig="$("$root/scripts/zig.sh")"
build_id="$("$native/build_id.sh")"
libraries=()
for platform in "${platforms[@]}"; do
  case "$platform" in
    linux-x86_64 | linux-aarch64) ;;
    *) fail "There is no native library for this platform; take linux-x86_64 or linux-aarch64: $platform" ;;
  esac
  build="$release/$platform"
  target="$release/resources/io/sparkllama/engine/native/$platform"
  mkdir -p "$build" "$target"
  quietly "$build/configure.log" cmake -S "$native" -B "$build" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_TOOLCHAIN_FILE="$native/cmake/zig.cmake" -DSPARKLLAMA_ZIG="$zig" -DSPARKLLAMA_PROCESSOR="${platform#linux-}" \
    -DSPARKLLAMA_BUILD_ID="$build_id" -DSPARKLLAMA_JAVA_HOME="$java_home"
  quietly "$build/compile.log" cmake --build "$build" -j2 --target sparkllama sparkllama-worker
  cp "$build/libsparkllama.so" "$build/sparkllama-worker" "$target/"
  printf 'build-id=%s\nsha256=%s\nworker-sha256=%s\n' "$build_id" \
    "$(sha256sum <"$target/libsparkllama.so" | cut -d' ' -f1)" \
    "$(sha256sum <"$target/sparkllama-worker" | cut -d' ' -f1)" >"$target/native.properties"
  libraries+=("$target/libsparkllama.so" "$target/sparkllama-worker")
done
"$root/scripts/check_release_natives.sh" "${libraries[@]}"
