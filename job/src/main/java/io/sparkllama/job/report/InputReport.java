package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * Says what became of a run's input: each file and each row of it stands under one name.
 *
 * @param files empty where the input has none
 * @param setAsideBefore rows that the last intake before this run set aside, where this run answers
 *     what that one took
 */
public record InputReport(Optional<InputFiles> files, InputRows rows, long setAsideBefore) {

  /** Tells whether somebody must look after files or rows. */
  public boolean hasSetAside() {
    return rows.setAsideRows() > 0
        || setAsideBefore > 0
        || files.map(all -> all.count(InputFiles.SET_ASIDE) > 0).orElse(false);
  }

  void put(ObjectNode object) {
    files.ifPresent(all -> all.put(object));
    rows.put(object);
    object.put("rows_set_aside_before", setAsideBefore);
  }

  void add(LabeledLines lines) {
    files.ifPresent(all -> all.add(lines));
    rows.add(lines);
    if (setAsideBefore > 0) {
      lines.add("", "%d rows were set aside with those that were left before", setAsideBefore);
    }
  }
}
