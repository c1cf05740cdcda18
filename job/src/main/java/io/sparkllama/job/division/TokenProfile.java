package io.sparkllama.job.division;

import java.util.Arrays;
import java.util.function.ToIntFunction;

/**
 * Estimates how many tokens stand before each place of a text: each grain of it is tokenized by
 * itself, once, and tokens are taken to be spread evenly within. So a text of which one half takes
 * more tokens than the other is still divided evenly.
 */
final class TokenProfile {
  private static final int LEAST_GRAIN = 32;

  private final int[] ends; // [grains], characters
  private final double[] tokens; // [grains], up to the grain's end

  private TokenProfile(int[] ends, double[] tokens) {
    this.ends = ends;
    this.tokens = tokens;
  }

  /**
   * Tokenizes a text, grain by grain.
   *
   * @param grains wanted, about
   * @param total what the whole text's tokens are known to be; grains are scaled to it
   */
  static TokenProfile of(String text, int grains, int total, ToIntFunction<String> tokenizer) {
    int size = Math.max(LEAST_GRAIN, text.length() / Math.max(1, grains) + 1);
    int[] ends = new int[text.length() / size + 1];
    double[] tokens = new double[ends.length];
    int none = tokenizer.applyAsInt("");
    int count = 0;
    double sum = 0;
    for (int start = 0; start < text.length(); ) {
      int end = Characters.borderFrom(text, Math.min(text.length(), start + size));
      sum += Math.max(1, tokenizer.applyAsInt(text.substring(start, end)) - none);
      ends[count] = end;
      tokens[count] = sum;
      count++;
      start = end;
    }
    double scale = total / sum;
    for (int i = 0; i < count; i++) {
      tokens[i] *= scale;
    }
    return new TokenProfile(Arrays.copyOf(ends, count), Arrays.copyOf(tokens, count));
  }

  /** Returns the tokens before a place, about. */
  double before(int position) {
    if (position == 0) {
      return 0;
    }
    int found = Arrays.binarySearch(ends, position);
    int grain = found >= 0 ? found : -found - 1;
    int start = grain == 0 ? 0 : ends[grain - 1];
    double first = grain == 0 ? 0 : tokens[grain - 1];
    return first + (tokens[grain] - first) * (position - start) / (ends[grain] - start);
  }
}
