package io.sparkllama.job;

import io.sparkllama.job.durable.StopRequest;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;

/**
 * Cancels Spark's jobs when a run is asked to stop: those under way, and, until it is closed, each
 * that begins later. A run has many, with work of the driver's between them, and the request may
 * come there.
 */
final class JobCancellation extends SparkListener implements AutoCloseable {
  private final SparkContext spark;
  private final StopRequest stop;

  private JobCancellation(SparkContext spark, StopRequest stop) {
    this.spark = spark;
    this.stop = stop;
  }

  /** Begins to listen. All jobs of the context are taken for the run's own. */
  static JobCancellation listen(SparkContext spark, StopRequest stop) {
    JobCancellation cancellation = new JobCancellation(spark, stop);
    spark.addSparkListener(cancellation); // first: a job that begins now is seen by either
    stop.then(spark::cancelAllJobs);
    return cancellation;
  }

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    if (stop.reason().isPresent()) {
      spark.cancelJob(job.jobId());
    }
  }

  @Override
  public void close() {
    spark.removeSparkListener(this);
  }
}
