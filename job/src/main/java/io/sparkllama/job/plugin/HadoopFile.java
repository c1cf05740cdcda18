package io.sparkllama.job.plugin;

import io.sparkllama.engine.store.ModelSource;
import io.sparkllama.engine.store.RangeReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.OpenFileOptions;
import org.apache.hadoop.util.functional.FutureIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens one file of a Hadoop file system, as it was when it was looked up. */
record HadoopFile(FileSystem fileSystem, FileStatus status) implements ModelSource.Opener {
  private static final Logger LOG = LoggerFactory.getLogger(HadoopFile.class);

  @Override
  public InputStream open() throws IOException {
    return fileSystem.open(status.getPath());
  }

  /**
   * Opens the file for reads at any place. The connectors of object stores then ask for just the
   * bytes of each read, and not for all up to the file's end.
   */
  @Override
  public Optional<RangeReader> openRanges() throws IOException {
    FSDataInputStream in =
        FutureIO.awaitFuture(
            fileSystem
                .openFile(status.getPath())
                .withFileStatus(status) // stores that know versions then read just this one
                .opt(
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY,
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY_RANDOM)
                .optLong(OpenFileOptions.FS_OPTION_OPENFILE_LENGTH, status.getLen())
                .build());
    try {
      in.seek(0); // refused, even this, where a file system cannot (ftp)
    } catch (IOException | UnsupportedOperationException e) {
      LOG.debug("The file system reads from beginning to end alone: {}", status.getPath(), e);
      in.close();
      return Optional.empty();
    }
    return Optional.of(new Reader(in));
  }

  private record Reader(FSDataInputStream in) implements RangeReader {
    @Override
    public int read(long offset, byte[] target, int most) throws IOException {
      return in.read(offset, target, 0, most);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
