package io.sparkllama.engine.store;

import java.io.Closeable;
import java.io.IOException;
import java.util.BitSet;

/**
 * Brings a model's ranges in an order of its own, from where a host cannot read it by itself. One
 * thread uses it.
 */
public interface ModelDelivery extends Closeable {

  /** Is one range with its bytes, all of them. */
  record Piece(int range, byte[] bytes) {}

  /**
   * Waits for a range that is not held yet.
   *
   * @param held ranges by index; at least one is missing
   * @throws IOException where it cannot be had; trying again may help
   * @throws InterruptedException where nobody waits for the model any more
   */
  Piece next(BitSet held) throws IOException, InterruptedException;

  /** Begins deliveries of one model. */
  interface Sender {
    /** Returns where the model comes from, for messages. */
    String location();

    /** Returns the bytes of a range, as {@link ModelRange#of} takes them. */
    int rangeBytes();

    /** Begins to bring the model; the caller closes what is returned. */
    ModelDelivery open() throws IOException;
  }
}
