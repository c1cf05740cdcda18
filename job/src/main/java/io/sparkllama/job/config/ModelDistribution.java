package io.sparkllama.job.config;

/** Says how a model comes to the hosts of a cluster. */
public enum ModelDistribution {
  /** From its path where a host finds the model there, else from the driver. */
  AUTO,
  /** From its path, which every host can read. */
  STORAGE,
  /** From the driver, in chunks that hosts pass on to each other. */
  BROADCAST
}
