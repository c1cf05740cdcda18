package io.sparkllama.engine;

import io.sparkllama.engine.api.Prompt;
import java.util.OptionalInt;
import java.util.Set;

/** Turns text into a model's tokens and back: all that the engine knows of a model's text side. */
interface ModelText {
  /**
   * Returns the ids of a prompt that is to be continued: BOS first where the model wants one, and
   * no end token.
   *
   * @throws io.sparkllama.engine.api.InvalidTextException where the text has no ids
   */
  int[] encodeWithBos(Prompt prompt);

  /** Makes a detokenizer for one answer. */
  Detokenizer detokenizer();

  /** Returns the ids that end an answer. */
  Set<Integer> endTokens();

  int vocabularySize();

  /**
   * Returns the bytes that a token adds to an answer's text; none for one that must not stand in an
   * answer which is constrained, such as special tokens.
   */
  byte[] answerBytes(int token);

  /** Returns the id of the special token with a text. */
  OptionalInt specialToken(String text);

  /** Turns one answer's tokens into text, step by step. */
  interface Detokenizer {
    /** Returns the text that a token completes; never half a character. */
    String append(int token);

    /** Returns the text of what is left incomplete. */
    String finish();
  }
}
