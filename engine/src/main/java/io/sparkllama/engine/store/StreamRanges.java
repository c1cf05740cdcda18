package io.sparkllama.engine.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads ranges from storage that reads from beginning to end alone: skips what lies in between, and
 * begins again where a range lies before the last one.
 */
final class StreamRanges implements RangeReader {
  private final ModelSource.Opener content;
  private InputStream stream; // null before the first read, and after a failure
  private long position;

  StreamRanges(ModelSource.Opener content) {
    this.content = content;
  }

  @Override
  public int read(long offset, byte[] target, int most) throws IOException {
    if (stream == null || offset < position) {
      close();
      stream = content.open();
      position = 0;
    }
    try {
      stream.skipNBytes(offset - position);
    } catch (EOFException e) {
      return -1; // shorter than it was: what the caller does about it holds for both
    }
    position = offset;
    int count = stream.read(target, 0, most);
    position += Math.max(count, 0);
    return count;
  }

  @Override
  public void close() throws IOException {
    InputStream old = stream;
    stream = null;
    if (old != null) {
      old.close();
    }
  }
}
