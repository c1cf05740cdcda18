package io.sparkllama.job.pipeline;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.metrics.EngineLoad;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Names what a task asks of the executor's engine; cancelling a future withdraws the request. */
interface EngineCalls {
  CompletableFuture<List<GenerationResult>> generate(GenerationRequest request, int completions);

  CompletableFuture<ClassifyResult> classify(ClassifyRequest request);

  CompletableFuture<ScoreResult> score(ScoreRequest request);

  /**
   * Returns a prompt's tokens as a request begins with them, before anything is cut.
   *
   * @throws io.sparkllama.engine.api.InvalidTextException where the vocabulary cannot express it
   */
  int[] tokens(Prompt prompt);

  /**
   * Returns the positions of the context that a request takes: its whole prompt, the longest label,
   * and the answer's end.
   *
   * @throws io.sparkllama.engine.api.InvalidTextException where the vocabulary cannot express it
   */
  int positions(ClassifyRequest request);

  /** Returns the most tokens of a prompt and its answer together. */
  int contextLength();

  /** Returns the tokens whose keys and values the engine has room for. */
  long cachePositions();

  /** Returns what the engine has on hand; does not wait. */
  EngineLoad load();

  /**
   * Returns how many requests the engine has set aside since the first task of this one's stage
   * came to it; does not wait.
   */
  SetAsideShare setAside();

  /** Returns the tokens that the prefix cache had since any task last asked. */
  long takeCachedTokens();
}
