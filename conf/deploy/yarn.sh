#!/usr/bin/env bash
#
# Submits the nightly job to YARN in cluster mode. YARN tries a failed driver again, and knows no
# success but 0: --exit-zero gives 0 where rows were set aside or a limit ended the run.

set -euo pipefail

here="$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=conf/deploy/nightly.env
source "${SPARKLLAMA_ENV:-$here/nightly.env}"

exec "$SPARK_HOME/bin/spark-submit" \
  --master yarn --deploy-mode cluster \
  --name spark-llama-nightly \
  --properties-file "$SPARKLLAMA_SETTINGS" \
  --conf spark.yarn.maxAppAttempts=3 \
  --conf spark.yarn.am.attemptFailuresValidityInterval=1h \
  --conf spark.yarn.submit.waitAppCompletion=true \
  --conf spark.executor.failuresValidityInterval=1h \
  --files "$SPARKLLAMA_CONF" \
  --class io.sparkllama.job.GenerateJob \
  "$SPARKLLAMA_JAR" --conf-file "$(basename -- "$SPARKLLAMA_CONF")" --exit-zero "$@"
