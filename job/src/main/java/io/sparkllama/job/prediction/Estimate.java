package io.sparkllama.job.prediction;

import java.io.Serializable;
import java.util.function.DoubleUnaryOperator;

/**
 * Holds a predicted number and the interval that should hold the true one 19 times of 20.
 *
 * @param low at most {@code value}
 * @param high at least {@code value}
 */
public record Estimate(double value, double low, double high) implements Serializable {
  /** Standard errors to either side that hold 95 % of a normal distribution. */
  static final double Z95 = 1.96;

  /** Student's factors for 95 %, by degrees of freedom from 1; beyond, the normal one will do. */
  private static final double[] T95 = {
    12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13
  };

  /** Makes an estimate that is known. */
  public static Estimate exactly(double value) {
    return new Estimate(value, value, value);
  }

  static Estimate within(double value, double halfWidth) {
    return new Estimate(value, value - halfWidth, value + halfWidth);
  }

  /** Returns Student's factor for 95 %, with at least one degree of freedom. */
  static double t95(int degrees) {
    return degrees > T95.length ? Z95 + 2.5 / degrees : T95[degrees - 1];
  }

  /**
   * Estimates a share from a count, by Wilson's interval, which is of use for no hits too.
   *
   * @param trials at least 1
   */
  static Estimate share(int hits, int trials) {
    double z2 = Z95 * Z95;
    double share = (double) hits / trials;
    double middle = (share + z2 / (2 * trials)) / (1 + z2 / trials);
    double half =
        Z95
            / (1 + z2 / trials)
            * Math.sqrt(share * (1 - share) / trials + z2 / (4.0 * trials * trials));
    return new Estimate(
        share, Math.max(0, Math.min(share, middle - half)), Math.max(share, middle + half));
  }

  Estimate times(double factor) {
    return map(value -> value * factor);
  }

  Estimate plus(double summand) {
    return map(value -> value + summand);
  }

  Estimate between(double least, double most) {
    return map(value -> Math.max(least, Math.min(most, value)));
  }

  /** Adds a number that errs independently of this one. */
  Estimate plus(Estimate other) {
    double sum = value + other.value;
    return new Estimate(
        sum,
        sum - Math.hypot(value - low, other.value - other.low),
        sum + Math.hypot(high - value, other.high - other.value));
  }

  private Estimate map(DoubleUnaryOperator rising) {
    return new Estimate(
        rising.applyAsDouble(value), rising.applyAsDouble(low), rising.applyAsDouble(high));
  }
}
