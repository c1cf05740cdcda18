#!/usr/bin/env bash
#
# Runs the quick start on every release of Spark that the job promises to run on, by the one jar that is
# built against the newest. The answers must be the same bytes on each, and everything that the jar
# names must be there, on the quick start's way or not.
#   scripts/spark_versions_test.sh [VERSION ...]   the last release of each older line unless named

set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
versions=("$@")
[ $# -gt 0 ] || versions=(4.0.4 4.1.3)

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

newest() { # FILE ... ; the one written last: class paths of earlier poms lie beside it
  local file newest="$1"
  for file in "$@"; do
    [ ! "$file" -nt "$newest" ] || newest="$file"
  done
  printf '%s\n' "$newest"
}

# Runs the quick start and leaves its rows, in order, in a file of the version's name.
quick_start() { # VERSION
  local version="$1" summary class_path
  summary="$(cd "$root" && SPARKLLAMA_SPARK_VERSION="$version" scripts/sparkllama run conf/quickstart.conf --json \
    "output.path=$folder/$version" output.format=json 2>"$folder/$version.log")" ||
    { cat "$folder/$version.log" >&2 && fail "the quick start on Spark $version"; }
  printf 'Spark %s: %s\n' "$version" "$summary"
  grep -q '"rows":1000,"errors":0,' <<<"$summary" || fail "rows or errors on Spark $version"
  grep -Eq '"accuracy":(1\.0|0\.9[5-9])' <<<"$summary" || fail "the accuracy on Spark $version"
  cat "$folder/$version"/configuration=*/batch=*/part-* | sort >"$folder/$version.rows"
  [ "$(wc -l <"$folder/$version.rows")" = 1000 ] || fail "the rows written on Spark $version"
  if command -v python3 >/dev/null; then
    class_path="$(cat "$(newest "$root/target/launcher/spark-$version"-*.classpath)")"
    python3 "$root/scripts/spark_linkage.py" "$root/target/launcher/job.jar" "$class_path" || fail "linking on Spark $version"
  else
    echo "skipped: no look at what the jar names on Spark $version without Python 3" >&2
  fi
}

built="$(sed -n 's:.*<spark.version>\(.*\)</spark.version>.*:\1:p' "$root/pom.xml")"
quick_start "$built"
for version in "${versions[@]}"; do
  quick_start "$version"
  cmp "$folder/$built.rows" "$folder/$version.rows" || fail "the answers on Spark $version differ from those on $built"
done
