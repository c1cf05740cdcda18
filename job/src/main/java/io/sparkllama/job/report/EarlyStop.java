package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.job.limit.Limit;

/**
 * Says that a limit left rows for another run, and how that goes on.
 *
 * @param rowsLeft of the input
 * @param resumable whether there is an output to go on with
 */
public record EarlyStop(Limit limit, long rowsLeft, boolean resumable) {
  void put(ObjectNode object) {
    object.put("stopped_by", limit.key());
    object.put("rows_left", rowsLeft);
  }

  void add(LabeledLines lines) {
    lines.add("stopped by", "%s, %d rows left", limit.key(), rowsLeft);
    if (resumable) {
      lines.add("to go on", "the same command, with output.mode=resume");
    }
  }
}
