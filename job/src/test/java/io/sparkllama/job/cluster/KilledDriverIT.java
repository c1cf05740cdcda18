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
 * Kills a job's driver ten times, in the intake, while rows are answered and between a micro-batch
 * and its commit, and submits the same command each time: the answers are those of a run that
 * nothing disturbs.
 */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class KilledDriverIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int KILLED = 128 + 9;

  @TempDir Path directory;

  @Test
  void theSameCommandGoesOn(UndisturbedRun undisturbed) throws Exception {
    RandomMoments moments = RandomMoments.of(KilledDriverIT.class);
    try (InterruptedRuns runs = new InterruptedRuns(directory, undisturbed, moments)) {
      List<DriverMoment> plan = runs.plan(2, 4, 4);
      for (DriverMoment moment : plan) {
        runs.interrupt(
            moment,
            run -> {
              run.driver().kill();
              assertThat(run.driver().awaitEnd(PATIENCE)).isEqualTo(KILLED);
            });
      }
      runs.finish();
      runs.assertAnswers(undisturbed);
      runs.assertLittleIsRedone(plan.size());
    }
  }
}
