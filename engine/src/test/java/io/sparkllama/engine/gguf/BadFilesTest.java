package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Reads each file of a collection with known defects, and files of the format's history. */
class BadFilesTest {
  /** The specification allows these; gaps are harmless, nested arrays have no known use. */
  private static final Set<String> ACCEPTED_THOUGH_UNUSUAL = Set.of("tensor_offset_gap.gguf");

  @TestFactory
  List<DynamicTest> manifest() throws IOException {
    Path folder = SharedData.path("gguf/bad");
    JsonNode manifest = new ObjectMapper().readTree(folder.resolve("manifest.json").toFile());
    assertThat(manifest).hasSize(57);
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode entry : manifest) {
      String file = entry.get("file").asText();
      boolean valid = entry.get("valid").asBoolean() || ACCEPTED_THOUGH_UNUSUAL.contains(file);
      tests.add(
          DynamicTest.dynamicTest(
              file + ": " + entry.get("what").asText(),
              () -> checkVerdict(folder.resolve(file), valid)));
    }
    return tests;
  }

  private static void checkVerdict(Path file, boolean valid) {
    if (valid) {
      assertThatCode(() -> GgufFile.read(file)).doesNotThrowAnyException();
    } else {
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> GgufFile.read(file))
          .withMessageContaining(file.toString());
    }
  }

  @TestFactory
  Stream<DynamicTest> history() {
    Path folder = SharedData.path("gguf/history");
    return Stream.of(
        historyTest(folder, "ggml-vocab-llama.gguf-v1.gguf", "GGUF version 1"),
        historyTest(folder, "ggml-vocab-llama.FUGG-magic.gguf", "FUGG"),
        historyTest(folder, "ggml-vocab.pre-gguf.bin", "older than GGUF"),
        historyTest(folder, "ggml-vocab-dbrx.gguf.inp", "does not begin with GGUF"),
        historyTest(folder, "test_writer.gguf", "metadata key dict1 has the unknown type 13"));
  }

  private static DynamicTest historyTest(Path folder, String file, String message) {
    return DynamicTest.dynamicTest(
        file,
        () ->
            assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> GgufFile.read(folder.resolve(file)))
                .withMessageContaining(message));
  }

  @Test
  void aVocabularyOfEarlyVersionThreeIsRead() {
    GgufFile file =
        GgufFile.read(SharedData.path("gguf/history/ggml-vocab-llama.gguf-v3-2024-04.gguf"));
    assertThat(file.tensors()).isEmpty();
    assertThat(file.metadata().stringArray("tokenizer.ggml.tokens")).hasSize(32016);
    assertThat(file.metadata().integer("tokenizer.ggml.eot_token_id")).isEqualTo(32010);
  }
}
