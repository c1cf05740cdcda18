package io.sparkllama.job.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrialPaceTest {
  @Test
  void rowsThatEndTogetherAreNoFasterThanRowsThatDoNot() {
    List<TrialAnswer> waves = new ArrayList<>();
    List<TrialAnswer> staggered = new ArrayList<>();
    for (int row = 0; row < 20; row++) {
      waves.add(answer(row / 4, row / 4 + 1)); // four at a time, for a second each
      double start = row < 4 ? 0 : row / 4.0 - 0.75; // one ends each quarter of a second
      staggered.add(answer(start, row / 4.0 + 0.25));
    }
    TrialPace pace = TrialPace.of(waves, 4);
    assertThat(pace.perSecond().value()).isCloseTo(4, within(1e-9));
    assertThat(pace.perSecond().low()).isCloseTo(4, within(1e-6));
    assertThat(pace.secondsOf(20).value()).isCloseTo(5, within(1e-9));
    assertThat(pace.secondsOf(60).value()).isCloseTo(5 + 40 / 4.0, within(1e-6));
    assertThat(TrialPace.of(staggered, 4).perSecond().value()).isCloseTo(4, within(1e-9));
  }

  @Test
  void rowsThatWaitForAPlaceAreNotUnderWay() {
    List<TrialAnswer> answers = new ArrayList<>();
    for (int row = 0; row < 20; row++) { // four places, and six rows asked for at once
      int round = row / 4;
      answers.add(answer(Math.max(0, (row - 2) / 4 - 1), round + 1));
    }
    TrialPace pace = TrialPace.of(answers, 4);
    assertThat(pace.perSecond().value()).isCloseTo(4, within(1e-9));
    assertThat(pace.perSecond().high()).isCloseTo(4, within(1e-6));
  }

  @Test
  void theFirstRoundAndTheLastCountOnlyOnce() {
    List<TrialAnswer> answers = new ArrayList<>();
    answers.add(answer(0, 3)); // two at a time: the first round is slow
    answers.add(answer(0, 3));
    for (int row = 0; row < 16; row++) {
      answers.add(answer(3 + row / 2, 4 + row / 2));
    }
    TrialPace pace = TrialPace.of(answers, 2);
    assertThat(pace.seconds()).isCloseTo(11, within(1e-9));
    assertThat(pace.perSecond().value()).isCloseTo(2, within(1e-9));
    assertThat(pace.secondsOf(18 + 100).value()).isCloseTo(11 + 50, within(1e-6));
    assertThat(pace.secondsOf(9).value()).isCloseTo(5.5, within(1e-9));
  }

  @Test
  void anUnevenPaceGivesAnInterval() {
    List<TrialAnswer> answers = new ArrayList<>();
    double time = 0;
    for (int row = 0; row < 40; row++) {
      double seconds = row % 10 < 5 ? 1 : 3;
      answers.add(answer(time, time + seconds));
      time += seconds;
    }
    TrialPace pace = TrialPace.of(answers, 1);
    assertThat(pace.perSecond().low()).isLessThan(0.5);
    assertThat(pace.perSecond().high()).isGreaterThan(0.5);
    assertThat(pace.perSecond().value()).isCloseTo(0.5, within(0.02));
    Estimate seconds = pace.secondsOf(400);
    assertThat(seconds.value()).isBetween(seconds.low() + 1, seconds.high() - 1);
    Estimate tried = pace.secondsOf(40); // they would not take the same time again
    assertThat(tried.high() / tried.value())
        .isCloseTo(seconds.high() / seconds.value(), within(1e-9));
  }

  @Test
  void aTrialOfOneRoundIsAllThereIsToGoBy() {
    TrialPace pace = TrialPace.of(List.of(answer(1, 3), answer(1, 5)), 8);
    assertThat(pace.perSecond().value()).isEqualTo(0.5);
    assertThat(pace.secondsOf(1).value()).isCloseTo(2, within(1e-9));
    // Rows of 2 and 4 seconds say next to nothing: four times as much or as little.
    assertThat(pace.secondsOf(100).high()).isCloseTo(4 * 200, within(1e-6));
    assertThat(pace.secondsOf(100).low()).isCloseTo(200 / 4.0, within(1e-6));
    TrialPace even = TrialPace.of(List.of(answer(0, 2), answer(0, 2), answer(0, 2)), 8);
    assertThat(even.secondsOf(30)).isEqualTo(Estimate.exactly(20));
    TrialPace one = TrialPace.of(List.of(answer(0, 2)), 8);
    assertThat(one.secondsOf(3)).isEqualTo(new Estimate(6, 1.5, 24));
  }

  private static TrialAnswer answer(double start, double end) {
    return new TrialAnswer(5, 2, false, start, end);
  }
}
