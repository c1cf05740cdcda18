package io.sparkllama.engine.constraint;

/**
 * Holds which tokens may come next.
 *
 * @param words a bit for each token of the vocabulary, the lowest bit of the first word that of id
 *     0; not to be changed
 */
public record TokenMask(long[] words) {
  /** Returns whether a token may come next. */
  boolean allows(int id) {
    return (words[id / Long.SIZE] >>> id & 1) != 0;
  }
}
