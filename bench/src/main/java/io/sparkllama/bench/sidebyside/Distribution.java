package io.sparkllama.bench.sidebyside;

import java.util.Collection;

/** Sums up the values of several rounds: the median, and how far they spread. */
record Distribution(double median, double least, double most, int count) {
  /**
   * Sums up at least one value.
   *
   * @throws IllegalArgumentException for none
   */
  static Distribution of(Collection<Double> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("There are no values to take a median of.");
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Distribution(median, sorted[0], sorted[sorted.length - 1], sorted.length);
  }
}
