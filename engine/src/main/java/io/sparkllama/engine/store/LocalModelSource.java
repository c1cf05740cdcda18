package io.sparkllama.engine.store;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Offers a model's files from a disk of this host. */
public final class LocalModelSource implements ModelSource {
  private final Path path;

  /**
   * @param path the model, or any part of a split one
   */
  public LocalModelSource(Path path) {
    this.path = path.toAbsolutePath().normalize();
  }

  @Override
  public String location() {
    return path.toString();
  }

  @Override
  public List<Part> parts() throws IOException {
    Path fileName = path.getFileName();
    if (fileName == null || !Files.isRegularFile(path)) {
      throw new FileNotFoundException(path.toString());
    }
    List<Part> parts = new ArrayList<>();
    for (String name : PartNames.of(fileName.toString())) {
      Path file = path.resolveSibling(name);
      if (!Files.isRegularFile(file)) {
        throw new FileNotFoundException(file.toString());
      }
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      parts.add(
          new Part(
              name,
              attributes.size(),
              attributes.lastModifiedTime().toMillis(),
              new LocalFile(file)));
    }
    return parts;
  }

  private record LocalFile(Path path) implements Opener {
    @Override
    public InputStream open() throws IOException {
      return Files.newInputStream(path);
    }

    @Override
    public Optional<RangeReader> openRanges() throws IOException {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return Optional.of(
          new RangeReader() {
            @Override
            public int read(long offset, byte[] target, int most) throws IOException {
              return channel.read(ByteBuffer.wrap(target, 0, most), offset);
            }

            @Override
            public void close() throws IOException {
              channel.close();
            }
          });
    }
  }
}
