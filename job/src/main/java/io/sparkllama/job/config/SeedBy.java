package io.sparkllama.job.config;

/** Says what fixes a row's random numbers, beside the seed. */
public enum SeedBy {
  KEY,
  PROMPT
}
