package io.sparkllama.job.plugin;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PositionedReadable;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.Seekable;

/** Reads local files from beginning to end alone, as Hadoop's FTP does. */
public final class OneWayFileSystem extends RawLocalFileSystem {
  @Override
  public String getScheme() {
    return "oneway";
  }

  @Override
  public URI getUri() {
    return URI.create("oneway:///");
  }

  @Override
  public FSDataInputStream open(Path path, int bufferSize) throws IOException {
    return new FSDataInputStream(new OneWay(super.open(path, bufferSize)));
  }

  private static final class OneWay extends FilterInputStream
      implements Seekable, PositionedReadable {
    OneWay(InputStream in) {
      super(in);
    }

    @Override
    public void seek(long position) throws IOException {
      throw new IOException("Seek not supported");
    }

    @Override
    public long getPos() throws IOException {
      throw new IOException("Seek not supported");
    }

    @Override
    public boolean seekToNewSource(long position) throws IOException {
      throw new IOException("Seek not supported");
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
      throw new IOException("Seek not supported");
    }

    @Override
    public void readFully(long position, byte[] target, int offset, int length) throws IOException {
      throw new IOException("Seek not supported");
    }

    @Override
    public void readFully(long position, byte[] target) throws IOException {
      throw new IOException("Seek not supported");
    }
  }
}
