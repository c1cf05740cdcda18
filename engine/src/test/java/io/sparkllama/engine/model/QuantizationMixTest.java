package io.sparkllama.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.gguf.QuantizationType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuantizationMixTest {
  private static final QuantizationMix MIX = QuantizationMix.ofLabel("q4_k_m").orElseThrow();

  @Test
  void theUsualMixSpendsMoreBitsOnHalfOfTheLayersValuesAndLastMatrices() {
    List<Integer> finer = new ArrayList<>();
    for (int layer = 0; layer < 22; layer++) {
      QuantizationType down = MIX.typeOf(WeightRole.FEED_FORWARD_DOWN, layer, 22, false);
      assertThat(MIX.typeOf(WeightRole.ATTENTION_VALUE, layer, 22, false)).isEqualTo(down);
      if (down == QuantizationType.Q6_K) {
        finer.add(layer);
      }
    }

    // Those of TinyLlama's Q4_K_M file, as llama.cpp's quantizer makes it.
    assertThat(finer).containsExactly(0, 1, 4, 7, 10, 13, 16, 19, 20, 21);
    assertThat(MIX.typeOf(WeightRole.FEED_FORWARD_UP, 0, 22, false))
        .isEqualTo(QuantizationType.Q4_K);
    assertThat(MIX.fileType()).isEqualTo(15);
  }

  @Test
  void theOutputMatrixIsFinerWhereverItIs() {
    assertThat(MIX.typeOf(WeightRole.OUTPUT, 0, 22, false)).isEqualTo(QuantizationType.Q6_K);
    assertThat(MIX.typeOf(WeightRole.TOKEN_EMBEDDING, 0, 22, false))
        .isEqualTo(QuantizationType.Q4_K);
    assertThat(MIX.typeOf(WeightRole.TOKEN_EMBEDDING, 0, 16, true))
        .isEqualTo(QuantizationType.Q6_K);
  }

  @Test
  void aTypeAloneIsForAllMatrices() {
    QuantizationMix alone = QuantizationMix.ofLabel("Q8_0").orElseThrow();

    for (WeightRole role : WeightRole.values()) {
      assertThat(alone.typeOf(role, 0, 22, true)).isEqualTo(QuantizationType.Q8_0);
    }
    assertThat(QuantizationMix.labels()).contains("F16", "IQ4_XS", "Q4_K_M", "Q5_K_M");
    assertThat(QuantizationMix.ofLabel("Q4_K_L")).isEmpty();
  }
}
