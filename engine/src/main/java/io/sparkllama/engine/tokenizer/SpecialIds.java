package io.sparkllama.engine.tokenizer;

import java.util.OptionalInt;

/**
 * Holds the ids of the tokens that have a role; every one is inside the vocabulary or absent.
 *
 * @param bos begins a text
 * @param eos ends a text
 * @param eot ends a turn of a conversation
 * @param eom ends a message within a turn
 * @param unknown stands for what the vocabulary cannot express
 */
public record SpecialIds(
    OptionalInt bos, OptionalInt eos, OptionalInt eot, OptionalInt eom, OptionalInt unknown) {

  /** Stands for a vocabulary without any. */
  public static final SpecialIds NONE =
      new SpecialIds(
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty());
}
