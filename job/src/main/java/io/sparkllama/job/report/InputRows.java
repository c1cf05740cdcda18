package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Says what became of the rows that were read of the input.
 *
 * @param taken by this run, to be answered
 * @param left by a limit on rows, for a later run
 * @param known from earlier runs
 * @param redelivered equal to another one that is taken
 * @param setAside by their class
 * @param list folder that lists the rows set aside, where there are any
 */
public record InputRows(
    long taken,
    long left,
    long known,
    long redelivered,
    Map<String, Long> setAside,
    Optional<String> list) {

  public InputRows {
    setAside = Map.copyOf(setAside);
  }

  /** Returns the rows that were read. */
  public long in() {
    return taken + left + known + redelivered + setAsideRows();
  }

  /** Returns the rows that were set aside. */
  public long setAsideRows() {
    return setAside.values().stream().mapToLong(Long::longValue).sum();
  }

  void put(ObjectNode object) {
    object.put("rows", in());
    object.put("rows_taken", taken);
    object.put("rows_left", left);
    object.put("rows_known", known);
    object.put("rows_redelivered", redelivered);
    object.put("rows_set_aside", setAsideRows());
    ObjectNode classes = object.putObject("set_aside");
    new TreeMap<>(setAside).forEach(classes::put);
    list.ifPresent(folder -> object.put("set_aside_list", folder));
  }

  void add(LabeledLines lines) {
    lines.add(
        "rows in",
        "%d: %d taken, %d left, %d known, %d re-delivered, %d set aside",
        in(),
        taken,
        left,
        known,
        redelivered,
        setAsideRows());
    new TreeMap<>(setAside).forEach((name, rows) -> lines.add("", "%d %s", rows, name));
    list.ifPresent(folder -> lines.add("set aside", "%s", folder));
  }
}
