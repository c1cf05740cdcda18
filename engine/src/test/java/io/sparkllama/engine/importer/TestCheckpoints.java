package io.sparkllama.engine.importer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the tiny checkpoints that scripts/import_golden.py made. */
final class TestCheckpoints {
  private TestCheckpoints() {}

  static Path golden(String name) {
    return Path.of("src/test/resources/importer").resolve(name);
  }

  /** Copies a checkpoint's files, to be changed by a test. */
  static Path copy(String kind, Path folder) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(kind + "-copy"));
    List<Path> files;
    try (Stream<Path> all = Files.list(golden(kind))) {
      files = all.toList();
    }
    for (Path file : files) {
      Files.copy(file, copy.resolve(file.getFileName()));
    }
    return copy;
  }
}
