package io.sparkllama.job.pipeline;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * Says which of the engine's adapters a row's requests name: one for all, what a column holds, or
 * none.
 *
 * @param name for all rows; empty where there is none
 * @param column whose text is the name; empty where there is none
 */
public record AdapterChoice(String name, String column) implements Serializable {
  /** Leaves the model as it is. */
  public static final AdapterChoice NONE = new AdapterChoice("", "");

  /** Chooses the same for all rows. */
  public static AdapterChoice of(String name) {
    return new AdapterChoice(name, "");
  }

  /** Chooses what a column holds: none where it is null. */
  public static AdapterChoice ofColumn(String column) {
    return new AdapterChoice("", column);
  }

  /** Returns the column that is read. */
  Optional<String> columnRead() {
    return column.isEmpty() ? Optional.empty() : Optional.of(column);
  }

  /**
   * Returns the engine as a row asks it.
   *
   * @param values of the row by column name
   */
  EngineCalls in(EngineCalls engine, Map<String, Object> values) {
    Object chosen = column.isEmpty() ? name : values.get(column);
    return chosen == null || (column.isEmpty() && name.isEmpty())
        ? engine
        : new AdaptedCalls(engine, (String) chosen);
  }
}
