package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;

/**
 * Says which rows have a dead letter in place of a row of the output.
 *
 * @param made by the run, by their class
 * @param open all of the output that nobody has tried again since
 * @param folder that lists them
 */
public record DeadLetterReport(Map<String, Long> made, long open, String folder) {
  public DeadLetterReport {
    made = Map.copyOf(made);
  }

  private long rows() {
    return made.values().stream().mapToLong(Long::longValue).sum();
  }

  void put(ObjectNode object) {
    object.put("dead_letters", rows());
    object.put("dead_letters_open", open);
    if (open > 0) {
      object.put("dead_letters_list", folder);
    }
  }

  void add(LabeledLines lines) {
    if (open == 0 && made.isEmpty()) {
      return;
    }
    lines.add("dead letters", "%d, %d open", rows(), open);
    new TreeMap<>(made).forEach((name, rows) -> lines.add("", "%d %s", rows, name));
    if (open > 0) {
      lines.add("", "%s", folder);
      lines.add("", "the command replay tries them again");
    }
  }
}
