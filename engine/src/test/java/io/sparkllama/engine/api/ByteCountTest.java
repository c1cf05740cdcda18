package io.sparkllama.engine.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteCountTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1610612736, 1.5 GiB",
    "9223372036854775807, 8388608.0 TiB"
  })
  void takesTheLargestUnitThatFits(long bytes, String text) {
    assertThat(ByteCount.readable(bytes)).isEqualTo(text);
  }
}
