package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Offers a file slowly, and leaves a mark in a directory each time it is opened. */
record CountedSource(Path file, Path marks) implements ModelSource {
  @Override
  public String location() {
    return file.toString();
  }

  @Override
  public List<Part> parts() throws IOException {
    return new LocalModelSource(file)
        .parts().stream()
            .map(
                part ->
                    new Part(part.name(), part.length(), part.modifiedMillis(), () -> open(part)))
            .toList();
  }

  private InputStream open(Part part) throws IOException {
    Files.createTempFile(marks, "opened", "");
    InputStream in = part.content().open();
    return new InputStream() {
      @Override
      public int read() throws IOException {
        return in.read();
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
          Thread.sleep(2);
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
        return in.read(bytes, offset, Math.min(length, 8192));
      }

      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }

  /** Returns how often any process has opened the source. */
  long opened() throws IOException {
    try (Stream<Path> list = Files.list(marks)) {
      return list.count();
    }
  }
}
