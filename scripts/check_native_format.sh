#!/bin/sh
# Fails when clang-format would change a native source; says so and passes where clang-format is not installed.
set -eu
root=$(cd "$(dirname "$0")/../engine/src/main/native" && pwd)
if ! command -v clang-format >/dev/null 2>&1; then
  echo "skipped: clang-format is not installed, so the format of native sources was not checked" >&2
  exit 0
fi
find "$root" -name '*.h' -o -name '*.cc' -o -name '*.cu' | sort | xargs clang-format --dry-run --Werror
