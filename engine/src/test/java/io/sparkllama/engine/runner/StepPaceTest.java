package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepPaceTest {
  @Test
  void theMedianFollowsTheLastSteps() {
    StepPace pace = new StepPace();
    for (int i = 0; i < 15; i++) {
      pace.add(1, 5);
    }
    assertThat(pace.median()).isZero();
    pace.add(1, 1_000_000);
    assertThat(pace.median()).isEqualTo(5);
    for (int i = 0; i < 64; i++) {
      pace.add(1, 7 + i % 2 * 100);
    }
    assertThat(pace.median()).isEqualTo(107);
  }

  @Test
  void beforeAnyStepNothingIsExpected() {
    assertThat(new StepPace().most(512)).isZero();
  }

  @Test
  void aLargerStepMayTakeAsLongAsTheSmallerOnesThatHoldItsTokens() {
    StepPace pace = new StepPace();
    pace.add(1, 30);
    pace.add(1, 40);
    pace.add(1, 20);
    assertThat(pace.most(1)).isEqualTo(40);
    assertThat(pace.most(512)).isEqualTo(512 * 40);
  }

  @Test
  void whatIsKnownOfLargeStepsBoundsTheirLikeAndSmallerOnes() {
    StepPace pace = new StepPace();
    pace.add(1, 40);
    pace.add(300, 900); // counts as 256 tokens
    assertThat(pace.most(256)).isEqualTo(900);
    assertThat(pace.most(300)).isEqualTo(2 * 900);
    assertThat(pace.most(512)).isEqualTo(2 * 900);
    assertThat(pace.most(2)).isEqualTo(80);
    assertThat(pace.most(100)).isEqualTo(900);
  }

  @Test
  void theSlowestStepIsNotForgotten() {
    StepPace pace = new StepPace();
    pace.add(512, 1_000_000);
    for (int i = 0; i < 1000; i++) {
      pace.add(512, 5);
    }
    assertThat(pace.median()).isEqualTo(5);
    assertThat(pace.most(512)).isEqualTo(1_000_000);
  }

  @Test
  void noTimeIsTooLongToReckonWith() {
    StepPace pace = new StepPace();
    pace.add(1, Long.MAX_VALUE / 2);
    assertThat(pace.most(65_536)).isEqualTo(Long.MAX_VALUE);
  }
}
