package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.RowKey;
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

  /** Expected: the head of the SHA-256 of 02, the bytes 00 to 0f, 00000001 and 00000003. */
  @Test
  void callsOfARowHaveKeysOfTheirOwn() {
    RowKey row = new RowKey(0x0001020304050607L, 0x08090a0b0c0d0e0fL);
    assertThat(RowKeys.text(RowKeys.ofCall(row, 1, 3)))
        .isEqualTo("233cea2ebabaf6a76c64d072f80db42e");
    assertThat(RowKeys.ofCall(row, 1, 3))
        .isNotEqualTo(RowKeys.ofCall(row, 3, 1))
        .isNotEqualTo(RowKeys.ofCall(row, 1, 2));
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
