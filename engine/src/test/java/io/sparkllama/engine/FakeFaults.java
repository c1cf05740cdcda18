package io.sparkllama.engine;

import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchHeader;
import io.sparkllama.engine.runner.BatchSection;

/** Strikes a {@link FakeModelRunner} before a step. */
@FunctionalInterface
interface FakeFaults {
  /**
   * Does what a fault does: throws {@link io.sparkllama.engine.runner.RunnerLostException}, changes
   * the batch, or nothing.
   */
  void strike(BatchBuffer batch);

  /** Returns whether a token of the step has an id. */
  static boolean has(BatchBuffer batch, int id) {
    return row(batch, id) >= 0;
  }

  /** Returns the row of logits that the first token of an id is followed by, -1 without one. */
  static int row(BatchBuffer batch, int id) {
    for (int token = 0; token < batch.get(BatchHeader.TOKENS); token++) {
      if (batch.getInt(BatchSection.TOKEN_ID, token) == id) {
        return rowOf(batch, batch.getInt(BatchSection.TOKEN_SEQUENCE, token));
      }
    }
    return -1;
  }

  private static int rowOf(BatchBuffer batch, int sequence) {
    int rows = batch.get(BatchHeader.LOGITS_ROWS);
    for (int row = 0; row < rows; row++) {
      int token = batch.getInt(BatchSection.LOGITS_TOKEN, row);
      if (batch.getInt(BatchSection.TOKEN_SEQUENCE, token) == sequence) {
        return row;
      }
    }
    return rows; // it has none in this step
  }
}
