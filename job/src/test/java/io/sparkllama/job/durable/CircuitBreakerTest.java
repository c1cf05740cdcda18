package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.limit.DeadLetterLimit;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
  private static final DeadLetterLimit LIMIT = new DeadLetterLimit(1);

  @Test
  void lettersOfEarlierRunsCountAsThoseOfThisOne() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 25, 0, 3000, 3000);
    assertThat(breaker.trips(5)).isFalse();
    assertThat(breaker.trips(6)).isTrue();
    assertThat(breaker.tripped(6))
        .hasMessageEndingWith(
            "6 rows set aside by this run and 25 before, of 3000 rows, 3000 of them in this run, where 1.0% or 20 are allowed");
  }

  /** Also where the limit was lowered since: a run that sets nothing aside has no such fault. */
  @Test
  void aRunWithoutLettersGoesOn() {
    assertThat(new CircuitBreaker(LIMIT, 31, 0, 3000, 3000).trips(0)).isFalse();
  }

  /** Letters that were made under a higher limit. */
  @Test
  void aReplayThatFailsWholeBringsBackWhatThereWas() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 5, 40, 3000, 40);
    assertThat(breaker.trips(40)).isFalse();
    assertThat(breaker.trips(61)).isTrue();
  }

  /** A run that goes on with a killed replay has rows of the night as well. */
  @Test
  void rowsOfTheNightHaveTheirRoomBesideThoseThatComeBack() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 0, 40, 9000, 3040);
    assertThat(breaker.trips(40 + 30)).isFalse();
    assertThat(breaker.trips(40 + 31)).isTrue();
  }

  /** Where prompts repeat, few requests are all there are. */
  @Test
  void aRunThatSetsAsideMoreRowsThanItAnswersEnds() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 0, 0, 1_000_000, 1_000_000);
    assertThat(breaker.trips(21, 5001, 5000)).isTrue();
    assertThat(breaker.trips(21, 5000, 5000)).isFalse();
    assertThat(breaker.trips(20, 5001, 5000)).isFalse(); // a few prompts, each of many rows
    CircuitBreaker replay = new CircuitBreaker(LIMIT, 0, 40, 1_000_000, 40);
    assertThat(replay.trips(40, 40, 0)).isFalse();
  }

  /** What was taken for years gives tonight's rows no room. */
  @Test
  void lettersOfThisRunCountAgainstItsOwnRowsAsWell() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 0, 0, 1_000_000, 3000);
    assertThat(breaker.trips(30)).isFalse();
    assertThat(breaker.trips(31)).isTrue();
  }
}
