package io.sparkllama.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Finds the folder of real models, vocabularies and documents that tests read from. */
public final class SharedData {
  private SharedData() {}

  /** Returns a path under {@code data/}, or skips the test, visibly, where it is absent. */
  public static Path path(String relative) {
    Path root = Path.of(System.getProperty("sparkllama.shared", "../../shared"));
    Path path = root.resolve("data").resolve(relative);
    Assumptions.assumeTrue(
        Files.exists(path), "skipped: no shared data at " + path.toAbsolutePath().normalize());
    return path;
  }
}
