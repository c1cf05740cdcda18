package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds what the config.json of Gemma and Falcon, of any age, becomes, and what is refused. */
class GemmaAndFalconImportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private Path checkpoint(String family, Consumer<ObjectNode> change) throws IOException {
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
    return copy;
  }

  private GgufMetadata imported(String family, Consumer<ObjectNode> change) throws IOException {
    Path file = directory.resolve(family + ".gguf");
    new ModelImporter(checkpoint(family, change), Optional.empty()).write(file, (done, all) -> {});
    return GgufFile.read(file).metadata();
  }

  private void refuse(String family, Consumer<ObjectNode> change, String message)
      throws IOException {
    Path checkpoint = checkpoint(family, change);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                new ModelImporter(checkpoint, Optional.empty())
                    .write(directory.resolve("refused.gguf"), (done, all) -> {}))
        .withMessageContaining(message);
  }

  @Test
  void gemma3OfBothAgesOfConfig() throws IOException {
    GgufMetadata now = imported("gemma3", config -> {});
    assertThat(now.floatingPoint("gemma3.rope.freq_base")).isEqualTo(1e6);
    assertThat(now.floatingPoint("gemma3.rope.freq_base_swa")).isEqualTo(1e4);
    assertThat(now.string("gemma3.rope.scaling.type")).isEqualTo("linear");
    assertThat(now.floatingPoint("gemma3.rope.scaling.factor")).isEqualTo(8);
    assertThat(now.integer("gemma3.attention.sliding_window")).isEqualTo(24);
    assertThat(now.value("gemma3.attention.sliding_window_pattern")).isEmpty();
    assertThat(now.value("gemma3.attention.scale")).isEmpty();
    GgufMetadata before =
        imported(
            "gemma3",
            config -> {
              config.remove(List.of("rope_parameters", "layer_types"));
              config.put("rope_theta", 5e5).put("rope_local_base_freq", 2e4);
              config.put("sliding_window_pattern", 3);
              config.putObject("rope_scaling").put("rope_type", "linear").put("factor", 4);
            });
    assertThat(before.floatingPoint("gemma3.rope.freq_base")).isEqualTo(5e5);
    assertThat(before.floatingPoint("gemma3.rope.freq_base_swa")).isEqualTo(2e4);
    assertThat(before.floatingPoint("gemma3.rope.scaling.factor")).isEqualTo(4);
    assertThat(before.integer("gemma3.attention.sliding_window_pattern")).isEqualTo(3);
  }

  @Test
  void layersWithWindowsMustFollowAPeriod() throws IOException {
    assertThat(
            imported("gemma2", config -> layerTypes(config, "sssf"))
                .integer("gemma2.attention.sliding_window_pattern"))
        .isEqualTo(4);
    assertThat(
            imported("gemma2", config -> layerTypes(config, "ssss"))
                .integer("gemma2.attention.sliding_window_pattern"))
        .isEqualTo(5);
    for (String pattern : List.of("sffs", "sfs", "fsfs", "sfss")) {
      refuse("gemma2", config -> layerTypes(config, pattern), "layer_types");
    }
    refuse("gemma2", config -> config.put("sliding_window", 0), "sliding_window");
  }

  private static void layerTypes(ObjectNode config, String pattern) {
    var types = config.putArray("layer_types");
    pattern
        .chars()
        .forEach(type -> types.add(type == 'f' ? "full_attention" : "sliding_attention"));
  }

  @Test
  void softCapsAndScaleOfGemma2() throws IOException {
    GgufMetadata stated = imported("gemma2", config -> {});
    assertThat(stated.floatingPoint("gemma2.attn_logit_softcapping")).isEqualTo(4);
    assertThat(stated.floatingPoint("gemma2.final_logit_softcapping")).isEqualTo(25);
    assertThat(stated.floatingPoint("gemma2.attention.scale"))
        .isEqualTo((double) (float) (1 / Math.sqrt(20)));
    GgufMetadata others =
        imported(
            "gemma2",
            config -> {
              config.putNull("attn_logit_softcapping").remove("final_logit_softcapping");
              config.put("query_pre_attn_scalar", 16);
            });
    assertThat(others.floatingPoint("gemma2.attn_logit_softcapping")).isEqualTo(0);
    assertThat(others.floatingPoint("gemma2.final_logit_softcapping")).isEqualTo(30);
    assertThat(others.value("gemma2.attention.scale")).isEmpty();
    refuse("gemma2", config -> config.put("attn_logit_softcapping", -1), "attn_logit_softcapping");
    refuse("gemma2", config -> config.put("query_pre_attn_scalar", 0), "query_pre_attn_scalar");
    refuse("gemma2", config -> config.put("hidden_activation", "silu"), "hidden_activation");
    refuse("gemma3", config -> config.put("attn_logit_softcapping", 50), "attn_logit_softcapping");
    refuse("gemma3", config -> config.put("use_bidirectional_attention", true), "bidirectional");
  }

  @Test
  void falconsOwnNames() throws IOException {
    GgufMetadata one = imported("falcon-7b", config -> config.remove("max_position_embeddings"));
    assertThat(one.integer("falcon.attention.head_count_kv")).isEqualTo(1);
    assertThat(one.integer("falcon.feed_forward_length")).isEqualTo(160);
    assertThat(one.integer("falcon.context_length")).isEqualTo(2048);
    assertThat(one.floatingPoint("falcon.attention.layer_norm_epsilon")).isEqualTo((double) 1e-5f);
    assertThat(imported("falcon-40b", config -> {}).integer("falcon.attention.head_count_kv"))
        .isEqualTo(2);
    refuse("falcon-7b", config -> config.put("parallel_attn", false), "parallel_attn");
    refuse("falcon-7b", config -> config.put("alibi", true), "alibi");
    refuse("falcon-7b", config -> config.put("bias", true), "bias");
    refuse("falcon-7b", config -> config.put("multi_query", false), "query_key_value");
  }
}
