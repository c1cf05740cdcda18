package io.sparkllama.job.limit;

/**
 * Says how many rows of an output the engine may set aside: a few are a fault of theirs, many one
 * of the engine, the model or the machines.
 *
 * @param percent of the rows that were taken; so many are allowed where it is more than 20 rows
 */
public record DeadLetterLimit(double percent) {
  /** Are allowed of an output of any size. */
  public static final long FEW = 20;

  /** Returns how many of so many rows may be set aside. */
  public long most(long rows) {
    return Math.max(FEW, (long) (rows * percent / 100));
  }
}
