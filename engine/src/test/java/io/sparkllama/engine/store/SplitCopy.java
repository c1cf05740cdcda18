package io.sparkllama.engine.store;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** Writes a model again as two files, every other tensor in the second. */
public final class SplitCopy {
  private SplitCopy() {}

  /** Returns the second part. */
  public static Path write(Path model, Path folder) throws IOException {
    GgufFile file = GgufFile.read(model);
    try (TensorReader reader = TensorReader.open(file)) {
      write(file, reader, folder, 0);
      return write(file, reader, folder, 1);
    }
  }

  private static Path write(GgufFile file, TensorReader reader, Path folder, int part)
      throws IOException {
    List<TensorInfo> all = file.tensors();
    List<TensorInfo> own = all.stream().filter(t -> all.indexOf(t) % 2 == part).toList();
    GgufContents contents = new GgufContents();
    if (part == 0) {
      file.metadata().keys().forEach(k -> contents.put(k, file.metadata().value(k).orElseThrow()));
    }
    contents.put("split.no", MetadataValue.ofUint16(part));
    contents.put("split.count", MetadataValue.ofUint16(2));
    contents.put("split.tensors.count", MetadataValue.ofInt32(all.size()));
    own.forEach(tensor -> contents.tensor(tensor.name(), tensor.type(), tensor.dimensions()));
    Path path = folder.resolve("split-0000%d-of-00002.gguf".formatted(part + 1));
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      for (TensorInfo tensor : own) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(tensor.byteSize()));
        reader.readBytes(tensor, 0, bytes);
        writer.write(tensor.name(), bytes.flip());
      }
      writer.finish();
    }
    return path;
  }
}
