package io.sparkllama.engine.gguf;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects what a file to be written will say: metadata and the names, types and shapes of tensors,
 * in the order of their data.
 */
public final class GgufContents {
  /** Declares a tensor; {@code dimensions} innermost first. */
  record Declaration(QuantizationType type, long[] dimensions, long byteSize) {}

  private final Map<String, MetadataValue> metadata = new LinkedHashMap<>();
  private final Map<String, Declaration> tensors = new LinkedHashMap<>();

  /** Sets a metadata value; a key set twice keeps its place and takes the new value. */
  public GgufContents put(String key, MetadataValue value) {
    if (key.isEmpty() || !key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new IllegalArgumentException("a metadata key must be printable ASCII: " + key);
    }
    metadata.put(key, value);
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param dimensions innermost first, {@code [inputs, outputs]} for a matrix; the first is whole
   *     blocks
   */
  public GgufContents tensor(String name, QuantizationType type, long... dimensions) {
    if (name.isEmpty() || name.length() > TensorListReader.MAX_NAME_BYTES) {
      throw new IllegalArgumentException(
          "a tensor's name must have 1 to " + TensorListReader.MAX_NAME_BYTES + " bytes: " + name);
    }
    if (!name.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new IllegalArgumentException("a tensor's name must be printable ASCII: " + name);
    }
    if (dimensions.length < 1
        || dimensions.length > TensorListReader.MAX_DIMENSIONS
        || dimensions[0] % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "a tensor must have 1 to 4 dimensions and whole blocks: " + name);
    }
    long bytes = Math.multiplyExact(dimensions[0] / type.blockSize(), type.blockBytes());
    for (int i = 0; i < dimensions.length; i++) {
      if (dimensions[i] < 1) {
        throw new IllegalArgumentException("a tensor's dimensions must be positive: " + name);
      }
      bytes = i == 0 ? bytes : Math.multiplyExact(bytes, dimensions[i]);
    }
    if (tensors.putIfAbsent(name, new Declaration(type, dimensions.clone(), bytes)) != null) {
      throw new IllegalArgumentException("tensor added twice: " + name);
    }
    return this;
  }

  /**
   * Returns what a reader of the file will find, so that it can be refused before it is written.
   * Tensors have no place in it yet: their offsets are 0.
   *
   * @param source what messages name in place of the file
   */
  public GgufFile preview(Path source) {
    List<TensorInfo> infos = new ArrayList<>();
    tensors.forEach(
        (name, tensor) ->
            infos.add(
                new TensorInfo(
                    name, tensor.type(), tensor.dimensions().clone(), 0, 0, tensor.byteSize())));
    return new GgufFile(
        List.of(source),
        GgufHeaderEncoder.VERSION,
        new GgufMetadata(source.toString(), metadata),
        infos);
  }

  Map<String, MetadataValue> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  Map<String, Declaration> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** Returns the alignment that the metadata sets, or the format's default. */
  int alignment() {
    return new GgufMetadata("contents to be written", metadata)
        .optionalInteger(TensorListReader.ALIGNMENT_KEY)
        .orElse(TensorListReader.DEFAULT_ALIGNMENT);
  }
}
