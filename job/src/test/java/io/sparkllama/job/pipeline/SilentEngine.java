package io.sparkllama.job.pipeline;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.metrics.EngineLoad;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes requests and does not answer by itself; a letter is a token. */
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

  /** Answers a request for one completion, as the engine's thread does. */
  @SuppressWarnings("unchecked")
  void answer(int request, String text) {
    ((CompletableFuture<List<GenerationResult>>) futures.get(request))
        .complete(
            List.of(
                new GenerationResult(
                    text,
                    Optional.empty(),
                    new int[1],
                    FinishReason.STOP,
                    1,
                    -1,
                    Optional.empty())));
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
  public int positions(ClassifyRequest request) {
    return request.prompt().text().length();
  }

  @Override
  public int contextLength() {
    return 100;
  }

  @Override
  public long cachePositions() {
    return 0;
  }

  @Override
  public EngineLoad load() {
    return new EngineLoad(0, 0, 0, 0);
  }

  @Override
  public SetAsideShare setAside() {
    return new SetAsideShare(0, 0);
  }

  @Override
  public long takeCachedTokens() {
    return 0;
  }
}
