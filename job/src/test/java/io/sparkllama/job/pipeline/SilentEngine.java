package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes requests and never answers. */
final class SilentEngine implements EngineCalls {
  final List<CompletableFuture<?>> futures = new CopyOnWriteArrayList<>();

  @Override
  public CompletableFuture<List<GenerationResult>> generate(
      GenerationRequest request, int completions) {
    return kept();
  }

  @Override
  public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
    return kept();
  }

  @Override
  public CompletableFuture<ScoreResult> score(ScoreRequest request) {
    return kept();
  }

  private <R> CompletableFuture<R> kept() {
    CompletableFuture<R> future = new CompletableFuture<>();
    futures.add(future);
    return future;
  }

  @Override
  public int[] tokens(Prompt prompt) {
    return prompt.text().chars().toArray();
  }

  @Override
  public long cachePositions() {
    return 0;
  }

  @Override
  public long takeCachedTokens() {
    return 0;
  }
}
