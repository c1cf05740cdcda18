package io.sparkllama.job.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EstimateTest {
  @Test
  void aShareOfNoneMayStillBeSome() {
    Estimate none = Estimate.share(0, 100);
    double z2 = 1.96 * 1.96;
    assertThat(none.value()).isZero();
    assertThat(none.low()).isZero();
    assertThat(none.high()).isCloseTo(z2 / (100 + z2), within(1e-12)); // Wilson at no hits
    Estimate half = Estimate.share(50, 100);
    assertThat(half.high() - 0.5).isCloseTo(0.5 - half.low(), within(1e-12));
    assertThat(half.high()).isCloseTo(0.5 + 0.5 * 1.96 / Math.sqrt(100 + z2), within(1e-12));
  }

  @Test
  void errorsThatAreIndependentAddUpLikeTheSidesOfATriangle() {
    assertThat(Estimate.within(10, 3).plus(Estimate.within(20, 4)))
        .isEqualTo(new Estimate(30, 25, 35));
    assertThat(Estimate.within(10, 3).plus(5)).isEqualTo(new Estimate(15, 12, 18));
    assertThat(Estimate.within(10, 3).times(2).between(0, 25)).isEqualTo(new Estimate(20, 14, 25));
  }

  @Test
  void studentsFactorFallsToTheNormalOne() {
    assertThat(Estimate.t95(1)).isEqualTo(12.71);
    assertThat(Estimate.t95(15)).isEqualTo(2.13);
    assertThat(Estimate.t95(30)).isCloseTo(2.04, within(0.01)); // as tables have it
    for (int degrees = 1; degrees < 100; degrees++) {
      assertThat(Estimate.t95(degrees + 1)).isLessThan(Estimate.t95(degrees)).isGreaterThan(1.96);
    }
  }
}
