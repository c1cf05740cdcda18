package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds which ways of turning positions are imported, and which are refused by their key. */
class RopeImportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private GgufFile imported(String checkpoint, Consumer<ObjectNode> change) throws IOException {
    Path source = Path.of("src/test/resources", checkpoint);
    Path copy = Files.createDirectories(directory.resolve(source.getFileName()));
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(copy.resolve(file.getFileName()));
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path config = copy.resolve("config.json");
    ObjectNode values = (ObjectNode) JSON.readTree(config.toFile());
    change.accept(values);
    JSON.writeValue(config.toFile(), values);
    Path file = directory.resolve("out.gguf");
    new ModelImporter(copy, Optional.empty()).write(file, (done, all) -> {});
    return GgufFile.read(file);
  }

  private void refuse(String checkpoint, Consumer<ObjectNode> change, String message) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> imported(checkpoint, change))
        .withMessageContaining("the key " + message)
        .withMessageContaining("config.json");
    assertThat(directory.resolve("out.gguf")).doesNotExist();
  }

  private static ObjectNode rope(ObjectNode config) {
    return (ObjectNode) config.get("rope_parameters");
  }

  @ParameterizedTest
  @CsvSource({
    "importer/llama3, original_max_position_embeddings, -1",
    "importer/llama3, original_max_position_embeddings, 0",
    "importer/llama3, factor, 1e300",
    "importer/llama3, factor, 0",
    "importer/llama3, low_freq_factor, -1",
    "importer/llama3, rope_theta, 1e39",
    "importer/llama3, rope_theta, 1e-50",
    "importer/linear, factor, 1e300",
    "importer/linear, factor, 1e-300",
    "family/phi3-longrope, attention_factor, -1",
    "family/phi3-longrope, attention_factor, 1e39",
  })
  void numbersThatMustBePositiveIn32Bits(String checkpoint, String key, double value) {
    refuse(
        checkpoint,
        config -> {
          if (!config.has("rope_parameters")) {
            config.set("rope_parameters", config.remove("rope_scaling"));
          }
          rope(config).put(key, value);
        },
        "rope_parameters." + key + " must be positive, and a number of 32 bits, but is " + value);
  }

  @ParameterizedTest
  @CsvSource({
    "importer/llama3, rms_norm_eps, 1e300",
    "importer/llama3, rms_norm_eps, 0",
    "family/gemma2, query_pre_attn_scalar, 1e300",
    "family/gemma2, final_logit_softcapping, 1e300",
    "family/falcon-7b, layer_norm_epsilon, 1e39",
  })
  void otherNumbersOf32Bits(String checkpoint, String key, double value) {
    refuse(checkpoint, config -> config.put(key, value), key + " must be positive, and a number");
  }

  @Test
  void yarnIsRefused() {
    refuse(
        "importer/llama3",
        config -> rope(config).put("rope_type", "yarn"),
        "rope_parameters.rope_type names a stretching that is not supported");
    refuse(
        "importer/llama3",
        config -> {
          config.remove("rope_parameters");
          config.putObject("rope_scaling").put("type", "yarn").put("factor", 4);
        },
        "rope_scaling.rope_type names a stretching that is not supported");
  }

  @ParameterizedTest
  @CsvSource({
    "importer/llama3",
    "importer/qwen2",
    "family/qwen3",
    "family/mixtral",
    "family/olmo2",
    "family/smollm3",
    "family/gemma",
    "family/gemma3",
    "family/falcon-7b",
  })
  void partOfAHeadIsTurnedInPhi3Alone(String checkpoint) {
    refuse(
        checkpoint,
        config -> {
          config.put("partial_rotary_factor", 0.5);
          if (config.has("rope_parameters") && !rope(config).has("full_attention")) {
            rope(config).put("partial_rotary_factor", 0.5);
          }
        },
        "partial_rotary_factor must be 1 in a model of this family, but is 0.5");
  }

  @Test
  void partsOfPhi3sHeads() throws IOException {
    String phi3 = "family/phi3-longrope";
    assertThat(imported(phi3, config -> {}).metadata().integer("phi3.rope.dimension_count"))
        .isEqualTo(6);
    Files.delete(directory.resolve("out.gguf"));
    refuse(
        phi3,
        config -> rope(config).put("partial_rotary_factor", 0.01),
        "partial_rotary_factor is 0.01, which turns nothing of a head's 8");
  }
}
