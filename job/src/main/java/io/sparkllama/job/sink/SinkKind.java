package io.sparkllama.job.sink;

/** Says how a format keeps rows, which decides how they get there. */
public enum SinkKind {
  /** In files below a path: each batch is a folder. */
  FILES,
  /** In a Delta table at a path: each batch is a transaction. */
  DELTA_TABLE,
  /** Somewhere that no run can go on with: all rows are one action. */
  ONE_ACTION;

  /** Tells whether rows are written in batches, so that runs can go on with them. */
  public boolean hasBatches() {
    return this != ONE_ACTION;
  }
}
