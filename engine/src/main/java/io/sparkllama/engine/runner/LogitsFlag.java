package io.sparkllama.engine.runner;

/** Names the bits of {@link BatchSection#LOGITS_FLAGS}. */
public final class LogitsFlag {
  /** Sample a token with the sequence's parameters. */
  public static final int SAMPLE = 1;

  private LogitsFlag() {}
}
