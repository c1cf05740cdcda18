package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.Prompt;

/** Tells what a call's prompt takes of the context, and what it may take. */
interface PromptRoom {
  /**
   * Returns the tokens of a prompt, and what of the answer depends on it.
   *
   * @throws io.sparkllama.engine.api.InvalidTextException where the vocabulary cannot express it
   */
  int tokens(Prompt prompt);

  /**
   * Returns the most tokens of a prompt.
   *
   * @param otherTokens what of the prompt is not the document's
   */
  int limit(int otherTokens);
}
