package io.sparkllama.job.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeadLetterLimitTest {
  @Test
  void aShareIsAllowedAndAFewInAnyCase() {
    DeadLetterLimit limit = new DeadLetterLimit(0.1);
    assertThat(limit.most(0)).isEqualTo(20);
    assertThat(limit.most(20_999)).isEqualTo(20);
    assertThat(limit.most(21_000)).isEqualTo(21);
    assertThat(limit.most(10_000_000)).isEqualTo(10_000);
    assertThat(new DeadLetterLimit(0).most(10_000_000)).isEqualTo(20);
    assertThat(new DeadLetterLimit(100).most(5_000)).isEqualTo(5_000);
  }
}
