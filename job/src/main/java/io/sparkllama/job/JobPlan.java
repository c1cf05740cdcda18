package io.sparkllama.job;

import io.sparkllama.job.report.PlanReport;
import java.io.IOException;
import java.util.Optional;

/** Plans one job: refuses what a run would refuse, and says what it would take. */
final class JobPlan {
  private final JobConfig config;

  JobPlan(JobConfig config) {
    this.config = config;
  }

  /** Predicts on the session there is, or on one of its own. Nothing is written. */
  PlanReport report() throws IOException {
    return JobSession.with(
        config.spark(),
        spark -> {
          PreparedJob job =
              PreparedJob.of(config, spark, JobOutput.checked(config, spark), RowOrigin.INPUT);
          return new PlanReport(
              job.predict(config, config.trial(), 0).orElseThrow(), Optional.of(job.memory()));
        });
  }
}
