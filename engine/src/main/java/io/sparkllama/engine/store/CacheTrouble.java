package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Says in a sentence why a cache directory cannot hold a model, and what to do. */
final class CacheTrouble {
  /** What operating systems say where only another directory helps. */
  private static final List<String> HOPELESS =
      List.of("no space left", "disk quota exceeded", "read-only file system", "file too large");

  private CacheTrouble() {}

  /** Refuses a model before it is copied where it cannot fit. */
  static void requireRoom(Path directory, long bytes) throws IOException {
    long usable = Files.getFileStore(directory).getUsableSpace();
    if (usable < bytes) {
      throw new InvalidConfigurationException(
          "the model does not fit on the disk of the cache directory; free some space, or set "
              + CacheDirectory.SETTING
              + " to a larger disk: needs "
              + bytes
              + " bytes, has "
              + usable
              + ", directory "
              + directory);
    }
  }

  /**
   * Returns an exception of the same kind where trying again may help.
   *
   * @throws InvalidConfigurationException where it cannot
   */
  static IOException explain(IOException e, Path directory) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    boolean denied =
        e instanceof AccessDeniedException denial
            && denial.getFile() != null
            && denial.getFile().startsWith(directory.toString());
    if (denied || HOPELESS.stream().anyMatch(message::contains)) {
      throw unusable(e, directory);
    }
    return e;
  }

  static InvalidConfigurationException unusable(IOException e, Path directory) {
    String reason =
        e instanceof FileSystemException failure && failure.getReason() != null
            ? failure.getReason()
            : e.getClass().getSimpleName() + " " + e.getMessage();
    return new InvalidConfigurationException(
        "the cache directory cannot be written to; make room there, or set "
            + CacheDirectory.SETTING
            + " to a directory that can: "
            + directory
            + " ("
            + reason
            + ")",
        e);
  }
}
