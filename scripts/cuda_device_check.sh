#!/usr/bin/env bash
#
# Checks and measures the CUDA backend on a machine with a device, in two steps, for that machine may have no
# Maven and no network, and little time:
#   scripts/cuda_device_check.sh build            here, with nvcc: everything that runs there, into target/cuda-device
#   scripts/cuda_device_check.sh run OUT [STAGE...]   there: results into the folder OUT
# Stages: tests, sanitizer, rates, peaks; all unless named. Each writes OUT/STAGE.log; a failed one is said at the end.

set -uo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
native="$root/engine/src/main/native"
built="$root/target/cuda-device"
tests=(backend_test device_walk_test)

fail() {
  printf 'cuda_device_check.sh: %s\n' "$1" >&2
  exit 1
}

build() {
  local nvcc
  nvcc="$("$root/scripts/cuda_toolkit.sh")" || exit 1
  mkdir -p "$built/build"
  cmake -S "$native" -B "$built/build" -DCMAKE_BUILD_TYPE=Release -DSPARKLLAMA_LIBRARY=OFF \
    -DSPARKLLAMA_NVCC="$nvcc" -DSPARKLLAMA_BUILD_ID="$("$native/build_id.sh")" \
    -DCMAKE_EXE_LINKER_FLAGS="-static-libstdc++ -static-libgcc" >"$built/configure.log" ||
    fail "cmake could not configure; its words are in $built/configure.log"
  cmake --build "$built/build" -j"$(nproc)" --target sparkllama_cuda device_rates "${tests[@]}" >"$built/compile.log" 2>&1 ||
    fail "it did not compile; everything is in $built/compile.log"
  for file in libsparkllama_cuda.so device_rates "${tests[@]}"; do
    cp "$built/build/$file" "$built/" || exit 1
  done
  du -sh --exclude=build "$built"
}

run_tests() {
  for test in "${tests[@]}"; do
    echo "== $test"
    "$built/$test" "$library" || return 1
  done
}

# Each kernel is slowed down by some hundred times, so only the tests' small cases: device_walk_test.
run_sanitizer() {
  local tool
  for tool in memcheck racecheck; do
    echo "== $tool"
    compute-sanitizer --tool "$tool" --error-exitcode 1 "$built/device_walk_test" "$library" || return 1
  done
}

run_rates() {
  local shape type kv
  for shape in llama-3-8b llama-2-7b; do
    for type in Q8_0 Q4_0; do
      "$built/device_rates" "$library" "$shape" "$type" f16 decode:64 decode:256 prefill:2048 || return 1
    done
  done
  for kv in f16 q8; do
    "$built/device_rates" "$library" llama-3-8b Q8_0 "$kv" queue:1000 || return 1
  done
}

run_peaks() {
  python3 "$root/scripts/cuda_peaks.py" peaks || return 1
  local shape
  for shape in llama-3-8b llama-2-7b; do
    python3 "$root/scripts/cuda_peaks.py" transformers "$shape" decode:64 decode:256 prefill:2048 || return 1
  done
}

run() {
  local out="$1"
  shift
  local stages=("$@")
  [ $# -gt 0 ] || stages=(tests peaks rates sanitizer)
  local failed=()
  mkdir -p "$out" || exit 1
  nvidia-smi >"$out/device.txt" 2>&1 || fail "there is no device: nvidia-smi failed"
  for stage in "${stages[@]}"; do
    printf '%s begins at second %s\n' "$stage" "$SECONDS"
    "run_$stage" >"$out/$stage.log" 2>&1 || failed+=("$stage")
    tail -n 40 "$out/$stage.log"
  done
  [ ${#failed[@]} = 0 ] || fail "these stages failed: ${failed[*]}"
}

library="$built/libsparkllama_cuda.so"
case "${1:-}" in
  build) build ;;
  run)
    [ $# -ge 2 ] || fail "usage: cuda_device_check.sh run OUT [tests|sanitizer|rates|peaks ...]"
    shift
    run "$@"
    ;;
  *) fail "usage: cuda_device_check.sh build | run OUT [STAGE...]" ;;
esac
