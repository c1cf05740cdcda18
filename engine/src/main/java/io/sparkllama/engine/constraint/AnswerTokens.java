package io.sparkllama.engine.constraint;

import java.util.Set;
import java.util.function.IntFunction;

/** Holds what constraints need to know of a vocabulary. Immutable. */
public final class AnswerTokens {
  private final TokenTrie trie;
  private final int[] ends;

  /**
   * Takes a vocabulary; of 128k tokens it takes some tenths of a second and 10 MB.
   *
   * @param size of the vocabulary
   * @param bytes that each token adds to an answer's text; none for those that must not stand in a
   *     constrained answer, such as special tokens
   * @param ends ids that end an answer
   */
  public AnswerTokens(int size, IntFunction<byte[]> bytes, Set<Integer> ends) {
    this.trie = new TokenTrie(size, id -> ends.contains(id) ? new byte[0] : bytes.apply(id));
    this.ends = ends.stream().mapToInt(Integer::intValue).sorted().toArray();
  }

  TokenTrie trie() {
    return trie;
  }

  int[] ends() {
    return ends;
  }
}
