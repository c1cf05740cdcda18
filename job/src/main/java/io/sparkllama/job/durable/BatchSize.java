package io.sparkllama.job.durable;

import java.time.Duration;

/**
 * Chooses how many files of work a batch has: enough for each task slot to have one, and as many as
 * take the time that a batch may take, at the rate of the batches before.
 */
final class BatchSize {
  /** A size that is off by no more than that costs less than another start of the query. */
  private static final double NEAR = 1.5;

  private static final int MOST_FILES = 100_000;

  /** More would make a batch too long whose rate nobody knows. */
  private static final int FILES_OF_A_SLOT = 2;

  private final DurableSettings settings;
  private final int slots;
  private final double rowsOfFile;
  private int files;

  /**
   * @param slots tasks that run at once
   * @param rowsOfFile rows of the input in a file of work, on average
   * @param pending rows that have no answer yet
   */
  BatchSize(DurableSettings settings, int slots, double rowsOfFile, long pending) {
    this.settings = settings;
    this.slots = slots;
    this.rowsOfFile = Math.max(1, rowsOfFile);
    this.files =
        settings.batchRows().isPresent()
            ? clamp(settings.batchRows().getAsLong() / this.rowsOfFile, 1)
            : first(pending);
  }

  /** A file for each slot tells the rate, but a small job is one batch: its rate is of no use. */
  private int first(long pending) {
    double all = Math.ceil(pending / rowsOfFile);
    return all <= FILES_OF_A_SLOT * slots ? clamp(all, slots) : slots;
  }

  /** Returns the files of the next batch. */
  int files() {
    return files;
  }

  /**
   * Takes the measure of a batch, and tells whether the next ones have another size.
   *
   * @param left rows that no batch has answered yet
   */
  boolean changes(long rows, Duration took, long left) {
    boolean last = left <= files * rowsOfFile;
    if (settings.batchRows().isPresent() || rows <= 0 || took.isZero() || last) {
      return false;
    }
    double time = (double) settings.batchTime().toNanos() / took.toNanos();
    int wanted = clamp(rows * time / rowsOfFile, slots);
    if (wanted <= files * NEAR && files <= wanted * NEAR) {
      return false;
    }
    files = wanted;
    return true;
  }

  private static int clamp(double wanted, int least) {
    return (int) Math.max(least, Math.min(Math.round(wanted), MOST_FILES));
  }
}
