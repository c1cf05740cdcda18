#!/usr/bin/env bash
#
# Runs the nightly job once. What a run leaves is the next one's work, so that the same command is
# good for the first try, for a retry, and for the night after.
#
#   nightly.sh [key=value …]
#
# Exit codes are those of the job: 0 all is done; 3 all is done, and rows or files were set aside for
# somebody to look at; 75 a limit or a signal ended the run early, and the next one goes on; 2 the
# job, the model or the input is refused, and a retry is of no use; else a failure that a retry may
# cure.

set -euo pipefail

here="$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=conf/deploy/nightly.env
source "${SPARKLLAMA_ENV:-$here/nightly.env}"

ulimit -c 0 # a core dump would hold documents

exec "$SPARK_HOME/bin/spark-submit" \
  --master "$SPARKLLAMA_MASTER" \
  --name spark-llama-nightly \
  --properties-file "$SPARKLLAMA_SETTINGS" \
  --class io.sparkllama.job.GenerateJob \
  "$SPARKLLAMA_JAR" --conf-file "$SPARKLLAMA_CONF" --json "$@"
