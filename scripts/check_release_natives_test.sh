#!/usr/bin/env bash
#
# Tests the check of a release's libraries: small libraries, each with one thing wrong, made by this
# machine's compiler. Prints each that is not refused as it should be, and exits with 1.

set -euo pipefail

checker="$(cd "$(dirname "$0")" && pwd)/check_release_natives.sh"
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
  "${CXX:-c++}" -shared -fPIC -O1 -fvisibility=hidden -Wl,--build-id=sha1 -Wl,-z,noexecstack \
    -o "$folder/$name.so" "$folder/$name.cc" "$@"
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
plain="extern \"C\" __attribute__((visibility(\"default\"))) const char* JNI_OnLoad() { return \"sparkllama-build-id:$id\"; }"

build plain "$plain"
"$checker" "$folder/plain.so" >/dev/null || failed "a library that lacks nothing was refused"

build exporting "$plain
extern \"C\" __attribute__((visibility(\"default\"))) int other() { return 1; }"
refuses exporting "exports other symbols"

build stack "$plain" -Wl,-z,execstack
refuses stack "its stack is to be RW"

build path "$plain" -Wl,-rpath,/opt
refuses path "a path of its own"

build linker "$plain" -Wl,--build-id=none
refuses linker "no build id of the linker's"

build sources "${plain/sparkllama-build-id/}"
refuses sources "no build id of its sources"

build debugged "$plain" -g
refuses debugged "for a debugger"

# Needs the shared library, but no symbol of it.
build needing "$plain" -Wl,--no-as-needed -lstdc++ -Wl,--as-needed
refuses needing "not every host has: libstdc++.so.6"

# Of glibc 2.34, as everything is that is built on a newer system and takes threads.
if build new "$plain
#include <pthread.h>
extern \"C\" int start(pthread_t* thread) { return pthread_create(thread, nullptr, nullptr, nullptr); }
void* keep __attribute__((used)) = reinterpret_cast<void*>(&start);" &&
  readelf -W -V "$folder/new.so" | grep -F GLIBC_2.34 >/dev/null; then
  refuses new "it needs GLIBC_2.34, newer than 2.28"
else
  echo "skipped: this system is older than what is to be refused for being new" >&2
fi

echo text >"$folder/text.so"
refuses text "it is no library"

[ "$failures" = 0 ]
