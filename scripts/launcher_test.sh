#!/usr/bin/env bash
#
# Tests the launcher as a shell sees it: exit codes, streams, paths and start-up. Builds first where
# that is needed. Prints each check that fails and exits with 1.

set -uo pipefail

launcher="$(cd "$(dirname "$0")" && pwd)/sparkllama"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

check() { # WHAT ACTUAL EXPECTED
  if [ "$2" != "$3" ]; then
    printf 'FAILED: %s: expected <%s>, was <%s>\n' "$1" "$3" "$2" >&2
    failures=$((failures + 1))
  fi
}

run() { # ARGUMENTS ... ; leaves code, out and err
  out="$("$launcher" "$@" 2>"$folder/err")"
  code=$?
  err="$(<"$folder/err")"
}

"$launcher" inspect --help >/dev/null || exit 1 # builds

run --help
check "help succeeds" "$code" 0
listed="$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$out" | sort | tr '\n' ' ')"
for command in $listed; do
  run "$command" --help
  check "$command --help succeeds" "$code" 0
  check "$command --help is on standard output" "${out:+text}" text
done
run
check "no command is bad usage" "$code" 2
run nothing
check "an unknown command is bad usage" "$code" 2
check "results stay off standard output" "$out" ""
run run
check "run without a job file is bad usage" "$code" 2
run run "$folder/absent.conf"
check "run with an absent job file is bad usage" "$code" 2
run plan
check "plan without a job file is bad usage" "$code" 2
run plan "$folder/absent.conf"
check "plan with an absent job file is bad usage" "$code" 2
run replay
check "replay without a job file is bad usage" "$code" 2
run replay --help
check "replay says what it does" "$code" 0
run inspect --model "$folder/absent.gguf" --json
check "an absent model is refused" "$code" 2
check "its error is JSON on standard output" "${out:0:10}" '{"error":"'

mkdir "$folder/a folder"
run synthesize --shape llama-60m --type Q4_0 "$folder/a folder/a model.gguf"
check "synthesize succeeds" "$code" 0
ln -s "$launcher" "$folder/link"
ln -s link "$folder/link to link"
cd "$folder/a folder" || exit 1
check "links, spaces and other folders" \
  "$("$folder/link to link" tokenize --model "a model.gguf" --text "zz Ä" --json)" \
  "$("$launcher" tokenize --model "$folder/a folder/a model.gguf" --text "zz Ä" --json)"
# Ä is no piece of its own: its two bytes of UTF-8 are tokens 3 + 0xC3 and 3 + 0x84.
run tokenize --model "a model.gguf" --text "Ä" --json
check "text beyond ASCII" "${out##*,198,}" "135]}"
check "a locale without UTF-8 loses no text" \
  "$(LC_ALL=C "$launcher" tokenize --model "a model.gguf" --text "Ä" --json)" "$out"
check "JAVA_HOME without Java is one sentence" \
  "$(JAVA_HOME="$folder" "$launcher" tokenize --help 2>&1 | wc -l)" 1

[ "$failures" = 0 ]
