#!/usr/bin/env bash
#
# Checks and measures the CUDA backend on a machine with a device, in two steps, for that machine may have no
# Maven and no network, and little time:
#   scripts/cuda_device_check.sh build            here, with nvcc: everything that runs there, into target/cuda-device
#   scripts/cuda_device_check.sh run OUT [STAGE...]   there: results into the folder OUT
# Stages: tests, engine, peaks, rates, sanitizer; all unless named. Each writes OUT/STAGE.log; a failed one is said at the end.

set -uo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
native="$root/engine/src/main/native"
built="$root/target/cuda-device"
tests=(backend_test row_finisher_test device_walk_test)

fail() {
  printf 'cuda_device_check.sh: %s\n' "$1" >&2
  exit 1
}

build() {
  local nvcc
  nvcc="$("$root/scripts/cuda_toolkit.sh")" || exit 1
  rm -rf "$built"
  mkdir -p "$built/jars"
  (cd "$root" && SPARKLLAMA_NVCC="$nvcc" mvn -B -ntp -Pcuda -pl engine -DskipTests package dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$built/jars") >"$built/maven.log" 2>&1 ||
    fail "the engine could not be built; everything is in $built/maven.log"
  cp "$root"/engine/target/spark-llama-engine-*.jar "$built/jars/" || exit 1
  rm -f "$built"/jars/*-sources.jar "$built"/jars/*-javadoc.jar "$built"/jars/*-tests.jar
  cmake --build "$root/engine/target/native" -j"$(nproc)" --target device_rates "${tests[@]}" >"$built/compile.log" 2>&1 ||
    fail "it did not compile; everything is in $built/compile.log"
  cp "$root/engine/target/cuda/libsparkllama_cuda.so" "$built/" || exit 1
  for file in device_rates "${tests[@]}"; do
    strip -o "$built/$file" "$root/engine/target/native/$file" || exit 1
  done
  jlink --add-modules java.base,java.logging,java.management,java.sql,java.xml,jdk.unsupported --vm server --strip-debug \
    --no-header-files --no-man-pages --compress=0 --output "$built/java" || exit 1
  tar -C "$built" -c java | xz -T0 >"$built/java.tar.xz" || exit 1
  rm -r "$built/java"
  du -sh "$built"
}

run_tests() {
  for test in "${tests[@]}"; do
    echo "== $test"
    "$built/$test" "$library" || return 1
  done
}

sparkllama() {
  [ -x "$built/java/bin/java" ] || tar -C "$built" -xJf "$built/java.tar.xz" || return 1
  "$built/java/bin/java" -cp "$built/jars/*" io.sparkllama.engine.cli.SparkLlamaCommand "$@"
}

# The real engine: 10,000 rows by the demo model on the device and on the processor, the same bytes;
# perplexity likewise; and the bench.
run_engine() {
  local model="$root/models/tickets-6m.Q4_0.gguf" device
  for ((i = 0; i < 10000; i++)); do
    printf '"Ticket %d: my card was charged %d times on day %d and I want"\n' "$i" "$((i % 7))" "$((i % 31))"
  done >"$work/prompts.jsonl"
  for device in cuda cpu; do
    time sparkllama complete --model "$model" --prompts "$work/prompts.jsonl" --max-tokens 24 --temperature 0.7 \
      --seed 3 --device "$device" --json >"$work/$device.jsonl" || return 1
    time sparkllama perplexity --model "$model" --file "$root/README.md" --context 256 --device "$device" --json || return 1
  done
  sha256sum "$work"/c*.jsonl
  cmp "$work/cuda.jsonl" "$work/cpu.jsonl" || return 1
  sparkllama bench --model "$model" --batch 1,64,256 --device cuda --json
}

# Each kernel is slowed down by some hundred times, so only the tests' small cases: device_walk_test.
run_sanitizer() {
  local tool
  if ! compute-sanitizer "$built/row_finisher_test" "$library" >"$work/sanitizer.log" 2>&1 &&
    grep -q 'not supported' "$work/sanitizer.log"; then
    echo "skipped: compute-sanitizer does not support the device on this machine"
    return 0
  fi
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
  for kv in q8 f16; do
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
  [ $# -gt 0 ] || stages=(tests engine peaks rates sanitizer)
  local failed=()
  work="$(mktemp -d)" || exit 1
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
    [ $# -ge 2 ] || fail "usage: cuda_device_check.sh run OUT [tests|engine|peaks|rates|sanitizer ...]"
    shift
    run "$@"
    ;;
  *) fail "usage: cuda_device_check.sh build | run OUT [STAGE...]" ;;
esac
