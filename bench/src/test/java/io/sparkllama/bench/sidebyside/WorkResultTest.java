package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class WorkResultTest {
  private final WorkResult result = new WorkResult(new Work.Prefill(100));

  @Test
  void aRatioIsTakenWithinEachRound() {
    addRound(1, 2);
    addRound(2, 5);
    addRound(4, 16);

    assertThat(result.ratio("ours", "other")).contains(new Distribution(2.5, 2, 4, 3));
    assertThat(result.tokensPerSecond("ours")).contains(new Distribution(50, 25, 100, 3));
  }

  @Test
  void theMedianOfRatiosIsNotTheRatioOfMedians() {
    addRound(1, 8);
    addRound(8, 16);
    addRound(2, 2);

    // Of the medians, 2 and 8 seconds, it would be 4.
    assertThat(result.ratio("ours", "other").orElseThrow().median()).isEqualTo(2);
  }

  @Test
  void roundsThatOneOfTwoMissedHaveNoRatio() {
    addRound(1, 2);
    result.addRound(Map.of("ours", Turn.of(new Reply.Measured(1, 100))));
    result.fail("other", "it ended");

    assertThat(result.rounds()).isEqualTo(2);
    assertThat(result.turns("other")).hasSize(1);
    assertThat(result.ratio("ours", "other")).contains(new Distribution(2, 2, 2, 1));
    assertThat(result.ratio("ours", "nobody")).isEmpty();
    assertThat(result.tokensPerSecond("nobody")).isEmpty();
    assertThat(result.failures()).containsExactly(Map.entry("other", "it ended"));
  }

  private void addRound(double oursSeconds, double otherSeconds) {
    result.addRound(
        Map.of(
            "ours", Turn.of(new Reply.Measured(oursSeconds, 100)),
            "other", Turn.of(new Reply.Measured(otherSeconds, 100))));
  }
}
