package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
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

/** Holds what checkpoints of many experts become, and what is refused. */
class ExpertImportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private GgufFile imported(
      String family, Optional<QuantizationType> type, Consumer<ObjectNode> change)
      throws IOException {
    Path copy = Files.createDirectories(directory.resolve(family));
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/family", family))) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(copy.resolve(file.getFileName()));
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path config = copy.resolve("config.json");
    ObjectNode values = (ObjectNode) JSON.readTree(config.toFile());
    change.accept(values);
    JSON.writeValue(config.toFile(), values);
    Path file = directory.resolve(family + ".gguf");
    new ModelImporter(copy, type).write(file, (done, all) -> {});
    return GgufFile.read(file);
  }

  private static TensorInfo tensor(GgufFile file, String name) {
    return file.tensor(name).orElseThrow();
  }

  @Test
  void expertsAreStackedAndRoutersStayPrecise() throws IOException {
    GgufFile mixtral = imported("mixtral", Optional.of(QuantizationType.F16), config -> {});
    assertThat(mixtral.metadata().string("general.architecture")).isEqualTo("llama");
    assertThat(mixtral.metadata().integer("llama.expert_count")).isEqualTo(8);
    assertThat(mixtral.metadata().integer("llama.expert_used_count")).isEqualTo(2);
    assertThat(mixtral.metadata().integer("llama.feed_forward_length")).isEqualTo(64);
    TensorInfo down = tensor(mixtral, "blk.1.ffn_down_exps.weight");
    assertThat(down.dimensions()).containsExactly(64, 32, 8);
    assertThat(down.type()).isEqualTo(QuantizationType.F16);
    TensorInfo router = tensor(mixtral, "blk.1.ffn_gate_inp.weight");
    assertThat(router.dimensions()).containsExactly(32, 8);
    assertThat(router.type()).isEqualTo(QuantizationType.F32);
    assertThat(mixtral.tensor("blk.0.ffn_gate.weight")).isEmpty();
  }

  @Test
  void qwenSaysTheWidthsOfItsExperts() throws IOException {
    // Hubs have num_experts, newer writers num_local_experts.
    GgufFile routed =
        imported(
            "qwen3-moe",
            Optional.empty(),
            config -> config.set("num_experts", config.remove("num_local_experts")));
    assertThat(routed.metadata().integer("qwen3moe.expert_count")).isEqualTo(6);
    assertThat(routed.metadata().integer("qwen3moe.expert_feed_forward_length")).isEqualTo(24);
    assertThat(routed.metadata().value("qwen3moe.expert_shared_feed_forward_length")).isEmpty();
    GgufFile shared = imported("qwen2-moe", Optional.empty(), config -> {});
    assertThat(shared.metadata().integer("qwen2moe.expert_shared_feed_forward_length"))
        .isEqualTo(40);
    assertThat(tensor(shared, "blk.0.ffn_up_shexp.weight").dimensions()).containsExactly(32, 40);
    assertThat(tensor(shared, "blk.0.ffn_gate_inp_shexp.weight").type())
        .isEqualTo(QuantizationType.F32);
  }

  @ParameterizedTest
  @CsvSource({
    "mixtral, num_experts_per_tok, 9, num_experts_per_tok must be 1 to 8 but is 9",
    "mixtral, num_experts_per_tok, 0, num_experts_per_tok must be 1 to 8 but is 0",
    "mixtral, num_local_experts, 5000, num_local_experts must be 1 to 4096 but is 5000",
    "mixtral, num_local_experts, 9, model.layers.0.block_sparse_moe.gate.weight",
    "mixtral, num_local_experts, 7, model.layers.0.block_sparse_moe.gate.weight",
    "mixtral, intermediate_size, 65, model.layers.0.block_sparse_moe.experts.0.w1.weight",
    "qwen3-moe, moe_intermediate_size, 25, model.layers.0.mlp.experts.0.gate_proj.weight",
    "qwen3-moe, decoder_sparse_step, 2, decoder_sparse_step",
    "qwen2-moe, shared_expert_intermediate_size, 41, model.layers.0.mlp.shared_expert",
  })
  void numbersThatDoNotFit(String family, String key, int value, String message) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> imported(family, Optional.empty(), config -> config.put(key, value)))
        .withMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({"mixtral, num_local_experts, 65", "qwen3-moe, num_local_experts, 57"})
  void moreExpertsThanTensorsAreCountedNotNamed(String family, String key, int tensors) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                imported(
                    family,
                    Optional.empty(),
                    config -> config.put(key, 4096).put("num_hidden_layers", 1024)))
        .withMessageContaining("more tensors of experts than the checkpoint has")
        .withMessageContaining(
            "12582912 of 4096 experts in each of 1024 layers, but there are " + tensors);
  }

  @ParameterizedTest
  @CsvSource({"qwen3-moe, false", "qwen2-moe, true"})
  void weightsAsNoModelOfTheFamilyHasThem(String family, boolean normalized) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                imported(
                    family, Optional.empty(), config -> config.put("norm_topk_prob", normalized)))
        .withMessageContaining("norm_topk_prob is " + normalized);
  }

  @Test
  void layersWithoutExperts() {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                imported(
                    "qwen3-moe",
                    Optional.empty(),
                    config -> config.putArray("mlp_only_layers").add(1)))
        .withMessageContaining("mlp_only_layers names layers without experts");
  }
}
