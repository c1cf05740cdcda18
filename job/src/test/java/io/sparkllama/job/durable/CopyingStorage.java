package io.sparkllama.job.durable;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Is a storage that renames a folder by copying its files, one after the other, as objects are. */
public final class CopyingStorage extends RawLocalFileSystem {
  /** Is done after the first file of a folder. */
  interface Interruption {
    void run() throws IOException;
  }

  /** Is set by the one test at a time that uses it. */
  static volatile Interruption betweenFiles = () -> {};

  static CopyingStorage open() throws IOException {
    CopyingStorage storage = new CopyingStorage();
    storage.initialize(URI.create("copying:///"), new Configuration());
    return storage;
  }

  @Override
  public String getScheme() {
    return "copying";
  }

  @Override
  public URI getUri() {
    return URI.create("copying:///");
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (!getFileStatus(from).isDirectory()) {
      return super.rename(from, to);
    }
    mkdirs(to);
    boolean first = true;
    for (FileStatus file : listStatus(from)) {
      if (!rename(file.getPath(), new Path(to, file.getPath().getName()))) {
        return false;
      }
      if (first) {
        betweenFiles.run();
      }
      first = false;
    }
    return delete(from, true);
  }
}
