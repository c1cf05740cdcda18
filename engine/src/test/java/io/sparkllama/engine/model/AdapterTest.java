package io.sparkllama.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterTest {
  @TempDir Path directory;
  private GgufFile model;

  @BeforeEach
  void writeModel() throws IOException {
    model = GgufFile.read(new TinyModel().write(directory));
  }

  private record Tensor(QuantizationType type, long[] dimensions) {}

  /** Writes an adapter of the tiny model: rank 2, on Q of the second layer. */
  private final class Example {
    private final Map<String, MetadataValue> metadata = new LinkedHashMap<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    Example() {
      metadata.put("general.architecture", MetadataValue.ofString("llama"));
      metadata.put("general.type", MetadataValue.ofString("adapter"));
      metadata.put("adapter.type", MetadataValue.ofString("lora"));
      metadata.put("adapter.lora.alpha", MetadataValue.ofFloat32(3));
      tensor("blk.1.attn_q.weight.lora_a", 8, 2);
      tensor("blk.1.attn_q.weight.lora_b", 2, 8);
    }

    Example set(String key, MetadataValue value) {
      metadata.put(key, value);
      return this;
    }

    Example remove(String key) {
      metadata.remove(key);
      tensors.remove(key);
      return this;
    }

    Example tensor(String name, long... dimensions) {
      return tensor(name, QuantizationType.F32, dimensions);
    }

    Example tensor(String name, QuantizationType type, long... dimensions) {
      tensors.put(name, new Tensor(type, dimensions));
      return this;
    }

    Adapter read() throws IOException {
      return read(1);
    }

    Adapter read(double scale) throws IOException {
      GgufContents contents = new GgufContents();
      metadata.forEach(contents::put);
      tensors.forEach((name, tensor) -> contents.tensor(name, tensor.type(), tensor.dimensions()));
      Path file = directory.resolve("adapter.gguf");
      try (GgufWriter writer = GgufWriter.create(file, contents)) {
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
          Tensor tensor = entry.getValue();
          long bytes = tensor.type().blockBytes();
          for (long dimension : tensor.dimensions()) {
            bytes *= dimension;
          }
          ByteBuffer zeros = ByteBuffer.allocate((int) (bytes / tensor.type().blockSize()));
          writer.write(entry.getKey(), zeros);
        }
        writer.finish();
      }
      return Adapter.of(new AdapterFile("tone", file, scale), model, ModelConfig.of(model));
    }
  }

  @Test
  void aChangeHasItsScale() throws IOException {
    Adapter adapter = new Example().read(0.5);

    assertThat(adapter.name()).isEqualTo("tone");
    assertThat(adapter.changes()).hasSize(1);
    Adapter.Change change = adapter.changes().get(0);
    assertThat(change.role()).isEqualTo(WeightRole.ATTENTION_QUERY);
    assertThat(change.layer()).isEqualTo(1);
    assertThat(change.rank()).isEqualTo(2);
    assertThat(change.scale()).isEqualTo(0.5f * 3 / 2);
  }

  @Test
  void allMatricesOfAModelMayBeChanged() throws IOException {
    Example example =
        new Example()
            .tensor("output.weight.lora_a", 8, 1)
            .tensor("output.weight.lora_b", 1, 4)
            .tensor("blk.0.ffn_down.weight.lora_a", QuantizationType.F16, 12, 3)
            .tensor("blk.0.ffn_down.weight.lora_b", QuantizationType.BF16, 3, 8);

    assertThat(example.read().changes())
        .extracting(Adapter.Change::role)
        .containsExactlyInAnyOrder(
            WeightRole.ATTENTION_QUERY, WeightRole.OUTPUT, WeightRole.FEED_FORWARD_DOWN);
  }

  @ParameterizedTest
  @CsvSource({
    "general.type, model, the file is no adapter",
    "adapter.type, control_vector, no other adapters are supported",
    "general.architecture, qwen2, must be the model's own",
  })
  void otherFilesAreRefused(String key, String value, String message) {
    assertRefused(new Example().set(key, MetadataValue.ofString(value)), key, message);
    assertRefused(new Example().remove(key), key, "missing");
  }

  @Test
  void anAlphaThatMeansNothingIsRefused() {
    String key = "adapter.lora.alpha";
    assertRefused(new Example().remove(key), key, "missing");
    for (float alpha : new float[] {0, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertRefused(
          new Example().set(key, MetadataValue.ofFloat32(alpha)), key, "a number other than 0");
    }
  }

  @Test
  void anAdapterThatBeginsAtCertainTokensIsRefused() {
    String key = "adapter.alora.invocation_tokens";
    assertRefused(new Example().set(key, MetadataValue.ofInt32s(1)), key, "not supported");
  }

  @ParameterizedTest
  @CsvSource({
    "token_embd.weight.lora_a, token_embd.weight",
    "blk.0.attn_norm.weight.lora_a, blk.0.attn_norm.weight",
    "blk.0.attn_norm.weight, blk.0.attn_norm.weight",
    "blk.2.attn_q.weight.lora_a, blk.2.attn_q.weight",
    "blk.0.attn_q.weight, blk.0.attn_q.weight",
    "blk.0.attn_q.weight.lora_c, blk.0.attn_q.weight.lora_c",
    "blk.0.ssm_in.weight.lora_b, blk.0.ssm_in.weight",
  })
  void whatCannotBeChangedIsNamed(String tensor, String named) {
    assertRefused(new Example().tensor(tensor, 8, 2), "cannot change", named);
  }

  @Test
  void expertsCannotBeChanged() throws IOException {
    TinyModel routed =
        new TinyModel()
            .set("llama.expert_count", MetadataValue.ofUint32(3))
            .set("llama.expert_used_count", MetadataValue.ofUint32(2));
    model = GgufFile.read(routed.write(directory));
    String gate = "blk.0.ffn_gate_exps.weight";
    assertRefused(
        new Example().tensor(gate + ".lora_a", 8, 2, 3).tensor(gate + ".lora_b", 2, 12, 3),
        "cannot change",
        "experts and their routers not): " + gate + ":");
  }

  @Test
  void aScaleBeyondFloat32IsRefused() throws IOException {
    Example example = new Example();
    assertThat(example.read(2e38).changes().get(0).scale()).isEqualTo(3e38f);
    for (double scale : new double[] {3e38, -3e38, 1e300}) {
      assertThatThrownBy(() -> example.read(scale))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("a scale beyond what float32 holds")
          .hasMessageContaining("1.5 times " + scale);
    }
  }

  @Test
  void halfAPairIsRefused() {
    assertRefused(new Example().remove("blk.1.attn_q.weight.lora_b"), "lacks one", "attn_q");
    assertRefused(new Example().remove("blk.1.attn_q.weight.lora_a"), "lacks one", "attn_q");
  }

  @Test
  void nothingAtAllIsRefused() {
    Example empty =
        new Example().remove("blk.1.attn_q.weight.lora_a").remove("blk.1.attn_q.weight.lora_b");
    assertRefused(empty, "changes nothing");
  }

  @ParameterizedTest
  @CsvSource({"7, 2, 2, 8", "8, 2, 3, 8", "8, 2, 2, 7", "8, 2, 2, 9", "16, 1, 1, 8"})
  void otherShapesAreRefused(long inputs, long rank, long columns, long outputs) {
    assertRefused(
        new Example()
            .tensor("blk.1.attn_q.weight.lora_a", inputs, rank)
            .tensor("blk.1.attn_q.weight.lora_b", columns, outputs),
        "does not fit the model",
        "blk.1.attn_q.weight");
  }

  @Test
  void aRankBeyondAnyIsRefused() {
    long rank = Adapter.MOST_RANK + 1;
    assertRefused(
        new Example()
            .tensor("blk.1.attn_q.weight.lora_a", 8, rank)
            .tensor("blk.1.attn_q.weight.lora_b", rank, 8),
        "rank above");
  }

  @Test
  void moreDimensionsAreRefused() {
    assertRefused(
        new Example().tensor("blk.1.attn_q.weight.lora_a", 8, 1, 2), "does not fit the model");
  }

  @Test
  void otherTypesAreRefused() {
    assertRefused(
        new Example().tensor("blk.1.attn_q.weight.lora_b", QuantizationType.Q4_0, 32, 8),
        "a type other than",
        "attn_q.weight.lora_b");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    AdapterFile missing = new AdapterFile("tone", directory.resolve("none.gguf"), 1);
    assertThatThrownBy(() -> Adapter.of(missing, model, ModelConfig.of(model)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("tone")
        .hasMessageContaining("none.gguf");
  }

  @Test
  void aFileThatIsCutOffIsRefused() throws IOException {
    new Example().read();
    Path file = directory.resolve("adapter.gguf");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length - 31; length += 13) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(
              () -> Adapter.of(new AdapterFile("tone", file, 1), model, ModelConfig.of(model)))
          .as("%d bytes", length)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  private static void assertRefused(Example example, String... parts) {
    assertThatThrownBy(example::read)
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("adapter.gguf")
        .satisfies(problem -> assertThat(problem.getMessage()).contains(parts));
  }
}
