#!/usr/bin/env bash
#
# Checks that a host without CUDA's toolkit can load a library of kernels, and that it brings nothing into the
# worker but what the worker asks for:
#   scripts/check_cuda_library.sh LIBRARY
# Prints what it needs, or a line for each thing that is wrong, and exits with 1.

set -euo pipefail

allowed='^(libc|libm|libdl|libpthread|librt|ld-linux-x86-64)\.so\.[0-9]+$' # all of them glibc's: the driver is opened when it is used
failures=0

wrong() { # MESSAGE
  printf 'FAILED: %s: %s\n' "$library" "$1" >&2
  failures=$((failures + 1))
}

command -v readelf >/dev/null || { echo "readelf is missing: install binutils" >&2 && exit 1; }
[ $# = 1 ] || { echo "usage: check_cuda_library.sh LIBRARY" >&2 && exit 2; }
library="$1"
readelf -h "$library" >/dev/null || { wrong "it is no library" && exit 1; }

# No grep behind a pipe ends at its first match (-q): the program before it would die of the closed pipe.
while read -r needed; do
  [[ "$needed" =~ $allowed ]] || wrong "it needs a library that not every host has: $needed"
done < <(readelf -W -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
exported="$(readelf -W --dyn-syms "$library" | awk '$4 ~ /^[A-Z]+$/ && $7 != "UND" && $5 != "LOCAL" && $8 != "" { print $8 }' | xargs)"
[ "$exported" = sparkllama_open_device ] || wrong "it is to export sparkllama_open_device alone: ${exported:0:200}"
! readelf -W -d "$library" | grep -E '\((RPATH|RUNPATH)\)' >/dev/null || wrong "it has a path of its own for libraries"
stack="$(readelf -W -l "$library" | awk '$1 == "GNU_STACK" { print $7 }')"
[ "$stack" = RW ] || wrong "its stack is to be RW: ${stack:-unsaid}"
grep -aqE 'sparkllama-build-id:[0-9a-f]{64}' "$library" || wrong "it has no build id of its sources"
readelf -W -S "$library" | grep '\.nv_fatbin' >/dev/null || wrong "it has no code for devices"
glibc="$(readelf -W -V "$library" | sed -n 's/.*Name: GLIBC_\([0-9][0-9.]*\).*/\1/p' | sort -V | tail -n 1)"
printf '%s: glibc %s, %s bytes\n' "$library" "$glibc" "$(stat -c %s "$library")"
[ "$failures" = 0 ]
