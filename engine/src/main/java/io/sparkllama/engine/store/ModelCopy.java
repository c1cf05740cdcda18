package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Copies a model's files into a new directory and hashes them on the way. */
final class ModelCopy {
  private static final int BUFFER_BYTES = 1 << 20;

  private final String location;
  private final List<ModelSource.Part> parts;
  private final MessageDigest digest = ModelManifest.newDigest();
  private final byte[] buffer = new byte[BUFFER_BYTES];

  ModelCopy(String location, List<ModelSource.Part> parts) {
    this.location = location;
    this.parts = parts;
  }

  /**
   * Makes the directory, and in it the files and then their manifest, all on the disk when this
   * returns. Takes memory for one buffer.
   */
  ModelManifest to(Path directory) throws IOException {
    Files.createDirectory(directory);
    List<ModelManifest.Entry> entries = new ArrayList<>();
    for (ModelSource.Part part : parts) {
      copy(part, directory.resolve(part.name()));
      entries.add(new ModelManifest.Entry(part.name(), part.length()));
    }
    ModelManifest manifest = new ModelManifest(HexFormat.of().formatHex(digest.digest()), entries);
    CachedFiles.write(directory.resolve(ModelManifest.FILE_NAME), manifest.text());
    CachedFiles.syncDirectory(directory);
    return manifest;
  }

  private void copy(ModelSource.Part part, Path target) throws IOException {
    long copied = 0;
    try (InputStream in = part.content().open();
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        copied += count;
        if (copied > part.length()) {
          throw changing(part);
        }
        digest.update(buffer, 0, count);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
      }
      if (copied != part.length()) {
        throw changing(part);
      }
      out.force(true);
    }
    CachedFiles.makeReadOnly(target);
  }

  private InvalidConfigurationException changing(ModelSource.Part part) {
    return new InvalidConfigurationException(
        "the model's length changed while it was copied; wait until it is written, and start the"
            + " job again: "
            + part.name()
            + " of "
            + location);
  }
}
