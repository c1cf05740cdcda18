package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizeCommandTest {
  private static final String DEMO = "../models/tickets-6m.F16.gguf";

  @TempDir private Path folder;

  @Test
  void printsALineForEachTensorAndOneAtTheEnd() throws IOException {
    Path out = folder.resolve("out.gguf");

    CommandRun run = quantize(DEMO, out, "q4_k_m", "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    GgufFile written = GgufFile.read(out);
    List<JsonNode> lines = run.json();
    assertThat(lines).hasSize(written.tensors().size() + 1);
    for (int i = 0; i < written.tensors().size(); i++) {
      TensorInfo tensor = written.tensors().get(i);
      JsonNode line = lines.get(i);
      assertThat(line.get("tensor").asText()).isEqualTo(tensor.name());
      assertThat(line.get("to").asText()).isEqualTo(tensor.type().name());
      assertThat(line.get("bytes").longValue()).isEqualTo(tensor.byteSize());
      double error = line.get("relative_rms_error").doubleValue();
      if (line.get("from").equals(line.get("to"))) {
        assertThat(error).isZero();
      } else {
        // A step of 4 bits is a fifteenth of a block's range.
        assertThat(error).isBetween(0.001, 0.2);
      }
    }
    JsonNode last = lines.get(lines.size() - 1);
    assertThat(last.get("output").asText()).isEqualTo(out.toString());
    assertThat(last.get("type").asText()).isEqualTo("Q4_K_M");
    assertThat(last.get("tensors").intValue()).isEqualTo(written.tensors().size());
    assertThat(last.get("relative_rms_error").doubleValue()).isBetween(0.01, 0.2);
    assertThat(last.get("bytes").longValue()).isLessThan(Files.size(out));
  }

  @Test
  void printsWordsWithoutJsonAndSaysThatErrorsAddUp() {
    CommandRun run = quantize("../models/tickets-6m.Q8_0.gguf", folder.resolve("a.gguf"), "Q4_0");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("quantized already");
    assertThat(run.out()).contains("blk.0.attn_q.weight", "Q8_0 to Q4_0", "F32  stays");
    assertThat(quantize(DEMO, folder.resolve("b.gguf"), "Q4_0").err()).isEmpty();
  }

  @Test
  void replacesAFileOnlyWhereAsked() throws IOException {
    Path out = folder.resolve("out.gguf");
    Files.writeString(out, "something else");

    quantize(DEMO, out, "Q8_0").assertRefused(2, "--overwrite", out.toString());
    assertThat(out).hasContent("something else");

    assertThat(quantize(DEMO, out, "Q8_0", "--overwrite").exitCode()).isZero();
    assertThat(GgufFile.read(out).tensors()).isNotEmpty();
  }

  @Test
  void neverReplacesTheModelItself() throws IOException {
    Path model = Files.copy(Path.of(DEMO), folder.resolve("model.gguf"));
    Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), model);

    quantize(model.toString(), model, "Q8_0", "--overwrite").assertRefused(2, "model itself");
    quantize(model.toString(), link, "Q8_0", "--overwrite").assertRefused(2, "model itself");
    assertThat(Files.mismatch(model, Path.of(DEMO))).isEqualTo(-1);

    Path halfLoaded = Files.move(model, folder.resolve("out.gguf.part"));
    quantize(halfLoaded.toString(), folder.resolve("out.gguf"), "Q8_0")
        .assertRefused(2, "model itself");
    assertThat(Files.mismatch(halfLoaded, Path.of(DEMO))).isEqualTo(-1);
  }

  @Test
  void refusesWhatCannotBeDone() throws IOException {
    Path out = folder.resolve("out.gguf");
    quantize(DEMO, out, "IQ2_XS").assertRefused(2, "IQ2_XS", "Q4_K_M");
    quantize(DEMO, folder, "Q8_0").assertRefused(2, "folder", folder.toString());
    quantize(DEMO, folder.resolve("x/y.gguf"), "Q8_0").assertRefused(2, "does not exist", "x");
    quantize(DEMO, out, "Q8_0", "--threads", "-1").assertRefused(2, "--threads", "-1");
    quantize("missing.gguf", out, "Q8_0").assertRefused(2, "missing.gguf");
    quantize(vocabularyAlone().toString(), out, "Q8_0").assertRefused(2, "no tensors");
    quantize(damaged().toString(), out, "Q8_0").assertRefused(2, "blk.0.ffn_up.weight");
    assertThat(out).doesNotExist();
    assertThat(Path.of(out + ".part")).doesNotExist();
  }

  // The same perplexity as llama.cpp's files have, by its own measure, within what KV types differ.
  @ParameterizedTest
  @CsvSource({
    "stories260K,Q4_K_M",
    "stories260K,Q6_K",
    "tinystories656K,Q4_0",
    "tinystories656K,Q4_1",
    "tinystories656K,Q5_0",
    "tinystories656K,Q5_1",
    "tinystories656K,Q8_0"
  })
  void theFilePredictsAsWellAsLlamaCpps(String name, String type) throws IOException {
    Path model = SharedData.path("models/" + name + ".f32.gguf");
    Path text = SharedData.path("expected/perplexity-text.txt");
    double expected =
        new ObjectMapper()
            .readTree(SharedData.path("expected/perplexity.json").toFile())
            .get("perplexity")
            .get("models/quantized/" + name + "." + type + ".gguf")
            .doubleValue();
    Path out = folder.resolve("out.gguf");
    assertThat(quantize(model.toString(), out, type).exitCode()).isZero();

    JsonNode json =
        CommandRun.of(
                "perplexity",
                "--model",
                out.toString(),
                "--file",
                text.toString(),
                "--context",
                "128",
                "--cache-directory",
                folder.resolve("cache").toString(),
                "--json")
            .onlyJson();

    assertThat(json.get("perplexity").doubleValue()).isCloseTo(expected, within(0.01 * expected));
  }

  private Path vocabularyAlone() throws IOException {
    Path path = folder.resolve("vocabulary.gguf");
    GgufContents contents =
        new GgufContents().put("general.architecture", MetadataValue.ofString("llama"));
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writer.finish();
    }
    return path;
  }

  private Path damaged() throws IOException {
    Path path = folder.resolve("damaged.gguf");
    String name = "blk.0.ffn_up.weight";
    GgufContents contents =
        new GgufContents()
            .put("general.architecture", MetadataValue.ofString("llama"))
            .tensor(name, QuantizationType.F32, 32, 2);
    ByteBuffer bytes = ByteBuffer.allocate(4 * 64).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putFloat(4 * 40, Float.NaN);
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writer.write(name, bytes);
      writer.finish();
    }
    return path;
  }

  private static CommandRun quantize(String model, Path out, String type, String... options) {
    String[] arguments = new String[5 + options.length];
    String[] fixed = {"quantize", model, out.toString(), "--type", type};
    System.arraycopy(fixed, 0, arguments, 0, fixed.length);
    System.arraycopy(options, 0, arguments, fixed.length, options.length);
    return CommandRun.of(arguments);
  }
}
