package io.sparkllama.engine.model;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the smallest whole llama model, and variants of it: two layers of width 8, two heads on one
 * key-value head, four tokens, weights of zero unless said otherwise.
 */
public final class TinyModel {
  private record Tensor(QuantizationType type, long[] dimensions) {}

  private final Map<String, MetadataValue> metadata = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private float number; // each element's in tensors of F32

  public TinyModel() {
    set("general.architecture", MetadataValue.ofString("llama"));
    set("llama.block_count", MetadataValue.ofUint32(2));
    set("llama.context_length", MetadataValue.ofUint32(16));
    set("llama.embedding_length", MetadataValue.ofUint32(8));
    set("llama.feed_forward_length", MetadataValue.ofUint32(12));
    set("llama.attention.head_count", MetadataValue.ofUint32(2));
    set("llama.attention.head_count_kv", MetadataValue.ofUint32(1));
    set("llama.attention.layer_norm_rms_epsilon", MetadataValue.ofFloat32(1e-5f));
    set("tokenizer.ggml.model", MetadataValue.ofString("llama"));
    set("tokenizer.ggml.tokens", MetadataValue.ofStrings(List.of("<unk>", "<s>", "</s>", "a")));
    set("tokenizer.ggml.scores", MetadataValue.ofFloat32s(0, 0, 0, 0));
    set("tokenizer.ggml.token_type", MetadataValue.ofInt32s(2, 3, 3, 1));
    tensor("token_embd.weight", 8, 4);
    tensor("output_norm.weight", 8);
    for (int layer = 0; layer < 2; layer++) {
      String block = "blk." + layer + ".";
      tensor(block + "attn_norm.weight", 8);
      tensor(block + "attn_q.weight", 8, 8);
      tensor(block + "attn_k.weight", 8, 4);
      tensor(block + "attn_v.weight", 8, 4);
      tensor(block + "attn_output.weight", 8, 8);
      tensor(block + "ffn_norm.weight", 8);
      tensor(block + "ffn_gate.weight", 8, 12);
      tensor(block + "ffn_up.weight", 8, 12);
      tensor(block + "ffn_down.weight", 12, 8);
    }
  }

  public TinyModel set(String key, MetadataValue value) {
    metadata.put(key, value);
    return this;
  }

  /** Names another architecture, in its keys too. */
  TinyModel architecture(String id) {
    for (String key : List.copyOf(metadata.keySet())) {
      if (key.startsWith("llama.")) {
        metadata.put(id + key.substring("llama".length()), metadata.remove(key));
      }
    }
    return set("general.architecture", MetadataValue.ofString(id));
  }

  public TinyModel remove(String key) {
    metadata.remove(key);
    return this;
  }

  /** Adds or replaces a tensor of F32. */
  public TinyModel tensor(String name, long... dimensions) {
    return tensor(name, QuantizationType.F32, dimensions);
  }

  public TinyModel tensor(String name, QuantizationType type, long... dimensions) {
    tensors.put(name, new Tensor(type, dimensions));
    return this;
  }

  public TinyModel removeTensor(String name) {
    tensors.remove(name);
    return this;
  }

  /** Gives all elements of tensors of F32 this value. */
  public TinyModel filled(float value) {
    number = value;
    return this;
  }

  public Path write(Path directory) throws IOException {
    GgufContents contents = new GgufContents();
    metadata.forEach(contents::put);
    tensors.forEach((name, tensor) -> contents.tensor(name, tensor.type(), tensor.dimensions()));
    Path path = directory.resolve("tiny.gguf");
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
        writer.write(tensor.getKey(), data(tensor.getValue()));
      }
      writer.finish();
    }
    return path;
  }

  GgufFile file(Path directory) throws IOException {
    return GgufFile.read(write(directory));
  }

  private ByteBuffer data(Tensor tensor) {
    ByteBuffer data = ByteBuffer.allocate(byteSize(tensor)).order(ByteOrder.LITTLE_ENDIAN);
    while (tensor.type() == QuantizationType.F32 && data.hasRemaining()) {
      data.putFloat(number);
    }
    return data.clear();
  }

  private static int byteSize(Tensor tensor) {
    long blocks = tensor.dimensions()[0] / tensor.type().blockSize();
    for (int i = 1; i < tensor.dimensions().length; i++) {
      blocks *= tensor.dimensions()[i];
    }
    return Math.toIntExact(blocks * tensor.type().blockBytes());
  }
}
