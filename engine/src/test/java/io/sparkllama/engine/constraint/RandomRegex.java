package io.sparkllama.engine.constraint;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Makes expressions of the dialect at random. */
public final class RandomRegex {
  private static final List<String> ATOMS =
      List.of(
          "a",
          "b",
          "e",
          " ",
          "é",
          "ж",
          "😀",
          "1",
          "7",
          "\\.",
          "\\d",
          "\\w",
          "\\s",
          "[a-c]",
          "[^a]",
          "[abé]",
          "[^\\d\\n]",
          ".",
          "\\u00e9",
          "\\x{1F600}",
          "[ж-щ]",
          "th",
          "the ",
          "\\+",
          "-",
          "[-a]",
          "\\D",
          "\\S",
          "\\{",
          ",",
          "\"",
          "[\\]x]");

  private RandomRegex() {}

  /** Returns expressions of groups and repetitions, four deep at most. */
  public static Arbitrary<String> expressions() {
    return expressions(3);
  }

  private static Arbitrary<String> expressions(int depth) {
    Arbitrary<String> atom = Arbitraries.of(ATOMS);
    if (depth == 0) {
      return atom;
    }
    Arbitrary<String> inner = expressions(depth - 1);
    Arbitrary<String> repeated =
        inner.flatMap(
            body ->
                Arbitraries.of("?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "{1,4}?")
                    .map(count -> "(?:" + body + ")" + count));
    Arbitrary<String> alternatives =
        inner.list().ofMinSize(2).ofMaxSize(3).map(parts -> "(" + String.join("|", parts) + ")");
    Arbitrary<String> sequence =
        inner.list().ofMinSize(1).ofMaxSize(4).map(parts -> String.join("", parts));
    return Arbitraries.oneOf(atom, repeated, alternatives, sequence, sequence);
  }
}
