package io.sparkllama.job.screening;

import java.io.IOException;
import java.util.List;
import org.apache.spark.SparkThrowable;

/**
 * Is a file of the input at which Spark's reading failed.
 *
 * @param path as Hadoop writes it
 * @param reason a sentence's end; it holds nothing of what the file says
 */
record UnreadableFile(String path, String reason) {
  private static final int MOST_CAUSES = 50;
  private static final String FAILED = "FAILED_READ_FILE";
  private static final String GONE = "FAILED_READ_FILE.FILE_NOT_EXIST";
  private static final String OTHER_TYPE = "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH";

  /** Is thrown for files at which Spark's reading does not fail. */
  static final class Found extends IOException {
    private static final long serialVersionUID = 1;

    private final transient List<UnreadableFile> files;

    Found(List<UnreadableFile> files) {
      super("Files of the input cannot be taken; run the job again without them: " + files);
      this.files = List.copyOf(files);
    }
  }

  /** Finds the files that are to blame for a failure; none where it has another cause. */
  static List<UnreadableFile> in(Throwable failure) {
    if (failure instanceof Found found) {
      return found.files;
    }
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = cause.getCause()) {
      if (cause instanceof SparkThrowable error
          && error.getCondition() != null
          && error.getCondition().startsWith(FAILED)) {
        String path = error.getMessageParameters().get("path");
        if (path != null) {
          return List.of(new UnreadableFile(InputFile.pathOf(path), reason(error, cause)));
        }
      }
    }
    return List.of();
  }

  /** Messages of causes may quote the file: their kinds say enough. */
  private static String reason(SparkThrowable error, Throwable cause) {
    if (error.getCondition().equals(GONE)) {
      return "it went away";
    }
    if (error.getCondition().equals(OTHER_TYPE)) {
      return "a column has another type than in the files before: "
          + error.getMessageParameters().get("column")
          + " should be "
          + error.getMessageParameters().get("expectedType");
    }
    Throwable root = cause;
    for (int i = 0; root.getCause() != null && i < MOST_CAUSES; i++) {
      root = root.getCause();
    }
    return "it is cut off, damaged, or of another format ("
        + (root == cause ? error.getCondition() : root.getClass().getSimpleName())
        + ")";
  }
}
