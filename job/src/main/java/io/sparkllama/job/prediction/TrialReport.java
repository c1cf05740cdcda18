package io.sparkllama.job.prediction;

import java.io.Serializable;
import java.util.List;

/**
 * Holds what an executor found out about the sampled prompts.
 *
 * @param prompts the sample, in the order of keys, which is random
 * @param answers of the first of them; the very first ran alone, so that the rest met a warm engine
 * @param concurrency prompts that were kept under way at once
 * @param prefixes of the whole sample
 * @param shareable tokens of the answered prompts that a cache of prefixes can have
 * @param cachedTokens of the answered prompts that it had
 */
public record TrialReport(
    List<SampledPrompt> prompts,
    List<TrialAnswer> answers,
    int concurrency,
    SharedPrefixes prefixes,
    long shareable,
    long cachedTokens)
    implements Serializable {

  /** Is the report of no prompts. */
  public static final TrialReport EMPTY =
      new TrialReport(List.of(), List.of(), 1, SharedPrefixes.of(List.of()), 0, 0);

  public TrialReport {
    prompts = List.copyOf(prompts);
    answers = List.copyOf(answers);
  }

  /** Returns the answers to those that ran together. */
  List<TrialAnswer> together() {
    return answers.size() < 2 ? answers : answers.subList(1, answers.size());
  }

  /** Returns the time that the engine was busy for the trial. */
  public double seconds() {
    return answers.stream().mapToDouble(TrialAnswer::end).max().orElse(0);
  }
}
