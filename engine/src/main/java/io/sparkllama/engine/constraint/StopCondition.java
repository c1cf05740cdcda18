package io.sparkllama.engine.constraint;

import java.util.List;
import java.util.Set;

/**
 * Collects an answer's text piece by piece and ends it at the first stop string or stop token.
 *
 * <p>A stop string may lie across pieces. Where several end in the same piece, the one that begins
 * first counts. Work per piece grows with the piece, not with the text.
 */
public final class StopCondition {
  private final Set<Integer> tokens;
  private final List<String> strings;
  private final int longest;
  private final StringBuilder text = new StringBuilder();
  private boolean stopped;

  /**
   * Makes a condition for one answer.
   *
   * @param tokens ids that end the answer
   * @param strings texts that end the answer, none empty
   */
  public StopCondition(Set<Integer> tokens, List<String> strings) {
    this.tokens = tokens;
    this.strings = strings;
    this.longest = strings.stream().mapToInt(String::length).max().orElse(0);
  }

  /** Returns whether a token ends the answer; it has no part in the text. */
  public boolean endsAt(int token) {
    return tokens.contains(token);
  }

  /** Adds a piece of text, unless the answer has ended; returns whether it has. */
  public boolean append(String piece) {
    if (stopped) {
      return true;
    }
    int from = Math.max(0, text.length() - longest + 1);
    text.append(piece);
    int cut = -1;
    for (String string : strings) {
      int found = text.indexOf(string, from);
      if (found >= 0 && (cut < 0 || found < cut)) {
        cut = found;
      }
    }
    if (cut >= 0) {
      text.setLength(cut);
      stopped = true;
    }
    return stopped;
  }

  /** Returns the text so far, without the stop string. */
  public String text() {
    return text.toString();
  }
}
