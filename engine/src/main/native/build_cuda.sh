#!/bin/sh
# Builds the library of the kernels for GPUs and lays it out as resources of a jar of its own.
#   build_cuda.sh BUILD_DIR RESOURCES_DIR
# Does nothing when neither the sources nor the compilers have changed since the last success.
set -eu

fail() {
  echo "spark-llama CUDA build: $1" >&2
  exit 1
}

[ $# -eq 2 ] || fail "usage: build_cuda.sh BUILD_DIR RESOURCES_DIR"
build_dir=$1
resources_dir=$2
source_dir=$(cd "$(dirname "$0")" && pwd)
scripts=$source_dir/../../../../scripts
compiler=${CXX:-c++}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x86_64-cuda ;;
  *) fail "the CUDA library is built on Linux on x86_64 only, not on $(uname -s) $(uname -m)." ;;
esac

nvcc=$("$scripts/cuda_toolkit.sh")
build_id=$("$source_dir/build_id.sh")
stamp="$build_id $("$compiler" --version | head -n 1) $nvcc $("$nvcc" --version | tail -n 1)"
target_dir=$resources_dir/io/sparkllama/engine/native/$platform
library=$target_dir/libsparkllama_cuda.so
stamp_file=$build_dir/built

if [ -f "$stamp_file" ] && [ "$(cat "$stamp_file")" = "$stamp" ] && [ -f "$target_dir/native.properties" ] &&
  cmp -s "$build_dir/libsparkllama_cuda.so" "$library"; then
  exit 0
fi

mkdir -p "$build_dir" "$target_dir"
if ! cmake -S "$source_dir" -B "$build_dir" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" -DSPARKLLAMA_LIBRARY=OFF \
  -DSPARKLLAMA_NVCC="$nvcc" -DSPARKLLAMA_BUILD_ID="$build_id" -G "Unix Makefiles" > "$build_dir/configure.log" 2>&1; then
  cat "$build_dir/configure.log" >&2
  fail "cmake could not configure the CUDA library."
fi
if ! cmake --build "$build_dir" -j2 --target sparkllama_cuda > "$build_dir/compile.log" 2>&1; then
  grep -E -A 12 'error|Error' "$build_dir/compile.log" >&2 || cat "$build_dir/compile.log" >&2
  fail "the CUDA library did not compile; everything is in $build_dir/compile.log."
fi
"$scripts/check_cuda_library.sh" "$build_dir/libsparkllama_cuda.so"

# The file appears whole or not at all.
cp "$build_dir/libsparkllama_cuda.so" "$library.new"
mv "$library.new" "$library"
{
  echo "build-id=$build_id"
  echo "sha256=$(sha256sum "$library" | cut -d' ' -f1)"
} > "$target_dir/native.properties.new"
mv "$target_dir/native.properties.new" "$target_dir/native.properties"
echo "$stamp" > "$stamp_file"
