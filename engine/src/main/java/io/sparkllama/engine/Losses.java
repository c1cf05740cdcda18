package io.sparkllama.engine;

/**
 * Counts what became of an engine's worker processes.
 *
 * @param restarts times that a worker was lost and another started
 * @param rowsSetAside requests that were given up, for each worker that ran them was lost
 */
public record Losses(long restarts, long rowsSetAside) {
  static final Losses NONE = new Losses(0, 0);
}
