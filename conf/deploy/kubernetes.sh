#!/usr/bin/env bash
#
# Submits the nightly job to Kubernetes. The image holds Spark, the job's jar, the job file and these
# settings under the paths of nightly.env; input, output and model lie on storage that all pods reach.
# Run it from a CronJob or from cron; with the Spark operator, kubernetes.yaml does the same.

set -euo pipefail

here="$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=conf/deploy/nightly.env
source "${SPARKLLAMA_ENV:-$here/nightly.env}"

exec "$SPARK_HOME/bin/spark-submit" \
  --master "$SPARKLLAMA_MASTER" --deploy-mode cluster \
  --name spark-llama-nightly \
  --properties-file "$SPARKLLAMA_SETTINGS" \
  --conf spark.kubernetes.container.image="${SPARKLLAMA_IMAGE:?names the image}" \
  --conf spark.kubernetes.namespace="${SPARKLLAMA_NAMESPACE:-default}" \
  --conf spark.kubernetes.authenticate.driver.serviceAccountName="${SPARKLLAMA_ACCOUNT:-spark}" \
  --conf spark.kubernetes.submission.waitAppCompletion=true \
  --conf spark.kubernetes.executor.deleteOnTermination=true \
  --conf spark.executor.instances="${SPARKLLAMA_EXECUTORS:-4}" \
  --conf spark.executor.cores="${SPARKLLAMA_CORES:-8}" \
  --conf spark.executor.memory=4g \
  --conf spark.executor.memoryOverhead="${SPARKLLAMA_OVERHEAD:-16g}" \
  --class io.sparkllama.job.GenerateJob \
  "local://$SPARKLLAMA_JAR" --conf-file "$SPARKLLAMA_CONF" --exit-zero "$@"
