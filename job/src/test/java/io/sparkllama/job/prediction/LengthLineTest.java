package io.sparkllama.job.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LengthLineTest {
  @Test
  void knowsATotalThatFollowsTheLengths() {
    LengthLine line =
        new LengthLine(new double[] {10, 20, 40}, new double[] {7, 12, 22}); // 2 + length / 2
    Estimate total = line.total(1_000, 90_000); // longer ones than the sample has
    assertThat(total.value()).isCloseTo(2 * 1_000 + 45_000, within(1e-6));
    assertThat(total.high() - total.low()).isCloseTo(0, within(1e-3));
  }

  @Test
  void takesTheMeanWhereLengthsSayNothing() {
    LengthLine line = new LengthLine(new double[] {5, 5, 5, 5}, new double[] {1, 3, 1, 3});
    // Standard deviation sqrt(4 / 3), of the mean sqrt(1 / 3); three degrees of freedom: 3.18.
    Estimate total = line.total(100, 500);
    assertThat(total.value()).isCloseTo(200, within(1e-9));
    assertThat(total.high()).isCloseTo(200 + 100 * 3.18 * Math.sqrt(1 / 3.0), within(1e-9));
    assertThat(total.low()).isCloseTo(200 - 100 * 3.18 * Math.sqrt(1 / 3.0), within(1e-9));
  }

  @Test
  void isSurestAtTheMeanLength() {
    LengthLine line = new LengthLine(new double[] {1, 2, 3, 4}, new double[] {1, 3, 2, 4});
    assertThat(width(line.total(10, 25))).isLessThan(width(line.total(10, 60)));
    assertThat(line.total(0, 0)).isEqualTo(Estimate.exactly(0));
    assertThat(new LengthLine(new double[] {3}, new double[] {9}).total(2, 6))
        .isEqualTo(Estimate.exactly(18));
  }

  private static double width(Estimate estimate) {
    return estimate.high() - estimate.low();
  }
}
