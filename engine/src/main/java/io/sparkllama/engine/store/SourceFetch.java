package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a copy's ranges from storage: several at once where it can be read at any place, else one
 * after the other. Takes memory for one request of each thread.
 */
final class SourceFetch implements RangeFetch {
  private static final Logger LOG = LoggerFactory.getLogger(SourceFetch.class);

  /** Hides the latency of a store like S3 without much memory: 8 threads with 4 MiB each. */
  private static final int THREADS = 8;

  private static final int REQUEST_BYTES = 4 << 20;

  private final String location;
  private final List<ModelSource.Part> parts;
  private final CopySettings settings;
  private final boolean anywhere;
  private final AtomicInteger next = new AtomicInteger();

  private SourceFetch(
      String location, List<ModelSource.Part> parts, CopySettings settings, boolean anywhere) {
    this.location = location;
    this.parts = parts;
    this.settings = settings;
    this.anywhere = anywhere;
  }

  /** Asks the storage whether it can be read at any place; again where that fails, as reads. */
  static SourceFetch of(String location, List<ModelSource.Part> parts, CopySettings settings)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        boolean anywhere = isReadableAnywhere(parts.get(0).content());
        return new SourceFetch(location, parts, settings, anywhere);
      } catch (IOException | RuntimeException e) {
        IOException reason = reason(e);
        try {
          pauseAfter(reason, attempt, settings, () -> unopened(location, reason, settings));
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw (IOException)
              new InterruptedIOException("interrupted before the model was copied")
                  .initCause(interrupted);
        }
      }
    }
  }

  private static boolean isReadableAnywhere(ModelSource.Opener content) throws IOException {
    Optional<RangeReader> probe = content.openRanges();
    if (probe.isPresent()) {
      probe.get().close();
    }
    return probe.isPresent();
  }

  @Override
  public int threads() {
    return anywhere ? THREADS : 1;
  }

  @Override
  public void run(IncomingCopy copy, Arrivals arrivals) throws IOException, InterruptedException {
    try (OpenPart open = new OpenPart()) {
      byte[] buffer = null; // taken by the threads that have something to read
      for (int i = next.getAndIncrement(); i < copy.ranges().size(); i = next.getAndIncrement()) {
        ModelRange range = copy.ranges().get(i);
        if (!copy.holds(range)) {
          buffer = buffer == null ? new byte[REQUEST_BYTES] : buffer;
          copy(range, copy, open, buffer);
        }
        arrivals.arrived(range);
      }
    }
  }

  /** Keeps what one thread has open. */
  private final class OpenPart implements AutoCloseable {
    private int part = -1;
    private RangeReader reader; // null where nothing is open

    RangeReader of(int wanted) throws IOException {
      if (reader == null || part != wanted) {
        close();
        ModelSource.Opener content = parts.get(wanted).content();
        reader = content.openRanges().orElseGet(() -> new StreamRanges(content));
        part = wanted;
      }
      return reader;
    }

    @Override
    public void close() throws IOException {
      RangeReader old = reader;
      reader = null;
      if (old != null) {
        old.close();
      }
    }

    /** Drops what has failed: it may not be able to close any more. */
    void drop(Exception failure) {
      try {
        close();
      } catch (IOException | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** Carries a failure of the storage past those of the cache's disk. */
  private static final class ReadFailure extends Exception {
    private static final long serialVersionUID = 1;

    private final IOException reason;

    ReadFailure(IOException reason) {
      super(reason);
      this.reason = reason;
    }
  }

  private void copy(ModelRange range, IncomingCopy copy, OpenPart open, byte[] buffer)
      throws IOException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        copyOnce(range, copy, open, buffer);
        return;
      } catch (ReadFailure e) {
        open.drop(e.reason);
        pauseAfter(e.reason, attempt, settings, () -> unreadable(range, e.reason));
      }
    }
  }

  /**
   * Waits until a failure of the storage may be over.
   *
   * @param exhausted says that it was tried as often as it is to be
   * @throws IOException where what is read is gone, or that was the last attempt
   */
  private static void pauseAfter(
      IOException reason, int attempt, CopySettings settings, Supplier<IOException> exhausted)
      throws IOException, InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted while the model was copied");
    }
    if (reason instanceof FileNotFoundException || reason instanceof NoSuchFileException) {
      throw reason;
    }
    if (attempt == settings.attempts()) {
      throw exhausted.get();
    }
    LOG.warn("Reading the model failed and is tried again, attempt {}", attempt, reason);
    settings.pause(attempt);
  }

  /** Returns what a connector means: those of object stores throw what they do not declare. */
  private static IOException reason(Exception thrown) {
    if (thrown instanceof UncheckedIOException wrapped) {
      return wrapped.getCause();
    }
    return thrown instanceof IOException declared
        ? declared
        : new IOException(thrown.toString(), thrown);
  }

  private void copyOnce(ModelRange range, IncomingCopy copy, OpenPart open, byte[] buffer)
      throws IOException, ReadFailure {
    try (IncomingCopy.RangeWriter writer = copy.write(range)) {
      while (writer.written() < range.length()) {
        int most = Math.min(buffer.length, range.length() - writer.written());
        int count = read(open, range.part(), range.offset() + writer.written(), buffer, most);
        if (count < 0) {
          throw changing(range);
        }
        writer.write(buffer, count);
      }
      long end = range.offset() + range.length();
      if (end == parts.get(range.part()).length()
          && read(open, range.part(), end, buffer, 1) >= 0) {
        throw changing(range);
      }
      writer.finish();
    }
  }

  private static int read(OpenPart open, int part, long offset, byte[] buffer, int most)
      throws ReadFailure {
    try {
      return open.of(part).read(offset, buffer, most);
    } catch (IOException | RuntimeException e) {
      throw new ReadFailure(reason(e));
    }
  }

  private static IOException unopened(String location, IOException reason, CopySettings settings) {
    return new IOException(
        "the model could not be opened in its storage; start the job again once the storage"
            + " answers: tried "
            + settings.attempts()
            + " times, "
            + location
            + " ("
            + reason.getMessage()
            + ")",
        reason);
  }

  private IOException unreadable(ModelRange range, IOException reason) {
    return new IOException(
        "the model could not be read from its storage; what was copied is kept, and the next start"
            + " goes on from there, once the storage answers: tried "
            + settings.attempts()
            + " times, "
            + parts.get(range.part()).name()
            + " from byte "
            + range.offset()
            + " of "
            + location
            + " ("
            + reason.getMessage()
            + ")",
        reason);
  }

  private InvalidConfigurationException changing(ModelRange range) {
    return new InvalidConfigurationException(
        "the model's length changed while it was copied; wait until it is written, and start the"
            + " job again: "
            + parts.get(range.part()).name()
            + " of "
            + location);
  }
}
