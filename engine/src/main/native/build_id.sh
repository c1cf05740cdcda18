#!/bin/sh
# Prints the build id: the digest of the name and contents of every source that the native library is made of.
set -eu
cd "$(dirname "$0")"
find . -type f \( -name '*.cc' -o -name '*.cu' -o -name '*.h' -o -name '*.map' -o -name '*.cmake' -o -name CMakeLists.txt -o -name build.sh \) |
  LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1
