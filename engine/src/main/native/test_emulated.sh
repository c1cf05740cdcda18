#!/bin/sh
# Builds the CUDA backend for the emulated device and runs its tests, in the folder where build.sh built the library.
#   test_emulated.sh BUILD_DIR [true]   true skips it, as Maven's skipTests does
# Does nothing when neither the sources nor the compiler have changed since the last success.
set -eu

fail() {
  echo "spark-llama emulated device: $1" >&2
  exit 1
}

[ $# -eq 1 ] || [ $# -eq 2 ] || fail "usage: test_emulated.sh BUILD_DIR [true]"
[ "${2:-}" != true ] || exit 0
build_dir=$1
[ -f "$build_dir/built" ] || fail "the native library is not built in $build_dir: build.sh comes first."
if [ -f "$build_dir/emulated" ] && cmp -s "$build_dir/built" "$build_dir/emulated"; then
  exit 0
fi
if ! cmake --build "$build_dir" -j2 --target cuda_tests > "$build_dir/emulated-compile.log" 2>&1; then
  grep -E -A 12 'error|Error' "$build_dir/emulated-compile.log" >&2 || cat "$build_dir/emulated-compile.log" >&2
  fail "it did not compile; everything is in $build_dir/emulated-compile.log."
fi
if ! (cd "$build_dir" && ctest -j2 -L emulated --output-on-failure) > "$build_dir/emulated-test.log" 2>&1; then
  cat "$build_dir/emulated-test.log" >&2
  fail "a test failed."
fi
cp "$build_dir/built" "$build_dir/emulated"
