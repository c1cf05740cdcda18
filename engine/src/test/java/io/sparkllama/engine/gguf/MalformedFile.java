package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.file.Path;

/** Expects a file to be refused with a sentence that says what and where. */
final class MalformedFile {
  private MalformedFile() {}

  /** Expects a refusal whose message has this text and the file's path. */
  static void refuse(Path directory, GgufBytes bytes, String text) throws IOException {
    Path path = bytes.write(directory.resolve("malformed.gguf"));
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(path))
        .withMessageContaining(text)
        .withMessageContaining(path.toString());
  }

  /** Expects a refusal that names this position too. */
  static void refuse(Path directory, GgufBytes bytes, String text, long position)
      throws IOException {
    refuse(directory, bytes, text);
    Path path = directory.resolve("malformed.gguf");
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(path))
        .withMessageEndingWith(", byte " + position);
  }
}
