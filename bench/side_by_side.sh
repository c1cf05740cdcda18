#!/bin/sh
# Measures the engine beside llama.cpp on synthesized models, one page per model:
#   bench/side_by_side.sh MODELS_DIR RESULTS_DIR SHAPE:TYPE... [-- ARGUMENTS of SideBySide]
# Models that are not yet in MODELS_DIR are synthesized there. `sparkllama synthesize --help` lists
# shapes and types; bench/README.md says what is compared.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 3 ] || { sed -n 2,5p "$0" >&2; exit 2; }
models=$1
results=$2
shift 2
wanted=""
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  wanted="$wanted $1"
  shift
done
[ $# -eq 0 ] || shift
mkdir -p "$models" "$results"
for pair in $wanted; do
  shape=${pair%%:*}
  type=${pair#*:}
  model=$models/$shape.$type.gguf
  [ -f "$model" ] || "$root/scripts/sparkllama" synthesize --shape "$shape" --type "$type" "$model"
  "$root/bench/run.sh" sidebyside.SideBySide --model "$model" --peers "$root/bench/peers" \
    --out "$results/$shape.$type.md" "$@"
done
