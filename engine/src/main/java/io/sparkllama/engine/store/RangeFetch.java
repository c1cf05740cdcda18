package io.sparkllama.engine.store;

import java.io.IOException;

/** Brings the ranges of a copy that are not there yet. */
interface RangeFetch {
  /** Returns how many threads bring ranges at once, at least one. */
  int threads();

  /**
   * Brings ranges until all have arrived; each thread calls it once.
   *
   * @throws InterruptedException where nobody waits for the copy any more
   */
  void run(IncomingCopy copy, Arrivals arrivals) throws IOException, InterruptedException;
}
