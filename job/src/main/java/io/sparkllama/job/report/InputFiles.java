package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Says what became of the files of the input.
 *
 * @param read in this run
 * @param known from earlier runs, and not changed since
 * @param left those that were not read
 */
public record InputFiles(long read, long known, List<LeftFile> left) {
  public static final String REDELIVERED = "re-delivered";
  public static final String PARTIAL = "partial";
  public static final String SET_ASIDE = "set-aside";

  /** More would hide the rest of the summary; JSON has them all. */
  private static final int MOST_LINES = 20;

  public InputFiles {
    left = List.copyOf(left);
  }

  /** Counts the files with one fate among those that were not read. */
  public long count(String fate) {
    return left.stream().filter(file -> file.fate().equals(fate)).count();
  }

  void put(ObjectNode object) {
    object.put("files", read + known + left.size());
    object.put("files_read", read);
    object.put("files_known", known);
    object.put("files_redelivered", count(REDELIVERED));
    object.put("files_partial", count(PARTIAL));
    object.put("files_set_aside", count(SET_ASIDE));
    ArrayNode files = object.putArray("files_left");
    for (LeftFile file : left) {
      ObjectNode entry = files.addObject();
      entry.put("path", file.path());
      entry.put("fate", file.fate());
      entry.put("reason", file.reason());
    }
  }

  void add(LabeledLines lines) {
    lines.add(
        "files in",
        "%d: %d read, %d known, %d re-delivered, %d partial, %d set aside",
        read + known + left.size(),
        read,
        known,
        count(REDELIVERED),
        count(PARTIAL),
        count(SET_ASIDE));
    left.stream()
        .limit(MOST_LINES)
        .forEach(file -> lines.add("", "%s %s: %s", file.fate(), file.path(), file.reason()));
    if (left.size() > MOST_LINES) {
      lines.add("", "and %d more", left.size() - MOST_LINES);
    }
  }
}
