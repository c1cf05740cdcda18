#!/usr/bin/env bash
#
# Tests the check of the CUDA library: small libraries, each with one thing wrong, made by this machine's
# compiler. Prints each that is not refused as it should be, and exits with 1.

set -euo pipefail

checker="$(cd "$(dirname "$0")" && pwd)/check_cuda_library.sh"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

failed() {
  printf 'FAILED: %s\n' "$1" >&2
  failures=$((failures + 1))
}

build() { # NAME SOURCE OPTIONS ... ; a library that lacks nothing, but for these
  local name="$1" source="$2"
  shift 2
  printf '%s\n' "$source" >"$folder/$name.cc"
  "${CXX:-c++}" -shared -fPIC -O1 -fvisibility=hidden -Wl,-z,noexecstack -o "$folder/$name.so" "$folder/$name.cc" "$@"
}

refuses() { # NAME MESSAGE
  local said
  if said="$("$checker" "$folder/$1.so" 2>&1)"; then
    failed "$1 was taken"
  elif [ "$(grep -c '^FAILED: ' <<<"$said")" != 1 ] || ! grep -qF -- "$2" <<<"$said"; then
    failed "$1 was refused in other words: $said"
  fi
}

id="$(printf '0%.0s' {1..64})"
code='__attribute__((used, section(".nv_fatbin"))) static const char code[] = "code";'
open="extern \"C\" __attribute__((visibility(\"default\"))) const char* sparkllama_open_device() { return \"sparkllama-build-id:$id\"; }"

build plain "$code $open"
"$checker" "$folder/plain.so" >/dev/null || failed "a library that lacks nothing was refused"

build exporting "$code $open
extern \"C\" __attribute__((visibility(\"default\"))) int other() { return 1; }"
refuses exporting "is to export sparkllama_open_device alone"

build empty "$code const char* id __attribute__((used)) = \"sparkllama-build-id:$id\";"
refuses empty "is to export sparkllama_open_device alone"

build stack "$code $open" -Wl,-z,execstack
refuses stack "its stack is to be RW"

build path "$code $open" -Wl,-rpath,/opt
refuses path "a path of its own"

build sources "$code ${open/sparkllama-build-id/}"
refuses sources "no build id of its sources"

build hostly "$open"
refuses hostly "no code for devices"

# Needs the shared library, but no symbol of it.
build needing "$code $open" -Wl,--no-as-needed -lstdc++ -Wl,--as-needed
refuses needing "not every host has: libstdc++.so.6"

echo text >"$folder/text.so"
refuses text "it is no library"

[ "$failures" = 0 ]
