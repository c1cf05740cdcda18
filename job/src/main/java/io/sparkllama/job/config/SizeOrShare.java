package io.sparkllama.job.config;

import java.io.Serializable;
import java.math.BigDecimal;

/** Gives an amount of memory: in bytes, or as a share of what there is where it is taken. */
public sealed interface SizeOrShare extends Serializable {

  /** Is so many bytes; what 0 means, the key says. */
  record Size(long bytes) implements SizeOrShare {
    @Override
    public String toString() {
      return Long.toString(bytes);
    }
  }

  /**
   * Is so much of a whole that the key names.
   *
   * @param percent above 0, at most 100
   */
  record Share(double percent) implements SizeOrShare {
    /** Returns the bytes of this share of a whole; 0 of none. */
    public long of(long whole) {
      return (long) (Math.max(0, whole) / 100.0 * percent);
    }

    @Override
    public String toString() {
      return new BigDecimal(Double.toString(percent)).stripTrailingZeros().toPlainString() + "%";
    }
  }
}
