package io.sparkllama.engine.jni;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns one native object: whoever opens it closes it. A cleaner frees what was forgotten, and says
 * so in the log.
 */
public final class NativeHandle implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NativeHandle.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final Owned owned;
  private final Cleaner.Cleanable cleanable;

  /**
   * Takes ownership.
   *
   * @param what names the object in messages
   * @param address not 0
   * @param destroyer frees it; called once; must not refer to the handle
   */
  public NativeHandle(String what, long address, LongConsumer destroyer) {
    owned = new Owned(what, address, destroyer);
    cleanable = CLEANER.register(this, owned);
  }

  /** Returns the address; the caller keeps this handle reachable while native code uses it. */
  public long address() {
    if (owned.closed.get()) {
      throw new IllegalStateException("It is closed already: " + owned.what);
    }
    return owned.address;
  }

  /** Frees the object, once. No other thread may be using it. */
  @Override
  public void close() {
    if (owned.closed.compareAndSet(false, true)) {
      cleanable.clean();
    }
  }

  /** Holds what must outlive the handle. */
  private static final class Owned implements Runnable {
    private final String what;
    private final long address;
    private final LongConsumer destroyer;
    private final AtomicBoolean closed = new AtomicBoolean();

    Owned(String what, long address, LongConsumer destroyer) {
      this.what = what;
      this.address = address;
      this.destroyer = destroyer;
    }

    @Override
    public void run() {
      if (!closed.get()) {
        LOG.warn("Native memory was not closed and is freed by the garbage collector: {}", what);
      }
      destroyer.accept(address);
    }
  }
}
