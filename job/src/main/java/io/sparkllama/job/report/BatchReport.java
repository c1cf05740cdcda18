package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Says in which batches of an output a run's rows are.
 *
 * @param configuration value of the output's column of this name
 * @param batches that the run committed
 * @param letters in place of rows
 */
public record BatchReport(String configuration, long batches, DeadLetterReport letters) {
  /** Tells whether somebody must look after rows that the engine could not run. */
  public boolean hasDeadLetters() {
    return letters.open() > 0;
  }

  void put(ObjectNode object) {
    object.put("configuration", configuration);
    object.put("batches", batches);
    letters.put(object);
  }

  void add(LabeledLines lines) {
    lines.add("configuration", "%s, %d batch%s", configuration, batches, batches == 1 ? "" : "es");
    letters.add(lines);
  }
}
