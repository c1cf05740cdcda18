package io.sparkllama.job.screening;

import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Is a file of the input, as a listing shows it.
 *
 * @param path with its scheme, as Hadoop writes it
 * @param base folder below which folders named {@code column=value} give columns
 * @param length in bytes
 * @param modified milliseconds since 1970
 */
record InputFile(String path, String base, long length, long modified) {

  static InputFile of(FileStatus status, Path base) {
    return new InputFile(
        status.getPath().toString(),
        base.toString(),
        status.getLen(),
        status.getModificationTime());
  }

  /** Returns the path that Spark means: it writes special characters as an address does. */
  static String pathOf(String address) {
    try {
      return new Path(new URI(address)).toString();
    } catch (URISyntaxException plain) {
      return new Path(address).toString();
    }
  }

  /** Returns the folders that give columns, such as {@code day=2026-11-28}; empty without any. */
  String partition() {
    int parent = path.lastIndexOf('/');
    if (parent <= base.length() || !path.startsWith(base + "/")) {
      return "";
    }
    String between = path.substring(base.length() + 1, parent);
    return between.indexOf('=') < 0 ? "" : between;
  }

  /** Tells whether nobody has written to the file since another listing. */
  boolean isUnchangedSince(InputFile before) {
    return length == before.length && modified == before.modified;
  }
}
