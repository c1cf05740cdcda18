package io.sparkllama.engine.fuzz;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataType;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.TinyModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Makes adapters of {@link TinyModel}: sound ones, and one for each way not to be. */
final class AdapterSeeds {
  private static final String QUERY = "blk.1.attn_q.weight";

  /** Is one of A and B. */
  private record Matrix(String name, QuantizationType type, long columns, long rows) {
    /** Returns the file's bytes; of a float type all elements are the number. */
    ByteBuffer data(float number) {
      ByteBuffer data =
          ByteBuffer.allocate(
                  Math.toIntExact(rows * (columns / type.blockSize()) * type.blockBytes()))
              .order(ByteOrder.LITTLE_ENDIAN);
      switch (type) {
        case F32 -> {
          while (data.hasRemaining()) {
            data.putFloat(number);
          }
        }
        case BF16 -> {
          while (data.hasRemaining()) {
            data.putShort((short) (Float.floatToRawIntBits(number) >>> 16));
          }
        }
        default -> {} // zeros are a number of every type
      }
      return data.clear();
    }
  }

  private final Map<String, MetadataValue> metadata = new LinkedHashMap<>();
  private final List<Matrix> matrices = new ArrayList<>();
  private float number = 0.25f; // each element's

  private AdapterSeeds() {
    metadata.put("general.architecture", MetadataValue.ofString("llama"));
    metadata.put("general.type", MetadataValue.ofString("adapter"));
    metadata.put("adapter.type", MetadataValue.ofString("lora"));
    metadata.put("adapter.lora.alpha", MetadataValue.ofFloat32(4));
  }

  /** Returns adapters by name; those that engines refuse begin with "refused-". */
  static Map<String, byte[]> all() throws IOException {
    Map<String, UnaryOperator<AdapterSeeds>> seeds = new LinkedHashMap<>();
    seeds.put("seed-query", AdapterSeeds::query);
    seeds.put("seed-types", AdapterSeeds::types);
    seeds.put("seed-not-a-number", seed -> seed.query().number(Float.NaN));
    seeds.put("seed-infinite", seed -> seed.output().number(Float.POSITIVE_INFINITY));
    seeds.put("seed-largest-numbers", seed -> seed.output().number(Float.MAX_VALUE));
    seeds.put("refused-empty", seed -> seed);
    seeds.put("refused-half-a-pair", seed -> seed.matrix(QUERY + ".lora_a", 8, 2));
    seeds.put("refused-ranks", seed -> seed.pair(QUERY, new long[] {8, 2}, new long[] {3, 8}));
    seeds.put("refused-shape", seed -> seed.pair(QUERY, new long[] {8, 2}, new long[] {2, 9}));
    seeds.put("refused-norm", seed -> seed.query().matrix("output_norm.weight.lora_a", 8, 1));
    seeds.put("refused-type", AdapterSeeds::unknownType);
    seeds.put(
        "refused-alpha",
        seed -> seed.query().set("adapter.lora.alpha", MetadataValue.ofFloat32(0)));
    seeds.put(
        "refused-scale",
        seed ->
            seed.query()
                .set(
                    "adapter.lora.alpha",
                    new MetadataValue.FloatValue(MetadataType.FLOAT64, 1e300)));
    seeds.put(
        "refused-begins-at-tokens",
        seed -> seed.query().set("adapter.alora.invocation_tokens", MetadataValue.ofInt32s(1)));
    seeds.put(
        "refused-model", seed -> seed.query().set("general.type", MetadataValue.ofString("model")));
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (Map.Entry<String, UnaryOperator<AdapterSeeds>> seed : seeds.entrySet()) {
      files.put(seed.getKey(), seed.getValue().apply(new AdapterSeeds()).bytes());
    }
    return files;
  }

  private AdapterSeeds query() {
    return pair(QUERY, new long[] {8, 2}, new long[] {2, 8});
  }

  private AdapterSeeds output() {
    return pair("output.weight", new long[] {8, 1}, new long[] {1, 4});
  }

  /** Takes every type that matrices may have. */
  private AdapterSeeds types() {
    return pair("blk.0.attn_v.weight", new long[] {8, 1}, new long[] {1, 4})
        .matrix("blk.0.ffn_down.weight.lora_a", QuantizationType.F16, 12, 32)
        .matrix("blk.0.ffn_down.weight.lora_b", QuantizationType.Q8_0, 32, 8)
        .matrix("blk.1.ffn_gate.weight.lora_a", QuantizationType.BF16, 8, 3)
        .matrix("blk.1.ffn_gate.weight.lora_b", QuantizationType.BF16, 3, 12);
  }

  private AdapterSeeds unknownType() {
    return matrix(QUERY + ".lora_a", 8, 32).matrix(QUERY + ".lora_b", QuantizationType.Q4_0, 32, 8);
  }

  /**
   * @param a columns and rows
   * @param b columns and rows
   */
  private AdapterSeeds pair(String tensor, long[] a, long[] b) {
    return matrix(tensor + ".lora_a", a[0], a[1]).matrix(tensor + ".lora_b", b[0], b[1]);
  }

  private AdapterSeeds matrix(String name, long columns, long rows) {
    return matrix(name, QuantizationType.F32, columns, rows);
  }

  private AdapterSeeds matrix(String name, QuantizationType type, long columns, long rows) {
    matrices.add(new Matrix(name, type, columns, rows));
    return this;
  }

  private AdapterSeeds number(float value) {
    number = value;
    return this;
  }

  private AdapterSeeds set(String key, MetadataValue value) {
    metadata.put(key, value);
    return this;
  }

  private byte[] bytes() throws IOException {
    GgufContents contents = new GgufContents();
    metadata.forEach(contents::put);
    matrices.forEach(
        matrix -> contents.tensor(matrix.name(), matrix.type(), matrix.columns(), matrix.rows()));
    Path folder = Files.createTempDirectory("seed");
    Path file = folder.resolve("adapter.gguf");
    try (GgufWriter writer = GgufWriter.create(file, contents)) {
      for (Matrix matrix : matrices) {
        writer.write(matrix.name(), matrix.data(number));
      }
      writer.finish();
      return Files.readAllBytes(file);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }
}
