#!/bin/sh
# Runs a measurement on what this checkout builds: bench/run.sh SparkOverhead ARGUMENTS...
# Arguments stand in each class's own comment. Results belong in bench/results, with command,
# commit and machine. BENCH_MAVEN_OPTIONS are further options for the build, such as -Ppeers.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
name=$1
shift
# shellcheck disable=SC2086
(cd "$root" && mvn -q -B ${BENCH_MAVEN_OPTIONS:-} -DskipTests -Dmdep.outputFile=target/classpath.txt \
    -pl engine,job,bench compile dependency:build-classpath) >&2
options="--add-opens=java.base/java.lang=ALL-UNNAMED"
for package in java.lang.invoke java.lang.reflect java.io java.net java.nio java.util \
    java.util.concurrent java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs \
    sun.security.action sun.util.calendar; do
  options="$options --add-opens=java.base/$package=ALL-UNNAMED"
done
# shellcheck disable=SC2086
exec java -Xmx2g $options -cp "$root/bench/target/classes:$(cat "$root/bench/target/classpath.txt")" \
    "io.sparkllama.bench.$name" "$@"
