package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Makes prompts of a wanted number of tokens from seeded words, which begin alike for as many
 * tokens as wanted. A prompt may be a token or two short where words do not come out even.
 */
public final class BenchPrompts {
  private static final List<String> WORDS =
      List.of(
          "the", "one", "day", "she", "was", "little", "house", "tree", "went", "with", "her",
          "mother", "and", "saw", "a", "big", "dog", "who", "played", "in", "garden", "they",
          "found", "red", "ball", "under", "water", "then", "came", "home", "to", "sleep");

  private final Tokenizer tokenizer;

  public BenchPrompts(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Returns prompts, each with its begin token at most {@code tokens} long.
   *
   * @param sharedTokens tokens that all prompts begin with
   */
  List<Prompt> prompts(int count, int tokens, int sharedTokens) {
    return prompts(1, count, tokens, sharedTokens);
  }

  /**
   * Returns prompts as the other, which differ from those of any other number.
   *
   * @param first number of the first prompt, at least 1; those that follow have the next ones
   */
  public List<Prompt> prompts(int first, int count, int tokens, int sharedTokens) {
    String shared = longest(words -> words(words, 0), sharedTokens);
    return IntStream.range(first, first + count)
        .mapToObj(index -> Prompt.ofData(prompt(shared, tokens, index)))
        .toList();
  }

  private String prompt(String shared, int tokens, int seed) {
    String text = longest(words -> joined(shared, words(words, seed)), tokens);
    // Single letters fill what is left after the last whole word.
    for (int gap = tokens - length(text); gap > 0; gap--) {
      String longer = text + " a";
      if (length(longer) > tokens) {
        break;
      }
      text = longer;
    }
    return text;
  }

  // The text of the most words that has at most so many tokens; more words never have fewer tokens.
  private String longest(IntFunction<String> text, int tokens) {
    int fits = 0;
    int tooMany = tokens + 1;
    while (tooMany - fits > 1) {
      int words = (fits + tooMany) / 2;
      if (length(text.apply(words)) <= tokens) {
        fits = words;
      } else {
        tooMany = words;
      }
    }
    return text.apply(fits);
  }

  private int length(String text) {
    return tokenizer.encodeWithBos(Prompt.ofData(text)).length;
  }

  private static String joined(String first, String second) {
    return first.isEmpty() || second.isEmpty() ? first + second : first + " " + second;
  }

  private static String words(int count, long seed) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      long random = RandomBlocks.mixed(RandomBlocks.mixed(seed + 1) + i);
      text.append(i == 0 ? "" : " ").append(WORDS.get((int) (random >>> 59)));
    }
    return text.toString();
  }
}
