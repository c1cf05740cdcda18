package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.gguf.GgufMetadata;

/** Makes the tokenizer that a model file asks for. */
public final class Tokenizers {
  private Tokenizers() {}

  /**
   * Reads the vocabulary from a file's metadata and makes its tokenizer.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException if the metadata is damaged, or asks for a
   *     tokenizer that is not supported
   */
  public static Tokenizer of(GgufMetadata metadata) {
    return of(Vocabulary.of(metadata));
  }

  /** Makes the tokenizer of a vocabulary. */
  public static Tokenizer of(Vocabulary vocabulary) {
    return switch (vocabulary.model()) {
      case SENTENCE_PIECE -> new SentencePieceTokenizer(vocabulary);
      case BYTE_PAIR -> new BytePairTokenizer(vocabulary);
      case UNIGRAM -> new UnigramTokenizer(vocabulary);
    };
  }
}
