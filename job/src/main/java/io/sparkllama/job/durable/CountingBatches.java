package io.sparkllama.job.durable;

import java.io.IOException;

/** Tells which batches count: those that are not answered again. */
@FunctionalInterface
interface CountingBatches {
  /** Tells it, as it is now. */
  boolean has(long batch) throws IOException;
}
