package io.sparkllama.engine;

import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Turns prompts into tokens and cuts those that are too long.
 *
 * <p>Only the longest data span is cut (the first of equals), at borders of characters, and as
 * little as a few trials find necessary; the template's own text stays whole. The result depends on
 * the prompt, the policy and the limit alone. A prompt is tokenized whole once; the trials are
 * about as long as what is kept.
 */
final class PromptEncoder {
  private static final int MOST_TRIALS = 40;
  private static final int GUESSED_TRIALS = 6;

  private final Function<Prompt, int[]> tokenizer;

  PromptEncoder(Function<Prompt, int[]> tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Holds a prompt that fits, and its ids. */
  record Encoded(Prompt prompt, int[] ids) {}

  /**
   * Says how long a prompt may be.
   *
   * @param wanted what a prompt that may be cut is cut to, but for what {@link #keeping} says
   * @param most what no prompt may exceed, at least {@code wanted}
   */
  record Limits(int wanted, int most) {
    /** Limits a prompt to so many tokens, whatever is left of its document. */
    static Limits exactly(int tokens) {
      return new Limits(tokens, tokens);
    }

    /** Returns the limit that keeps the document half of the room which the other text leaves. */
    int keeping(int otherTokens) {
      return Math.max(wanted, otherTokens + (most - otherTokens) / 2);
    }
  }

  /**
   * Returns a prompt within the limits. What {@link OverlongPolicy#ERROR} accepts, the other
   * policies accept too, cut or whole.
   *
   * @throws RowException where it is longer and must not or cannot be cut enough
   */
  Encoded encode(Prompt prompt, OverlongPolicy policy, Limits limits) {
    int[] ids = tokenizer.apply(prompt);
    boolean cuts = policy != OverlongPolicy.ERROR;
    if (ids.length <= (cuts ? limits.wanted() : limits.most())) {
      return new Encoded(prompt, ids);
    }
    int longest = cuts ? longestDataSpan(prompt) : -1;
    if (longest >= 0) {
      return truncate(new Encoded(prompt, ids), longest, policy, limits);
    }
    if (ids.length > limits.most()) {
      throw tooLong(ids.length, limits.most(), "shorten it, raise the context length, or truncate");
    }
    return new Encoded(prompt, ids);
  }

  private Encoded truncate(Encoded whole, int span, OverlongPolicy policy, Limits limits) {
    Prompt prompt = whole.prompt();
    int fullTokens = whole.ids().length;
    int length = prompt.spans().get(span).text().length();
    Encoded best = trial(prompt, span, policy, 0);
    int fixedTokens = best.ids().length;
    if (fixedTokens > limits.most()) {
      throw tooLong(fullTokens, limits.most(), "its other text alone is too long: shorten that");
    }
    int limit = limits.keeping(fixedTokens);
    if (fullTokens <= limit) {
      return whole;
    }
    int low = 0; // characters kept that fit
    int high = length; // characters kept that do not
    double charactersPerToken = (double) length / Math.max(1, fullTokens - fixedTokens);
    for (int i = 0; i < MOST_TRIALS && high - low > 1 && best.ids().length < limit; i++) {
      int room = limit - best.ids().length;
      double guess =
          i < GUESSED_TRIALS
              ? low + room * charactersPerToken
              : (low + Math.min(high, 2.0 * low + 64)) / 2;
      int kept = (int) Math.max(low + 1, Math.min(high - 1, guess));
      Encoded trial = trial(prompt, span, policy, kept);
      if (trial.ids().length <= limit) {
        low = kept;
        best = trial;
      } else {
        high = kept;
      }
      charactersPerToken = (double) kept / Math.max(1, trial.ids().length - fixedTokens);
    }
    return best;
  }

  private Encoded trial(Prompt prompt, int span, OverlongPolicy policy, int kept) {
    List<Prompt.Span> spans = new ArrayList<>(prompt.spans());
    Prompt.Span whole = spans.get(span);
    spans.set(span, new Prompt.Span(cut(whole.text(), policy, kept), whole.origin()));
    Prompt shorter = new Prompt(spans);
    return new Encoded(shorter, tokenizer.apply(shorter));
  }

  /** Keeps at most so many UTF-16 units, and no half of a pair. */
  static String cut(String text, OverlongPolicy policy, int kept) {
    int head =
        switch (policy) {
          case TRUNCATE_HEAD -> 0;
          case TRUNCATE_TAIL -> kept;
          case TRUNCATE_MIDDLE -> kept - kept / 2;
          case ERROR -> throw new IllegalArgumentException("nothing is cut under ERROR");
        };
    int headEnd = splitsPair(text, head) ? head - 1 : head;
    int tail = text.length() - (kept - head);
    int tailStart = splitsPair(text, tail) ? tail + 1 : tail;
    return text.substring(0, headEnd) + text.substring(tailStart);
  }

  private static boolean splitsPair(String text, int index) {
    return index > 0
        && index < text.length()
        && Character.isHighSurrogate(text.charAt(index - 1))
        && Character.isLowSurrogate(text.charAt(index));
  }

  private static int longestDataSpan(Prompt prompt) {
    int longest = -1;
    int length = 0;
    for (int i = 0; i < prompt.spans().size(); i++) {
      Prompt.Span span = prompt.spans().get(i);
      if (span.origin() == Prompt.Origin.DATA && span.text().length() > length) {
        longest = i;
        length = span.text().length();
      }
    }
    return longest;
  }

  private static RowException tooLong(int tokens, int limit, String remedy) {
    return new RowException(
        RowError.PROMPT_TOO_LONG,
        "The prompt leaves no room in the context; "
            + remedy
            + ": "
            + tokens
            + " tokens, room for "
            + limit,
        tokens);
  }
}
