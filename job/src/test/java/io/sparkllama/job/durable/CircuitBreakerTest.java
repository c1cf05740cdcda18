package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.limit.DeadLetterLimit;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
  private static final DeadLetterLimit LIMIT = new DeadLetterLimit(1);

  @Test
  void lettersOfEarlierRunsCountAsThoseOfThisOne() {
    CircuitBreaker breaker = new CircuitBreaker(LIMIT, 25, 3000);
    assertThat(breaker.trips(5)).isFalse();
    assertThat(breaker.trips(6)).isTrue();
    assertThat(breaker.tripped(6))
        .hasMessageEndingWith(
            "6 rows set aside by this run and 25 before, of 3000, where 1.0% or 20 are allowed");
  }

  /** Also where the limit was lowered since: a run that sets nothing aside has no such fault. */
  @Test
  void aRunWithoutLettersGoesOn() {
    assertThat(new CircuitBreaker(LIMIT, 31, 3000).trips(0)).isFalse();
  }
}
