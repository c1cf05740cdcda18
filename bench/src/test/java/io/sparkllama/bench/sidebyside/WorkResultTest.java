package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WorkResultTest {
  @Test
  void takesMediansAndTheSpread() {
    assertThat(Distribution.of(List.of(3.0, 1.0, 2.0)))
        .isEqualTo(new Distribution(2.0, 1.0, 3.0, 3));
    assertThat(Distribution.of(List.of(4.0, 1.0, 2.0, 3.0)).median()).isEqualTo(2.5);
    assertThatThrownBy(() -> Distribution.of(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void takesRatiosWithinARound() {
    WorkResult result = new WorkResult(new Work.Prefill(100));
    result.addRound(Map.of("a", measured(1), "b", measured(2)));
    result.addRound(Map.of("a", measured(10), "b", measured(30)));
    result.addRound(Map.of("a", measured(1), "b", measured(4)));
    // In one round b was gone: it has no part in the ratio.
    result.addRound(Map.of("a", measured(1)));
    assertThat(result.ratio("a", "b")).contains(new Distribution(3, 2, 4, 3));
    assertThat(result.tokensPerSecond("a")).contains(new Distribution(100, 10, 100, 4));
    assertThat(result.tokensPerSecond("c")).isEmpty();
    assertThat(result.ratio("a", "c")).isEmpty();
  }

  private static Reply.Measured measured(double seconds) {
    return new Reply.Measured(seconds, 100);
  }
}
