package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import org.junit.jupiter.api.Test;

class PackedPlanTest {
  @Test
  void refusesRowsOfWhichAPanelWouldTakeTooMuchMemory() {
    assertThatCode(() -> PackedPlan.requirePackable(ofColumns(2 << 20))).doesNotThrowAnyException();
    assertThatThrownBy(() -> PackedPlan.requirePackable(ofColumns((2 << 20) + 256)))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("blk.0.ffn_down.weight")
        .hasMessageContaining("2097408 columns");
  }

  private static TensorInfo ofColumns(long columns) {
    long bytes = columns / 256 * QuantizationType.Q4_K.blockBytes();
    return new TensorInfo(
        "blk.0.ffn_down.weight", QuantizationType.Q4_K, new long[] {columns, 1}, 0, 0, bytes);
  }
}
