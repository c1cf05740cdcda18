package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Says in which batches of an output a run's rows are.
 *
 * @param configuration value of the output's column of this name
 * @param batches that the run committed
 */
public record BatchReport(String configuration, long batches) {
  void put(ObjectNode object) {
    object.put("configuration", configuration);
    object.put("batches", batches);
  }

  void add(LabeledLines lines) {
    lines.add("configuration", "%s, %d batch%s", configuration, batches, batches == 1 ? "" : "es");
  }
}
