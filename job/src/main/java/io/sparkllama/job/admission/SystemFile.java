package io.sparkllama.job.admission;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the files by which the kernel tells about a process. */
final class SystemFile {
  private static final Logger LOG = LoggerFactory.getLogger(SystemFile.class);

  private SystemFile() {}

  /**
   * Returns a file's text; empty where there is no such file, or with a warning where it is shut.
   */
  static Optional<String> text(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException shut) {
      LOG.warn(
          "A file that may limit this process's memory cannot be read; make it readable, or see to"
              + " the limit yourself ({}): {}",
          shut.toString(),
          file);
      return Optional.empty();
    }
  }
}
