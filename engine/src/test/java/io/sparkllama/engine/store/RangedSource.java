package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Offers bytes for reads at any place, counts what is read, and fails as it is told. */
final class RangedSource implements ModelSource {
  /** Is asked before each read. */
  @FunctionalInterface
  interface Trouble {
    void before(long offset) throws IOException;
  }

  /** Is asked before it is opened. */
  @FunctionalInterface
  interface Opening {
    void before() throws IOException;
  }

  private final byte[] content;
  private final long modifiedMillis;
  private final Trouble trouble;
  private Opening opening = () -> {};
  private final AtomicInteger reading = new AtomicInteger();

  final AtomicLong bytesRead = new AtomicLong();
  final AtomicInteger mostAtOnce = new AtomicInteger();
  final AtomicInteger largestRead = new AtomicInteger();

  RangedSource(byte[] content, Trouble trouble) {
    this(content, 0, trouble);
  }

  RangedSource(byte[] content, long modifiedMillis, Trouble trouble) {
    this.content = content;
    this.modifiedMillis = modifiedMillis;
    this.trouble = trouble;
  }

  /** Makes it one that fails to open as it is told. */
  RangedSource opening(Opening newOpening) {
    opening = newOpening;
    return this;
  }

  @Override
  public String location() {
    return "store:/tiny.gguf";
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part(
            "tiny.gguf",
            content.length,
            modifiedMillis,
            new Opener() {
              @Override
              public InputStream open() {
                throw new AssertionError("read from beginning to end");
              }

              @Override
              public Optional<RangeReader> openRanges() throws IOException {
                opening.before();
                return Optional.of(new Reader());
              }
            }));
  }

  private final class Reader implements RangeReader {
    private boolean broken;

    @Override
    public int read(long offset, byte[] target, int most) throws IOException {
      if (broken) {
        throw new AssertionError("a connection that failed was used again");
      }
      mostAtOnce.accumulateAndGet(reading.incrementAndGet(), Math::max);
      largestRead.accumulateAndGet(most, Math::max);
      try {
        trouble.before(offset);
      } catch (IOException e) {
        broken = true;
        throw e;
      } finally {
        reading.decrementAndGet();
      }
      if (offset >= content.length) {
        return -1;
      }
      int count = (int) Math.min(Math.min(most, 7_001), content.length - offset);
      System.arraycopy(content, (int) offset, target, 0, count);
      bytesRead.addAndGet(count);
      return count;
    }

    @Override
    public void close() {}
  }
}
