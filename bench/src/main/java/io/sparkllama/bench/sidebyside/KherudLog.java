package io.sparkllama.bench.sidebyside;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads from the log file of de.kherud:llama what its answers do not tell. */
final class KherudLog {
  private static final Pattern SYSTEM = Pattern.compile("system_info: .*CPU : ([^\\r\\n]*)");
  private static final Pattern COUNTED =
      Pattern.compile("(?m)^ *(prompt eval|eval) time = .* / +([0-9]+) tokens");

  private final Path file;

  /**
   * Counts the tokens of answers that were finished.
   *
   * @param prompt tokens of prompts that were computed
   */
  record Tokens(long prompt, long generated) {
    Tokens minus(Tokens other) {
      return new Tokens(prompt - other.prompt, generated - other.generated);
    }
  }

  KherudLog(Path file) {
    this.file = file;
  }

  /** Counts what all answers so far took. */
  Tokens tokens() throws IOException {
    long prompt = 0;
    long generated = 0;
    Matcher counted = COUNTED.matcher(text());
    while (counted.find()) {
      long tokens = Long.parseLong(counted.group(2));
      if (counted.group(1).equals("eval")) {
        generated += tokens;
      } else {
        prompt += tokens;
      }
    }
    return new Tokens(prompt, generated);
  }

  /** Returns the instruction sets that the library uses; empty where it does not tell. */
  String system() throws IOException {
    Matcher system = SYSTEM.matcher(text());
    return system.find() ? system.group(1).replaceAll("[ |]+$", "") : "";
  }

  // The library writes bytes of tokens too, which need be no text.
  private String text() throws IOException {
    return Files.exists(file)
        ? new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
        : "";
  }
}
