package io.sparkllama.job;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;

/** Finds the really trained model that end-to-end tests run; they are skipped without it. */
final class SharedModel {
  private SharedModel() {}

  /** Returns stories260K: context 512, vocabulary 512. */
  static Path stories() {
    return find("models", "stories260K.f32.gguf");
  }

  /** Returns a file of the shared data, or skips the test. */
  static Path find(String... parts) {
    Path file = Path.of(System.getProperty("sparkllama.shared", "../shared"), "data");
    for (String part : parts) {
      file = file.resolve(part);
    }
    assumeThat(file).as("the shared test data").exists();
    return file;
  }
}
