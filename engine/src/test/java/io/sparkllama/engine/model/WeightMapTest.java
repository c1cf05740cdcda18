package io.sparkllama.engine.model;

import static io.sparkllama.engine.gguf.MetadataValue.ofString;
import static io.sparkllama.engine.gguf.MetadataValue.ofStrings;
import static io.sparkllama.engine.gguf.MetadataValue.ofUint32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightMapTest {
  @TempDir Path directory;

  private WeightMap weights(TinyModel model) throws IOException {
    GgufFile file = model.file(directory);
    return WeightMap.of(file, ModelConfig.of(file));
  }

  private void refuse(TinyModel model, String message) throws IOException {
    GgufFile file = model.file(directory);
    ModelConfig config = ModelConfig.of(file);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> WeightMap.of(file, config))
        .withMessageContaining(message)
        .withMessageContaining(file.parts().get(0).toString());
  }

  @Test
  void everyRoleOfEveryLayerIsFound() throws IOException {
    WeightMap weights = weights(new TinyModel());
    for (WeightRole role : EnumSet.range(WeightRole.ATTENTION_NORM, WeightRole.FEED_FORWARD_DOWN)) {
      assertThat(weights.tensor(role, 1).name()).isEqualTo(role.tensorName(1));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> weights.tensor(WeightRole.ROPE_FACTORS, 0))
        .withMessage("model has no ROPE_FACTORS");
  }

  @Test
  void theOutputMayBeTied() throws IOException {
    WeightMap tied = weights(new TinyModel());
    assertThat(tied.outputIsTied()).isTrue();
    assertThat(tied.tensor(WeightRole.OUTPUT, 0).name()).isEqualTo("token_embd.weight");
    WeightMap untied = weights(new TinyModel().tensor("output.weight", 8, 4));
    assertThat(untied.outputIsTied()).isFalse();
    assertThat(untied.tensor(WeightRole.OUTPUT, 0).name()).isEqualTo("output.weight");
  }

  @Test
  void missingTensorsAreListed() throws IOException {
    TinyModel model =
        new TinyModel().removeTensor("blk.0.attn_q.weight").removeTensor("output_norm.weight");
    refuse(model, "lacks tensors that llama needs: output_norm.weight, blk.0.attn_q.weight: ");
  }

  @Test
  void anOptionalWeightIsInAllLayersOrInNone() throws IOException {
    TinyModel model = new TinyModel().tensor("blk.1.attn_q.bias", 8);
    refuse(model, "lacks tensors that llama needs: blk.0.attn_q.bias: ");
    WeightMap weights = weights(model.tensor("blk.0.attn_q.bias", 8));
    for (int layer = 0; layer < 2; layer++) {
      assertThat(weights.tensor(WeightRole.ATTENTION_QUERY_BIAS, layer).name())
          .isEqualTo("blk." + layer + ".attn_q.bias");
    }
    assertThat(weights.optionalTensor(WeightRole.ATTENTION_KEY_BIAS, 0)).isEmpty();
  }

  @Test
  void aLongListOfMissingTensorsIsCutShort() throws IOException {
    TinyModel model = new TinyModel().set("llama.block_count", ofUint32(1024));
    refuse(model, "blk.6.attn_norm.weight and 9193 more: ");
  }

  @Test
  void tensorsThatWouldNotBeUsed() throws IOException {
    refuse(
        new TinyModel().tensor("blk.0.attn_q_norm.weight", 4),
        "has tensors that llama does not use: blk.0.attn_q_norm.weight: ");
    refuse(
        new TinyModel().set("llama.block_count", ofUint32(1)),
        "has tensors that llama does not use: blk.1.attn_norm.weight");
    assertThat(weights(new TinyModel().tensor("blk.0.attn_rot_embd.weight", 2))).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({
    "token_embd.weight, 8, 5, 8 x 4",
    "token_embd.weight, 4, 8, 8 x 4",
    "output.weight, 8, 3, 8 x 4",
    "blk.0.attn_q.weight, 8, 4, 8 x 8",
    "blk.1.attn_k.weight, 8, 8, 8 x 4",
    "blk.1.attn_v.weight, 4, 8, 8 x 4",
    "blk.0.attn_output.weight, 8, 9, 8 x 8",
    "blk.0.ffn_gate.weight, 12, 8, 8 x 12",
    "blk.0.ffn_up.weight, 8, 13, 8 x 12",
    "blk.0.ffn_down.weight, 8, 12, 12 x 8",
    "blk.0.ffn_norm.weight, 8, 2, 8",
    "output_norm.weight, 7, 1, 8",
    "rope_freqs.weight, 4, 1, 2",
  })
  void shapesAgainstHyperParameters(String name, long columns, long rows, String expected)
      throws IOException {
    String actual = columns + " x " + rows;
    refuse(
        new TinyModel().tensor(name, columns, rows),
        "tensor " + name + " has the shape " + actual + " but the metadata asks for " + expected);
  }

  /** Makes a model whose Q, K and V are one tensor, and gate and up another. */
  private static TinyModel fused() {
    TinyModel model = new TinyModel().architecture("phi3");
    for (String layer : List.of("blk.0.", "blk.1.")) {
      for (String part : List.of("attn_q", "attn_k", "attn_v", "ffn_gate")) {
        model.removeTensor(layer + part + ".weight");
      }
      model.tensor(layer + "attn_qkv.weight", QuantizationType.F16, 8, 16);
      model.tensor(layer + "ffn_up.weight", 8, 24);
    }
    return model;
  }

  @Test
  void aWeightMayBeSomeRowsOfATensor() throws IOException {
    GgufFile file = fused().file(directory);
    WeightMap weights = WeightMap.of(file, ModelConfig.of(file));
    long qkv = file.tensor("blk.1.attn_qkv.weight").orElseThrow().offset();
    assertPart(weights.tensor(WeightRole.ATTENTION_QUERY, 1), qkv, 8, 2);
    assertPart(weights.tensor(WeightRole.ATTENTION_KEY, 1), qkv + 8 * 8 * 2, 4, 2);
    assertPart(weights.tensor(WeightRole.ATTENTION_VALUE, 1), qkv + 12 * 8 * 2, 4, 2);
    long up = file.tensor("blk.1.ffn_up.weight").orElseThrow().offset();
    assertPart(weights.tensor(WeightRole.FEED_FORWARD_GATE, 1), up, 12, 4);
    assertPart(weights.tensor(WeightRole.FEED_FORWARD_UP, 1), up + 12 * 8 * 4, 12, 4);
  }

  private static void assertPart(TensorInfo part, long offset, long rows, int bytes) {
    assertThat(part.offset()).isEqualTo(offset);
    assertThat(part.dimensions()).containsExactly(8, rows);
    assertThat(part.byteSize()).isEqualTo(rows * 8 * bytes);
  }

  @Test
  void aTensorOfPartsIsCheckedAsAWhole() throws IOException {
    refuse(
        fused().tensor("blk.0.attn_qkv.weight", 8, 15),
        "tensor blk.0.attn_qkv.weight has the shape 8 x 15 but the metadata asks for 8 x 16");
    refuse(
        fused().tensor("blk.1.ffn_up.weight", 8, 12),
        "tensor blk.1.ffn_up.weight has the shape 8 x 12 but the metadata asks for 8 x 24");
    refuse(
        fused().removeTensor("blk.1.attn_qkv.weight"),
        "lacks tensors that phi3 needs: blk.1.attn_qkv.weight: ");
  }

  /** Makes a model of three experts, two used, whose tensors are added by the caller. */
  private static TinyModel routed() {
    TinyModel model =
        new TinyModel()
            .set("llama.expert_count", ofUint32(3))
            .set("llama.expert_used_count", ofUint32(2));
    for (String layer : List.of("blk.0.", "blk.1.")) {
      for (String part : List.of("ffn_gate", "ffn_up", "ffn_down")) {
        model.removeTensor(layer + part + ".weight");
      }
      model.tensor(layer + "ffn_gate_inp.weight", 8, 3);
    }
    return model;
  }

  private static TinyModel stacked() {
    TinyModel model = routed();
    for (String layer : List.of("blk.0.", "blk.1.")) {
      model.tensor(layer + "ffn_gate_exps.weight", QuantizationType.F16, 8, 12, 3);
      model.tensor(layer + "ffn_up_exps.weight", 8, 12, 3);
      model.tensor(layer + "ffn_down_exps.weight", 12, 8, 3);
    }
    return model;
  }

  private static TinyModel separate() {
    TinyModel model = routed();
    for (String layer : List.of("blk.0.", "blk.1.")) {
      for (int expert = 0; expert < 3; expert++) {
        model.tensor(layer + "ffn_gate." + expert + ".weight", QuantizationType.F16, 8, 12);
        model.tensor(layer + "ffn_up." + expert + ".weight", 8, 12);
        model.tensor(layer + "ffn_down." + expert + ".weight", 12, 8);
      }
    }
    return model;
  }

  @Test
  void expertsAreMatricesOfOneTensor() throws IOException {
    GgufFile file = stacked().file(directory);
    WeightMap weights = WeightMap.of(file, ModelConfig.of(file));
    long gate = file.tensor("blk.1.ffn_gate_exps.weight").orElseThrow().offset();
    List<TensorInfo> experts = weights.tensors(WeightRole.EXPERT_GATE, 1);
    assertThat(experts).hasSize(3);
    for (int expert = 0; expert < 3; expert++) {
      assertPart(experts.get(expert), gate + expert * 12 * 8 * 2, 12, 2);
    }
    assertThat(weights.tensors(WeightRole.EXPERT_DOWN, 0).get(2).dimensions())
        .containsExactly(12, 8);
    assertThat(weights.tensor(WeightRole.EXPERT_ROUTER, 1).dimensions()).containsExactly(8, 3);
    assertThat(weights.tensors(WeightRole.FEED_FORWARD_GATE, 0)).isEmpty();
    assertThat(weights.tensors(WeightRole.SHARED_EXPERT_ROUTER, 0)).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> weights.tensor(WeightRole.EXPERT_UP, 0))
        .withMessage("each expert has one: EXPERT_UP");
  }

  @Test
  void expertsMayHaveATensorEach() throws IOException {
    WeightMap weights = weights(separate());
    assertThat(weights.tensors(WeightRole.EXPERT_UP, 1))
        .extracting(TensorInfo::name)
        .containsExactly("blk.1.ffn_up.0.weight", "blk.1.ffn_up.1.weight", "blk.1.ffn_up.2.weight");
  }

  @Test
  void expertsThatDoNotFit() throws IOException {
    refuse(
        stacked().tensor("blk.0.ffn_up_exps.weight", 8, 12, 2),
        "tensor blk.0.ffn_up_exps.weight has the shape 8 x 12 x 2 but the metadata asks for"
            + " 8 x 12 x 3");
    refuse(
        separate().tensor("blk.1.ffn_up.2.weight", 8, 11),
        "tensor blk.1.ffn_up.2.weight has the shape 8 x 11 but the metadata asks for 8 x 12");
    refuse(
        stacked().removeTensor("blk.1.ffn_down_exps.weight"),
        "lacks tensors that llama needs: blk.1.ffn_down_exps.weight: ");
    refuse(
        separate().removeTensor("blk.1.ffn_down.1.weight"),
        "lacks tensors that llama needs: blk.1.ffn_down.1.weight: ");
    refuse(
        stacked().tensor("blk.0.ffn_gate.3.weight", 8, 12),
        "has tensors that llama does not use: blk.0.ffn_gate.3.weight: ");
    refuse(
        stacked().removeTensor("blk.0.ffn_gate_inp.weight"),
        "lacks tensors that llama needs: blk.0.ffn_gate_inp.weight: ");
  }

  @Test
  void moreExpertsThanTensorsAreNotNamedOneByOne() throws IOException {
    TinyModel model = separate().set("llama.expert_count", ofUint32(4096));
    model.tensor("blk.0.ffn_gate_inp.weight", 8, 4096).tensor("blk.1.ffn_gate_inp.weight", 8, 4096);
    refuse(
        model,
        "lacks tensors that llama needs: blk.0.ffn_gate_exps.weight, blk.1.ffn_gate_exps.weight, ");
  }

  @Test
  void aVocabularyOfAnotherSizeThanTheEmbedding() throws IOException {
    TinyModel model =
        new TinyModel().set("tokenizer.ggml.tokens", ofStrings(List.of("a", "b", "c")));
    refuse(model, "tensor token_embd.weight has the shape 8 x 4 but the metadata asks for 8 x 3");
  }

  @Test
  void trailingDimensionsOfOneAreNone() throws IOException {
    assertThat(weights(new TinyModel().tensor("output_norm.weight", 8, 1, 1))).isNotNull();
  }

  @Test
  void ropeFactorsAreReadByJavaAsF32() throws IOException {
    TinyModel model = new TinyModel().set("llama.rope.scaling.type", ofString("llama3"));
    assertThat(weights(model.tensor("rope_freqs.weight", 2)).tensor(WeightRole.ROPE_FACTORS, 0))
        .isNotNull();
    refuse(
        model.tensor("rope_freqs.weight", QuantizationType.F16, 2),
        "tensor rope_freqs.weight must be F32 but has type F16");
  }
}
