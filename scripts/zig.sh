#!/usr/bin/env bash
#
# Prints the path of the zig that releases are built with; installs it under target first where it is
# not there yet. SPARKLLAMA_ZIG names another of the same version.

set -euo pipefail

version=0.17.1 # the tests of a release say whether another does as well
root="$(cd "$(dirname "$0")/.." && pwd)"
venv="$root/target/zig-$version"

fail() {
  printf 'zig.sh: %s\n' "$1" >&2
  exit 1
}

zig="${SPARKLLAMA_ZIG:-}"
if [ -z "$zig" ]; then
  if [ ! -e "$venv/installed" ]; then
    python3 -m venv "$venv" >&2 || fail "Python cannot make an environment; install Python 3 with venv (Debian, Ubuntu: python3-venv)."
    "$venv/bin/python" -m pip install -q "ziglang==$version" >&2 || fail "Zig could not be installed; pip's messages above say why."
    touch "$venv/installed"
  fi
  zig="$("$venv/bin/python" -c 'import pathlib, ziglang; print(pathlib.Path(ziglang.__file__).parent / "zig")')"
fi
found="$("$zig" version)" || fail "This is no zig; correct SPARKLLAMA_ZIG: $zig"
[ "$found" = "$version" ] || fail "Releases are built by Zig $version; unset SPARKLLAMA_ZIG to have it installed: $zig is $found"
printf '%s\n' "$zig"
