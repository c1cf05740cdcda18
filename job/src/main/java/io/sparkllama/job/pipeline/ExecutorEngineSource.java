package io.sparkllama.job.pipeline;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.metrics.EngineLoad;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.plugin.ExecutorEngine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Finds the native engine that all tasks of an executor share. */
record ExecutorEngineSource(EngineSpecification specification) implements EngineSource {

  @Override
  public EngineCalls acquire() throws IOException {
    ExecutorEngine.Acquired acquired = ExecutorEngine.acquire(specification);
    return new NativeCalls(acquired.engine(), acquired.before());
  }

  private record NativeCalls(LlamaEngine engine, SetAsideShare before) implements EngineCalls {
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
      return EngineLoad.of(engine.statistics());
    }

    @Override
    public SetAsideShare setAside() {
      return engine.statistics().setAside().since(before);
    }

    @Override
    public long takeCachedTokens() {
      return engine.takeCachedTokens();
    }

    @Override
    public CompletableFuture<List<GenerationResult>> generate(
        GenerationRequest request, int completions) {
      return engine.generate(request, completions);
    }

    @Override
    public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
      return engine.classify(request);
    }

    @Override
    public CompletableFuture<ScoreResult> score(ScoreRequest request) {
      return engine.score(request);
    }
  }
}
