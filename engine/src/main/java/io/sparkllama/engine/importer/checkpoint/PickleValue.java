package io.sparkllama.engine.importer.checkpoint;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Is what a pickle of tensors can hold; nothing of it can run. */
sealed interface PickleValue {
  /**
   * Is a text, a number or a truth value, compared by what it holds. They have an order so that a
   * map finds them soon even where a file was made to give all of them one hash.
   */
  record Plain(Comparable<?> value) implements PickleValue, Comparable<Plain> {
    private static final Comparator<Plain> ORDER =
        Comparator.comparing((Plain plain) -> plain.value.getClass().getName())
            .thenComparing(plain -> plain.value instanceof String text ? text : "")
            .thenComparing(plain -> plain.value instanceof Long number ? number : 0L)
            .thenComparing(plain -> plain.value instanceof Double number ? number : 0.0)
            .thenComparing(plain -> Boolean.TRUE.equals(plain.value));

    @Override
    public int compareTo(Plain other) {
      return ORDER.compare(this, other);
    }
  }

  /** Stands for None. */
  record None() implements PickleValue {}

  record Tuple(List<PickleValue> values) implements PickleValue {}

  /** Is a list, filled as the pickle goes on. */
  record Items(List<PickleValue> values) implements PickleValue {}

  /** Is a dictionary, filled as the pickle goes on; keys are plain. */
  record Dictionary(Map<Plain, PickleValue> values) implements PickleValue {}

  /** Names a function or class of Python, out of those that tensors are made by. */
  record Name(String name) implements PickleValue {}

  /**
   * Names the bytes that tensors lie in.
   *
   * @param key the entry of the archive
   */
  record Storage(ElementType type, String key, long elements) implements PickleValue {}

  /**
   * Is a tensor.
   *
   * @param offset elements from the beginning of the storage
   */
  record Tensor(Storage storage, long offset, List<Long> shape, List<Long> strides)
      implements PickleValue {}

  /** Marks a place on the stack. */
  record Mark() implements PickleValue {}
}
