package io.sparkllama.job.prediction;

/**
 * Estimates a total over many rows, such as their tokens, from a sample of it and from the length
 * of every row, which is known: the regression estimator of survey sampling (Cochran, Sampling
 * Techniques, chapter 7). A few rows that are very long, or a prompt that stands at a third of all
 * rows, then count as what they are though no sample has them.
 */
final class LengthLine {
  private final int count;
  private final double meanLength;
  private final double mean;
  private final double slope; // 0 where all lengths are equal
  private final double lengthSquares; // around the mean
  private final double residualVariance;

  /**
   * Fits a line.
   *
   * @param lengths of the sample's rows, at least one
   * @param values of the same rows
   */
  LengthLine(double[] lengths, double[] values) {
    count = values.length;
    meanLength = mean(lengths);
    mean = mean(values);
    double squares = 0;
    double products = 0;
    for (int i = 0; i < count; i++) {
      squares += (lengths[i] - meanLength) * (lengths[i] - meanLength);
      products += (lengths[i] - meanLength) * (values[i] - mean);
    }
    lengthSquares = squares;
    slope = squares == 0 ? 0 : products / squares;
    double residuals = 0;
    for (int i = 0; i < count; i++) {
      double residual = values[i] - mean - slope * (lengths[i] - meanLength);
      residuals += residual * residual;
    }
    residualVariance = residuals / Math.max(1, degrees());
  }

  /** Estimates the total of rows of a known total length; none of it is negative. */
  Estimate total(double rows, double length) {
    if (rows == 0) {
      return Estimate.exactly(0);
    }
    double away = length / rows - meanLength;
    double line = mean + slope * away;
    double variance =
        residualVariance * (1.0 / count + (lengthSquares == 0 ? 0 : away * away / lengthSquares));
    double half = Estimate.t95(Math.max(1, degrees())) * Math.sqrt(variance);
    return Estimate.within(line, half).times(rows).between(0, Double.MAX_VALUE);
  }

  private int degrees() {
    return count - (lengthSquares == 0 ? 1 : 2);
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
