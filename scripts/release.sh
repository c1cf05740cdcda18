#!/usr/bin/env bash
#
# Makes and checks a release from a clean checkout: native libraries for all platforms, their tests, the
# jars with them, and every test of the project on those jars. Prints the jars and their SHA-256.
# docs/guides/releasing.md describes it.

set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'release.sh: %s\n' "$1" >&2
  exit 1
}

[ $# -eq 0 ] || fail "It takes no arguments."
[ -z "$(git status --porcelain)" ] || fail "The checkout has changes; a release is made of what is committed. Commit or remove them first."
command -v unzip >/dev/null || fail "unzip is missing; install it."

mvn -B -ntp -q clean
scripts/release_natives.sh
scripts/release_natives_test.sh
mvn -B -ntp -Prelease verify

# What the jars hold, not only what was put into them.
version="$(sed -n 's:.*<version>\(.*\)</version>.*:\1:p' pom.xml | head -n 1)"
jars=("engine/target/spark-llama-engine-$version.jar" "job/target/spark-llama-job-$version-all.jar")
for jar in "${jars[@]}"; do
  content="target/release/$(basename "$jar" .jar)"
  mkdir -p "$content"
  unzip -q "$jar" 'io/sparkllama/engine/native/*' -d "$content"
  diff -r engine/target/release/resources "$content" || fail "The jar holds other libraries than were checked: $jar"
done
sha256sum "${jars[@]}"
