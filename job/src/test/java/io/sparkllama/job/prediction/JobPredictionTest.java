package io.sparkllama.job.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.job.planning.PromptCensus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobPredictionTest {
  /** 9,000 rows, of 6,000 prompts with 100 characters each. */
  private static final PromptCensus CENSUS = new PromptCensus(9_000, 6_000, 900_000, 600_000);

  @Test
  void repeatedRowsCostTokensButNoTime() {
    JobPrediction once = JobPrediction.of(CENSUS, 6_000, report(1, 40), 1, 2);
    assertThat(once.rows()).isEqualTo(9_000);
    assertThat(once.distinctPrompts()).isEqualTo(6_000);
    assertThat(once.promptTokens().value()).isCloseTo(9_000 * 20, within(1e-6));
    assertThat(once.completionTokens().value()).isCloseTo(9_000 * 7, within(1e-6));
    // Each prompt begins with the same 12 tokens; 3,000 rows have all their tokens from another.
    assertThat(once.cachedTokens().value()).isCloseTo(5_999 * 12 + 3_000 * 20, within(1.0));
    assertThat(once.errors().value()).isZero();
    assertThat(once.errors().high()).isPositive();
    // 2 s besides the engine; 39 rows one after the other in a second each, and so the others.
    assertThat(once.seconds().value()).isCloseTo(2 + 6_000, within(1e-3));

    JobPrediction each = JobPrediction.of(CENSUS, 9_000, report(1, 40), 1, 2);
    assertThat(each.promptTokens()).isEqualTo(once.promptTokens());
    assertThat(each.seconds().value()).isCloseTo(2 + 9_000, within(1e-3));
  }

  @Test
  void completionsOfAPromptComputeItOnce() {
    JobPrediction one = JobPrediction.of(CENSUS, 9_000, report(1, 40), 1, 2);
    JobPrediction four = one.withCompletions(4);
    assertThat(four.promptTokens().value()).isCloseTo(4 * 9_000 * 20, within(1e-6));
    assertThat(four.promptTokens().value() - four.cachedTokens().value())
        .isCloseTo(one.promptTokens().value() - one.cachedTokens().value(), within(1e-6));
    assertThat(four.completionTokens()).isEqualTo(one.completionTokens()); // of all completions
    assertThat(four.seconds()).isEqualTo(one.seconds());
    assertThat(one.withCompletions(1).cachedTokens().value()).isEqualTo(one.cachedTokens().value());
  }

  @Test
  void executorsShareTheRowsButNotTheirCaches() {
    JobPrediction four = JobPrediction.of(CENSUS, 6_000, report(1, 40), 4, 2);
    assertThat(four.executors()).isEqualTo(4);
    assertThat(four.seconds().value()).isCloseTo(2 + 1_500, within(1e-3));
    assertThat(four.cachedTokens().value()).isCloseTo(4 * (1_499 * 12) + 3_000 * 20, within(1.0));
  }

  @Test
  void aCacheThatIsOffHasNothing() {
    JobPrediction off = JobPrediction.of(CENSUS, 6_000, report(0, 40), 1, 0);
    assertThat(off.cachedTokens().value()).isCloseTo(3_000 * 20, within(1e-6));
    JobPrediction each = JobPrediction.of(CENSUS, 9_000, report(0, 40), 1, 0);
    assertThat(each.cachedTokens().value()).isZero();
  }

  @Test
  void promptsThatDidNotRunAreCutLikeThoseThatDid() {
    TrialReport cut = report(1, 10);
    List<TrialAnswer> answers =
        cut.answers().stream()
            .map(answer -> new TrialAnswer(10, 7, false, answer.start(), answer.end()))
            .toList();
    JobPrediction prediction =
        JobPrediction.of(
            CENSUS,
            6_000,
            new TrialReport(cut.prompts(), answers, 1, cut.prefixes(), cut.answered(), 0, 0),
            1,
            0);
    assertThat(prediction.promptTokens().value()).isCloseTo(9_000 * 10, within(1e-6));
    assertThat(prediction.sampleRows()).isEqualTo(40);
    assertThat(prediction.trialRows()).isEqualTo(10);
  }

  @Test
  void whatTheFirstPromptTakesToWarmUpIsNotThePace() {
    TrialReport report = report(1, 40);
    List<TrialAnswer> slow = new ArrayList<>();
    for (TrialAnswer answer : report.answers()) {
      double start = slow.isEmpty() ? 0 : answer.start() + 100;
      slow.add(new TrialAnswer(20, 7, false, start, answer.end() + 100));
    }
    JobPrediction prediction =
        JobPrediction.of(
            CENSUS,
            6_000,
            new TrialReport(
                report.prompts(),
                slow,
                1,
                report.prefixes(),
                report.answered(),
                report.cachedTokens(),
                report.cachePositions()),
            1,
            2);
    assertThat(prediction.seconds().value()).isCloseTo(2 + 6_000, within(1e-3));
    assertThat(prediction.trialSeconds()).isCloseTo(140, within(1e-9));
  }

  @Test
  void noRowsTakeNothing() {
    JobPrediction none = JobPrediction.of(new PromptCensus(0, 0, 0, 0), 0, TrialReport.EMPTY, 2, 1);
    assertThat(none.promptTokens()).isEqualTo(Estimate.exactly(0));
    assertThat(none.seconds()).isEqualTo(Estimate.exactly(0));
    assertThat(none.executors()).isEqualTo(2);
  }

  /** 40 prompts of 20 tokens, of which the first 12 are the same, one answered each second. */
  private static TrialReport report(double hits, int answered) {
    List<SampledPrompt> prompts = new ArrayList<>();
    List<TrialAnswer> answers = new ArrayList<>();
    List<int[]> tokens = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int[] ids = new int[20];
      ids[12] = i + 1;
      tokens.add(ids);
      prompts.add(new SampledPrompt(100, ids.length));
      if (i < answered) {
        answers.add(new TrialAnswer(20, 7, false, i, i + 1));
      }
    }
    SharedPrefixes ran = SharedPrefixes.of(tokens.subList(0, answered));
    long cached = (long) (hits * ran.shared());
    return new TrialReport(prompts, answers, 1, SharedPrefixes.of(tokens), ran, cached, 1_000_000);
  }
}
