package io.sparkllama.job.division;

import java.util.Optional;
import java.util.function.DoubleFunction;
import java.util.function.IntBinaryOperator;

/**
 * Cuts a text so that every part's prompt fits: by estimates, taken a little low, and where the
 * tokenizer finds a part too long after all, again with less room. Each trial tokenizes the text
 * once at most, and the room shrinks faster with each.
 */
final class FittingCuts {
  private static final int MOST_TRIALS = 10;

  /** Is how far estimates may be above the truth: what just fits is to be tried. */
  private static final double TOLERANCE = 1.02;

  /**
   * Is what the parts must keep to.
   *
   * @param limit of a prompt's tokens
   * @param otherTokens of a prompt, those that are not the part's
   * @param parts at most
   */
  record Bounds(int limit, int otherTokens, int parts) {
    double room() {
      return limit - otherTokens;
    }
  }

  private FittingCuts() {}

  /**
   * Returns positions of the text, its beginning and its end among them; nothing where it cannot be
   * cut so.
   *
   * @param borders by the tokens that a part may have
   * @param promptTokens of the part between two positions
   */
  static Optional<int[]> of(
      Bounds bounds, DoubleFunction<Borders> borders, IntBinaryOperator promptTokens) {
    double room = TOLERANCE * bounds.room() + 1;
    for (int trial = 0; trial < MOST_TRIALS; trial++) {
      Borders places = borders.apply(room);
      Optional<int[]> cuts = EvenCuts.of(places, room);
      if (cuts.isEmpty() || cuts.get().length - 1 > bounds.parts()) {
        return Optional.empty();
      }
      int[] positions = new int[cuts.get().length];
      for (int i = 0; i < positions.length; i++) {
        positions[i] = places.position(cuts.get()[i]);
      }
      int tooLong = firstOver(bounds.limit(), positions, promptTokens);
      if (tooLong == 0) {
        return Optional.of(positions);
      }
      double found = bounds.room() / Math.max(1, tooLong - bounds.otherTokens());
      room *= Math.min(found, 1 - 0.01 * (1 << Math.min(trial, 5)));
    }
    return Optional.empty();
  }

  /** Returns the tokens of the first prompt that is too long, 0 where none is. */
  private static int firstOver(int limit, int[] positions, IntBinaryOperator promptTokens) {
    for (int i = 1; i < positions.length; i++) {
      int tokens = promptTokens.applyAsInt(positions[i - 1], positions[i]);
      if (tokens > limit) {
        return tokens;
      }
    }
    return 0;
  }
}
