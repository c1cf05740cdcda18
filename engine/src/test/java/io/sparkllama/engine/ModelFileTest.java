package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.ModelConfig.Activation;
import io.sparkllama.engine.model.ModelConfig.FeedForwardPlace;
import io.sparkllama.engine.model.ModelConfig.NormKind;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import io.sparkllama.engine.model.RopeScaling;
import io.sparkllama.engine.model.TinyModel;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Opens real models, whole and cut short. */
class ModelFileTest {
  @TempDir Path directory;

  @TestFactory
  List<DynamicTest> everyRealModelOpens() throws IOException {
    Path folder = SharedData.path("models");
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> models = files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
      assertThat(models).hasSizeGreaterThanOrEqualTo(16);
      return models.stream()
          .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> open(file)))
          .toList();
    }
  }

  private static void open(Path file) {
    ModelFile model = ModelFile.open(file);
    ModelConfig config = model.config();
    for (int layer = 0; layer < config.layerCount(); layer++) {
      assertThat(model.weights().tensor(WeightRole.FEED_FORWARD_DOWN, layer).dimensions())
          .containsExactly(config.feedForward().length(), config.embeddingLength());
    }
    assertThat(model.weights().tensor(WeightRole.OUTPUT, 0).rows())
        .isEqualTo(config.vocabularySize());
  }

  @Test
  void knowsHowItsModelConversesAndWhetherItThinks() {
    ModelFile model =
        ModelFile.open(
            Path.of(System.getProperty("sparkllama.basedir"), "models", "tickets-6m.Q8_0.gguf"));
    assertThat(model.chatTemplate()).hasValueSatisfying(t -> assertThat(t).contains("messages"));
    assertThat(model.toolChatTemplate()).isEqualTo(model.chatTemplate());
    assertThat(model.beginText()).contains("<s>");
    assertThat(model.endText()).contains("<|end|>");
    assertThat(model.reasoningMarks(model.chatTemplate().orElseThrow())).isEmpty();
    assertThat(model.reasoningMarks("{{ content.split('</think>')[-1] }}"))
        .contains(new ReasoningMarks("<think>", "</think>"));
    assertThat(model.reasoningMarks("[/THINK]"))
        .contains(new ReasoningMarks("[THINK]", "[/THINK]"));
  }

  @Test
  void hyperParametersAreThoseOfTheModel() {
    ModelFile model = ModelFile.open(SharedData.path("models/stories260K.f32.gguf"));
    assertThat(model.config())
        .isEqualTo(
            new ModelConfig(
                "llama",
                512,
                512,
                64,
                new ModelConfig.Attention(8, 4, 8, 1 / Math.sqrt(8), 0, QueryKeyNorm.NONE),
                new ModelConfig.FeedForward(
                    172, Activation.SWIGLU, FeedForwardPlace.AFTER_ATTENTION),
                new ModelConfig.Norms(1e-5f, NormPlacement.BEFORE, NormKind.ROOT_MEAN_SQUARE),
                new ModelConfig.Rope(
                    8,
                    RopeLayout.ADJACENT,
                    List.of(new ModelConfig.RopeTable(10_000, new RopeScaling.None()))),
                Collections.nCopies(5, new ModelConfig.Layer(0, 0)),
                ModelConfig.Ends.PLAIN));
    assertThat(model.weights().outputIsTied()).isTrue();
    assertThat(model.weights().tensor(WeightRole.ATTENTION_KEY, 4).type())
        .isEqualTo(QuantizationType.F32);
    assertThat(model.weights().optionalTensor(WeightRole.ROPE_FACTORS, 0)).isEmpty();
  }

  @Test
  void anUntiedOutputAndOddMetadataAreAccepted() {
    ModelFile model = ModelFile.open(SharedData.path("models/stories260K.ggml-org.gguf"));
    assertThat(model.weights().outputIsTied()).isFalse();
    assertThat(model.config().vocabularySize()).isEqualTo(512);
    assertThat(model.gguf().metadata().longInteger("tokenizer.ggml.seperator_token_id"))
        .isEqualTo(4294967295L);
  }

  @TestFactory
  Stream<DynamicTest> aModelCutAtEveryTenthIsRefused() throws IOException {
    Path whole = SharedData.path("models/stories260K.f16.gguf");
    byte[] bytes = Files.readAllBytes(whole);
    return Stream.iterate(0, tenth -> tenth < 10, tenth -> tenth + 1)
        .map(
            tenth ->
                DynamicTest.dynamicTest(
                    tenth + " tenths",
                    () -> {
                      Path cut = directory.resolve("cut" + tenth + ".gguf");
                      Files.write(cut, Arrays.copyOf(bytes, bytes.length * tenth / 10));
                      assertThatExceptionOfType(ModelFormatException.class)
                          .isThrownBy(() -> ModelFile.open(cut))
                          .withMessageContaining(cut.toString())
                          .withMessageMatching(
                              "(?s).*(cut off|more than the rest|is it complete).*");
                    }));
  }

  @Test
  void aMissingFileIsAMatterOfConfiguration() {
    Path missing = directory.resolve("missing.gguf");
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> ModelFile.open(missing))
        .withMessage("model file does not exist: " + missing);
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> ModelFile.open(directory))
        .withMessage("model path is not a file: " + directory);
  }

  @Test
  void aValidFileThatIsNoModelSaysWhatIsMissing() {
    Path vocabulary = SharedData.path("gguf/bad/ok_no_tensors.gguf");
    assertThat(GgufFile.read(vocabulary).tensors()).isEmpty();
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> ModelFile.open(vocabulary))
        .withMessageContaining("metadata key llama.embedding_length is missing");
  }

  @Test
  void answersEndWhereTheVocabularyEnds() {
    ModelFile model = ModelFile.open(SharedData.path("models/stories260K.ggml-org.gguf"));
    assertThat(model.endTokens()).containsExactly(2);
    assertThat(model.tokenizer().vocabulary().size()).isEqualTo(512);
  }

  /** Llama 3 files that name only 128001 must stop at 128009 too, whatever id it has. */
  @Test
  void endTokensThatTheFileDoesNotNameAreKnownByTheirTexts() throws IOException {
    TinyModel model =
        new TinyModel()
            .set(
                "tokenizer.ggml.tokens",
                MetadataValue.ofStrings(List.of("a", "<|end_of_text|>", "b", "<|eot_id|>")))
            .set("tokenizer.ggml.token_type", MetadataValue.ofInt32s(1, 3, 1, 3))
            .set("tokenizer.ggml.model", MetadataValue.ofString("gpt2"))
            .set("tokenizer.ggml.pre", MetadataValue.ofString("llama-bpe"))
            .set("tokenizer.ggml.merges", MetadataValue.ofStrings(List.of()))
            .set("tokenizer.ggml.bos_token_id", MetadataValue.ofUint32(0))
            .set("tokenizer.ggml.eos_token_id", MetadataValue.ofUint32(1));
    assertThat(ModelFile.open(model.write(directory)).endTokens()).containsExactly(1, 3);
  }

  @Test
  void aModelWithoutATokenizerSaysSo() throws IOException {
    Path path = new TinyModel().remove("tokenizer.ggml.model").write(directory);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> ModelFile.open(path))
        .withMessageContaining("metadata key tokenizer.ggml.model is missing");
  }
}
