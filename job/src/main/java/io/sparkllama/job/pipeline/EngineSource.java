package io.sparkllama.job.pipeline;

import java.io.IOException;
import java.io.Serializable;

/** Finds the engine of the executor that a task runs on. */
@FunctionalInterface
interface EngineSource extends Serializable {
  /**
   * Returns the one engine of this executor, made by the first call.
   *
   * @throws IOException where the model cannot be read; trying again may help
   */
  EngineCalls acquire() throws IOException;
}
