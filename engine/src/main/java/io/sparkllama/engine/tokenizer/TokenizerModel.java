package io.sparkllama.engine.tokenizer;

/** Names the tokenizers that can be run; in files, {@code tokenizer.ggml.model}. */
public enum TokenizerModel {
  /** SentencePiece BPE: merges by score, spaces as U+2581, bytes where no token fits. */
  SENTENCE_PIECE("llama"),
  /** Byte-level BPE: words by a pre-tokenizer, merges by rank. */
  BYTE_PAIR("gpt2"),
  /** SentencePiece's unigram model: the tokens whose scores add up to most. */
  UNIGRAM("t5");

  private final String id;

  TokenizerModel(String id) {
    this.id = id;
  }

  /** Returns the name that stands in GGUF files. */
  public String id() {
    return id;
  }
}
