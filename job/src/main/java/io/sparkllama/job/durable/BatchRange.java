package io.sparkllama.job.durable;

/**
 * Names batches of a configuration that follow each other.
 *
 * @param first of them
 * @param last of them; below the first where there is none
 */
record BatchRange(long first, long last) {
  static BatchRange of(long batch) {
    return new BatchRange(batch, batch);
  }

  static BatchRange upTo(long last) {
    return new BatchRange(0, last);
  }

  boolean isEmpty() {
    return last < first;
  }

  boolean holds(long batch) {
    return first <= batch && batch <= last;
  }
}
