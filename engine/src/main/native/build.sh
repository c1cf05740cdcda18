#!/bin/sh
# Builds the native library and the worker, runs their tests and lays both out as resources of the engine's jar.
#   build.sh BUILD_DIR CLASSES_DIR
# Does nothing when neither the sources nor the compiler have changed since the last success.
set -eu

fail() {
  echo "spark-llama native build: $1" >&2
  exit 1
}

[ $# -eq 2 ] || fail "usage: build.sh BUILD_DIR CLASSES_DIR"
build_dir=$1
classes_dir=$2
source_dir=$(cd "$(dirname "$0")" && pwd)
compiler=${CXX:-c++}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x86_64 ;;
  Linux-aarch64) platform=linux-aarch64 ;;
  *) fail "the native library is built on Linux on x86_64 or aarch64 only, not on $(uname -s) $(uname -m)." ;;
esac

command -v cmake > /dev/null 2>&1 || fail "cmake is missing: install CMake 3.22 or later (Debian, Ubuntu: apt-get install cmake)."
command -v make > /dev/null 2>&1 || fail "make is missing: install GNU make (Debian, Ubuntu: apt-get install make)."
command -v "$compiler" > /dev/null 2>&1 || fail "a C++ compiler is missing ($compiler): install g++ 11 or later (Debian, Ubuntu: apt-get install g++), or name one in CXX."
command -v sha256sum > /dev/null 2>&1 || fail "sha256sum is missing: install coreutils."

java_home=${JAVA_HOME:-}
if [ -z "$java_home" ] || [ ! -f "$java_home/include/jni.h" ]; then
  java_home=""
  if command -v javac > /dev/null 2>&1; then
    java_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
  fi
fi
[ -f "$java_home/include/jni.h" ] || fail "the JDK's header jni.h is missing: install a JDK 17 (not only a JRE) and set JAVA_HOME to it."

build_id=$("$source_dir/build_id.sh")
stamp="$build_id $("$compiler" --version | head -n 1) $java_home"
resources=$classes_dir/io/sparkllama/engine/native
target_dir=$resources/$platform
library=$target_dir/libsparkllama.so
worker=$target_dir/sparkllama-worker
stamp_file=$build_dir/built

# What a release of other sources left here for other platforms does not fit these classes.
for other in "$resources"/*/native.properties; do
  if [ -f "$other" ] && ! grep -qx "build-id=$build_id" "$other"; then
    rm -r "$(dirname "$other")"
  fi
done

if [ -f "$stamp_file" ] && [ "$(cat "$stamp_file")" = "$stamp" ] &&
  [ -f "$target_dir/native.properties" ] && cmp -s "$build_dir/libsparkllama.so" "$library" &&
  cmp -s "$build_dir/sparkllama-worker" "$worker"; then
  exit 0
fi

mkdir -p "$build_dir" "$target_dir"
if ! printf 'static_assert(__cplusplus >= 202002L);\n#include <bit>\nstatic_assert(std::endian::native == std::endian::little);\n' |
  "$compiler" -std=c++20 -x c++ -fsyntax-only - > "$build_dir/compiler.log" 2>&1; then
  fail "the C++ compiler knows no C++20 ($compiler; its words are in $build_dir/compiler.log): install g++ 11 or later."
fi

if ! cmake -S "$source_dir" -B "$build_dir" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DSPARKLLAMA_BUILD_ID="$build_id" -DSPARKLLAMA_JAVA_HOME="$java_home" -G "Unix Makefiles" > "$build_dir/configure.log" 2>&1; then
  cat "$build_dir/configure.log" >&2
  fail "cmake could not configure the native library."
fi
if ! cmake --build "$build_dir" -j2 > "$build_dir/compile.log" 2>&1; then
  grep -E -A 12 'error|Error' "$build_dir/compile.log" >&2 || cat "$build_dir/compile.log" >&2
  fail "the native library did not compile; everything is in $build_dir/compile.log."
fi
if ! (cd "$build_dir" && ctest -j2 -LE emulated --output-on-failure) > "$build_dir/test.log" 2>&1; then
  cat "$build_dir/test.log" >&2
  fail "a native test failed."
fi

# Each file appears whole or not at all.
cp "$build_dir/libsparkllama.so" "$library.new"
mv "$library.new" "$library"
cp "$build_dir/sparkllama-worker" "$worker.new"
mv "$worker.new" "$worker"
{
  echo "build-id=$build_id"
  echo "sha256=$(sha256sum "$library" | cut -d' ' -f1)"
  echo "worker-sha256=$(sha256sum "$worker" | cut -d' ' -f1)"
} > "$target_dir/native.properties.new"
mv "$target_dir/native.properties.new" "$target_dir/native.properties"
echo "$stamp" > "$stamp_file"
