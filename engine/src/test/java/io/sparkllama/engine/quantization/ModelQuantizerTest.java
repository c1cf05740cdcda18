package io.sparkllama.engine.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.jni.NativeLibrary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares whole files with those that llama.cpp's quantizer made of the same models. */
class ModelQuantizerTest {
  @TempDir private Path folder;

  @BeforeAll
  static void load() {
    NativeLibrary.load(Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stories260K.Q4_K_M",
        "stories260K.Q6_K",
        "tinystories656K.Q4_0",
        "tinystories656K.Q4_1",
        "tinystories656K.Q4_K_M",
        "tinystories656K.Q5_0",
        "tinystories656K.Q5_1",
        "tinystories656K.Q6_K",
        "tinystories656K.Q8_0"
      })
  void hasTheBytesOfFilesThatLlamaCppQuantized(String file) throws IOException {
    GgufFile expected = GgufFile.read(SharedData.path("models/quantized/" + file + ".gguf"));
    String[] name = file.split("\\.");
    Path out = quantize(SharedData.path("models/" + name[0] + ".f32.gguf"), name[1], 2).output();

    GgufFile actual = GgufFile.read(out);
    assertThat(actual.tensors()).hasSameSizeAs(expected.tensors());
    for (TensorInfo tensor : expected.tensors()) {
      TensorInfo own = actual.tensor(tensor.name()).orElseThrow();
      assertThat(own.type()).as(tensor.name()).isEqualTo(tensor.type());
      assertThat(bytes(actual, own)).as(tensor.name()).isEqualTo(bytes(expected, tensor));
    }
    for (String key : List.of("general.file_type", "general.quantization_version")) {
      assertThat(actual.metadata().integer(key)).isEqualTo(expected.metadata().integer(key));
    }
  }

  // The demo model is 256 wide, so that super-blocks are real there.
  @ParameterizedTest
  @CsvSource({"F16", "Q8_0"})
  void hasTheBytesOfTheDemoModelAsLlamaCppQuantizesIt(String origin) throws Exception {
    JsonNode golden = RecipeTypesTest.golden().get("demo").get(origin);
    assertThat(golden).isNotEmpty();
    for (Iterator<String> recipes = golden.fieldNames(); recipes.hasNext(); ) {
      String recipe = recipes.next();
      GgufFile actual = GgufFile.read(quantize(demo(origin), recipe, 2).output());
      int compared = 0;
      for (TensorInfo tensor : actual.tensors()) {
        JsonNode expected = golden.get(recipe).get(tensor.name());
        boolean changed = tensor.type() != QuantizationType.valueOf(origin) && tensor.rows() > 1;
        assertThat(expected != null).as(recipe + " " + tensor.name()).isEqualTo(changed);
        if (changed) {
          assertThat(tensor.type() + " " + digest(bytes(actual, tensor)))
              .as(recipe + " " + tensor.name())
              .isEqualTo(expected.asText());
          compared++;
        }
      }
      assertThat(golden.get(recipe)).hasSize(compared);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = QuantizationRecipe.class,
      names = {"F16", "Q5_1", "Q4_K_M", "Q6_K"})
  void bytesAndErrorsDoNotDependOnThreads(QuantizationRecipe recipe) throws IOException {
    Result one = quantize(demo("F16"), recipe.name(), 1);
    byte[] bytes = Files.readAllBytes(one.output());
    Result three = quantize(demo("F16"), recipe.name(), 3);

    assertThat(Files.readAllBytes(three.output())).isEqualTo(bytes);
    assertThat(three.losses()).isEqualTo(one.losses());
  }

  @Test
  void saysWhatEachTensorLost() throws IOException {
    Result result = quantize(demo("F16"), "Q4_K_M", 2);
    GgufFile before = GgufFile.read(demo("F16"));
    GgufFile after = GgufFile.read(result.output());

    assertThat(result.losses()).hasSameSizeAs(before.tensors());
    assertThat(result.lastProgress()).isEqualTo(result.bytes());
    for (TensorLoss loss : result.losses()) {
      double squares = 0;
      double errors = 0;
      float[] original = numbers(before, loss.name());
      float[] stored = numbers(after, loss.name());
      for (int i = 0; i < original.length; i++) {
        double error = (double) stored[i] - original[i];
        squares += (double) original[i] * original[i];
        errors += error * error;
      }
      // Sums of n terms in another order differ by n * 2^-53 at most.
      double expected = Math.sqrt(errors / squares);
      assertThat(loss.relativeError()).as(loss.name()).isCloseTo(expected, within(1e-9 * expected));
      assertThat(loss.elements()).isEqualTo(original.length);
    }
  }

  @Test
  void keepsTheMetadataAndJoinsParts() throws IOException {
    Path part = SharedData.path("gguf/split/dummy-00002-of-00002.gguf");
    GgufFile before = GgufFile.read(part);
    GgufFile after = GgufFile.read(quantize(part, "F16", 2).output());

    assertThat(after.parts()).hasSize(1);
    assertThat(after.tensors()).hasSameSizeAs(before.tensors());
    assertThat(after.metadata().keys()).noneMatch(key -> key.startsWith("split."));
    for (String key : before.metadata().keys()) {
      if (!key.startsWith("split.") && !key.equals("general.file_type")) {
        assertThat(after.metadata().value(key)).as(key).isEqualTo(before.metadata().value(key));
      }
    }
    assertThat(after.metadata().integer("general.file_type")).isEqualTo(1);
  }

  @Test
  void cutsTensorsAtWholeBlocksAndLeavesOutNothing() throws IOException {
    float[] weights = new float[PieceOfTensor.MOST_ELEMENTS + 512];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (i * 2_654_435_761L >>> 8 & 0xffff) / 65_536f - 0.5f;
    }
    Path model = write("blk.0.ffn_up.weight", 512, weights);
    GgufFile whole = GgufFile.read(quantize(model, "Q6_K", 2).output());

    float[] stored = numbers(whole, "blk.0.ffn_up.weight");
    for (int i = 0; i < weights.length; i++) {
      // 6 bits over a range of at most 1.
      assertThat(Math.abs(stored[i] - weights[i])).isLessThan(1f / 32);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void refusesWeightsThatAreNoNumbersByTheTensorsName(float weight) throws IOException {
    float[] weights = new float[1024];
    weights[777] = weight;
    for (String name : List.of("blk.0.ffn_up.weight", "blk.0.ffn_norm.weight")) {
      Path model = write(name, 512, weights);
      assertThatThrownBy(() -> quantize(model, "Q4_0", 2))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("infinite or no number")
          .hasMessageContaining(name);
      assertOnlyTheModelIsThere();
    }
  }

  @Test
  void refusesWeightsThatTheTypeCannotHold() throws IOException {
    float[] weights = new float[1024];
    weights[777] = 1e9f;
    Path model = write("blk.0.ffn_up.weight", 512, weights);
    for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
      if (recipe == QuantizationRecipe.F32 || recipe == QuantizationRecipe.BF16) {
        assertThat(quantize(model, recipe.name(), 1).losses().get(0).relativeError())
            .isLessThan(1 / 256.0);
        Files.delete(folder.resolve("out.gguf"));
        continue;
      }
      assertThatThrownBy(() -> quantize(model, recipe.name(), 1))
          .as(recipe.name())
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("too large")
          .hasMessageContaining("blk.0.ffn_up.weight");
      assertOnlyTheModelIsThere();
    }
  }

  @Test
  void zerosStayZeros() throws IOException {
    Path model = write("blk.0.ffn_up.weight", 512, new float[1024]);
    for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
      Result result = quantize(model, recipe.name(), 1);
      assertThat(result.losses().get(0).relativeError()).isZero();
      for (float number : numbers(GgufFile.read(result.output()), "blk.0.ffn_up.weight")) {
        assertThat(number == 0).as(recipe.name()).isTrue(); // of either sign
      }
    }
  }

  private record Result(Path output, List<TensorLoss> losses, long bytes, long lastProgress) {}

  private Result quantize(Path model, String recipe, int threads) throws IOException {
    QuantizationPlan plan =
        QuantizationPlan.of(GgufFile.read(model), QuantizationRecipe.ofLabel(recipe).orElseThrow());
    Path out = folder.resolve("out.gguf");
    List<Long> progress = new ArrayList<>();
    List<TensorLoss> losses = new ModelQuantizer(plan, threads).write(out, progress::add);
    assertThat(progress).isSorted();
    return new Result(out, losses, plan.bytes(), progress.get(progress.size() - 1));
  }

  private void assertOnlyTheModelIsThere() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(folder.resolve("model.gguf"));
    }
  }

  private Path write(String name, int columns, float[] weights) throws IOException {
    GgufContents contents =
        new GgufContents()
            .put("general.architecture", MetadataValue.ofString("llama"))
            .tensor(name, QuantizationType.F32, columns, weights.length / columns);
    ByteBuffer bytes = ByteBuffer.allocate(4 * weights.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(weights);
    Path path = folder.resolve("model.gguf");
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writer.write(name, bytes);
      writer.finish();
    }
    return path;
  }

  private static Path demo(String type) {
    return Path.of("../models/tickets-6m." + type + ".gguf");
  }

  private static byte[] bytes(GgufFile file, TensorInfo tensor) throws IOException {
    try (TensorReader reader = TensorReader.open(file)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize());
      reader.readBytes(tensor, 0, bytes);
      return bytes.array();
    }
  }

  private static float[] numbers(GgufFile file, String name) throws IOException {
    try (TensorReader reader = TensorReader.open(file)) {
      return reader.readAll(file.tensor(name).orElseThrow());
    }
  }

  private static String digest(byte[] bytes) throws NoSuchAlgorithmException {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
    return HexFormat.of().formatHex(digest).substring(0, 8);
  }
}
