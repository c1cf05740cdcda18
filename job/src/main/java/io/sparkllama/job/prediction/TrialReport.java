package io.sparkllama.job.prediction;

import java.io.Serializable;
import java.util.List;

/**
 * Holds what an executor found out about the sampled prompts.
 *
 * @param prompts the sample, in the order of keys, which is random
 * @param answers of the first of them; the very first ran alone, so that the rest met a warm engine
 * @param concurrency prompts that the engine worked on at once; more waited for their turn
 * @param prefixes of the whole sample
 * @param answered those of the prompts that have an answer
 * @param cachedTokens of the answered prompts that the engine's cache had
 * @param cachePositions tokens that this cache has room for
 */
public record TrialReport(
    List<SampledPrompt> prompts,
    List<TrialAnswer> answers,
    int concurrency,
    SharedPrefixes prefixes,
    SharedPrefixes answered,
    long cachedTokens,
    long cachePositions)
    implements Serializable {

  /** Is the report of no prompts. */
  public static final TrialReport EMPTY = empty();

  private static TrialReport empty() {
    SharedPrefixes none = SharedPrefixes.of(List.of());
    return new TrialReport(List.of(), List.of(), 1, none, none, 0, 0);
  }

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
