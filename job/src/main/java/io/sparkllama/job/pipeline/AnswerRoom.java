package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.Prompt;

/**
 * Keeps room for a generated answer, by the rule of prompts that are cut: its longest length, at
 * most half of the context; but a document has at least half of what the other text leaves.
 */
record AnswerRoom(EngineCalls engine, int maxTokens) implements PromptRoom {
  @Override
  public int tokens(Prompt prompt) {
    return engine.tokens(prompt).length;
  }

  @Override
  public int limit(int otherTokens) {
    int context = engine.contextLength();
    int most = context - 1;
    int wanted = context - Math.max(1, Math.min(maxTokens, context / 2));
    return Math.max(wanted, otherTokens + (most - otherTokens) / 2);
  }
}
