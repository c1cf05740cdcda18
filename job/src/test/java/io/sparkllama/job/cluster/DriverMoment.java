package io.sparkllama.job.cluster;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;

/** Is a part of a run in which its driver can be hit. */
enum DriverMoment {
  /** While the input is taken into work files, or just after; an earlier run may have done it. */
  INTAKE(Duration.ofMillis(1500)),
  /** While engines answer rows, anywhere in a micro-batch or two. */
  GENERATION(Duration.ofMillis(1500)),
  /** When a micro-batch is written, and its commit not yet. */
  COMMIT(Duration.ZERO);

  /** Is what a run commits at most before the commit in which it is hit, beside one. */
  private static final int MOST_COMMITS = 2;

  private final Duration longestDelay;

  DriverMoment(Duration longestDelay) {
    this.longestDelay = longestDelay;
  }

  /**
   * Waits until a run is there, and a random while.
   *
   * @param run that has just been submitted
   */
  void await(SubmittedJob run, JobFolder folder, EngineReports reports, RandomMoments moments)
      throws IOException, InterruptedException {
    Instant start = Instant.now();
    JobFolder.Progress before = folder.progress();
    long answered = reports.answered();
    int commits = moments.below(MOST_COMMITS + 1);
    while (true) {
      run.requireRunning("it was hit in its " + this);
      JobFolder.Progress now = folder.progress();
      boolean reached =
          switch (this) {
            case INTAKE -> folder.isTakenInSince(start) || reports.answered() > answered;
            case GENERATION -> reports.answered() > answered;
            case COMMIT ->
                now.isInCommit() && now.committedBatches() > before.committedBatches() + commits;
          };
      if (reached) {
        break;
      }
      Thread.sleep(this == GENERATION ? 50 : 1); // a commit takes milliseconds
    }
    moments.sleepAtMost(longestDelay);
  }
}
