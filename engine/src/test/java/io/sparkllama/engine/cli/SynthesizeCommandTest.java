package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.QuantizationMix;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SynthesizeCommandTest {
  @TempDir private Path folder;

  @Test
  void writesAWholeModelThatDependsOnShapeTypeAndSeedAlone() throws IOException {
    Path one = folder.resolve("one.gguf");
    Path three = folder.resolve("three.gguf");
    Path otherSeed = folder.resolve("other.gguf");

    JsonNode json = synthesize(one, "--threads", "1", "--seed", "5", "--json").onlyJson();
    assertThat(synthesize(three, "--threads", "3", "--seed", "5").exitCode()).isZero();
    assertThat(synthesize(otherSeed, "--seed", "6").exitCode()).isZero();

    assertThat(json.get("elements").longValue()).isBetween(55_000_000L, 65_000_000L);
    assertThat(json.get("bytes").longValue()).isEqualTo(Files.size(one));
    assertThat(Files.mismatch(one, three)).isEqualTo(-1);
    assertThat(Files.mismatch(one, otherSeed)).isNotEqualTo(-1);
    ModelConfig config = ModelFile.open(one).config();
    assertThat(config.contextLength()).isEqualTo(4_096);
    assertThat(config.vocabularySize()).isEqualTo(32_000);
    assertThat(GgufFile.read(one).tensor("blk.0.ffn_up.weight").orElseThrow().type())
        .isEqualTo(QuantizationType.Q2_K);
  }

  @Test
  void writesTheContextLengthAskedFor() {
    Path model = folder.resolve("model.gguf");

    assertThat(synthesize(model, "--context-length", "8192").exitCode()).isZero();

    assertThat(ModelFile.open(model).config().contextLength()).isEqualTo(8_192);
    synthesize(model, "--context-length", "-1").assertRefused(2, "--context-length");
  }

  @ParameterizedTest
  @EnumSource(ModelShape.class)
  void vocabularyHasTheShapesSizeAndNoPieceTwice(ModelShape shape) {
    SyntheticVocabulary vocabulary = new SyntheticVocabulary(shape.vocabularySize());

    List<String> pieces = vocabulary.pieces();
    assertThat(pieces).hasSize(shape.vocabularySize());
    assertThat(new HashSet<>(pieces)).hasSameSizeAs(pieces);
    assertThat(vocabulary.scores()).hasSize(pieces.size());
    assertThat(vocabulary.types()).hasSize(pieces.size());
    Set<String> shorter = new HashSet<>();
    for (String piece : pieces.subList(SyntheticVocabulary.CONTROL_AND_BYTES, pieces.size())) {
      // Merging reaches a piece where the piece without its last letter comes before it.
      assertThat(piece.length() == 1 || shorter.contains(piece.substring(0, piece.length() - 1)))
          .as(piece)
          .isTrue();
      shorter.add(piece);
    }
  }

  @Test
  void rowsOfNoWholeNumberOfBlocksAreStoredAsTheQuantizersFallback() {
    assertThat(QuantizationMix.storedType(QuantizationType.Q4_K, 512))
        .isEqualTo(QuantizationType.Q4_K);
    assertThat(QuantizationMix.storedType(QuantizationType.Q4_K, 288))
        .isEqualTo(QuantizationType.Q5_0);
    assertThat(QuantizationMix.storedType(QuantizationType.Q6_K, 288))
        .isEqualTo(QuantizationType.Q8_0);
    assertThat(QuantizationMix.storedType(QuantizationType.Q2_K, 40))
        .isEqualTo(QuantizationType.F16);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K.Q4_K_M.gguf", "tinystories656K.Q4_K_M.gguf"})
  void theMixIsThatOfFilesThatLlamaCppQuantized(String file) {
    GgufFile real = GgufFile.read(SharedData.path("models/quantized/" + file));
    int layers = ModelFile.open(SharedData.path("models/quantized/" + file)).config().layerCount();
    boolean tied = real.tensor(WeightRole.OUTPUT.tensorName(0)).isEmpty();
    QuantizationMix mix = QuantizationMix.ofLabel("Q4_K_M").orElseThrow();

    for (WeightRole role : WeightRole.values()) {
      for (int layer = 0; layer < (role.perLayer() ? layers : 1); layer++) {
        TensorInfo tensor = real.tensor(role.tensorName(layer)).orElse(null);
        if (tensor != null && tensor.rows() > 1) {
          assertThat(
                  QuantizationMix.storedType(
                      mix.typeOf(role, layer, layers, tied), tensor.columns()))
              .as(tensor.name())
              .isEqualTo(tensor.type());
        }
      }
    }
  }

  @Test
  void ropeFactorsAreThoseOfLlama32() {
    SyntheticTensor factors =
        new SyntheticModel(ModelShape.LLAMA_3_2_1B, QuantizationMix.of(QuantizationType.Q8_0), 0, 0)
            .tensors().stream()
                .filter(tensor -> tensor.name().equals("rope_freqs.weight"))
                .findFirst()
                .orElseThrow();

    float[] values = ((SyntheticTensor.Content.Numbers) factors.content()).values();
    assertThat(values).hasSize(32);
    assertThat(values[0]).isEqualTo(1);
    assertThat(values[31]).isEqualTo(32);
    assertThat(values).isSorted();
  }

  @Test
  void refusesUnknownShapesAndTypesWithTheKnownOnes() {
    String out = folder.resolve("out.gguf").toString();

    CommandRun.of("synthesize", "--shape", "llama-9b", "--type", "Q8_0", out)
        .assertRefused(2, "llama-9b", "tinyllama-1.1b");
    CommandRun.of("synthesize", "--shape", "llama-60m", "--type", "IQ2_XS", out)
        .assertRefused(2, "IQ2_XS", "Q4_K");
    CommandRun.of("synthesize", "--shape", "llama-60m", "--type", "Q8_0", folder.toString())
        .assertRefused(2, folder.toString());
    CommandRun.of("synthesize", "--shape", "llama-60m", "--type", "Q8_0", out + "/x/y.gguf")
        .assertRefused(2, "y.gguf");
    assertThat(Path.of(out)).doesNotExist();
  }

  private static CommandRun synthesize(Path path, String... options) {
    String[] arguments = new String[6 + options.length];
    String[] fixed = {"synthesize", "--shape", "llama-60m", "--type", "q2_k", path.toString()};
    System.arraycopy(fixed, 0, arguments, 0, fixed.length);
    System.arraycopy(options, 0, arguments, fixed.length, options.length);
    return CommandRun.of(arguments);
  }
}
