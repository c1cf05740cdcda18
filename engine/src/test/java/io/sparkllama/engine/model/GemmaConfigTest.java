package io.sparkllama.engine.model;

import static io.sparkllama.engine.gguf.MetadataValue.ofFloat32;
import static io.sparkllama.engine.gguf.MetadataValue.ofString;
import static io.sparkllama.engine.gguf.MetadataValue.ofUint32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.model.ModelConfig.Activation;
import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.RopeTable;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds what the metadata of Gemma says, and what holds where it says nothing. */
class GemmaConfigTest {
  @TempDir Path directory;

  /** Returns metadata of a model of width 12, with four heads of width 2. */
  private static TinyModel model(String architecture, int layers) {
    return new TinyModel()
        .set("general.architecture", ofString(architecture))
        .set(architecture + ".block_count", ofUint32(layers))
        .set(architecture + ".context_length", ofUint32(8192))
        .set(architecture + ".embedding_length", ofUint32(12))
        .set(architecture + ".feed_forward_length", ofUint32(12))
        .set(architecture + ".attention.head_count", ofUint32(4))
        .set(architecture + ".attention.key_length", ofUint32(2))
        .set(architecture + ".attention.value_length", ofUint32(2))
        .set(architecture + ".attention.layer_norm_rms_epsilon", ofFloat32(1e-6f));
  }

  private ModelConfig config(TinyModel model) throws IOException {
    return ModelConfig.of(model.file(directory));
  }

  @Test
  void gemma1() throws IOException {
    ModelConfig config = config(model("gemma", 2));
    assertThat(config.feedForward().activation()).isEqualTo(Activation.GEGLU);
    assertThat(config.norms().placement()).isEqualTo(NormPlacement.BEFORE);
    assertThat(config.ends()).isEqualTo(new ModelConfig.Ends(Math.sqrt(12), 0));
    assertThat(config.attention().scale()).isEqualTo(1 / Math.sqrt(2));
  }

  @Test
  void gemma2WhereItSaysNothing() throws IOException {
    ModelConfig config = config(model("gemma2", 3));
    assertThat(config.layers())
        .containsExactly(new Layer(4096, 0), new Layer(0, 0), new Layer(4096, 0));
    assertThat(config.norms().placement()).isEqualTo(NormPlacement.AROUND);
    assertThat(config.attention().softCap()).isEqualTo(50);
    assertThat(config.attention().scale()).isEqualTo(1 / Math.sqrt(2));
    assertThat(config.ends()).isEqualTo(new ModelConfig.Ends(Math.sqrt(12), 30));
  }

  @Test
  void theLargestOfASeriesScalesByTheEmbeddingsShareOfAHead() throws IOException {
    assertThat(config(model("gemma2", 46)).attention().scale()).isEqualTo(1 / Math.sqrt(3));
    assertThat(config(model("gemma3", 46)).attention().scale()).isEqualTo(1 / Math.sqrt(2));
    assertThat(config(model("gemma3", 62)).attention().scale()).isEqualTo(1 / Math.sqrt(3));
    TinyModel stated = model("gemma2", 46).set("gemma2.attention.scale", ofFloat32(0.25f));
    assertThat(config(stated).attention().scale()).isEqualTo(0.25);
  }

  @Test
  void softCaps() throws IOException {
    TinyModel model =
        model("gemma2", 2)
            .set("gemma2.attn_logit_softcapping", ofFloat32(20))
            .set("gemma2.final_logit_softcapping", ofFloat32(0));
    assertThat(config(model).attention().softCap()).isEqualTo(20);
    assertThat(config(model).ends().logitSoftCap()).isEqualTo(0);
    for (float value : new float[] {-1, Float.NaN, Float.POSITIVE_INFINITY}) {
      var file = model.set("gemma2.attn_logit_softcapping", ofFloat32(value)).file(directory);
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> ModelConfig.of(file))
          .withMessageContaining("gemma2.attn_logit_softcapping must be at least 0");
    }
  }

  @Test
  void ropeOfGemma3() throws IOException {
    TinyModel model =
        model("gemma3", 12)
            .set("gemma3.attention.sliding_window", ofUint32(512))
            .set("gemma3.rope.freq_base", ofFloat32(1e6f))
            .set("gemma3.rope.scaling.type", ofString("linear"))
            .set("gemma3.rope.scaling.factor", ofFloat32(8));
    ModelConfig config = config(model);
    assertThat(config.rope().tables())
        .containsExactly(
            new RopeTable(1e6, new RopeScaling.Linear(8)),
            new RopeTable(1e4, new RopeScaling.None()));
    for (int layer = 0; layer < 12; layer++) {
      assertThat(config.layers().get(layer))
          .isEqualTo(layer % 6 == 5 ? new Layer(0, 0) : new Layer(512, 1));
    }
    assertThat(config.attention().softCap()).isEqualTo(0);
    assertThat(config.ends().logitSoftCap()).isEqualTo(0);
    model
        .set("gemma3.attention.sliding_window_pattern", ofUint32(2))
        .set("gemma3.rope.freq_base_swa", ofFloat32(5e4f));
    assertThat(config(model).rope().tables().get(1).base()).isEqualTo(5e4);
    assertThat(config(model).layers().get(1)).isEqualTo(new Layer(0, 0));
  }

  @Test
  void gemma3WithoutWindows() throws IOException {
    ModelConfig config = config(model("gemma3", 2));
    assertThat(config.layers()).containsOnly(new Layer(0, 0));
    assertThat(config.rope().tables()).hasSize(1);
  }
}
