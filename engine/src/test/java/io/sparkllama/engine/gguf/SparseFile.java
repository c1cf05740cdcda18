package io.sparkllama.engine.gguf;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * Writes the header of a GGUF file and leaves its tensors empty: a model of any size that takes no
 * room on the disk.
 */
public final class SparseFile {
  private SparseFile() {}

  /** Writes a file that is as long as its header says. */
  public static Path write(Path path, GgufContents contents) throws IOException {
    byte[] header = new GgufHeaderEncoder(contents).encode();
    long length = header.length;
    for (GgufContents.Declaration tensor : contents.tensors().values()) {
      length += GgufHeaderEncoder.align(tensor.byteSize(), contents.alignment());
    }
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.write(header);
      file.setLength(length);
    }
    return path;
  }
}
