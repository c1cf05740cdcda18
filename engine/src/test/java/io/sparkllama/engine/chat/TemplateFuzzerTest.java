package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Renders the fuzzer's seeds, and random changes of them. */
class TemplateFuzzerTest {
  private static final int MUTANTS = 4000;

  @Test
  void seedsKeepThePromises() throws IOException {
    List<String> seeds = TemplateFuzzer.seeds();
    assertThat(seeds).hasSizeGreaterThan(40);
    for (String seed : seeds) {
      for (int choice = 0; choice < TemplateFuzzer.choices(); choice++) {
        check(TemplateFuzzer.input(choice, seed));
      }
    }
  }

  @Test
  void mutantsKeepThePromises() throws IOException {
    List<String> seeds = TemplateFuzzer.seeds();
    Random random = new Random(20240726);
    for (int i = 0; i < MUTANTS; i++) {
      String mutant = any(random, seeds);
      for (int change = random.nextInt(4); change >= 0; change--) {
        mutant = changed(random, mutant, any(random, seeds));
      }
      check(TemplateFuzzer.input(random.nextInt(TemplateFuzzer.choices()), mutant));
    }
  }

  /** Cuts a piece out, puts it in again, or puts a piece of another text in its place. */
  private static String changed(Random random, String text, String other) {
    int start = random.nextInt(text.length() + 1);
    int end = Math.min(text.length(), start + random.nextInt(12));
    int from = random.nextInt(other.length() + 1);
    String piece = other.substring(from, Math.min(other.length(), from + random.nextInt(24)));
    String middle =
        switch (random.nextInt(3)) {
          case 0 -> "";
          case 1 -> text.substring(start, end).repeat(2);
          default -> piece;
        };
    return text.substring(0, start) + middle + text.substring(end);
  }

  private static String any(Random random, List<String> seeds) {
    return seeds.get(random.nextInt(seeds.size()));
  }

  private static void check(byte[] input) {
    try {
      TemplateFuzzer.fuzzerTestOneInput(input);
    } catch (RuntimeException | Error broken) {
      String template = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
      throw new AssertionError(
          "choice "
              + input[0]
              + ", as Base64 "
              + Base64.getEncoder().encodeToString(input)
              + ": "
              + template,
          broken);
    }
  }
}
