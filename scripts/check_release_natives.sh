#!/usr/bin/env bash
#
# Checks that old clusters can load native libraries and executables, and that libraries bring nothing
# into a JVM but what Java asks for:
#   scripts/check_release_natives.sh LIBRARY...
# Prints what each needs, or a line for each thing that is wrong, and exits with 1.

set -euo pipefail

# No grep behind a pipe ends at its first match (-q): the program before it would die of the closed pipe, and
# pipefail would take that for the answer.
glibc=2.28 # of RHEL 8, and as in engine/src/main/native/cmake/zig.cmake
allowed='^(libc|libm|libdl|libpthread|librt|ld-linux-x86-64|ld-linux-aarch64)\.so\.[0-9]+$' # all of them glibc's
failures=0

wrong() { # LIBRARY MESSAGE
  printf 'FAILED: %s: %s\n' "$1" "$2" >&2
  failures=$((failures + 1))
}

newest() { # LIBRARY PREFIX ; the newest version of such symbols that it takes from elsewhere
  readelf -W -V "$1" | sed -n "s/.*Name: $2_\([0-9][0-9.]*\).*/\1/p" | sort -V | tail -n 1
}

check() { # LIBRARY
  local library="$1" needed version prefix exported stack
  version="$(newest "$library" GLIBC)"
  [ "$(printf '%s\n' "$version" "$glibc" | sort -V | tail -n 1)" = "$glibc" ] ||
    wrong "$library" "it needs GLIBC_$version, newer than $glibc"
  for prefix in GLIBCXX CXXABI GCC; do
    version="$(newest "$library" "$prefix")"
    [ -z "$version" ] || wrong "$library" "it needs ${prefix}_$version; link it statically"
  done
  while read -r needed; do
    [[ "$needed" =~ $allowed ]] || wrong "$library" "it needs a library that not every host has: $needed"
  done < <(readelf -W -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
  exported="$(readelf -W --dyn-syms "$library" | awk '$4 ~ /^[A-Z]+$/ && $7 != "UND" && $5 != "LOCAL" && $8 != "" { print $8 }' | xargs)"
  if readelf -W -l "$library" | grep '^ *INTERP' >/dev/null; then
    [ -z "$exported" ] || wrong "$library" "an executable, and exports symbols: ${exported:0:200}"
  else
    [ "$exported" = JNI_OnLoad ] || wrong "$library" "it exports other symbols than JNI_OnLoad: ${exported:0:200}"
  fi
  stack="$(readelf -W -l "$library" | awk '$1 == "GNU_STACK" { print $7 }')"
  [ "$stack" = RW ] || wrong "$library" "its stack is to be RW: ${stack:-unsaid}"
  ! readelf -W -d "$library" | grep -E '\((RPATH|RUNPATH)\)' >/dev/null || wrong "$library" "it has a path of its own for libraries"
  readelf -W -n "$library" | grep 'Build ID: ' >/dev/null || wrong "$library" "it has no build id of the linker's"
  grep -aqE 'sparkllama-build-id:[0-9a-f]{64}' "$library" || wrong "$library" "it has no build id of its sources"
  ! readelf -W -S "$library" | grep '\.debug_info' >/dev/null || wrong "$library" "it carries what is for a debugger"
  printf '%s: glibc %s, %s bytes\n' "$library" "$(newest "$library" GLIBC)" "$(stat -c %s "$library")"
}

command -v readelf >/dev/null || { echo "readelf is missing: install binutils" >&2 && exit 1; }
[ $# -gt 0 ] || { echo "usage: check_release_natives.sh LIBRARY..." >&2 && exit 2; }
for library in "$@"; do
  readelf -h "$library" >/dev/null || { wrong "$library" "it is no library" && continue; }
  check "$library"
done
[ "$failures" = 0 ]
