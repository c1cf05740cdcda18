#!/usr/bin/env bash
#
# Submits the nightly job to a standalone cluster, with the driver on one of its workers.
#
# --supervise starts the driver again after every end but 0, without limit: --exit-zero gives 0 where
# rows were set aside or a limit ended the run, and `sparkllama plan` finds out before what would be
# refused each time. Jar, job file and model must be where every worker can read them.

set -euo pipefail

here="$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=conf/deploy/nightly.env
source "${SPARKLLAMA_ENV:-$here/nightly.env}"

exec "$SPARK_HOME/bin/spark-submit" \
  --master "$SPARKLLAMA_MASTER" \
  --deploy-mode cluster --supervise \
  --name spark-llama-nightly \
  --properties-file "$SPARKLLAMA_SETTINGS" \
  --class io.sparkllama.job.GenerateJob \
  "$SPARKLLAMA_JAR" --conf-file "$SPARKLLAMA_CONF" --exit-zero "$@"
