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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Asks the executor's engine with an adapter, whatever a task asks. */
record AdaptedCalls(EngineCalls engine, String adapter) implements EngineCalls {
  @Override
  public CompletableFuture<List<GenerationResult>> generate(
      GenerationRequest request, int completions) {
    return engine.generate(request.withAdapter(Optional.of(adapter)), completions);
  }

  @Override
  public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
    return engine.classify(request.withAdapter(Optional.of(adapter)));
  }

  @Override
  public CompletableFuture<ScoreResult> score(ScoreRequest request) {
    return engine.score(request.withAdapter(Optional.of(adapter)));
  }

  @Override
  public int[] tokens(Prompt prompt) {
    return engine.tokens(prompt);
  }

  @Override
  public int positions(ClassifyRequest request) {
    return engine.positions(request);
  }

  @Override
  public int contextLength() {
    return engine.contextLength();
  }

  @Override
  public long cachePositions() {
    return engine.cachePositions();
  }

  @Override
  public EngineLoad load() {
    return engine.load();
  }

  @Override
  public SetAsideShare setAside() {
    return engine.setAside();
  }

  @Override
  public long takeCachedTokens() {
    return engine.takeCachedTokens();
  }
}
