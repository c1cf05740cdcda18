package io.sparkllama.engine.model;

import static io.sparkllama.engine.gguf.MetadataValue.ofFloat32;
import static io.sparkllama.engine.gguf.MetadataValue.ofInt32;
import static io.sparkllama.engine.gguf.MetadataValue.ofInt32s;
import static io.sparkllama.engine.gguf.MetadataValue.ofString;
import static io.sparkllama.engine.gguf.MetadataValue.ofStrings;
import static io.sparkllama.engine.gguf.MetadataValue.ofUint32;
import static io.sparkllama.engine.gguf.MetadataValue.ofUint64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.MetadataValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
  @TempDir Path directory;

  private ModelConfig config(TinyModel model) throws IOException {
    return ModelConfig.of(model.file(directory));
  }

  private RopeScaling scaling(TinyModel model) throws IOException {
    return config(model).rope().tables().get(0).scaling();
  }

  private void refuse(TinyModel model, String message) throws IOException {
    var file = model.file(directory);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> ModelConfig.of(file))
        .withMessageContaining(message)
        .withMessageContaining(file.parts().get(0).toString());
  }

  private void refuse(String key, MetadataValue value, String message) throws IOException {
    refuse(new TinyModel().set(key, value), "metadata key " + key + " " + message);
  }

  @Test
  void defaultsOfAbsentKeys() throws IOException {
    ModelConfig config = config(new TinyModel().remove("llama.attention.head_count_kv"));
    assertThat(config.attention().kvHeadCount()).isEqualTo(2);
    assertThat(config.attention().headDimension()).isEqualTo(4);
    assertThat(config.rope().dimension()).isEqualTo(4);
    assertThat(config.rope().tables())
        .containsExactly(new ModelConfig.RopeTable(10_000, new RopeScaling.None()));
    assertThat(config.layers()).containsOnly(new ModelConfig.Layer(0, 0)).hasSize(2);
    assertThat(config.attention().scale()).isEqualTo(0.5);
  }

  @Test
  void keysOfAnyIntegerWidth() throws IOException {
    TinyModel model =
        new TinyModel()
            .set("llama.block_count", ofUint64(2))
            .set("llama.context_length", ofInt32(32));
    assertThat(config(model).layerCount()).isEqualTo(2);
    assertThat(config(model).contextLength()).isEqualTo(32);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "general.architecture",
        "llama.block_count",
        "llama.context_length",
        "llama.embedding_length",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon"
      })
  void requiredKeysMissing(String key) throws IOException {
    refuse(new TinyModel().remove(key), "metadata key " + key + " is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama.block_count", "llama.attention.head_count", "llama.context_length"})
  void requiredKeysOfAWrongType(String key) throws IOException {
    refuse(key, ofString("8"), "must be an integer but is of type string");
    refuse(key, ofInt32s(8, 8), "must be an integer but is of type array of int32");
    refuse(key, ofFloat32(8), "must be an integer but is of type float32");
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen", "starcoder", "bert", "LLAMA", ""})
  void architecturesThatDoNotRun(String name) throws IOException {
    refuse(
        "general.architecture",
        ofString(name),
        "names "
            + name
            + ", which is not supported (supported: "
            + String.join(", ", Architectures.ids())
            + ")");
  }

  private static TinyModel experts(String architecture) {
    return new TinyModel()
        .architecture(architecture)
        .set(architecture + ".expert_count", ofUint32(8))
        .set(architecture + ".expert_used_count", ofUint32(2));
  }

  @Test
  void mixtureOfExperts() throws IOException {
    assertThat(config(new TinyModel().set("llama.expert_count", ofUint32(0))).feedForward())
        .isEqualTo(ModelConfig.FeedForward.of(12));
    assertThat(config(experts("llama")).feedForward())
        .isEqualTo(
            ModelConfig.FeedForward.of(
                new ModelConfig.Experts(8, 2, 12, ModelConfig.ExpertWeighting.AMONG_CHOSEN), 0));
    refuse(
        experts("qwen2"),
        "metadata key qwen2.expert_count is 8: a mixture of experts is not supported in qwen2");
  }

  @Test
  void expertsOfQwenHaveAWidthOfTheirOwn() throws IOException {
    assertThat(config(experts("qwen3moe")).feedForward())
        .as("as files of early converters have it")
        .isEqualTo(
            ModelConfig.FeedForward.of(
                new ModelConfig.Experts(8, 2, 6, ModelConfig.ExpertWeighting.AMONG_CHOSEN), 0));
    TinyModel shared =
        experts("qwen2moe")
            .set("qwen2moe.expert_feed_forward_length", ofUint32(4))
            .set("qwen2moe.expert_shared_feed_forward_length", ofUint32(10));
    assertThat(config(shared).feedForward())
        .isEqualTo(
            ModelConfig.FeedForward.of(
                new ModelConfig.Experts(8, 2, 4, ModelConfig.ExpertWeighting.AMONG_ALL), 10));
  }

  @ParameterizedTest
  @CsvSource({
    "expert_count, 4097, must be 1 to 4096 but is 4097",
    "expert_used_count, 0, must be 1 to 4096 but is 0",
    "expert_used_count, 9, 'is 9, which is more than the 8 experts'",
    "leading_dense_block_count, 1, 'is 1, which is not supported'",
    "expert_group_count, 4, 'is 4, which is not supported'",
    "expert_gating_func, 2, 'is 2, which is not supported (supported: 1)'",
  })
  void expertsThatTheForwardPassDoesNotHave(String key, int value, String message)
      throws IOException {
    refuse(
        experts("llama").set("llama." + key, ofUint32(value)),
        "metadata key llama." + key + " " + message);
  }

  @Test
  void expertsOfAllLayersAreBounded() throws IOException {
    TinyModel model = experts("llama").set("llama.expert_count", ofUint32(4096));
    assertThat(config(model.set("llama.block_count", ofUint32(16)))).isNotNull();
    refuse(
        model.set("llama.block_count", ofUint32(17)),
        "metadata key llama.expert_count is 4096 in each of 17 layers; all together must be at"
            + " most 65536");
  }

  @Test
  void weightsOfExpertsAreNotScaled() throws IOException {
    TinyModel model = experts("llama").set("llama.expert_weights_scale", ofFloat32(2.5f));
    refuse(model, "metadata key llama.expert_weights_scale is 2.5: not supported");
    assertThat(config(model.set("llama.expert_weights_scale", ofFloat32(1)))).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({
    "llama.block_count, 0, 1024",
    "llama.block_count, 1025, 1024",
    "llama.block_count, -1, 1024",
    "llama.context_length, 0, 16777216",
    "llama.context_length, 16777217, 16777216",
    "llama.context_length, -2147483648, 16777216",
    "llama.embedding_length, 0, 262144",
    "llama.embedding_length, 262145, 262144",
    "llama.feed_forward_length, 0, 1048576",
    "llama.feed_forward_length, 2147483647, 1048576",
    "llama.attention.head_count, 0, 4096",
    "llama.attention.head_count, 4097, 4096",
    "llama.attention.head_count_kv, 0, 4096",
    "llama.attention.key_length, 0, 4096",
    "llama.attention.key_length, 4097, 4096",
    "llama.rope.dimension_count, 0, 4096",
  })
  void numbersOutOfRange(String key, int value, int max) throws IOException {
    refuse(key, ofInt32(value), "must be 1 to " + max + " but is " + value);
  }

  @Test
  void numbersBeyond32Bits() throws IOException {
    refuse("llama.block_count", ofUint32(4294967295L), "is out of range (4294967295)");
    refuse("llama.context_length", ofUint64(-1), "is out of range (18446744073709551615)");
  }

  @Test
  void headsThatDoNotDivide() throws IOException {
    refuse("llama.attention.head_count", ofUint32(3), "is 3, which does not divide the embedding");
    TinyModel model =
        new TinyModel()
            .set("llama.attention.head_count", ofUint32(4))
            .set("llama.attention.head_count_kv", ofUint32(3));
    refuse(model, "llama.attention.head_count_kv is 3, which does not divide the 4 heads");
    refuse("llama.attention.head_count_kv", ofUint32(4), "is 4, which does not divide the 2 heads");
  }

  @Test
  void aHeadsWidthMayDifferFromItsShareOfTheEmbedding() throws IOException {
    TinyModel model =
        new TinyModel()
            .set("llama.attention.head_count", ofUint32(3))
            .set("llama.attention.head_count_kv", ofUint32(3))
            .set("llama.attention.key_length", ofUint32(6))
            .set("llama.attention.value_length", ofUint32(6));
    assertThat(config(model).attention().headDimension()).isEqualTo(6);
    refuse(
        model.set("llama.attention.value_length", ofUint32(4)),
        "llama.attention.value_length is 4 but keys have 6");
  }

  @Test
  void ropeDimensionOddOrTooLarge() throws IOException {
    refuse("llama.rope.dimension_count", ofUint32(3), "must be even and at most");
    refuse("llama.rope.dimension_count", ofUint32(6), "must be even and at most");
    TinyModel partial = new TinyModel().set("llama.rope.dimension_count", ofUint32(2));
    assertThat(config(partial).rope().dimension()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, -0f, -1f, Float.NaN, Float.POSITIVE_INFINITY})
  void epsilonAndBaseMustBePositive(float value) throws IOException {
    String message = "must be a positive number but is " + (double) value;
    refuse("llama.attention.layer_norm_rms_epsilon", ofFloat32(value), message);
    refuse("llama.rope.freq_base", ofFloat32(value), message);
    TinyModel scaled = new TinyModel().set("llama.rope.scaling.type", ofString("linear"));
    refuse(
        scaled.set("llama.rope.scaling.factor", ofFloat32(value)),
        "llama.rope.scaling.factor " + message);
  }

  @Test
  void linearScaling() throws IOException {
    TinyModel model = new TinyModel().set("llama.rope.scaling.type", ofString("linear"));
    refuse(model, "metadata key llama.rope.scaling.factor is missing");
    model.set("llama.rope.scaling.factor", ofFloat32(4));
    assertThat(scaling(model)).isEqualTo(new RopeScaling.Linear(4));
    TinyModel old = new TinyModel().set("llama.rope.scale_linear", ofFloat32(2));
    assertThat(scaling(old)).isEqualTo(new RopeScaling.Linear(2));
  }

  @Test
  void llama3Scaling() throws IOException {
    TinyModel model = new TinyModel().set("llama.rope.scaling.type", ofString("llama3"));
    refuse(model, "is llama3 but there is no tensor rope_freqs.weight");
    model.tensor("rope_freqs.weight", 2);
    assertThat(scaling(model)).isEqualTo(new RopeScaling.Factors());
    model.remove("llama.rope.scaling.type");
    assertThat(scaling(model)).isEqualTo(new RopeScaling.Factors());
    model.set("llama.rope.scaling.type", ofString("linear"));
    refuse(model, "is linear and there is a tensor rope_freqs.weight too");
  }

  @Test
  void longRopeScaling() throws IOException {
    TinyModel model = new TinyModel().set("llama.rope.scaling.type", ofString("longrope"));
    refuse(model, "is longrope but there is no tensor rope_factors_long.weight");
    model.tensor("rope_factors_long.weight", 2);
    refuse(model, "metadata key llama.rope.scaling.original_context_length is missing");
    model.set("llama.rope.scaling.original_context_length", ofUint32(8));
    assertThat(scaling(model)).isEqualTo(new RopeScaling.LongFactors(8, 1));
    model.remove("llama.rope.scaling.type"); // converters write none
    model.set("llama.rope.scaling.attn_factor", ofFloat32(1.5f));
    assertThat(scaling(model)).isEqualTo(new RopeScaling.LongFactors(8, 1.5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"yarn", "dynamic", ""})
  void scalingOfAnotherType(String type) throws IOException {
    refuse(
        "llama.rope.scaling.type",
        ofString(type),
        "is " + type + ", which is not supported (supported: none, linear, llama3, longrope)");
  }

  @Test
  void slidingWindow() throws IOException {
    TinyModel model = new TinyModel().set("llama.attention.sliding_window", ofUint32(4096));
    assertThat(config(model).layers()).containsOnly(new ModelConfig.Layer(4096, 0));
    refuse("llama.attention.sliding_window", ofInt32(-1), "must be 0 to");
  }

  @Test
  void theVocabularyDecidesItsSize() throws IOException {
    assertThat(config(new TinyModel().set("llama.vocab_size", ofUint32(99))).vocabularySize())
        .isEqualTo(4);
    TinyModel bare = new TinyModel().remove("tokenizer.ggml.tokens");
    refuse(bare, "metadata key llama.vocab_size is missing");
    assertThat(config(bare.set("llama.vocab_size", ofUint32(99))).vocabularySize()).isEqualTo(99);
    refuse("tokenizer.ggml.tokens", ofStrings(List.of()), "must have 1 to");
  }

  @Test
  void tensorDataLayout() throws IOException {
    String key = "llama.tensor_data_layout";
    assertThat(config(new TinyModel().set(key, ofString("Meta AI original pth")))).isNotNull();
    refuse(
        key,
        ofString("interleaved"),
        "is \"interleaved\", which is not supported (supported: reference, Meta AI original pth,"
            + " jploski)");
  }
}
