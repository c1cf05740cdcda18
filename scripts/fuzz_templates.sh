#!/bin/sh
# Fuzzes the interpreter of chat templates with Jazzer (Apache-2.0), guided by coverage of io.sparkllama.engine.chat.
#
#   scripts/fuzz_templates.sh [SECONDS]   600 where not given
#
# Builds the test classes, fetches Jazzer with Maven, writes the seeds of
# engine/src/test/resources/template/fuzz-seeds.txt into a corpus, and calls TemplateFuzzer until the time is over.
# An input that breaks a promise, takes more than five seconds or too much memory is a finding: Jazzer prints its
# trace and, as Base64, its bytes, keeps them under engine/target/fuzz/findings, and the script exits non-zero.
# The corpus, engine/target/fuzz/corpus, is kept too: a later run goes on from there.
# FUZZ_KEEP_GOING=N goes on until N different findings (1 where not set).
set -eu
seconds=${1:-600}
root=$(cd "$(dirname "$0")/.." && pwd)
jazzer_version=0.30.0
fuzz=$root/engine/target/fuzz
mkdir -p "$fuzz/corpus" "$fuzz/findings" "$fuzz/jazzer"

cd "$root"
mvn -q -B -pl engine test-compile
mvn -q -B -pl engine dependency:build-classpath -Dmdep.outputFile="$fuzz/classpath.txt"
for artifact in jazzer jazzer-api; do
  jar=$fuzz/jazzer/$artifact-$jazzer_version.jar
  [ -f "$jar" ] ||
    mvn -q -B -N dependency:copy -Dartifact=com.code-intelligence:$artifact:$jazzer_version -DoutputDirectory="$fuzz/jazzer"
done
target_path=$root/engine/target/test-classes:$root/engine/target/classes:$(cat "$fuzz/classpath.txt")
java -cp "$target_path" io.sparkllama.engine.chat.TemplateFuzzer "$fuzz/corpus"

# What Jazzer writes for a reproducer goes to the current folder.
cd "$fuzz/findings"
exec java -Xmx192m -Xss512k -cp "$fuzz/jazzer/jazzer-$jazzer_version.jar:$fuzz/jazzer/jazzer-api-$jazzer_version.jar:$target_path" \
  com.code_intelligence.jazzer.Jazzer \
  --target_class=io.sparkllama.engine.chat.TemplateFuzzer \
  --instrumentation_includes='io.sparkllama.engine.chat.**' \
  --custom_hook_includes='io.sparkllama.engine.chat.**' \
  --reproducer_path="$fuzz/findings" \
  --keep_going="${FUZZ_KEEP_GOING:-1}" \
  -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=2048 \
  -dict="$root/engine/src/test/resources/template/fuzz-dictionary.txt" \
  -artifact_prefix="$fuzz/findings/" -print_final_stats=1 \
  "$fuzz/corpus"
