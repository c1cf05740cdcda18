package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.tokenizer.TokenType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Collects tokens by id, from files that are not trusted, until every id has one. */
final class TokenTable {
  private static final int MOST_TOKENS = 1 << 24;

  private final Path path;
  private final int size;
  private final Map<Integer, Entry> entries = new HashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final BitSet strippingLeft = new BitSet();
  private final BitSet strippingRight = new BitSet();
  private boolean saysStrips;

  /** Where the whitespace stands that a token swallows. */
  enum Side {
    LEFT,
    RIGHT
  }

  private record Entry(String text, float score, TokenType type) {}

  /**
   * @param path the file that tokens come from, for messages
   * @param size rows of the token embedding
   */
  TokenTable(Path path, int size) {
    if (size < 1 || size > MOST_TOKENS) {
      throw new IllegalArgumentException("no size of a vocabulary: " + size);
    }
    this.path = path;
    this.size = size;
  }

  /** Sets the type of a token, which is new where the vocabulary proper does not have it. */
  void putAdded(int id, String text, TokenType type) {
    Entry before = entries.get(id);
    put(id, text, before == null ? 0 : before.score, type);
  }

  /** Sets what an id stands for; the last word counts, but the text stays. */
  void put(int id, String text, float score, TokenType type) {
    if (id < 0 || id >= size) {
      throw failure("a token has an id that the model has no embedding for, " + id + " of " + size);
    }
    Entry before = entries.put(id, new Entry(text, score, type));
    if (before != null && !before.text.equals(text)) {
      throw failure("two tokens have the same id, " + id);
    }
    Integer other = ids.put(text, id);
    if (other != null && other != id) {
      throw failure("two ids stand for the same token, " + other + " and " + id);
    }
  }

  /** Gives a token another type. */
  void retype(int id, TokenType type) {
    Entry entry = entries.get(id);
    entries.put(id, new Entry(entry.text, entry.score, type));
  }

  /**
   * Sets which of the whitespace beside a token goes with it.
   *
   * @param id a token that is there
   */
  void strip(int id, Set<Side> sides) {
    saysStrips = true;
    strippingLeft.set(id, sides.contains(Side.LEFT));
    strippingRight.set(id, sides.contains(Side.RIGHT));
  }

  /** Returns whether the files say of any token what becomes of the whitespace beside it. */
  boolean saysStrips() {
    return saysStrips;
  }

  /** Returns the ids of tokens that swallow what whitespace stands before them, ascending. */
  int[] strippingLeft() {
    return strippingLeft.stream().toArray();
  }

  /** Returns the ids of tokens that swallow what whitespace follows them, ascending. */
  int[] strippingRight() {
    return strippingRight.stream().toArray();
  }

  /** Returns whether an id is the token for what has none, which stays that. */
  boolean hasUnknown(int id) {
    Entry entry = entries.get(id);
    return entry != null && entry.type == TokenType.UNKNOWN;
  }

  /** Gives a token another text. */
  void rename(int id, String text) {
    Entry entry = entries.remove(id);
    ids.remove(entry.text);
    put(id, text, entry.score, entry.type);
  }

  OptionalInt id(String text) {
    Integer id = ids.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Returns the texts; ids without a token get one that no text can be turned into. */
  List<String> texts() {
    List<String> texts = new ArrayList<>(size);
    for (int id = 0; id < size; id++) {
      Entry entry = entries.get(id);
      texts.add(entry == null ? "[PAD" + id + "]" : entry.text);
    }
    return texts;
  }

  /** Returns {@code [size]}. */
  float[] scores() {
    float[] scores = new float[size];
    entries.forEach((id, entry) -> scores[id] = entry.score);
    return scores;
  }

  /** Returns {@code [size]}, as GGUF numbers them. */
  int[] types() {
    int[] types = new int[size];
    for (int id = 0; id < size; id++) {
      Entry entry = entries.get(id);
      types[id] = (entry == null ? TokenType.UNUSED : entry.type).ordinal();
    }
    return types;
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException(problem + ": " + path);
  }
}
