package io.sparkllama.engine;

import io.sparkllama.engine.api.Penalties;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Counts, for one sequence, the ids whose logits are changed before its next token is chosen: those
 * with a bias, and of prompt and answer those that a penalty is due for.
 *
 * <p>Counts grow with the answer and are never taken anew, so that computing a sequence again
 * changes none. A new id costs a move of those above it; an id that is there costs a search.
 */
final class TokenCounts {
  /** Serves sequences whose logits are left as they are. */
  static final TokenCounts NONE = of(Penalties.NONE, new int[0]);

  /** Stands for an id that only its bias is due for. */
  private static final int NOT_SEEN = -1;

  private final boolean counting;
  private int[] ids; // [capacity], rising; the first size are in use
  private int[] occurrences; // [capacity], in the answer; or NOT_SEEN
  private float[] biases; // [capacity]
  private int size;

  private TokenCounts(Penalties penalties, int[] seen) {
    counting = penalties.countAnswer();
    IntStream biased = penalties.logitBias().keySet().stream().mapToInt(Integer::intValue);
    ids = IntStream.concat(biased, Arrays.stream(seen)).sorted().distinct().toArray();
    size = ids.length;
    occurrences = new int[size];
    biases = new float[size];
    Arrays.fill(occurrences, NOT_SEEN);
    for (int id : seen) {
      occurrences[place(id)] = 0;
    }
    penalties.logitBias().forEach((id, bias) -> biases[place(id)] = bias.floatValue());
  }

  /** Counts a sequence that has no answer yet. */
  static TokenCounts of(Penalties penalties, int[] prompt) {
    return new TokenCounts(penalties, penalties.countPrompt() ? prompt : new int[0]);
  }

  /** Counts a token of the answer. */
  void add(int id) {
    if (counting) {
      int at = place(id);
      occurrences[at] = Math.max(0, occurrences[at]) + 1;
    }
  }

  /** Returns how many ids there are; they rise with their index. */
  int size() {
    return size;
  }

  int id(int index) {
    return ids[index];
  }

  /** Returns how often the answer has an id; -1 where no penalty is due for it. */
  int occurrences(int index) {
    return occurrences[index];
  }

  float bias(int index) {
    return biases[index];
  }

  /** Returns where an id stands, after putting it there where it was not. */
  private int place(int id) {
    int found = Arrays.binarySearch(ids, 0, size, id);
    if (found >= 0) {
      return found;
    }
    int at = -1 - found;
    if (size == ids.length) {
      int capacity = Math.max(16, size + size / 2);
      ids = Arrays.copyOf(ids, capacity);
      occurrences = Arrays.copyOf(occurrences, capacity);
      biases = Arrays.copyOf(biases, capacity);
    }
    System.arraycopy(ids, at, ids, at + 1, size - at);
    System.arraycopy(occurrences, at, occurrences, at + 1, size - at);
    System.arraycopy(biases, at, biases, at + 1, size - at);
    ids[at] = id;
    occurrences[at] = NOT_SEEN;
    biases[at] = 0;
    size++;
    return at;
  }
}
