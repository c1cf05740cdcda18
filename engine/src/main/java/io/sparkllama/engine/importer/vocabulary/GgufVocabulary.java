package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;

/**
 * Holds the tokens of a model as a GGUF has them.
 *
 * @param rules what becomes of text before it is cut into them
 */
record GgufVocabulary(TokenTable tokens, CuttingRules rules) {
  private static final String STRIP_LEFT = "sparkllama.tokenizer.strip_left";
  private static final String STRIP_RIGHT = "sparkllama.tokenizer.strip_right";

  void write(GgufContents contents) {
    contents.put("tokenizer.ggml.tokens", MetadataValue.ofStrings(tokens.texts()));
    contents.put("tokenizer.ggml.token_type", MetadataValue.ofInt32s(tokens.types()));
    if (rules instanceof CuttingRules.SentencePiece) {
      contents.put("tokenizer.ggml.scores", MetadataValue.ofFloat32s(tokens.scores()));
    }
    rules.write(contents);
    writeStrips(contents);
  }

  /**
   * Says which tokens swallow whitespace, where the files say it. A reader guesses it for some
   * models of SentencePiece's (Phi-3's), so for them it also counts that no token does.
   */
  private void writeStrips(GgufContents contents) {
    int[] left = tokens.strippingLeft();
    int[] right = tokens.strippingRight();
    boolean mayBeGuessed = rules instanceof CuttingRules.SentencePiece && tokens.saysStrips();
    if (left.length > 0 || right.length > 0 || mayBeGuessed) {
      contents.put(STRIP_LEFT, MetadataValue.ofInt32s(left));
      contents.put(STRIP_RIGHT, MetadataValue.ofInt32s(right));
    }
  }
}
