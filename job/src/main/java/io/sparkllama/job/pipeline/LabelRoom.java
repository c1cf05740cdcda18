package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.Prompt;
import java.nio.charset.StandardCharsets;

/** Keeps room for the longest label and the answer's end. */
record LabelRoom(EngineCalls engine, ClassifyTask task) implements PromptRoom {
  /** Covers what a tokenizer writes before a label, and the answer's end. */
  private static final int FRAMING = 3;

  /**
   * Returns the positions that a call takes, or more where there is room to spare: a label has no
   * more tokens than bytes, and to tokenize all labels after every prompt would cost many times the
   * prompt.
   */
  @Override
  public int tokens(Prompt prompt) {
    int tokens = engine.tokens(prompt).length;
    int atMost = tokens + longestLabel() + FRAMING;
    return atMost <= limit(0) || tokens >= limit(0)
        ? atMost
        : engine.positions(
            new ClassifyRequest(prompt, task.labels(), task.overlong(), task.normalization()));
  }

  @Override
  public int limit(int otherTokens) {
    return engine.contextLength();
  }

  private int longestLabel() {
    return task.labels().stream()
        .mapToInt(label -> label.getBytes(StandardCharsets.UTF_8).length)
        .max()
        .orElse(0);
  }
}
