package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DeadLetterListTest {
  /** A key may hold what acts on a terminal, or looks like another line. */
  @Test
  void keysAreShownAsStringsOfJson() {
    assertThat(DeadLetterList.shown(List.of("a, b", "\"c\"\n", "d\u001b[2J\u009b\u202e", "\u00e9")))
        .isEqualTo("[\"a, b\",\"\\\"c\\\"\\n\",\"d\\u001B[2J\\u009b\\u202e\",\"\u00e9\"]");
  }
}
