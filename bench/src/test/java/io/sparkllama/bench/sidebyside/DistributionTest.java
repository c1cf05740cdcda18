package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class DistributionTest {
  @Test
  void theMedianIsTheMiddleValue() {
    assertThat(Distribution.of(List.of(9.0, 1.0, 2.0))).isEqualTo(new Distribution(2, 1, 9, 3));
    assertThat(Distribution.of(List.of(5.0))).isEqualTo(new Distribution(5, 5, 5, 1));
  }

  @Test
  void theMedianOfAnEvenCountLiesBetweenTheTwoInTheMiddle() {
    assertThat(Distribution.of(List.of(4.0, 1.0, 100.0, 2.0)))
        .isEqualTo(new Distribution(3, 1, 100, 4));
  }

  @Test
  void noValuesHaveNoMedian() {
    assertThatThrownBy(() -> Distribution.of(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
