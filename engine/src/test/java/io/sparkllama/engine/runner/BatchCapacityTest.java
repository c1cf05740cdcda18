package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.Penalties;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchCapacityTest {
  @ParameterizedTest
  @CsvSource({
    "512, 512",
    "32000, 4096",
    "128256, 131072",
    "202048, 131072",
    "202048, 10485760",
    "65537, 65537"
  })
  void aStepHoldsTheAdjustmentsOfAnyRow(int vocabulary, int context) {
    int adjustments =
        BatchCapacity.of(EngineOptions.defaults(), vocabulary, 1, context, 16).adjustments();
    assertThat(adjustments)
        .isGreaterThanOrEqualTo(Math.min(vocabulary, context + Penalties.MOST_BIASES))
        .isLessThanOrEqualTo(Math.max(65_536, vocabulary));
  }
}
