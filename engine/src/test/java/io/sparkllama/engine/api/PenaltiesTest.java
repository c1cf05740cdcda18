package io.sparkllama.engine.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PenaltiesTest {
  @Test
  void takesWhatLiesWithinTheBounds() {
    Map<Integer, Double> biases =
        IntStream.range(0, Penalties.MOST_BIASES)
            .boxed()
            .collect(Collectors.toMap(i -> i, i -> 1.0));
    assertThat(new Penalties(0.01, -2, 2, biases).logitBias()).isEqualTo(biases);
    assertThat(new Penalties(100, 2, -2, Map.of(0, -100.0, 5, 100.0)).logitBias().keySet())
        .containsExactly(0, 5);
  }

  @Test
  void refusesWhatLiesOutsideAndNamesIt() {
    for (double wrong : new double[] {0, -1, 0.009, 101, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused("repetition-penalty", wrong, 0, 0, Map.of());
    }
    for (double wrong : new double[] {-2.1, 2.1, Double.NaN, Double.NEGATIVE_INFINITY}) {
      refused("presence-penalty", 1, wrong, 0, Map.of());
      refused("frequency-penalty", 1, 0, wrong, Map.of());
    }
    refused("token ids of at least 0, not -1", 1, 0, 0, Map.of(-1, 1.0));
    refused("logit-bias must be between -100 and 100", 1, 0, 0, Map.of(1, 100.5));
    refused("(token 9)", 1, 0, 0, Map.of(9, Double.NaN));
    Map<Integer, Double> many =
        IntStream.rangeClosed(0, Penalties.MOST_BIASES)
            .boxed()
            .collect(Collectors.toMap(i -> i, i -> 1.0));
    refused("at most 1024 token ids, not 1025", 1, 0, 0, many);
  }

  private static void refused(
      String message,
      double repetition,
      double presence,
      double frequency,
      Map<Integer, Double> biases) {
    assertThatThrownBy(() -> new Penalties(repetition, presence, frequency, biases))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
