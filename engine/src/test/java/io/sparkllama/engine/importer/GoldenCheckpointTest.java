package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Imports tiny checkpoints of several kinds, and holds them to what independent implementations
 * say; scripts/import_golden.py made both.
 */
class GoldenCheckpointTest {
  private static final Map<String, String> ROLES =
      Map.of("bos", "bos", "eos", "eos", "unk", "unknown", "pad", "padding");

  @TempDir private Path folder;

  private JsonNode expected;
  private Path file;
  private GgufFile gguf;

  private void importKind(String kind) throws IOException {
    expected =
        new ObjectMapper().readTree(TestCheckpoints.golden(kind + ".expected.json").toFile());
    file = folder.resolve(kind + ".gguf");
    new ModelImporter(TestCheckpoints.golden(kind), Optional.empty())
        .write(file, (written, total) -> {});
    gguf = GgufFile.read(file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "mistral", "linear", "qwen2"})
  void tensorsHaveNamesShapesTypesAndBytesOfTheReference(String kind) throws IOException {
    importKind(kind);

    assertThat(gguf.metadata().string("general.architecture"))
        .isEqualTo(expected.get("architecture").textValue());
    JsonNode tensors = expected.get("tensors");
    List<String> names = new ArrayList<>();
    tensors.fieldNames().forEachRemaining(names::add);
    if (!expected.get("rope_factors").isNull()) {
      names.add("rope_freqs.weight");
    }
    assertThat(gguf.tensors().stream().map(TensorInfo::name))
        .containsExactlyInAnyOrderElementsOf(names);
    try (TensorReader reader = TensorReader.open(gguf)) {
      for (Map.Entry<String, JsonNode> entry : tensors.properties()) {
        TensorInfo tensor = gguf.tensor(entry.getKey()).orElseThrow();
        JsonNode wanted = entry.getValue();
        assertThat(tensor.type().name()).as(tensor.name()).isEqualTo(wanted.get("type").asText());
        JsonNode shape = wanted.get("shape");
        assertThat(tensor.dimensions()).as(tensor.name()).hasSize(shape.size());
        for (int i = 0; i < shape.size(); i++) {
          assertThat(tensor.dimensions()[shape.size() - 1 - i]).isEqualTo(shape.get(i).longValue());
        }
        assertThat(digest(reader, tensor))
            .as(tensor.name())
            .isEqualTo(wanted.get("sha256").textValue());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "mistral", "linear", "qwen2"})
  void specialTokensAndIdsAreThoseOfTheReference(String kind) throws IOException {
    importKind(kind);

    GgufMetadata metadata = gguf.metadata();
    for (Map.Entry<String, JsonNode> entry : expected.get("special_tokens").properties()) {
      assertThat(
              metadata.optionalInteger("tokenizer.ggml." + ROLES.get(entry.getKey()) + "_token_id"))
          .as(entry.getKey())
          .hasValue(entry.getValue().intValue());
    }
    for (String role : List.of("bos", "eos")) {
      boolean add = expected.get("add_special_tokens").path(role).booleanValue();
      assertThat(metadata.optionalBool("tokenizer.ggml.add_" + role + "_token")).hasValue(add);
    }
    int merges = expected.get("merges").intValue();
    assertThat(metadata.optionalStringArray("tokenizer.ggml.merges").map(List::size).orElse(0))
        .isEqualTo(merges);
    Tokenizer tokenizer = Tokenizers.of(metadata);
    for (Map.Entry<String, JsonNode> entry : expected.get("ids").properties()) {
      assertThat(tokenizer.encodeWithBos(Prompt.ofTemplate(entry.getKey())))
          .as(entry.getKey())
          .isEqualTo(ints(entry.getValue()));
    }
    assertThat(metadata.string("tokenizer.chat_template")).startsWith("{% for m in messages %}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "mistral", "linear"})
  void greedyCompletionsAreThoseOfTheReference(String kind) throws IOException {
    importKind(kind);
    EngineOptions options =
        EngineOptions.defaults().withThreads(2).withKvCacheType(KvCacheType.F32);
    int[] greedy = ints(expected.get("greedy"));
    Tokenizer tokenizer = Tokenizers.of(gguf.metadata());
    int[] prompt = ints(expected.get("prompt"));
    String text = tokenizer.decode(prompt).strip();

    assertThat(tokenizer.encodeWithBos(Prompt.ofTemplate(text))).isEqualTo(prompt);
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      GenerationResult result =
          engine
              .generate(
                  new GenerationRequest(
                      new RowKey(0, 0),
                      Prompt.ofTemplate(text),
                      SamplingParams.greedy(greedy.length),
                      OverlongPolicy.ERROR))
              .join();
      assertThat(result.tokens()).isEqualTo(greedy);
    }
  }

  @Test
  void ropeFactorsAreThoseOfLlamaCppsConverter() throws IOException {
    importKind("llama3");

    try (TensorReader reader = TensorReader.open(gguf)) {
      float[] factors = reader.readAll(gguf.tensor("rope_freqs.weight").orElseThrow());
      JsonNode wanted = expected.get("rope_factors");
      assertThat(factors).hasSize(wanted.size());
      for (int i = 0; i < factors.length; i++) {
        // The reference rounds the frequency, the wavelength and three more steps to 32 bits.
        double value = wanted.get(i).doubleValue();
        assertThat((double) factors[i]).isEqualTo(value, within(8.0 * Math.ulp((float) value)));
      }
    }
  }

  @Test
  void metadataSaysWhatTheModelsNeed() throws IOException {
    importKind("mistral");
    assertThat(gguf.metadata().optionalInteger("llama.attention.sliding_window")).hasValue(64);
    assertThat(gguf.metadata().optionalInteger("llama.attention.key_length")).hasValue(8);
    assertThat(gguf.metadata().optionalBool("tokenizer.ggml.add_space_prefix")).hasValue(true);
    importKind("linear");
    assertThat(gguf.metadata().string("llama.rope.scaling.type")).isEqualTo("linear");
    assertThat(gguf.metadata().floatingPoint("llama.rope.scaling.factor")).isEqualTo(4);
    assertThat(gguf.metadata().optionalBool("tokenizer.ggml.add_space_prefix")).hasValue(false);
    importKind("llama3");
    assertThat(gguf.metadata().string("tokenizer.ggml.pre")).isEqualTo("llama-bpe");
    assertThat(gguf.metadata().floatingPoint("llama.rope.freq_base")).isEqualTo(500_000);
    importKind("qwen2");
    assertThat(gguf.metadata().string("tokenizer.ggml.pre")).isEqualTo("qwen2");
    assertThat(gguf.metadata().stringArray("tokenizer.ggml.tokens")).endsWith("[PAD293]");
  }

  private static String digest(TensorReader reader, TensorInfo tensor) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize());
    reader.readBytes(tensor, 0, bytes);
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int[] ints(JsonNode array) {
    int[] numbers = new int[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = array.get(i).intValue();
    }
    return numbers;
  }
}
