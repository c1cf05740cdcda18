package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;

/**
 * Does what all tokenizers have in common: cuts special tokens, frames texts, makes text of ids.
 * What is left between special tokens goes to {@link #encodeText}.
 */
abstract class VocabularyTokenizer implements Tokenizer {
  private final Vocabulary vocabulary;
  private final SpecialTokenTrie trie;
  private final TokenPieces pieces;
  private final TokenStrips strips;

  VocabularyTokenizer(Vocabulary vocabulary, TokenPieces pieces) {
    this.vocabulary = vocabulary;
    this.trie = new SpecialTokenTrie(vocabulary);
    this.pieces = pieces;
    this.strips = vocabulary.strips();
  }

  /**
   * Adds the ids of a stretch of text without special tokens, which is not empty and begins the
   * prompt or follows a cut token.
   */
  abstract void encodeText(String text, IntList ids);

  @Override
  public final Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public final int[] encode(Prompt prompt) {
    IntList ids = new IntList(64);
    encode(prompt, ids);
    return ids.toArray();
  }

  @Override
  public final int[] encodeWithBos(Prompt prompt) {
    IntList ids = new IntList(64);
    encode(prompt, ids);
    int[] text = ids.toArray();
    boolean bos = vocabulary.rules().addBos();
    if (bos && text.length > 0 && text[0] == bosId().orElseThrow()) {
      bos = false;
    }
    boolean eos = vocabulary.rules().addEos();
    if (eos && text.length > 0 && text[text.length - 1] == eosId().orElseThrow()) {
      eos = false;
    }
    int[] framed = new int[text.length + (bos ? 1 : 0) + (eos ? 1 : 0)];
    System.arraycopy(text, 0, framed, bos ? 1 : 0, text.length);
    if (bos) {
      framed[0] = bosId().orElseThrow();
    }
    if (eos) {
      framed[framed.length - 1] = eosId().orElseThrow();
    }
    return framed;
  }

  @Override
  public final IncrementalDetokenizer detokenizer() {
    return new IncrementalDetokenizer(pieces);
  }

  @Override
  public final byte[] tokenBytes(int id) {
    return pieces.bytes(id);
  }

  @Override
  public final String decode(int[] ids) {
    StringBuilder text = new StringBuilder();
    IncrementalDetokenizer detokenizer = detokenizer();
    for (int id : ids) {
      text.append(detokenizer.append(id));
    }
    return text.append(detokenizer.finish()).toString();
  }

  /** Refuses a character, without telling which text it stands in. */
  static InvalidTextException inexpressible(int codePoint) {
    return new InvalidTextException(
        String.format(
            "text holds a character that the model's vocabulary cannot express, and the vocabulary"
                + " has no token for unknown ones: U+%04X",
            codePoint));
  }

  private void encode(Prompt prompt, IntList ids) {
    JointText joint = new JointText(prompt);
    String text = joint.text();
    int textStart = 0;
    int at = 0;
    for (int stretch = 0; stretch < joint.stretches(); stretch++) {
      int end = joint.end(stretch);
      int templateEnd = joint.isTemplate(stretch) ? end : -1;
      while (at < end) {
        int id = trie.longestAt(text, at, templateEnd);
        if (id < 0) {
          at++;
          continue;
        }
        int textEnd = strips.endBefore(id, text, textStart, at);
        if (textEnd > textStart) {
          encodeText(text.substring(textStart, textEnd), ids);
        }
        ids.add(id);
        at = strips.startAfter(id, text, at + vocabulary.text(id).length());
        textStart = at;
      }
    }
    if (textStart < text.length()) {
      encodeText(text.substring(textStart), ids);
    }
  }
}
