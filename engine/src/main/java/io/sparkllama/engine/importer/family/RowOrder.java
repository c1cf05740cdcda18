package io.sparkllama.engine.importer.family;

import java.util.function.LongUnaryOperator;
import java.util.function.ToLongFunction;

/** Says which row of a checkpoint's tensor stands in each row of the GGUF's. */
@FunctionalInterface
public interface RowOrder {
  /** Leaves rows where they are. */
  RowOrder AS_STORED = (shape, rows) -> LongUnaryOperator.identity();

  /** Puts the rows of query heads so that RoPE turns neighbours. */
  RowOrder ADJACENT_QUERY = adjacentPairs(HyperParameters::heads);

  /** Puts the rows of key heads so that RoPE turns neighbours. */
  RowOrder ADJACENT_KEY = adjacentPairs(HyperParameters::kvHeads);

  /**
   * Returns the order for a tensor.
   *
   * @param rows of the GGUF's tensor
   */
  LongUnaryOperator of(HyperParameters shape, long rows);

  /**
   * Returns the order of the GGUF architecture {@code llama}: a Hugging Face checkpoint has all
   * first halves of a head's pairs before all second ones, GGUF has the pairs one after the other.
   */
  static RowOrder adjacentPairs(ToLongFunction<HyperParameters> heads) {
    return (shape, rows) -> {
      long head = rows / heads.applyAsLong(shape);
      return row -> row - row % head + row % 2 * (head / 2) + row % head / 2;
    };
  }
}
