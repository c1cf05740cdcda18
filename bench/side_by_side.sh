#!/bin/sh
# Measures the engine side by side with llama.cpp and de.kherud:llama on models of real shapes with
# random weights: bench/side_by_side.sh FOLDER SHAPE:TYPE[,SHAPE:TYPE...] [OPTIONS OF SideBySide...]
# A model is written to FOLDER once, with a context of 8,192 tokens; its page and its JSON lines go
# there too. bench/README.md describes the options. PYTHON is an interpreter that has llama_cpp.
set -eu
usage="usage: bench/side_by_side.sh FOLDER SHAPE:TYPE[,SHAPE:TYPE...] [OPTIONS...]"
[ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
models=$2
shift 2
for entry in $(echo "$models" | tr ',' ' '); do
  shape=${entry%:*}
  type=${entry##*:}
  case "$entry" in
    ?*:?*) ;;
    *) echo "$usage" >&2; exit 2 ;;
  esac
  model="$folder/$shape.$type.gguf"
  [ -f "$model" ] || "$root/scripts/sparkllama" synthesize --shape "$shape" --type "$type" \
    --context-length 8192 "$model" >&2
  BENCH_MAVEN_OPTIONS="${BENCH_MAVEN_OPTIONS:--Ppeers}" "$root/bench/run.sh" sidebyside.SideBySide \
    --model "$model" --python "${PYTHON:-python3}" --peers "$root/bench/peers" \
    --out "$folder/$shape.$type.md" --json "$folder/$shape.$type.jsonl" "$@"
  cat "$folder/$shape.$type.md"
done
