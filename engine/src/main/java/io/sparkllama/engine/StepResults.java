package io.sparkllama.engine;

import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchSection;

/** Reads the results of a step, a row of logits at a time. */
final class StepResults {
  private final BatchBuffer buffer;
  private int row;

  StepResults(BatchBuffer buffer) {
    this.buffer = buffer;
  }

  /** Moves to a row, in the order of the step. */
  StepResults at(int newRow) {
    row = newRow;
    return this;
  }

  /** Returns the sampled id, -1 where the logits are not numbers. */
  int token() {
    return buffer.getInt(BatchSection.RESULT_TOKEN, row);
  }

  float logProbability() {
    return buffer.getFloat(BatchSection.RESULT_LOG_PROBABILITY, row);
  }

  /** Returns the most probable id, -1 where the logits are not numbers. */
  int argmax() {
    return buffer.getInt(BatchSection.RESULT_ARGMAX, row);
  }

  float candidateLogProbability(int index) {
    int first = buffer.getInt(BatchSection.LOGITS_FIRST_CANDIDATE, row);
    return buffer.getFloat(BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, (long) first + index);
  }
}
