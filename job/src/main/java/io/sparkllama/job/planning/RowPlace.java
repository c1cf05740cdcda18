package io.sparkllama.job.planning;

/** Says where a row stands in its source: in which partition, and as the how manieth there. */
record RowPlace(int partition, long index) {
  /** Is where the partition begins in the numbers that Spark gives to rows. */
  static final int INDEX_BITS = 33;

  /** Reads a number of Spark's {@code monotonically_increasing_id}. */
  static RowPlace of(long number) {
    return new RowPlace((int) (number >>> INDEX_BITS), number & ((1L << INDEX_BITS) - 1));
  }
}
