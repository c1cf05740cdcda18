package io.sparkllama.engine.store;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/**
 * Tells one model from another, so that none is run with the packed weights of another.
 *
 * @param text 64 hexadecimal digits
 */
record ModelIdentity(String text) {
  private static final int BUFFER_BYTES = 1 << 16;

  /** Identifies a model in the cache by its content, which was hashed when it was verified. */
  static ModelIdentity of(ModelManifest manifest) {
    return new ModelIdentity(manifest.sha256());
  }

  /**
   * Identifies a file that a user names by what a change of it changes as well: the place, the
   * length and the time of modification of every part, and the bytes before its weights. Copies may
   * keep all of these, so that the file's number and the time of its last change, which no program
   * sets, count too where the file system tells them. Its content is not hashed: at each start that
   * would take seconds for every GB.
   */
  static ModelIdentity of(GgufFile model) {
    Digest digest = new Digest("spark-llama model by path");
    for (int part = 0; part < model.parts().size(); part++) {
      Path file = model.parts().get(part);
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        digest.text(file.toRealPath().toString()).number(attributes.size());
        digest.number(attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS));
        if (Files.getFileStore(file).supportsFileAttributeView("unix")) {
          digest.number(((Number) Files.getAttribute(file, "unix:ino")).longValue());
          digest.number(
              ((FileTime) Files.getAttribute(file, "unix:ctime")).to(TimeUnit.NANOSECONDS));
        }
        digest.start(file, headerBytes(model, part));
      } catch (ClosedByInterruptException e) {
        throw new EngineFailedException(
            "the engine was not opened: it was interrupted while its model was read", e);
      } catch (IOException e) {
        throw new InvalidConfigurationException("The model cannot be read: " + file + ": " + e, e);
      }
    }
    return new ModelIdentity(digest.finished());
  }

  /** Returns the bytes before the first weight of a part; 0 where it has none. */
  private static long headerBytes(GgufFile model, int part) {
    return model.tensors().stream()
        .filter(tensor -> tensor.part() == part)
        .mapToLong(TensorInfo::offset)
        .min()
        .orElse(0);
  }

  /** Hashes values of known lengths, so that no two lists of values give the same bytes. */
  static final class Digest {
    private final MessageDigest digest = ModelManifest.newDigest();

    Digest(String purpose) {
      text(purpose);
    }

    Digest text(String value) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      number(bytes.length);
      digest.update(bytes);
      return this;
    }

    Digest number(long value) {
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
      return this;
    }

    /** Adds the first bytes of a file, as many as there are. */
    void start(Path file, long count) throws IOException {
      number(count);
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
      try (FileChannel channel = FileChannel.open(file)) {
        long left = count;
        while (left > 0) {
          buffer.clear().limit((int) Math.min(left, BUFFER_BYTES));
          int read = channel.read(buffer);
          if (read < 0) {
            return;
          }
          digest.update(buffer.flip());
          left -= read;
        }
      }
    }

    String finished() {
      return HexFormat.of().formatHex(digest.digest());
    }
  }
}
