package io.sparkllama.job.metrics;

import io.sparkllama.engine.api.RowError;
import java.io.Serializable;

/**
 * Is a row that the engine could not run.
 *
 * @param row its key, as 32 hexadecimal digits: a hash, also where the key is the user's
 * @param errorClass as {@link RowError} names it
 * @param message never text of the row
 * @param repeated whether it shared the request of the row before it, so that the engine failed
 *     once for both
 */
public record DeadRow(String row, String errorClass, String message, boolean repeated)
    implements Serializable {

  /** Makes one that had a request of its own. */
  public static DeadRow of(String row, RowError error) {
    return new DeadRow(row, error.errorClass(), error.message(), false);
  }

  /** Returns the same of a row that shared another one's request. */
  public DeadRow asRepeated() {
    return new DeadRow(row, errorClass, message, true);
  }
}
