package io.sparkllama.engine;

/**
 * Sums what the parts of all steps took on the engine's thread, in nanoseconds.
 *
 * @param schedule choosing tokens, giving them blocks, and writing the batch
 * @param runner running it
 * @param completion taking its results: tokens appended, ends found, requests completed
 */
public record StepTimes(long schedule, long runner, long completion) {
  static final StepTimes NONE = new StepTimes(0, 0, 0);

  StepTimes plus(StepTimes other) {
    return new StepTimes(
        schedule + other.schedule, runner + other.runner, completion + other.completion);
  }
}
