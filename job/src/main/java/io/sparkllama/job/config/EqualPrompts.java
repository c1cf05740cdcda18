package io.sparkllama.job.config;

/** Says what happens with rows whose prompts are equal and have equal answers. */
public enum EqualPrompts {
  ONCE,
  EACH
}
