package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowKeysTest {
  /** Expected: the head of {@code printf '\001\000\000\000\001a\000' | sha256sum}. */
  @Test
  void hashesTagsLengthsAndBytes() {
    assertThat(RowKeys.text(RowKeys.derive(Arrays.asList("a", null))))
        .isEqualTo("817f71ba32af653fd7e80e138944f679");
  }

  @Test
  void tellsBordersAndNullsApart() {
    List<List<String>> texts =
        List.of(
            List.of("ab", "c"),
            List.of("a", "bc"),
            List.of("abc"),
            List.of("abc", ""),
            Arrays.asList("abc", null),
            Arrays.asList(null, "abc"));
    assertThat(texts.stream().map(RowKeys::derive).distinct()).hasSize(texts.size());
  }
}
