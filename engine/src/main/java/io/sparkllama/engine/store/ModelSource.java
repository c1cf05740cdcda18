package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Offers the files of a model where its owner keeps them: on a disk, or in shared storage. */
public interface ModelSource {

  /** Returns where the model is, as its owner wrote it: for messages and for the cache's key. */
  String location();

  /**
   * Looks up the model's files in the order in which they are read: one, or every part of a split
   * model.
   *
   * @throws java.io.FileNotFoundException where the model or one of its parts is missing
   */
  List<Part> parts() throws IOException;

  /**
   * Describes one file.
   *
   * @param name the plain file name, which parts of a split model keep in the cache
   * @param length in bytes
   * @param modifiedMillis time of the last modification, in milliseconds of the epoch
   */
  record Part(String name, long length, long modifiedMillis, Opener content) {
    public Part {
      Objects.requireNonNull(content, "content");
      if (!PartNames.isPlain(name)) {
        throw new IllegalArgumentException("a model's file must have a plain name: " + name);
      }
      if (length < 0) {
        throw new IllegalArgumentException("a file's length must be at least 0: " + length);
      }
    }
  }

  /** Opens a file; the caller closes what is returned. Any thread may call it. */
  @FunctionalInterface
  interface Opener {
    /** Opens the file from its beginning. */
    InputStream open() throws IOException;

    /** Opens it for reads at any place; empty where its storage reads to the end alone. */
    default Optional<RangeReader> openRanges() throws IOException {
      return Optional.empty();
    }
  }
}
