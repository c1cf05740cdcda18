package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.job.durable.StopRequest;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.ForeachFunction;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class JobCancellationTest {
  private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static SparkSession spark;

  private final StopRequest stop = new StopRequest();

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void aJobThatBeginsAfterTheRequestIsCancelled() {
    try (JobCancellation cancellation = JobCancellation.listen(spark.sparkContext(), stop)) {
      runQuickJob();
      stop.stop("SIGTERM"); // between two jobs: there is none to cancel
      assertThatThrownBy(JobCancellationTest::runSlowJob).hasMessageContaining("cancelled");
      assertThatThrownBy(JobCancellationTest::runSlowJob).hasMessageContaining("cancelled");
    }
    runQuickJob(); // who shares the session goes on
  }

  @Test
  void aJobThatIsUnderWayIsCancelled() throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (JobCancellation cancellation = JobCancellation.listen(spark.sparkContext(), stop)) {
      Future<?> job = thread.submit(JobCancellationTest::runSlowJob);
      while (spark.sparkContext().statusTracker().getActiveJobIds().length == 0) {
        Thread.sleep(10);
      }
      stop.stop("SIGTERM");
      assertThatThrownBy(job::get).hasMessageContaining("cancelled");
    } finally {
      thread.shutdown();
    }
  }

  private static void runQuickJob() {
    assertThat(spark.range(3).count()).isEqualTo(3);
  }

  /** A job that nobody cancels ends well, after long. */
  private static void runSlowJob() {
    spark
        .range(0, 2, 1, 2)
        .foreach(
            (ForeachFunction<Long>)
                row -> {
                  long end = System.nanoTime() + SLOW_NANOS;
                  while (System.nanoTime() < end && !TaskContext.get().isInterrupted()) {
                    Thread.sleep(20);
                  }
                });
  }
}
