package io.sparkllama.engine.tokenizer;

/** Says what a token of the vocabulary is for; the order is that of their ids in GGUF files. */
public enum TokenType {
  /** No type is known: the token is neither cut from text nor written as text. */
  UNDEFINED,
  /** Text. */
  NORMAL,
  /** Stands for characters that the vocabulary cannot express. */
  UNKNOWN,
  /** A special token: steers the model, is cut only in a template's own text, has no text. */
  CONTROL,
  /** Text that is always cut as one token, wherever it stands. */
  USER_DEFINED,
  /** A place that training never filled. */
  UNUSED,
  /** One byte, for characters that have no token. */
  BYTE;

  /** Returns whether documents must never be able to write this token. */
  public boolean isSpecial() {
    return this == CONTROL || this == UNKNOWN;
  }
}
