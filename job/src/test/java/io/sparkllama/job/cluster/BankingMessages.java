package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Finds the 3,080 real customer messages, their 77 intents, and a model to run them through. */
final class BankingMessages {
  static final int ROWS = 3080;

  private BankingMessages() {}

  static Path all() {
    return shared("documents/banking77-test.csv");
  }

  static Path intents() {
    return shared("documents/banking77-categories.json");
  }

  static Path model() {
    return shared("models/stories260K.f32.gguf");
  }

  /** Writes the header and the first rows to a file; a message may span lines. */
  static Path first(int rows, Path file) throws IOException {
    String text = Files.readString(all());
    boolean quoted = false;
    int records = 0;
    int end = 0;
    while (records <= rows) {
      char c = text.charAt(end++);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\n' && !quoted) {
        records++;
      }
    }
    return Files.writeString(file, text.substring(0, end), StandardCharsets.UTF_8);
  }

  private static Path shared(String relative) {
    Path path = Path.of(System.getProperty("sparkllama.shared", "../../shared"), "data", relative);
    Assumptions.assumeTrue(
        Files.exists(path), "skipped: no shared data at " + path.toAbsolutePath().normalize());
    return path.toAbsolutePath().normalize();
  }
}
