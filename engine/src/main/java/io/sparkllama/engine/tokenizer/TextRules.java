package io.sparkllama.engine.tokenizer;

/**
 * Says how a vocabulary wants text prepared and framed.
 *
 * @param words cuts text into words before merging, and what comes with it; byte-level BPE only
 * @param normalizer rewrites what stands between special tokens
 * @param addBos whether every text begins with the begin token
 * @param addEos whether every text ends with the end token
 * @param addSpacePrefix whether a space is put before text at the beginning and after special
 *     tokens; SentencePiece only
 * @param removeExtraWhitespaces whether spaces at both ends go, and of several in a row all but
 *     one; SentencePiece only
 */
public record TextRules(
    PreTokenizerName words,
    TextNormalizer normalizer,
    boolean addBos,
    boolean addEos,
    boolean addSpacePrefix,
    boolean removeExtraWhitespaces) {

  /** Returns what cuts text into words. */
  public PreTokenizer preTokenizer() {
    return words.preTokenizer();
  }
}
