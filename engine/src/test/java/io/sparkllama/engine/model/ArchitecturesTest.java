package io.sparkllama.engine.model;

import static io.sparkllama.engine.gguf.MetadataValue.ofUint32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds what each architecture makes of the same metadata. */
class ArchitecturesTest {
  @TempDir Path directory;

  private ModelConfig config(TinyModel model) throws IOException {
    return ModelConfig.of(model.file(directory));
  }

  @ParameterizedTest
  @CsvSource({
    "llama, ADJACENT, BEFORE, NONE",
    "qwen2, HALVES, BEFORE, NONE",
    "qwen3, HALVES, BEFORE, EACH_HEAD",
    "olmo2, HALVES, AFTER, ALL_HEADS",
    "smollm3, ADJACENT, BEFORE, NONE",
    "phi3, HALVES, BEFORE, NONE"
  })
  void choosesItsVariants(
      String id, RopeLayout layout, NormPlacement placement, QueryKeyNorm queryKeyNorm)
      throws IOException {
    ModelConfig config = config(new TinyModel().architecture(id));
    assertThat(config.architecture()).isEqualTo(id);
    assertThat(config.rope().layout()).isEqualTo(layout);
    assertThat(config.norms().placement()).isEqualTo(placement);
    assertThat(config.attention().queryKeyNorm()).isEqualTo(queryKeyNorm);
  }

  @Test
  void everyFourthLayerOfSmolLm3DoesNotTurn() throws IOException {
    ModelConfig config =
        config(new TinyModel().set("llama.block_count", ofUint32(9)).architecture("smollm3"));
    assertThat(config.layers())
        .extracting(Layer::ropeTable)
        .containsExactly(0, 0, 0, -1, 0, 0, 0, -1, 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "phi3"})
  void allLayersHaveTheWindow(String id) throws IOException {
    TinyModel model = new TinyModel().set("llama.attention.sliding_window", ofUint32(7));
    assertThat(config(model.architecture(id)).layers()).containsOnly(new Layer(7, 0)).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "qwen3", "olmo2", "smollm3"})
  void aWindowOfSomeLayersIsRefused(String id) throws IOException {
    TinyModel model = new TinyModel().set("llama.attention.sliding_window", ofUint32(7));
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> config(model.architecture(id)))
        .withMessageContaining(
            "metadata key " + id + ".attention.sliding_window is 7: windows of " + id);
    assertThat(config(model.set(id + ".attention.sliding_window", ofUint32(0)))).isNotNull();
  }
}
