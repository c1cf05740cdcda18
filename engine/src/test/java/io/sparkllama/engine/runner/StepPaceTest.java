package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepPaceTest {
  @Test
  void theMedianFollowsTheLastSteps() {
    StepPace pace = new StepPace();
    for (int i = 0; i < 15; i++) {
      pace.add(5);
    }
    assertThat(pace.median()).isZero();
    pace.add(1_000_000);
    assertThat(pace.median()).isEqualTo(5);
    for (int i = 0; i < 64; i++) {
      pace.add(7 + i % 2 * 100);
    }
    assertThat(pace.median()).isEqualTo(107);
  }
}
