package io.sparkllama.job;

import io.sparkllama.job.prediction.JobPrediction;
import java.io.IOException;

/** Plans one job: refuses what a run would refuse, and predicts what it would take. */
final class JobPlan {
  private final JobConfig config;

  JobPlan(JobConfig config) {
    this.config = config;
  }

  /** Predicts on the session there is, or on one of its own. Nothing is written. */
  JobPrediction predict() throws IOException {
    return JobSession.with(
        config.spark(),
        spark -> PreparedJob.of(config, spark).predict(config.trial(), 0).orElseThrow());
  }
}
