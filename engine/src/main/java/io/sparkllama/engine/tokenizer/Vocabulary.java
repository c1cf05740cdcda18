package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Holds the tokens of a model: texts, scores, types, merges, and which of them have a role. */
public final class Vocabulary {
  private final TokenizerModel model;
  private final List<String> texts; // [size]
  private final float[] scores; // [size], all zero where the file has none
  private final TokenType[] types; // [size]
  private final List<String> merges; // best first; empty for SentencePiece
  private final TokenStrips strips;
  private final String source;
  private final TextRules rules;
  private final SpecialIds specialIds;
  private final int[] endIds;
  private final Map<String, Integer> specialTexts; // the lowest id of each
  private final Set<String> userDefinedTexts;

  /** Takes what {@link VocabularyReader} has checked; nothing is copied. */
  Vocabulary(
      TokenizerModel model, Tokens tokens, TextRules rules, SpecialIds specialIds, int[] endIds) {
    this.model = model;
    this.texts = tokens.texts();
    this.scores = tokens.scores();
    this.types = tokens.types();
    this.merges = tokens.merges();
    this.strips = tokens.strips();
    this.source = tokens.source();
    this.rules = rules;
    this.specialIds = specialIds;
    this.endIds = endIds;
    this.specialTexts = specialTexts(tokens);
    this.userDefinedTexts = userDefinedTexts(tokens);
  }

  /**
   * Reads the vocabulary from a file's metadata.
   *
   * @throws ModelFormatException if it is damaged, or made for a tokenizer that is not supported
   */
  public static Vocabulary of(GgufMetadata metadata) {
    return new VocabularyReader(metadata).read();
  }

  /**
   * Carries the arrays of a vocabulary, all of one length but the merges, and what tokens swallow.
   *
   * @param source the file that they come from, for messages
   */
  record Tokens(
      List<String> texts,
      float[] scores,
      TokenType[] types,
      List<String> merges,
      TokenStrips strips,
      String source) {}

  /** Returns which tokenizer the tokens are made for. */
  public TokenizerModel model() {
    return model;
  }

  /** Returns the number of tokens. */
  public int size() {
    return texts.size();
  }

  /** Returns a token as the file writes it: with U+2581 for spaces, or in GPT-2's byte alphabet. */
  public String text(int id) {
    return texts.get(id);
  }

  public float score(int id) {
    return scores[id];
  }

  public TokenType type(int id) {
    return types[id];
  }

  /** Returns the merges of byte-level BPE, best first, each as two tokens with a space between. */
  public List<String> merges() {
    return merges;
  }

  TokenStrips strips() {
    return strips;
  }

  /** Returns the file that the tokens come from, for messages. */
  String source() {
    return source;
  }

  /** Returns how text is prepared and framed. */
  public TextRules rules() {
    return rules;
  }

  public SpecialIds specialIds() {
    return specialIds;
  }

  /**
   * Returns, in ascending order, every id that ends an answer: those of the metadata and the known
   * end texts.
   */
  public int[] endIds() {
    return endIds.clone();
  }

  /** Returns the lowest id of a special token with this text, or -1. */
  public int specialId(String text) {
    return specialTexts.getOrDefault(text, -1);
  }

  /** Tells whether there is a token of exactly this text that is always cut as one. */
  public boolean hasMark(String text) {
    return specialTexts.containsKey(text) || userDefinedTexts.contains(text);
  }

  private static Set<String> userDefinedTexts(Tokens tokens) {
    Set<String> found = new HashSet<>();
    for (int id = 0; id < tokens.types().length; id++) {
      if (tokens.types()[id] == TokenType.USER_DEFINED) {
        found.add(tokens.texts().get(id));
      }
    }
    return found;
  }

  private static Map<String, Integer> specialTexts(Tokens tokens) {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokens.types().length; id++) {
      if (tokens.types()[id].isSpecial()) {
        ids.putIfAbsent(tokens.texts().get(id), id);
      }
    }
    return ids;
  }
}
