#!/bin/sh
# Fails when a file compiled for an instruction set defines a symbol that the linker may merge with
# another file's: a processor without the instructions could then be given the wrong copy.
#   isolated_symbols_test.sh OBJECT...
set -eu
status=0
checked=0
for object in "$@"; do
  case $object in
    */cpu/kernels/reference/*) continue ;;
    */cpu/kernels/*) ;;
    *) continue ;;
  esac
  checked=$((checked + 1))
  shared=$(nm -C --defined-only "$object" | grep -E ' [WVu] ' || true)
  if [ -n "$shared" ]; then
    echo "$object shares symbols with other files: give them internal linkage" >&2
    echo "$shared" >&2
    status=1
  fi
done
echo "$checked object files looked at"
exit $status
