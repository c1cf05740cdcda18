package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.jni.PackNatives;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PackedLayoutTest {
  @BeforeAll
  static void load() {
    NativeLibrary.load(Optional.empty());
  }

  @Test
  void isTheVersionThatNativeCodeWrites() {
    assertThat(PackedLayout.VERSION).isEqualTo(PackNatives.layoutVersion());
  }

  @ParameterizedTest
  @EnumSource
  void countsAsNativeCodeDoes(QuantizationType type) {
    for (long blocks = 1; blocks <= 600; blocks++) {
      long columns = blocks * type.blockSize();
      assertThat(PackedLayout.panelBytes(type, columns))
          .as("%s columns", columns)
          .isEqualTo(PackNatives.panelBytes(type.id(), columns))
          .isPositive();
    }
    long widest = Integer.MAX_VALUE / 256 * 256L;
    assertThat(PackedLayout.panelBytes(type, widest))
        .isEqualTo(PackNatives.panelBytes(type.id(), widest));
  }

  @ParameterizedTest
  @EnumSource
  void takesLittleMoreThanTheFile(QuantizationType type) {
    long fileBytes = 4096L / type.blockSize() * type.blockBytes() * 4096;
    assertThat((double) PackedLayout.matrixBytes(type, 4096, 4096) / fileBytes)
        .isBetween(1.0, 1.06);
  }
}
