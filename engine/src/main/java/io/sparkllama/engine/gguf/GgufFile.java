package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says what a GGUF file holds: metadata and the places of tensors. A model that is split over
 * several files is one GgufFile. Any valid file will do, a vocabulary without tensors too.
 */
public final class GgufFile {
  private final List<Path> parts;
  private final int version;
  private final GgufMetadata metadata;
  private final Map<String, TensorInfo> tensors;

  GgufFile(List<Path> parts, int version, GgufMetadata metadata, List<TensorInfo> tensors) {
    this.parts = List.copyOf(parts);
    this.version = version;
    this.metadata = metadata;
    this.tensors = new LinkedHashMap<>();
    for (TensorInfo tensor : tensors) {
      if (this.tensors.put(tensor.name(), tensor) != null) {
        throw new ModelFormatException(
            "tensor "
                + tensor.name()
                + " occurs in more than one part of the split model: "
                + parts.get(tensor.part()));
      }
    }
  }

  /**
   * Reads a file, or all parts of a split model given any one of them.
   *
   * @throws ModelFormatException where the file is damaged, hostile or of an unsupported kind
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where there is no such file or
   *     it cannot be read
   */
  public static GgufFile read(Path path) {
    return SplitModel.read(path);
  }

  /** Returns the format's version, 2 or 3. */
  public int version() {
    return version;
  }

  public GgufMetadata metadata() {
    return metadata;
  }

  /** Returns the tensors in the order of the files. */
  public List<TensorInfo> tensors() {
    return List.copyOf(tensors.values());
  }

  public Optional<TensorInfo> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** Returns the files; {@link TensorInfo#part} is an index into this list. */
  public List<Path> parts() {
    return parts;
  }
}
