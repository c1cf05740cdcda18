package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Asks a job's driver ten times to end, by SIGTERM: each time it ends within its grace and says
 * that the same command goes on, and so it does, to the answers of a run that nothing disturbs.
 */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class TerminatedDriverIT {
  /** {@code limit.shutdown-grace}, and a little for the process itself. */
  private static final Duration GRACE = Duration.ofSeconds(20 + 5);

  private static final int RESUMABLE = 75;

  @TempDir Path directory;

  @Test
  void theSameCommandGoesOn(UndisturbedRun undisturbed) throws Exception {
    RandomMoments moments = RandomMoments.of(TerminatedDriverIT.class);
    try (InterruptedRuns runs = new InterruptedRuns(directory, undisturbed, moments)) {
      List<DriverMoment> plan = runs.plan(1, 7, 2);
      for (DriverMoment moment : plan) {
        runs.interrupt(
            moment,
            run -> {
              run.driver().terminate();
              int code = run.driver().awaitEnd(GRACE);
              assertThat(code).as(run.driver().errors()).isEqualTo(RESUMABLE);
            });
      }
      runs.finish();
      runs.assertAnswers(undisturbed);
      runs.assertLittleIsRedone(plan.size());
    }
  }
}
