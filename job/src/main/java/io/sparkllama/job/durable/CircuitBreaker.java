package io.sparkllama.job.durable;

import io.sparkllama.job.limit.DeadLetterLimit;
import java.io.IOException;
import java.util.Locale;

/**
 * Ends a run whose engine sets aside too many rows.
 *
 * <p>All letters of the output count that nobody has tried again since, against all rows that were
 * taken: so a run that is started again after its end has no room that it had used before. Those of
 * the run count against its own rows as well, since most of an output may be years old. Rows that
 * had letters when a replay took them may have them again, whatever else is set aside: a replay
 * makes nothing worse. Of rows that share a request, one counts; where such rows are many, there
 * are few requests to count, so that a run is also ended which answers fewer rows than it sets
 * aside.
 *
 * @param open letters before the run
 * @param retried rows with letters that this run may try again
 * @param taken rows of the input, by all runs
 * @param pending rows of the input that the run answers
 */
record CircuitBreaker(DeadLetterLimit limit, long open, long retried, long taken, long pending) {

  /**
   * Tells whether the run must end.
   *
   * @param more letters of this run
   */
  boolean trips(long more) {
    return more > 0
        && (open + more > retried + Math.max(limit.most(taken), open)
            || more > retried + limit.most(Math.max(0, pending - retried)));
  }

  /**
   * Tells whether the run must end after a batch.
   *
   * @param more letters of this run
   * @param rows of the input that have these letters
   * @param answered rows of the input by this run
   */
  boolean trips(long more, long rows, long answered) {
    return trips(more) || (more > retried + DeadLetterLimit.FEW && rows > retried + answered);
  }

  /** Returns what says so. */
  IOException tripped(long more) {
    return new IOException(
        "The engine cannot run more rows than limit.dead-letters-percent allows, so that the fault"
            + " is rather its own, the model's or a machine's than these rows'; see what the"
            + " executors' logs say of worker processes, and mend it or raise the limit. Batches"
            + " that were committed stay, and the same command, with output.mode = resume, goes on:"
            + " "
            + more
            + " rows set aside by this run and "
            + open
            + " before, of "
            + taken
            + " rows, "
            + pending
            + " of them in this run, where "
            + String.format(
                Locale.ROOT, "%s%% or %d are allowed", limit.percent(), DeadLetterLimit.FEW));
  }
}
