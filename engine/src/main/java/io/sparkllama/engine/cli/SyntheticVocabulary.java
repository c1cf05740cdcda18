package io.sparkllama.engine.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Makes a SentencePiece vocabulary of any size that tokenizes any text: bytes, single characters,
 * then pieces of two, three and four letters. Each longer piece is a shorter one and a letter, so
 * that merging reaches it.
 */
final class SyntheticVocabulary {
  /** Unknown, begin, end, and the 256 bytes. */
  static final int CONTROL_AND_BYTES = 3 + 256;

  static final int TYPE_NORMAL = 1;
  static final int TYPE_UNKNOWN = 2;
  static final int TYPE_CONTROL = 3;
  static final int TYPE_BYTE = 6;

  private static final char SPACE = '\u2581';
  // By their frequency in English, so that frequent pieces come first.
  private static final String LETTERS = "etaoinshrdlucmfwypvbgkqjxz";

  private final List<String> pieces;

  SyntheticVocabulary(int size) {
    if (size < CONTROL_AND_BYTES) {
      throw new IllegalArgumentException("a vocabulary has at least its byte tokens: " + size);
    }
    List<String> all = new ArrayList<>(size);
    all.add("<unk>");
    all.add("<s>");
    all.add("</s>");
    for (int value = 0; value < 256; value++) {
      all.add("<0x%02X>".formatted(value));
    }
    List<String> longest = singleCharacters();
    all.addAll(longest);
    longest = longest.stream().filter(SyntheticVocabulary::canGrow).toList();
    while (all.size() < size) {
      longest = grown(longest);
      all.addAll(longest);
    }
    pieces = List.copyOf(all.subList(0, size));
  }

  /** Returns the pieces by id. */
  List<String> pieces() {
    return pieces;
  }

  /** Returns the score of each piece: the lower its id, the sooner it is merged. */
  float[] scores() {
    float[] scores = new float[pieces.size()];
    for (int id = CONTROL_AND_BYTES; id < scores.length; id++) {
      scores[id] = CONTROL_AND_BYTES - id;
    }
    return scores;
  }

  /** Returns the type of each piece, as GGUF numbers them. */
  int[] types() {
    int[] types = new int[pieces.size()];
    for (int id = 0; id < types.length; id++) {
      if (id == 0) {
        types[id] = TYPE_UNKNOWN;
      } else if (id < 3) {
        types[id] = TYPE_CONTROL;
      } else {
        types[id] = id < CONTROL_AND_BYTES ? TYPE_BYTE : TYPE_NORMAL;
      }
    }
    return types;
  }

  private static List<String> singleCharacters() {
    List<String> characters = new ArrayList<>();
    characters.add(String.valueOf(SPACE));
    LETTERS.chars().forEach(letter -> characters.add(Character.toString(letter)));
    for (char character = '!'; character <= '~'; character++) {
      if (!Character.isLowerCase(character)) {
        characters.add(String.valueOf(character));
      }
    }
    return characters;
  }

  private static boolean canGrow(String piece) {
    char last = piece.charAt(piece.length() - 1);
    return last == SPACE || LETTERS.indexOf(last) >= 0;
  }

  // All pieces with one more letter, those of frequent letters first.
  private static List<String> grown(List<String> pieces) {
    List<String> longer = new ArrayList<>(pieces.size() * LETTERS.length());
    for (String piece : pieces) {
      LETTERS.chars().forEach(letter -> longer.add(piece + (char) letter));
    }
    longer.sort(
        Comparator.comparingInt(SyntheticVocabulary::rank)
            .thenComparing(Comparator.naturalOrder()));
    return longer;
  }

  private static int rank(String piece) {
    return piece.chars().map(LETTERS::indexOf).sum();
  }
}
