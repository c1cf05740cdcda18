package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import java.util.OptionalInt;

/**
 * Turns prompts into token ids and ids into text. Tokenizers are immutable: any number of threads
 * may use one.
 */
public interface Tokenizer {
  /** Returns the tokens with their types and roles. */
  Vocabulary vocabulary();

  /**
   * Returns a prompt's ids, without a leading begin token. Special tokens are cut only where they
   * stand wholly in text of the template; everything else is tokenized jointly across the borders
   * of spans.
   *
   * @throws InvalidTextException if the text holds a lone surrogate, or a character that the
   *     vocabulary can express neither as tokens, nor as bytes, nor as unknown
   */
  int[] encode(Prompt prompt);

  /**
   * Returns what {@link #encode} returns, with the begin and end tokens that the model wants around
   * every text; a begin token that the template wrote itself is not doubled.
   *
   * @throws InvalidTextException as {@link #encode}
   */
  int[] encodeWithBos(Prompt prompt);

  /** Makes a decoder for ids that come one by one, as the continuation of a text. */
  IncrementalDetokenizer detokenizer();

  /**
   * Returns the bytes that a token stands for in the middle of a text, which need not be whole
   * characters. A control token stands for none; the unknown token is written as the file names it,
   * so that nobody takes its answer for a whole one.
   */
  byte[] tokenBytes(int id);

  /**
   * Returns the text that ids stand for as the continuation of a text: a leading space stays. Bytes
   * that are no characters become U+FFFD.
   */
  String decode(int[] ids);

  /** Returns the id of the token that begins a text. */
  default OptionalInt bosId() {
    return vocabulary().specialIds().bos();
  }

  /** Returns the id of the token that ends a text. */
  default OptionalInt eosId() {
    return vocabulary().specialIds().eos();
  }

  /** Returns, in ascending order, every id that ends an answer. */
  default int[] endIds() {
    return vocabulary().endIds();
  }
}
