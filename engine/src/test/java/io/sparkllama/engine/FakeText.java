package io.sparkllama.engine;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Tokenizes for {@link FakeModel}: letters, and a few pairs that join over borders. */
final class FakeText implements ModelText {
  private static final List<String> PIECES = new ArrayList<>(List.of("<s>", "</s>"));

  static {
    for (char letter = 'a'; letter <= 'z'; letter++) {
      PIECES.add(String.valueOf(letter));
    }
    PIECES.addAll(
        List.of(
            " ", "\n", ":", ".", "ab", "th", "he", "in", "er", " a", " c", "ca", "xy", "\u00e9"));
    PIECES.addAll(List.of("\ud83d\ude00", "1", "2", "3", "4", "!"));
  }

  private final boolean bos;
  private final Set<Integer> ends;
  private long encodedCharacters;

  FakeText(boolean bos) {
    this(bos, Set.of(FakeModel.EOS));
  }

  FakeText(boolean bos, Set<Integer> ends) {
    this.bos = bos;
    this.ends = ends;
  }

  /** Returns the characters tokenized so far, to measure work. */
  synchronized long encodedCharacters() {
    return encodedCharacters;
  }

  @Override
  public int[] encodeWithBos(Prompt prompt) {
    String text = prompt.text();
    synchronized (this) {
      encodedCharacters += text.length();
    }
    List<Integer> ids = new ArrayList<>();
    if (bos) {
      ids.add(FakeModel.BOS);
    }
    for (int at = 0; at < text.length(); ) {
      int id = longestPiece(text, at);
      ids.add(id);
      at += PIECES.get(id).length();
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int longestPiece(String text, int at) {
    int best = -1;
    for (int id = 2; id < PIECES.size(); id++) {
      if (text.startsWith(PIECES.get(id), at)
          && (best < 0 || PIECES.get(id).length() > PIECES.get(best).length())) {
        best = id;
      }
    }
    if (best < 0) {
      throw new InvalidTextException("The vocabulary has no token for the character at " + at);
    }
    return best;
  }

  @Override
  public Detokenizer detokenizer() {
    return new Detokenizer() {
      @Override
      public String append(int token) {
        return piece(token);
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  static String piece(int token) {
    return token < 2 ? "" : token < PIECES.size() ? PIECES.get(token) : "";
  }

  @Override
  public Set<Integer> endTokens() {
    return ends;
  }

  @Override
  public int vocabularySize() {
    return FakeModel.VOCABULARY;
  }

  @Override
  public byte[] answerBytes(int token) {
    return piece(token).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public OptionalInt specialToken(String text) {
    return OptionalInt.empty();
  }
}
