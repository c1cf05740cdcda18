package io.sparkllama.job.prediction;

import io.sparkllama.job.planning.PromptCensus;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Says what a job will take, with intervals.
 *
 * @param distinctPrompts of the rows
 * @param asked rows that the engine will be asked for: one for all that are answered once
 * @param promptTokens of all rows, as the job's summary counts them; the others likewise
 * @param errors rows with an error
 * @param seconds on the executors there are
 * @param sampleRows prompts that were counted
 * @param trialRows of these, those that ran
 */
public record JobPrediction(
    long rows,
    long distinctPrompts,
    long asked,
    Estimate promptTokens,
    Estimate cachedTokens,
    Estimate completionTokens,
    Estimate errors,
    Estimate seconds,
    int executors,
    int sampleRows,
    int trialRows,
    double trialSeconds) {

  /**
   * Predicts.
   *
   * @param asked rows that the engine will be asked for
   * @param overhead seconds that Spark takes besides the engine
   */
  public static JobPrediction of(
      PromptCensus census, long asked, TrialReport trial, int executors, double overhead) {
    if (trial.answers().isEmpty()) {
      return none(census, executors);
    }
    List<TrialAnswer> answers = trial.answers();
    Estimate promptTokens = promptLine(trial).total(census.rows(), census.length());
    TrialPace pace = TrialPace.of(trial.together(), trial.concurrency());
    int failed = (int) answers.stream().filter(TrialAnswer::failed).count();
    return new JobPrediction(
        census.rows(),
        census.prompts(),
        asked,
        promptTokens,
        cachedTokens(census, asked, trial, executors).between(0, promptTokens.high()),
        answerLine(trial, TrialAnswer::completionTokens).total(census.rows(), census.length()),
        Estimate.share(failed, answers.size()).times(census.rows()),
        pace.secondsOf((double) asked / executors).plus(overhead),
        executors,
        trial.prompts().size(),
        answers.size(),
        trial.seconds());
  }

  /**
   * Returns the same for prompts with several completions each, as the job's summary counts them: a
   * prompt's tokens with each completion, of which the first computes them.
   */
  public JobPrediction withCompletions(int completions) {
    return new JobPrediction(
        rows,
        distinctPrompts,
        asked,
        promptTokens.times(completions),
        cachedTokens.plus(promptTokens.times(completions - 1)),
        completionTokens,
        errors.times(completions),
        seconds,
        executors,
        sampleRows,
        trialRows,
        trialSeconds);
  }

  private static JobPrediction none(PromptCensus census, int executors) {
    Estimate zero = Estimate.exactly(0);
    return new JobPrediction(
        census.rows(), census.prompts(), 0, zero, zero, zero, zero, zero, executors, 0, 0, 0);
  }

  /**
   * Adds up what the prefix cache has of distinct prompts, each executor's for its own, and what is
   * known of repeated ones. That a cache is off, or finds less than there is, the trial has shown.
   */
  private static Estimate cachedTokens(
      PromptCensus census, long asked, TrialReport trial, int executors) {
    SharedPrefixes answered = trial.answered();
    double own = trial.answers().stream().mapToInt(TrialAnswer::completionTokens).sum();
    double perPrompt = (answered.tokens() - answered.shared() + own) / answered.prompts();
    double kept = trial.cachePositions() / Math.max(1, perPrompt);
    double shareable = answered.sharedOf(answered.prompts(), kept).value();
    double hits = shareable == 0 ? 0 : trial.cachedTokens() / shareable;
    Estimate distinct =
        trial
            .prefixes()
            .sharedOf((double) census.prompts() / executors, kept)
            .times(executors * hits);
    LengthLine line = promptLine(trial);
    double repeated =
        line.total(census.rows(), census.length()).value()
            - line.total(census.prompts(), census.promptLength()).value();
    // Of a repeated prompt that is asked again, the prefix cache has all but a token.
    boolean askedAgain = asked > census.prompts();
    return distinct.plus(Math.max(0, repeated) * (askedAgain ? Math.min(1, hits) : 1));
  }

  /** Prompts that did not run are taken to be cut as much as those that did. */
  private static LengthLine promptLine(TrialReport trial) {
    int ran = trial.answers().size();
    double before = trial.prompts().stream().limit(ran).mapToDouble(SampledPrompt::tokens).sum();
    double after = trial.answers().stream().mapToDouble(TrialAnswer::promptTokens).sum();
    double kept = before == 0 ? 1 : after / before;
    return new LengthLine(
        lengths(trial, trial.prompts().size()),
        IntStream.range(0, trial.prompts().size())
            .mapToDouble(
                i ->
                    i < ran
                        ? trial.answers().get(i).promptTokens()
                        : kept * trial.prompts().get(i).tokens())
            .toArray());
  }

  private static LengthLine answerLine(TrialReport trial, ToDoubleFunction<TrialAnswer> value) {
    return new LengthLine(
        lengths(trial, trial.answers().size()),
        trial.answers().stream().mapToDouble(value).toArray());
  }

  private static double[] lengths(TrialReport trial, int count) {
    return trial.prompts().stream().limit(count).mapToDouble(SampledPrompt::length).toArray();
  }
}
